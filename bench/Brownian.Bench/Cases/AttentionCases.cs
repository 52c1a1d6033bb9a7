using Brownian.Tensors;

namespace Brownian.Bench;

/// <summary>Self-attention over all pixels: softmax(q·kᵀ/√d)·v.</summary>
static class AttentionCases
{
    static readonly AttentionLayer[] Layers =
    [
        new(784, 64, 4, Packed: true), new(784, 16, 4, Packed: true),      // tutorial, 28×28 on the way down and up
        new(196, 128, 4, Packed: true), new(196, 32, 4, Packed: true),     // 14×14
        new(49, 256, 4, Packed: true), new(49, 64, 4, Packed: true),       // 7×7
        new(256, 256, 1, Packed: false), new(16, 256, 1, Packed: false),   // ddpm-cifar10-32, 16×16 and the middle
    ];

    public static IEnumerable<BenchCase> All() =>
        [.. Layers.Select(layer => layer.Forward()), .. Layers.Select(layer => layer.Gradient())];

    /// <param name="Length">Pixels.</param>
    /// <param name="Channels">Of all heads together.</param>
    /// <param name="Heads">How many.</param>
    /// <param name="Packed">Whether queries, keys and values lie side by side, as one projection leaves them.</param>
    sealed record AttentionLayer(int Length, int Channels, int Heads, bool Packed)
    {
        const int N = BenchCase.Batch;

        // q·kᵀ and p·v, each L×L×C multiply-adds. The gradient needs dv, dp, dq and dk; recomputing p from q and k is not counted.
        double Flops => 4.0 * N * Length * Length * Channels;

        public BenchCase Forward() => Case("attention forward", Flops, tensors: 4, inputs =>
        {
            if (Packed)
            {
                Tensor qkv = inputs.Normal(N, Length, 3 * Channels);
                return () => qkv.Attention(Heads);
            }
            Tensor q = Rows(inputs), k = Rows(inputs), v = Rows(inputs);
            return () => SelfAttention.Attention(q, k, v, Heads);
        });

        public BenchCase Gradient() => Case("attention gradient", 2 * Flops, tensors: 8, inputs =>
        {
            Device device = inputs.Device;
            Tensor[] x = Parts(inputs), dx = Parts(inputs);
            Tensor y = Rows(inputs), dy = Rows(inputs), logSumExp = inputs.Normal(N, Heads, Length);
            var spec = new AttentionSpec(N, Length, Heads, Channels / Heads, Packed ? 3 * Channels : Channels);
            device.Attention(spec, x[0], x[1], x[2], y, logSumExp);
            return () => device.AttentionGrad(spec, x[0], x[1], x[2], y, logSumExp, dy, dx[0], dx[1], dx[2]);
        });

        Tensor Rows(Inputs inputs) => inputs.Normal(N, Length, Channels);

        /// <summary>Queries, keys and values, or their gradients.</summary>
        Tensor[] Parts(Inputs inputs)
        {
            if (!Packed) return [Rows(inputs), Rows(inputs), Rows(inputs)];
            Tensor packed = inputs.Normal(N, Length, 3 * Channels);
            return [.. Enumerable.Range(0, 3).Select(part => packed.Slice(part * Channels, Shape.Of(1)))];
        }

        BenchCase Case(string kernel, double flops, int tensors, Func<Inputs, Action> prepare)
        {
            string heads = Heads == 1 ? "1 head" : $"{Heads} heads";
            return new BenchCase(kernel, $"{N}x{Length}x{Channels} {heads}", flops, 4.0 * tensors * N * Length * Channels, prepare);
        }
    }
}
