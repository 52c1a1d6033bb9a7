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
        V t = V.Fma(x, V.Splat(Log2E), V.Splat(Biased)), n = t - V.Splat(Biased);
        V r = V.FmaNegated(n, V.Splat(0.693145752f), x);      // ln 2 in two parts, so that r keeps all its bits
        r = V.FmaNegated(n, V.Splat(1.42860677e-6f), r);
        V p = V.Splat(1.392618181e-03f);
        p = V.Fma(p, r, V.Splat(8.363177630e-03f));
        p = V.Fma(p, r, V.Splat(4.166655463e-02f));
        p = V.Fma(p, r, V.Splat(1.666657700e-01f));
        p = V.Fma(p, r, V.Splat(0.5f));
        p = V.Fma(p, r, V.Splat(1f));
        p = V.Fma(p, r, V.Splat(1f));
        return p * V.ShiftToExponent(t);
    }

    /// <summary>
    /// 2ˣ with at most 2.02 ulp of error, for x up to 127; below -126 it stays at 2⁻¹²⁶, so that no result is a subnormal. NaN gives NaN.
    /// </summary>
    /// <remarks>2ˣ = 2ⁿ·2ʳ with n = round(x), |r| ≤ 1/2; 2ʳ by the polynomial of degree 5 with 2⁰ = 1 and the least largest relative error, 9.1e-8.</remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Exp2<V>(V x) where V : unmanaged, ISimd<V>
    {
        x = V.Max(V.Splat(-126f), x);
        V t = x + V.Splat(Biased), r = x - (t - V.Splat(Biased));
        V p = V.Splat(1.32647290e-3f);
        p = V.Fma(p, r, V.Splat(9.67151260e-3f));
        p = V.Fma(p, r, V.Splat(5.55073374e-2f));
        p = V.Fma(p, r, V.Splat(2.40222421e-1f));
        p = V.Fma(p, r, V.Splat(6.93146978e-1f));
        p = V.Fma(p, r, V.Splat(1f));
        return p * V.ShiftToExponent(t);
    }

    /// <summary>
    /// <see cref="Exp2{V}(V)"/> of four vectors, step by step side by side: one alone is a chain of operations that each wait for the last.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Exp2<V>(ref V x0, ref V x1, ref V x2, ref V x3) where V : unmanaged, ISimd<V>
    {
        V least = V.Splat(-126f), biased = V.Splat(Biased);
        (x0, x1, x2, x3) = (V.Max(least, x0), V.Max(least, x1), V.Max(least, x2), V.Max(least, x3));
        V t0 = x0 + biased, t1 = x1 + biased, t2 = x2 + biased, t3 = x3 + biased;
        V r0 = x0 - (t0 - biased), r1 = x1 - (t1 - biased), r2 = x2 - (t2 - biased), r3 = x3 - (t3 - biased);
        V p0 = V.Splat(1.32647290e-3f), p1 = p0, p2 = p0, p3 = p0;
        Horner(ref p0, ref p1, ref p2, ref p3, r0, r1, r2, r3, V.Splat(9.67151260e-3f));
        Horner(ref p0, ref p1, ref p2, ref p3, r0, r1, r2, r3, V.Splat(5.55073374e-2f));
        Horner(ref p0, ref p1, ref p2, ref p3, r0, r1, r2, r3, V.Splat(2.40222421e-1f));
        Horner(ref p0, ref p1, ref p2, ref p3, r0, r1, r2, r3, V.Splat(6.93146978e-1f));
        Horner(ref p0, ref p1, ref p2, ref p3, r0, r1, r2, r3, V.Splat(1f));
        x0 = p0 * V.ShiftToExponent(t0);
        x1 = p1 * V.ShiftToExponent(t1);
        x2 = p2 * V.ShiftToExponent(t2);
        x3 = p3 * V.ShiftToExponent(t3);
    }

    /// <summary><see cref="Exp2{V}(V)"/> of two vectors side by side.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Exp2<V>(ref V x0, ref V x1) where V : unmanaged, ISimd<V>
    {
        V least = V.Splat(-126f), biased = V.Splat(Biased);
        (x0, x1) = (V.Max(least, x0), V.Max(least, x1));
        V t0 = x0 + biased, t1 = x1 + biased;
        V r0 = x0 - (t0 - biased), r1 = x1 - (t1 - biased);
        V p0 = V.Splat(1.32647290e-3f), p1 = p0;
        Horner(ref p0, ref p1, r0, r1, V.Splat(9.67151260e-3f));
        Horner(ref p0, ref p1, r0, r1, V.Splat(5.55073374e-2f));
        Horner(ref p0, ref p1, r0, r1, V.Splat(2.40222421e-1f));
        Horner(ref p0, ref p1, r0, r1, V.Splat(6.93146978e-1f));
        Horner(ref p0, ref p1, r0, r1, V.Splat(1f));
        x0 = p0 * V.ShiftToExponent(t0);
        x1 = p1 * V.ShiftToExponent(t1);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Horner<V>(ref V p0, ref V p1, V r0, V r1, V coefficient) where V : unmanaged, ISimd<V>
    {
        p0 = V.Fma(p0, r0, coefficient);
        p1 = V.Fma(p1, r1, coefficient);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Horner<V>(ref V p0, ref V p1, ref V p2, ref V p3, V r0, V r1, V r2, V r3, V coefficient) where V : unmanaged, ISimd<V>
    {
        p0 = V.Fma(p0, r0, coefficient);
        p1 = V.Fma(p1, r1, coefficient);
        p2 = V.Fma(p2, r2, coefficient);
        p3 = V.Fma(p3, r3, coefficient);
    }

    /// <summary>log₂ e: turns the exponents of e into those of 2.</summary>
    public const float Log2E = 1.44269504f;

    // Floats near 1.5·2²³ are whole numbers, so adding this rounds, and leaves n + 127 in the lowest bits of the sum.
    const float Biased = 12582912f + 127f;

    /// <summary>σ(x) = 1/(1 + e⁻ˣ).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Sigmoid<V>(V x) where V : unmanaged, ISimd<V> => V.Splat(1f) / (V.Splat(1f) + Exp(V.Zero - x));

    /// <summary>
    /// Φ(x), the share of a standard normal distribution below x, to 3e-7 of its value (of what is left to 1 for x above 0). NaN gives NaN.
    /// </summary>
    /// <param name="x">Beyond ±12 it counts as that, where the share is 2e-33 from 0 or 1: no result is a subnormal.</param>
    /// <param name="bell">e^(−x²/2)</param>
    /// <remarks>
    /// Φ(−a) = e^(−a²/2)·t·p(t) for a ≥ 0, t = 1/(1 + 0.28a), as Abramowitz &amp; Stegun 26.2.17 have it; p of degree 8 through Chebyshev nodes
    /// over a from 0 to 12, at most 6.3e-8 off.
    /// </remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Normal<V>(V x, out V bell) where V : unmanaged, ISimd<V>
    {
        V a = V.Min(V.Splat(12f), V.Max(V.Zero - x, x));
        bell = Exp(V.Splat(-0.5f) * a * a);
        V t = V.Splat(1f) / V.Fma(V.Splat(0.28f), a, V.Splat(1f));
        V p = V.Splat(0.020125458f);
        p = V.Fma(p, t, V.Splat(-0.0703106374f));
        p = V.Fma(p, t, V.Splat(0.0425777808f));
        p = V.Fma(p, t, V.Splat(0.0522721112f));
        p = V.Fma(p, t, V.Splat(0.0312868804f));
        p = V.Fma(p, t, V.Splat(0.101577021f));
        p = V.Fma(p, t, V.Splat(0.0984561741f));
        p = V.Fma(p, t, V.Splat(0.112349324f));
        p = V.Fma(p, t, V.Splat(0.111665897f));
        V outside = bell * t * p;
        return V.SelectGreater(x, V.Zero, V.Splat(1f) - outside, outside);
    }
}
