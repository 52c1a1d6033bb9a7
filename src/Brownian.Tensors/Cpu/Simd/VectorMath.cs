using System.Runtime.CompilerServices;

namespace Brownian.Tensors.Cpu.Simd;

/// <summary>Transcendental functions in float lanes. One formula for all widths, so an element's bits never depend on the width.</summary>
static class VectorMath
{
    /// <summary>
    /// eˣ with at most 2 ulp of error. x is clamped to [-87.3, 88.3], so the result is never a subnormal nor infinite.
    /// NaN gives NaN.
    /// </summary>
    /// <remarks>eˣ = 2ⁿ·eʳ with n = round(x/ln 2) and |r| ≤ ln 2 / 2; eʳ by a polynomial of degree 6 through Chebyshev nodes.</remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Exp<V>(V x) where V : unmanaged, ISimd<V>
    {
        x = V.Min(V.Splat(88.3f), V.Max(V.Splat(-87.3f), x));  // x second: a NaN passes through both
        V n = V.Round(x * V.Splat(1.44269504f));
        V r = V.FmaNegated(n, V.Splat(0.693145752f), x);      // ln 2 in two parts, so that r keeps all its bits
        r = V.FmaNegated(n, V.Splat(1.42860677e-6f), r);
        V p = V.Splat(1.392618181e-03f);
        p = V.Fma(p, r, V.Splat(8.363177630e-03f));
        p = V.Fma(p, r, V.Splat(4.166655463e-02f));
        p = V.Fma(p, r, V.Splat(1.666657700e-01f));
        p = V.Fma(p, r, V.Splat(0.5f));
        p = V.Fma(p, r, V.Splat(1f));
        p = V.Fma(p, r, V.Splat(1f));
        return p * V.PowerOfTwo(n);
    }

    /// <summary>σ(x) = 1/(1 + e⁻ˣ).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Sigmoid<V>(V x) where V : unmanaged, ISimd<V> => V.Splat(1f) / (V.Splat(1f) + Exp(V.Zero - x));
}
