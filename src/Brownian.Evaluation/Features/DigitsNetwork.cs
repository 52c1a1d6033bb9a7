using System.Security.Cryptography;
using Brownian.Imaging;
using Brownian.Nn;
using Brownian.Tensors;

namespace Brownian.Evaluation;

/// <summary>
/// A classifier of handwritten digits, white on black as MNIST's are, whose weights are part of this library: its 128 features are the space
/// in which sets of digits are compared, its ten logits tell how sure it is of which digit an image shows. How it was trained stands in
/// models/digits-classifier/README.md.
/// </summary>
public sealed class DigitsNetwork : FeatureNetwork
{
    const string Resource = "digits-classifier.safetensors";
    const int Size = DigitsClassifier.Size, Smallest = 16, Largest = 64;

    // Squares of the classifier's features are 23 on average: kernel distances of such numbers are ruled by the largest.
    const float Scale = 0.25f;

    readonly Device _device;
    readonly DigitsClassifier _classifier = new();
    readonly Tensor _luma;
    readonly Dictionary<int, Tensor> _resizing = [];

    /// <summary>Loads the weights of this library.</summary>
    /// <param name="device">Where images lie and features are computed.</param>
    public DigitsNetwork(Device device) : this(device, OwnWeights()) { }

    /// <summary>The same network with the weights of a file, as models/digits-classifier writes them.</summary>
    /// <param name="path">The file.</param>
    /// <param name="device">Where images lie and features are computed.</param>
    /// <exception cref="InvalidDataException">It holds no such weights.</exception>
    /// <exception cref="IOException">It is missing or cannot be read.</exception>
    public DigitsNetwork(string path, Device device) : this(device, File.ReadAllBytes(path), path) { }

    /// <summary>The same network with other weights.</summary>
    internal DigitsNetwork(Device device, byte[] weights, string name = Resource)
    {
        ArgumentNullException.ThrowIfNull(device);
        _device = device;
        using SafetensorsFile file = SafetensorsFile.Read(name, weights);
        using DeviceTurn turn = device.TakeTurn();
        _classifier.Parameters.Allocate(device, seed: 0);
        _classifier.Read(file);
        // ITU-R BT.601, as Image.ConvertTo.
        _luma = Constant([0.299f, 0.587f, 0.114f], Shape.Of(3, 1));
        Identity = $"digits/4 {Convert.ToHexStringLower(SHA256.HashData(weights))[..16]}";
    }

    /// <summary>digits</summary>
    public override string Name => "digits";

    /// <inheritdoc/>
    public override string Identity { get; }

    /// <summary>128</summary>
    public override int Dimensions => DigitsClassifier.Features;

    /// <summary>10: logit k is the digit k's.</summary>
    public override int Classes => DigitsClassifier.Classes;

    /// <inheritdoc/>
    public override string? PreparationOf(int height, int width, int channels)
    {
        Check(height, width, channels);
        string[] steps = [.. (string[])(channels == 3 ? ["made gray"] : []), .. (string[])(Scaling("resized", height, width, Size, Size) is { } scaling ? [scaling] : [])];
        return steps.Length == 0 ? null : string.Join(" and ", steps);
    }

    /// <summary>The features (N×128, not negative) and logits (N×10) of some images, in a scope of the caller's.</summary>
    /// <param name="images">N×H×W×C with H = W from 16 to 64 and C of 1 or 3, from 0 (background) to 255. Other sizes than 28×28 are resized (bicubic, antialiased).</param>
    /// <exception cref="ArgumentException">Images of another size or number of channels.</exception>
    public override FeatureRows Of(Tensor images)
    {
        ArgumentNullException.ThrowIfNull(images);
        if (images.Shape.Rank != 4) throw new ArgumentException($"digits: expected images N×H×W×C, got a tensor of {images.Shape}.");
        (int height, int width, int channels) = (images.Shape[1], images.Shape[2], images.Shape[3]);
        Check(height, width, channels);
        using DeviceTurn turn = _device.TakeTurn();
        using NoGrad noGrad = _device.NoGrad();
        using TensorScope scope = _device.OpenScope();
        Tensor gray = channels == 3 ? images.Linear(_luma) : images;
        FeatureRows rows = _classifier.Forward(ToSize(gray, height).Scale(1 / 255f));
        return new FeatureRows(scope.Keep(rows.Features.Scale(Scale)), scope.Keep(rows.Logits!));
    }

    static void Check(int height, int width, int channels)
    {
        if (channels is not (1 or 3)) throw new ArgumentException($"digits: images of {Counted.Of(channels, "channel")}; it knows gray (1) and RGB (3).");
        if (height != width || height is < Smallest or > Largest)
        {
            throw new ArgumentException(
                $"digits: images of {width}×{height}; it knows digits of {Size}×{Size}, and resizes squares of {Smallest} to {Largest} pixels: "
                + "choose other features for other images.");
        }
    }

    // All of a resize is one linear map of pixels: few enough that its matrix is smaller than what follows.
    Tensor ToSize(Tensor gray, int size)
    {
        if (size == Size) return gray;
        if (!_resizing.TryGetValue(size, out Tensor? map)) _resizing.Add(size, map = Constant(ResizingFrom(size), Shape.Of(size * size, Size * Size)));
        // Bicubic weights overshoot beside edges.
        return gray.Flatten().Linear(map).Clamp(0, 255).View(Shape.Of(gray.Shape[0], Size, Size, 1));
    }

    static float[] ResizingFrom(int size)
    {
        float[] map = new float[size * size * Size * Size];
        var weights = new ResizeWeights(ResizeFilter.Bicubic, size, Size);
        for (int y = 0; y < Size; y++)
        {
            ReadOnlySpan<int> down = weights.Of(y, out int top);
            for (int x = 0; x < Size; x++)
            {
                ReadOnlySpan<int> across = weights.Of(x, out int left);
                for (int i = 0; i < down.Length; i++)
                    for (int j = 0; j < across.Length; j++)
                        map[((top + i) * size + left + j) * Size * Size + y * Size + x] = ToFloat(down[i]) * ToFloat(across[j]);
            }
        }
        return map;
    }

    static float ToFloat(int weight) => weight / (float)(1 << ResizeWeights.FractionBits);

    Tensor Constant(ReadOnlySpan<float> numbers, Shape shape)
    {
        Tensor tensor = Tensor.Persistent(shape, _device);
        tensor.CopyFrom(numbers);
        return tensor;
    }

    static byte[] OwnWeights()
    {
        using Stream stream = typeof(DigitsNetwork).Assembly.GetManifestResourceStream(Resource)!;
        byte[] bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }
}
