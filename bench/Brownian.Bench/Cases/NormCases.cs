using Brownian.Tensors;

namespace Brownian.Bench;

/// <summary>Group norm, with the SiLU that precedes every convolution and without it as before attention.</summary>
static class NormCases
{
    static readonly NormLayer[] Layers =
    [
        new(28, 64, 8, Silu: true), new(14, 128, 8, Silu: true), new(7, 256, 8, Silu: true),                  // tutorial
        new(32, 128, 32, Silu: true), new(32, 384, 32, Silu: true), new(16, 256, 32, Silu: true),             // ddpm-cifar10-32
        new(28, 64, 8, Silu: false), new(16, 256, 32, Silu: false),
    ];

    public static IEnumerable<BenchCase> All() =>
        [.. Layers.Select(layer => layer.Forward()), .. Layers.Select(layer => layer.Gradient())];

    sealed record NormLayer(int Size, int Channels, int Groups, bool Silu)
    {
        const float Epsilon = 1e-5f;
        const int N = BenchCase.Batch;

        public BenchCase Forward() => Case("forward", tensors: 2, inputs =>
        {
            Tensor x = X(inputs), gamma = inputs.Normal(Channels), beta = inputs.Normal(Channels);
            return () => x.GroupNorm(gamma, beta, Groups, Epsilon, Silu);
        });

        public BenchCase Gradient() => Case("gradient", tensors: 3, inputs =>
        {
            Device device = inputs.Device;
            Tensor x = X(inputs), dy = X(inputs), dx = X(inputs), statistics = inputs.Normal(N, Groups, 3);
            Tensor gamma = inputs.Normal(Channels), beta = inputs.Normal(Channels), dGamma = inputs.Normal(Channels), dBeta = inputs.Normal(Channels);
            var spec = new GroupNormSpec(Groups, Epsilon, Silu);
            device.GroupNorm(spec, x, gamma, beta, dx, statistics);
            return () => device.GroupNormGrad(spec, x, gamma, beta, statistics, dy, dx, accumulate: false, dGamma, dBeta);
        });

        Tensor X(Inputs inputs) => inputs.Normal(N, Size, Size, Channels);

        BenchCase Case(string pass, int tensors, Func<Inputs, Action> prepare)
        {
            string name = Silu ? "group norm + silu" : "group norm";
            return new BenchCase(
                $"{name} {pass}", $"{N}x{Size}x{Size}x{Channels} {Groups} groups", 0, 4.0 * tensors * N * Size * Size * Channels, prepare);
        }
    }
}
