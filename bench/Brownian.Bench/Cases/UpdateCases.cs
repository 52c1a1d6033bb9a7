using Brownian.Tensors;

namespace Brownian.Bench;

/// <summary>What passes over all parameters at once, and the drawing of noise.</summary>
static class UpdateCases
{
    const int Tutorial = 10_188_081, Cifar = 35_746_307;      // parameters of the two networks

    public static IEnumerable<BenchCase> All() =>
        [Adam(Tutorial), Adam(Cifar), Ema(Tutorial), Ema(Cifar), Normals(28, 1), Normals(32, 3), Normals(32, 128)];

    // Reads weights, gradients and both moments, writes all but the gradients.
    static BenchCase Adam(int parameters) => new("adam", $"{parameters}", 0, 28.0 * parameters, inputs =>
    {
        Device device = inputs.Device;
        Tensor w = inputs.Normal(parameters), g = inputs.Normal(parameters);
        Tensor m = Tensor.Zeros(w.Shape, device), v = Tensor.Zeros(w.Shape, device);
        long step = 0;
        return () => device.Adam(new AdamStep(++step, 1e-4, 0.9, 0.999, 1e-8, 0, Decoupled: false, GradScale: 1), w, g, m, v);
    });

    static BenchCase Ema(int parameters) => new("ema", $"{parameters}", 0, 12.0 * parameters, inputs =>
    {
        Tensor y = inputs.Normal(parameters), x = inputs.Normal(parameters);
        return () => inputs.Device.Lerp(y, x, 1e-3f);
    });

    static BenchCase Normals(int size, int channels)
    {
        var shape = Shape.Of(BenchCase.Batch, size, size, channels);
        var noise = new Philox(0, Philox.Stream("bench normals"));
        return new("philox normals", $"{BenchCase.Batch}x{size}x{size}x{channels}", 0, 4.0 * shape.Count, inputs =>
        {
            Device device = inputs.Device;
            return () => TensorOps.Normal(shape, noise, device);
        });
    }
}
