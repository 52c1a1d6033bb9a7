using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Brownian.Bench;

/// <summary>Some floats that are multiplied and added at once.</summary>
interface IFma<TSelf> where TSelf : unmanaged, IFma<TSelf>
{
    static abstract TSelf Splat(float value);
    static abstract TSelf MultiplyAdd(TSelf a, TSelf b, TSelf c);
    static abstract float First(TSelf a);
}

/// <summary>
/// Chains of fused multiply-adds that never leave the registers. Two units with a latency of four or five cycles need eight to ten
/// independent chains; twelve and their two constants fit into the sixteen registers of AVX2.
/// </summary>
static class FmaChains
{
    public const int Count = 12;

    // Optimised at once: the loop runs few times, and a replacement of it half-way would need luck.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static float Run<V>(int iterations) where V : unmanaged, IFma<V>
    {
        V scale = V.Splat(0.999f), shift = V.Splat(0.001f);        // tends to 1: neither infinities nor denormals
        V c0 = shift, c1 = shift, c2 = shift, c3 = shift, c4 = shift, c5 = shift;
        V c6 = shift, c7 = shift, c8 = shift, c9 = shift, ca = shift, cb = shift;
        for (int i = 0; i < iterations; i++)
        {
            c0 = V.MultiplyAdd(c0, scale, shift);
            c1 = V.MultiplyAdd(c1, scale, shift);
            c2 = V.MultiplyAdd(c2, scale, shift);
            c3 = V.MultiplyAdd(c3, scale, shift);
            c4 = V.MultiplyAdd(c4, scale, shift);
            c5 = V.MultiplyAdd(c5, scale, shift);
            c6 = V.MultiplyAdd(c6, scale, shift);
            c7 = V.MultiplyAdd(c7, scale, shift);
            c8 = V.MultiplyAdd(c8, scale, shift);
            c9 = V.MultiplyAdd(c9, scale, shift);
            ca = V.MultiplyAdd(ca, scale, shift);
            cb = V.MultiplyAdd(cb, scale, shift);
        }
        return V.First(c0) + V.First(c1) + V.First(c2) + V.First(c3) + V.First(c4) + V.First(c5)
            + V.First(c6) + V.First(c7) + V.First(c8) + V.First(c9) + V.First(ca) + V.First(cb);
    }
}

readonly struct Fma512(Vector512<float> value) : IFma<Fma512>
{
    readonly Vector512<float> _value = value;

    public static Fma512 Splat(float value) => new(Vector512.Create(value));
    public static Fma512 MultiplyAdd(Fma512 a, Fma512 b, Fma512 c) => new(Vector512.FusedMultiplyAdd(a._value, b._value, c._value));
    public static float First(Fma512 a) => a._value.ToScalar();
}

readonly struct Fma256(Vector256<float> value) : IFma<Fma256>
{
    readonly Vector256<float> _value = value;

    public static Fma256 Splat(float value) => new(Vector256.Create(value));
    public static Fma256 MultiplyAdd(Fma256 a, Fma256 b, Fma256 c) => new(Vector256.FusedMultiplyAdd(a._value, b._value, c._value));
    public static float First(Fma256 a) => a._value.ToScalar();
}

readonly struct Fma128(Vector128<float> value) : IFma<Fma128>
{
    readonly Vector128<float> _value = value;

    public static Fma128 Splat(float value) => new(Vector128.Create(value));
    public static Fma128 MultiplyAdd(Fma128 a, Fma128 b, Fma128 c) => new(Vector128.FusedMultiplyAdd(a._value, b._value, c._value));
    public static float First(Fma128 a) => a._value.ToScalar();
}

readonly struct FmaScalar(float value) : IFma<FmaScalar>
{
    readonly float _value = value;

    public static FmaScalar Splat(float value) => new(value);
    public static FmaScalar MultiplyAdd(FmaScalar a, FmaScalar b, FmaScalar c) => new(MathF.FusedMultiplyAdd(a._value, b._value, c._value));
    public static float First(FmaScalar a) => a._value;
}
