using System.Runtime.CompilerServices;
using Brownian.Tensors;

namespace Brownian.Bench;

/// <summary>
/// The kernels of <see cref="Device"/> that a backward pass calls. They are internal to Brownian.Tensors, since they check nothing; these
/// are the same virtual calls, without the tape around them. A changed signature fails at run time: <c>quick --once</c> finds it.
/// </summary>
static class DeviceKernels
{
    [UnsafeAccessor(UnsafeAccessorKind.Method)]
    public static extern void UnaryGrad(this Device device, UnaryOp op, Tensor x, Tensor dy, Tensor dx, bool accumulate);

    [UnsafeAccessor(UnsafeAccessorKind.Method)]
    public static extern void AddRowsGrad(this Device device, Tensor dy, Tensor dv, bool accumulate);

    [UnsafeAccessor(UnsafeAccessorKind.Method)]
    public static extern void CopyChannels(this Device device, Tensor x, int from, Tensor y, int to, int count, bool accumulate);

    [UnsafeAccessor(UnsafeAccessorKind.Method)]
    public static extern void UpsampleNearestGrad(this Device device, Tensor dy, int factor, Tensor dx, bool accumulate);

    [UnsafeAccessor(UnsafeAccessorKind.Method)]
    public static extern void AveragePoolGrad(this Device device, Tensor dy, int factor, Tensor dx, bool accumulate);

    [UnsafeAccessor(UnsafeAccessorKind.Method)]
    public static extern void LinearGradInput(this Device device, Tensor dy, Tensor w, Tensor dx, bool accumulate);

    [UnsafeAccessor(UnsafeAccessorKind.Method)]
    public static extern void LinearGradWeight(this Device device, Tensor x, Tensor dy, Tensor dw);

    [UnsafeAccessor(UnsafeAccessorKind.Method)]
    public static extern void Conv2d(
        this Device device, ConvSpec spec, Tensor x, Tensor w, Tensor? bias, Tensor? perSample, Tensor? residual, Tensor y);

    [UnsafeAccessor(UnsafeAccessorKind.Method)]
    public static extern void Conv2dGradInput(this Device device, ConvSpec spec, Tensor dy, Tensor w, Tensor? bias, Tensor dx, bool accumulate);

    [UnsafeAccessor(UnsafeAccessorKind.Method)]
    public static extern void Conv2dGradWeight(this Device device, ConvSpec spec, Tensor x, Tensor dy, Tensor dw);

    [UnsafeAccessor(UnsafeAccessorKind.Method)]
    public static extern void GroupNorm(
        this Device device, GroupNormSpec spec, Tensor x, Tensor gamma, Tensor beta, Tensor y, Tensor statistics);

    [UnsafeAccessor(UnsafeAccessorKind.Method)]
    public static extern void GroupNormGrad(
        this Device device, GroupNormSpec spec, Tensor x, Tensor gamma, Tensor beta, Tensor statistics, Tensor dy, Tensor? dx, bool accumulate,
        Tensor dGamma, Tensor dBeta);

    [UnsafeAccessor(UnsafeAccessorKind.Method)]
    public static extern void Attention(this Device device, AttentionSpec spec, Tensor q, Tensor k, Tensor v, Tensor y, Tensor logSumExp);

    [UnsafeAccessor(UnsafeAccessorKind.Method)]
    public static extern void AttentionGrad(
        this Device device, AttentionSpec spec, Tensor q, Tensor k, Tensor v, Tensor y, Tensor logSumExp, Tensor dy, Tensor dq, Tensor dk, Tensor dv);

    [UnsafeAccessor(UnsafeAccessorKind.Method)]
    public static extern void Adam(this Device device, in AdamStep step, Tensor w, Tensor g, Tensor m, Tensor v);

    [UnsafeAccessor(UnsafeAccessorKind.Method)]
    public static extern void Lerp(this Device device, Tensor y, Tensor x, float rate);

    /// <summary>A view of part of a tensor, such as the keys of a packed projection.</summary>
    [UnsafeAccessor(UnsafeAccessorKind.Method)]
    public static extern Tensor Slice(this Tensor tensor, int start, Shape shape);
}
