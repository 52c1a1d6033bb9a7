using Brownian.Tensors;

namespace Brownian.Bench;

/// <summary>A transposed convolution, which doubles an image on the way up of the tutorial's network.</summary>
/// <param name="Spec">The geometry of the convolution it is the transpose of.</param>
/// <param name="Size">Pixels per side of the input.</param>
/// <param name="In">Channels of the input.</param>
/// <param name="Out">Channels of the output.</param>
sealed record TransposedLayer(ConvSpec Spec, int Size, int In, int Out)
{
    const int N = BenchCase.Batch;

    int OutSize => (Size - 1) * Spec.Down.Stride - Spec.Down.Padding - Spec.Down.PaddingAfter + Spec.Down.Kernel;

    public BenchCase Forward() => Case("forward", 1, inputs =>
    {
        Tensor x = X(inputs), w = W(inputs), bias = inputs.Normal(Out);
        return () => x.ConvTranspose2d(w, Spec, bias);
    });

    /// <summary>All that a training step does for the layer: the gradient of its input is a convolution.</summary>
    public BenchCase ForwardAndGradients() => Case("forward+gradients", 3, inputs =>
    {
        Device device = inputs.Device;
        Tensor x = X(inputs), dx = X(inputs), w = W(inputs), dw = W(inputs), dy = inputs.Normal(N, OutSize, OutSize, Out);
        Tensor bias = inputs.Normal(Out), dBias = inputs.Normal(Out);
        return () =>
        {
            x.ConvTranspose2d(w, Spec, bias);
            device.Conv2d(Spec, dy, w, null, null, null, dx);
            device.Conv2dGradWeight(Spec, dy, x, dw);
            device.AddRowsGrad(dy, dBias, accumulate: false);
        };
    });

    Tensor X(Inputs inputs) => inputs.Normal(N, Size, Size, In);

    Tensor W(Inputs inputs) => inputs.Normal(Spec.Down.Kernel, Spec.Across.Kernel, Out, In);

    BenchCase Case(string pass, int passes, Func<Inputs, Action> prepare)
    {
        double pixels = (double)N * Size * Size, weights = (double)Spec.Down.Kernel * Spec.Across.Kernel * In * Out;
        double bytes = 4 * (pixels * In + weights + (double)N * OutSize * OutSize * Out);
        string name = $"transposed conv{Spec.Down.Kernel}x{Spec.Across.Kernel}/{Spec.Down.Stride} {pass}";
        return new BenchCase(name, $"{N}x{Size}x{Size} {In}->{Out}", passes * 2 * pixels * weights, passes * bytes, prepare);
    }
}
