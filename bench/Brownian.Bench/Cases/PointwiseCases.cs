using Brownian.Tensors;

namespace Brownian.Bench;

/// <summary>What only moves memory: sums, SiLU, skip connections, doubling and halving of images.</summary>
static class PointwiseCases
{
    // Pixels per side and channels: the finest levels of both networks, 3 and 8 MB, and one level further down.
    static readonly Map[] Maps = [new(28, 64), new(32, 128), new(16, 256)];

    public static IEnumerable<BenchCase> All() =>
    [
        .. Maps.Select(Add), .. Maps.Select(Silu), .. Maps.Select(SiluGradient), .. Maps.Select(BiasGradient),
        .. Maps.Select(Concat), .. Maps.Select(ConcatGradient),
        .. Maps.Select(Upsample), .. Maps.Select(UpsampleGradient), .. Maps.Select(Pool), .. Maps.Select(PoolGradient),
    ];

    static BenchCase Add(Map map) => map.Case("add", 3, inputs =>
    {
        Tensor x = map.Draw(inputs), z = map.Draw(inputs);
        return () => x.Add(z);
    });

    static BenchCase Silu(Map map) => map.Case("silu", 2, inputs =>
    {
        Tensor x = map.Draw(inputs);
        return () => x.Silu();
    });

    static BenchCase SiluGradient(Map map) => map.Case("silu gradient", 3, inputs =>
    {
        Tensor x = map.Draw(inputs), dy = map.Draw(inputs), dx = map.Draw(inputs);
        return () => inputs.Device.UnaryGrad(UnaryOp.Silu, x, dy, dx, accumulate: false);
    });

    static BenchCase BiasGradient(Map map) => map.Case("bias gradient", 1, inputs =>
    {
        Tensor dy = map.Draw(inputs), dBias = inputs.Normal(map.Channels);
        return () => inputs.Device.AddRowsGrad(dy, dBias, accumulate: false);
    });

    /// <summary>Two maps become one of twice the channels.</summary>
    static BenchCase Concat(Map map) => map.Case("concat", 4, inputs =>
    {
        Tensor x = map.Draw(inputs), z = map.Draw(inputs);
        return () => Reshaping.ConcatChannels(x, z);
    });

    static BenchCase ConcatGradient(Map map) => map.Case("concat gradient", 4, inputs =>
    {
        Device device = inputs.Device;
        int channels = map.Channels;
        Tensor dy = (map with { Channels = 2 * channels }).Draw(inputs), dx = map.Draw(inputs), dz = map.Draw(inputs);
        return () =>
        {
            device.CopyChannels(dy, 0, dx, 0, channels, accumulate: false);
            device.CopyChannels(dy, channels, dz, 0, channels, accumulate: false);
        };
    });

    // The named map is the larger one in all four; the smaller has a quarter of its numbers.
    static BenchCase Upsample(Map map) => map.Case("upsample", 1.25, inputs =>
    {
        Tensor x = map.Half.Draw(inputs);
        return () => x.UpsampleNearest();
    });

    static BenchCase UpsampleGradient(Map map) => map.Case("upsample gradient", 1.25, inputs =>
    {
        Tensor dy = map.Draw(inputs), dx = map.Half.Draw(inputs);
        return () => inputs.Device.UpsampleNearestGrad(dy, 2, dx, accumulate: false);
    });

    static BenchCase Pool(Map map) => map.Case("average pool", 1.25, inputs =>
    {
        Tensor x = map.Draw(inputs);
        return () => x.AveragePool();
    });

    static BenchCase PoolGradient(Map map) => map.Case("average pool gradient", 1.25, inputs =>
    {
        Tensor dy = map.Half.Draw(inputs), dx = map.Draw(inputs);
        return () => inputs.Device.PoolGrad(PoolOp.Average, new ConvSpec(2, 2), null, dy, dx, accumulate: false);
    });

    readonly record struct Map(int Size, int Channels)
    {
        public Map Half => this with { Size = Size / 2 };

        public Tensor Draw(Inputs inputs) => inputs.Normal(BenchCase.Batch, Size, Size, Channels);

        /// <param name="kernel">The name.</param>
        /// <param name="passes">How often as many bytes as this map has are read or written.</param>
        /// <param name="prepare">Draws inputs.</param>
        public BenchCase Case(string kernel, double passes, Func<Inputs, Action> prepare) =>
            new(kernel, $"{BenchCase.Batch}x{Size}x{Size}x{Channels}", 0, passes * sizeof(float) * BenchCase.Batch * Size * Size * Channels, prepare);
    }
}
