using System.Runtime.InteropServices;
using Brownian.Tensors;

namespace Brownian.Evaluation;

/// <summary>How far a set of images has been looked at.</summary>
/// <param name="Done">Images so far.</param>
/// <param name="Count">Images in all.</param>
public readonly record struct ExtractionProgress(int Done, int Count);

/// <summary>Looks at sets of images with a network, some at a time.</summary>
/// <param name="network">What looks.</param>
/// <param name="device">Where it computes.</param>
public sealed class FeatureExtraction(FeatureNetwork network, Device device)
{
    // Stands in the keys of caches: another order is another prefix.
    internal const string OrderName = "evaluation order 1";

    /// <summary>What looks.</summary>
    public FeatureNetwork Network => network;

    /// <summary>Where it computes.</summary>
    public Device Device => device;

    /// <summary>Images looked at together; changes time and memory only.</summary>
    public int BatchSize { get; init; } = 64;

    /// <summary>Some images of a set: the same for everyone, and the first of any greater number of them.</summary>
    /// <param name="count">The images of the set.</param>
    /// <param name="wanted">At most so many of them.</param>
    /// <returns>Their numbers, in an order that is fixed but not the set's own.</returns>
    public static int[] Order(int count, int wanted) => new Philox(0, Philox.Stream(OrderName)).Permutation(count)[..Math.Min(wanted, count)];

    /// <summary>The features of some images of a set, with their labels.</summary>
    /// <param name="images">8 or 16 bits, gray or RGB.</param>
    /// <param name="which">The numbers of the images, in the order of the rows.</param>
    /// <param name="progress">Told after each batch.</param>
    /// <param name="cancel">Checked before each batch.</param>
    /// <exception cref="ArgumentException">The network has no use for such images.</exception>
    /// <exception cref="InvalidDataException">A feature is not finite.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancel"/> was cancelled.</exception>
    public FeatureSet Of(
        IImageDataset images, ReadOnlyMemory<int> which, IProgress<ExtractionProgress>? progress = null, CancellationToken cancel = default)
    {
        FeatureImages kind = FeatureImages.Of(images);
        var rows = new RowCollection(this, kind, which.Length);
        byte[] bytes = new byte[images.ImageBytes()];
        int[] labels = images.Classes.Count == 0 ? [] : new int[which.Length];
        for (int first = 0; first < which.Length; first += BatchSize)
        {
            int count = Math.Min(BatchSize, which.Length - first);
            float[] pixels = new float[count * kind.Width * kind.Height * kind.Channels];
            for (int i = 0; i < count; i++)
            {
                int index = which.Span[first + i];
                images.Read(index, bytes);
                Widen(bytes, images.BitDepth, pixels.AsSpan(i * (pixels.Length / count), pixels.Length / count));
                if (labels.Length > 0) labels[first + i] = images.Label(index);
            }
            rows.Add(pixels, count, cancel);
            progress?.Report(new ExtractionProgress(first + count, which.Length));
        }
        return rows.ToSet(labels);
    }

    /// <summary>The features of images in memory.</summary>
    /// <param name="images">All of one size, gray or RGB.</param>
    /// <param name="labels">The class of each; empty for none.</param>
    /// <param name="cancel">Checked before each batch.</param>
    /// <inheritdoc cref="Of(IImageDataset, ReadOnlyMemory{int}, IProgress{ExtractionProgress}, CancellationToken)" path="/exception"/>
    public FeatureSet Of(IReadOnlyList<Image> images, int[]? labels = null, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(images);
        if (images.Count == 0) throw new ArgumentException("there are no images to look at.", nameof(images));
        var kind = new FeatureImages(images[0].Width, images[0].Height, images[0].Channels);
        for (int i = 0; i < images.Count; i++)
        {
            var other = new FeatureImages(images[i].Width, images[i].Height, images[i].Channels);
            if (other != kind) throw new ArgumentException($"image {i} is {other}, where the first is {kind}; bring them to one size.", nameof(images));
        }
        var rows = new RowCollection(this, kind, images.Count);
        int size = kind.Width * kind.Height * kind.Channels;
        for (int first = 0; first < images.Count; first += BatchSize)
        {
            int count = Math.Min(BatchSize, images.Count - first);
            float[] pixels = new float[count * size];
            for (int i = 0; i < count; i++) Widen(images[first + i].Pixels, images[first + i].BitDepth, pixels.AsSpan(i * size, size));
            rows.Add(pixels, count, cancel);
        }
        return rows.ToSet(labels ?? []);
    }

    // 16 bits become 8 with a fraction: networks learned from 0 to 255.
    static void Widen(ReadOnlySpan<byte> bytes, int bitDepth, Span<float> pixels)
    {
        if (bitDepth == 8)
        {
            for (int i = 0; i < pixels.Length; i++) pixels[i] = bytes[i];
            return;
        }
        ReadOnlySpan<ushort> deep = MemoryMarshal.Cast<byte, ushort>(bytes);
        for (int i = 0; i < pixels.Length; i++) pixels[i] = deep[i] / 257f;
    }

    sealed class RowCollection(FeatureExtraction extraction, FeatureImages kind, int count)
    {
        readonly float[] _features = new float[checked(count * extraction.Network.Dimensions)];
        readonly float[] _logits = new float[count * extraction.Network.Classes];
        int _done;

        public void Add(float[] pixels, int images, CancellationToken cancel)
        {
            cancel.ThrowIfCancellationRequested();
            FeatureNetwork network = extraction.Network;
            using TensorScope step = extraction.Device.OpenStep(cancel);
            using NoGrad noGrad = extraction.Device.NoGrad();
            FeatureRows rows = network.Of(Tensor.From(pixels, Shape.Of(images, kind.Height, kind.Width, kind.Channels), extraction.Device));
            Span<float> features = _features.AsSpan(_done * network.Dimensions, images * network.Dimensions);
            rows.Features.CopyTo(features);
            rows.Logits?.CopyTo(_logits.AsSpan(_done * network.Classes, images * network.Classes));
            int bad = IndexOfNonFinite(features);
            if (bad >= 0)
            {
                throw new InvalidDataException(
                    $"the features of image {_done + bad / network.Dimensions} by {network.Name} are not finite (NaN or infinity); its weights are damaged, or others than the network's.");
            }
            _done += images;
        }

        public FeatureSet ToSet(int[] labels) =>
            new(extraction.Network.Identity, extraction.Network.Dimensions, _features) { Labels = labels, Logits = _logits };

        static int IndexOfNonFinite(ReadOnlySpan<float> values)
        {
            for (int i = 0; i < values.Length; i++)
            {
                if (!float.IsFinite(values[i])) return i;
            }
            return -1;
        }
    }
}
