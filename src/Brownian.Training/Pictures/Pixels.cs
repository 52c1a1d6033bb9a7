using Brownian.Imaging;
using Brownian.Tensors;

namespace Brownian.Training;

/// <summary>Numbers in [−1, 1] as images; what lies beyond is cut off.</summary>
static class Pixels
{
    /// <summary>The images of a tensor, N×H×W×C.</summary>
    public static IReadOnlyList<Image> ToImages(Tensor x)
    {
        float[] values = x.ToArray();
        int size = x.Shape[1] * x.Shape[2] * x.Shape[3];
        return [.. Enumerable.Range(0, x.Shape[0]).Select(n => ToImage(values.AsSpan(n * size, size), x.Shape[2], x.Shape[1], x.Shape[3]))];
    }

    public static Image ToImage(ReadOnlySpan<float> values, int width, int height, int channels)
    {
        byte[] pixels = new byte[values.Length];
        PixelScale.ToBytes(values, pixels);
        return new Image(width, height, channels, pixels);
    }
}
