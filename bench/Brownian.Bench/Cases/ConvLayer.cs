using Brownian.Tensors;

namespace Brownian.Bench;

/// <summary>A convolution of square images and the four things to measure of it.</summary>
/// <param name="Name">Such as "conv3x3/2".</param>
/// <param name="Spec">Its geometry.</param>
/// <param name="Size">Pixels per side of the input.</param>
/// <param name="In">Channels of the input.</param>
/// <param name="Out">Channels of the output.</param>
sealed record ConvLayer(string Name, ConvSpec Spec, int Size, int In, int Out)
{
    const int N = BenchCase.Batch;

    int OutSize => Spec.Down.OutputSize(Size);

    public BenchCase Forward() => Case("forward", 1, inputs =>
    {
        Tensor x = X(inputs), w = W(inputs), bias = inputs.Normal(Out);
        return () => x.Conv2d(w, Spec, bias);
    });

    public BenchCase InputGradient() => Case("input gradient", 1, inputs =>
    {
        Tensor dy = Y(inputs), w = W(inputs), dx = X(inputs);
        return () => inputs.Device.Conv2dGradInput(Spec, dy, w, null, dx, accumulate: false);
    });

    public BenchCase WeightGradient() => Case("weight gradient", 1, inputs =>
    {
        Tensor x = X(inputs), dy = Y(inputs), dw = W(inputs);
        return () => inputs.Device.Conv2dGradWeight(Spec, x, dy, dw);
    });

    /// <summary>All that a training step does for the layer, its bias included.</summary>
    public BenchCase ForwardAndGradients() => Case("forward+gradients", 3, inputs =>
    {
        Device device = inputs.Device;
        Tensor x = X(inputs), dx = X(inputs), w = W(inputs), dw = W(inputs), dy = Y(inputs);
        Tensor bias = inputs.Normal(Out), dBias = inputs.Normal(Out);
        return () =>
        {
            x.Conv2d(w, Spec, bias);
            device.Conv2dGradInput(Spec, dy, w, null, dx, accumulate: false);
            device.Conv2dGradWeight(Spec, x, dy, dw);
            device.AddRowsGrad(dy, dBias, accumulate: false);
        };
    });

    Tensor X(Inputs inputs) => inputs.Normal(N, Size, Size, In);

    Tensor Y(Inputs inputs) => inputs.Normal(N, OutSize, OutSize, Out);

    Tensor W(Inputs inputs) => inputs.Normal(Spec.Down.Kernel, Spec.Across.Kernel, In, Out);

    BenchCase Case(string pass, int passes, Func<Inputs, Action> prepare)
    {
        double outputs = (double)N * OutSize * OutSize, weights = (double)Spec.Down.Kernel * Spec.Across.Kernel * In * Out;
        double bytes = 4 * ((double)N * Size * Size * In + weights + outputs * Out);
        return new BenchCase($"{Name} {pass}", $"{N}x{Size}x{Size} {In}->{Out}", passes * 2 * outputs * weights, passes * bytes, prepare);
    }
}
