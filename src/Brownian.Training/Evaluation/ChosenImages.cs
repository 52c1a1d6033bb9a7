using Brownian.Tensors;

namespace Brownian;

/// <summary>Some images of a set as a model takes them: its size, its channels, its classes, [−1, 1], neither mirrored nor cut at random.</summary>
sealed class ChosenImages
{
    readonly DiffusionModel _model;
    readonly Shape _image;
    readonly byte[][] _samples;
    readonly int[] _labels;
    readonly List<string> _warnings = [];

    /// <param name="model">The model.</param>
    /// <param name="images">The set.</param>
    /// <param name="count">How many, at most.</param>
    /// <param name="seed">Chooses them.</param>
    /// <param name="cancel">Checked before each image is read.</param>
    /// <exception cref="InvalidDataException">The images do not fit the model.</exception>
    public ChosenImages(DiffusionModel model, IImageDataset images, int count, ulong seed, CancellationToken cancel)
    {
        (_model, BitDepth) = (model, images.BitDepth);
        _image = Shape.Of(images.Height, images.Width, images.Channels);
        CheckSize(images);
        CheckClasses(images);
        int[] order = count < images.Count ? new Philox(seed, Philox.Stream("likelihood images")).Permutation(images.Count)[..count] : [.. Enumerable.Range(0, images.Count)];
        Array.Sort(order);
        Indices = order;
        _samples = new byte[order.Length][];
        for (int i = 0; i < order.Length; i++)
        {
            cancel.ThrowIfCancellationRequested();
            images.Read(order[i], _samples[i] = new byte[images.ImageBytes()]);
        }
        _labels = model.Network.Classes == 0 ? [] : Array.ConvertAll(order, index => LabelOf(images, index));
    }

    /// <summary>The places of the images in the set, ascending.</summary>
    public int[] Indices { get; }

    public int Count => Indices.Length;

    public int BitDepth { get; }

    public int Dimensions => _image.Count;

    /// <summary>What a person should know of them.</summary>
    public IReadOnlyList<string> Warnings => _warnings;

    /// <summary>The model as it sees the images of these positions among the chosen.</summary>
    public IDenoiser DenoiserOf(ReadOnlySpan<int> positions) => _model.ToDenoiser(_labels.Length == 0 ? [] : Taken(_labels, positions));

    /// <summary>The images of some positions, N×H×W×C.</summary>
    /// <param name="positions">Among the chosen.</param>
    /// <param name="change">Is given each image and its place in the set before it goes to the device; null for nobody.</param>
    public Tensor Read(ReadOnlySpan<int> positions, Action<float[], int>? change = null)
    {
        float[] values = new float[positions.Length * Dimensions], image = new float[Dimensions];
        for (int n = 0; n < positions.Length; n++)
        {
            PixelScale.FromSamples(_samples[positions[n]], BitDepth, image);
            change?.Invoke(image, Indices[positions[n]]);
            image.CopyTo(values, n * Dimensions);
        }
        return Tensor.From(values, Shape.Of(positions.Length, _image[0], _image[1], _image[2]), _model.Device);
    }

    /// <summary>A generator for each of some positions, by the image's place in the set alone.</summary>
    public Philox[] Generators(ulong seed, string purpose, ReadOnlySpan<int> positions)
    {
        var generators = new Philox[positions.Length];
        for (int n = 0; n < generators.Length; n++) generators[n] = new Philox(seed, Philox.Stream(purpose, (ulong)Indices[positions[n]]));
        return generators;
    }

    static int[] Taken(int[] from, ReadOnlySpan<int> positions)
    {
        int[] taken = new int[positions.Length];
        for (int n = 0; n < taken.Length; n++) taken[n] = from[positions[n]];
        return taken;
    }

    void CheckSize(IImageDataset images)
    {
        IDenoisingNetwork network = _model.Network;
        if ((images.Width, images.Height) != (network.Width, network.Height))
        {
            throw new InvalidDataException(
                $"The images are {images.Width}×{images.Height} pixels ({images.Description}), but the model draws {network.Width}×{network.Height}; "
                + "open them at that size.");
        }
        if (images.Channels != network.Channels)
        {
            throw new InvalidDataException(
                $"The images have {Counted.Of(images.Channels, "channel")} ({images.Description}), but the model's have {network.Channels}; open them with as many.");
        }
    }

    void CheckClasses(IImageDataset images)
    {
        Values<string> names = _model.Description.Classes;
        if (_model.Network.Classes == 0) return;
        if (images.Classes.Count == 0)
        {
            if (_model.NoLabel is null)
                throw new InvalidDataException($"The model is told one of {Counted.Of(_model.Classes, "class", "classes")}, but the images have none ({images.Description}); label them.");
            _warnings.Add($"The images have no classes ({images.Description}): the bits are those of an image of any class.");
            return;
        }
        if (images.Classes.Count != _model.Classes)
        {
            throw new InvalidDataException(
                $"The images have {Counted.Of(images.Classes.Count, "class", "classes")} ({images.Description}), but the model was trained with {_model.Classes}; "
                + "give images of those it knows.");
        }
        if (names.Count > 0 && !names.SequenceEqual(images.Classes))
            _warnings.Add($"The classes of the images ({string.Join(", ", images.Classes)}) are taken for the model's ({string.Join(", ", names)}), in this order.");
    }

    int LabelOf(IImageDataset images, int index)
    {
        int label = images.Classes.Count == 0 ? -1 : images.Label(index);
        if (label >= 0) return label;
        return _model.NoLabel ?? throw new InvalidDataException(
            $"Image {index} of {images.Count} has no class ({images.Description}), and the model was never trained without; label it.");
    }
}
