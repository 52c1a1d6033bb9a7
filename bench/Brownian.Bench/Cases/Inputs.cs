using Brownian.Tensors;

namespace Brownian.Bench;

/// <summary>Draws what a case works on: zeros would be kind to some kernels.</summary>
/// <param name="device">Where it computes.</param>
public sealed class Inputs(Device device)
{
    ulong _drawn;

    /// <summary>Where the case runs.</summary>
    public Device Device => device;

    /// <summary>A tensor of standard normals, from a stream of its own.</summary>
    /// <param name="extents">One to four, outermost first.</param>
    public Tensor Normal(params ReadOnlySpan<int> extents) =>
        TensorOps.Normal(Shape.Of(extents), new Philox(0, Philox.Stream("bench", _drawn++)), device);
}
