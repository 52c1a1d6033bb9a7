using Brownian.Tensors.Cpu.Simd;

namespace Brownian.Tensors.Cpu.Kernels;

/// <summary>
/// Attention, by the size of a head: the smallest stay in registers (<see cref="SmallHeadAttention{V}"/>), the others go
/// through matrix products block by block (<see cref="BlockAttention{V}"/>). The choice is the same for all vector widths.
/// </summary>
static unsafe class AttentionKernels<V> where V : unmanaged, ISimd<V>
{
    /// <summary>y = softmax(q·kᵀ·scale)·v and log₂ Σ 2^(logit·log₂e) of each query's logits.</summary>
    public static void Forward(CpuDevice device, AttentionSpec s, float* q, float* k, float* v, float* y, float* logSumExp)
    {
        if (s.HeadChannels == Head4<V>.Channels) SmallHeadAttention<V>.Forward(device, s, q, k, v, y, logSumExp);
        else BlockAttention<V>.Forward(device, s, q, k, v, y, logSumExp);
    }

    /// <summary>Overwrites dq, dk and dv.</summary>
    public static void Gradient(
        CpuDevice device, AttentionSpec s, float* q, float* k, float* v, float* y, float* logSumExp, float* dy, float* dq, float* dk, float* dv)
    {
        if (s.HeadChannels == Head4<V>.Channels) SmallHeadGradient<V>.Run(device, s, q, k, v, y, logSumExp, dy, dq, dk, dv);
        else BlockAttention<V>.Gradient(device, s, q, k, v, y, logSumExp, dy, dq, dk, dv);
    }
}
