using Brownian.Tensors;

namespace Brownian.Bench;

/// <summary>Convolutions of all sorts that the networks have.</summary>
static class ConvolutionCases
{
    static readonly ConvSpec Same = new(3, 1, 1), Pointwise = new(1), Halving = new(4, 2, 1), Quarters = new(2, 2), HalvingAtEnd = new(3, 2, 0, 1);

    // Size, channels in, channels out.
    static readonly ConvLayer[] Bodies =
    [
        .. Layers("conv3x3", Same, (32, 64, 64), (32, 128, 128), (16, 256, 256), (8, 512, 512), (14, 128, 128)),
        .. Layers("conv3x3", Same, (28, 64, 64), (28, 64, 16), (14, 128, 32), (7, 256, 256), (32, 256, 128), (4, 256, 256)),
    ];

    static readonly ConvLayer[] Others =
    [
        .. Layers("conv3x3", Same, (28, 1, 32), (28, 16, 1), (32, 3, 128), (32, 128, 3)),                // the networks' first and last
        .. Layers("conv3x3/2", HalvingAtEnd, (32, 128, 128), (16, 256, 256)),
        .. Layers("conv4x4/2", Halving, (28, 64, 64), (14, 128, 128), (32, 256, 256), (8, 1024, 1024)),
        .. Layers("conv2x2/2", Quarters, (16, 128, 256)),
        .. Layers("conv1x1", Pointwise, (28, 64, 64), (32, 384, 128)),
    ];

    static readonly TransposedLayer[] Transposed = [new(Halving, 14, 32, 32), new(Halving, 7, 64, 64)];

    public static IEnumerable<BenchCase> All()
    {
        foreach (ConvLayer layer in Bodies) yield return layer.ForwardAndGradients();
        foreach (ConvLayer layer in Bodies) yield return layer.Forward();
        foreach (ConvLayer layer in Bodies) yield return layer.InputGradient();
        foreach (ConvLayer layer in Bodies) yield return layer.WeightGradient();
        foreach (ConvLayer layer in Others) yield return layer.ForwardAndGradients();
        foreach (ConvLayer layer in Others) yield return layer.Forward();
        foreach (ConvLayer layer in Others) yield return layer.InputGradient();
        foreach (ConvLayer layer in Others) yield return layer.WeightGradient();
        foreach (TransposedLayer layer in Transposed) yield return layer.ForwardAndGradients();
        foreach (TransposedLayer layer in Transposed) yield return layer.Forward();
    }

    static IEnumerable<ConvLayer> Layers(string name, ConvSpec spec, params (int Size, int In, int Out)[] shapes) =>
        shapes.Select(s => new ConvLayer(name, spec, s.Size, s.In, s.Out));
}
