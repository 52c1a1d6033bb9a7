using System.Runtime.CompilerServices;

namespace Brownian.Tensors.Cpu.Simd;

/// <summary>One lane, no vector instructions: the fallback for every machine, and a check of the others.</summary>
readonly unsafe struct V1(float value) : ISimd<V1>
{
    readonly float _v = value;

    public static int Lanes => 1;
    public static int Registers => 16;
    public static V1 Zero => new(0);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V1 Splat(float value) => new(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V1 Load(float* source) => new(*source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(float* target, V1 value) => *target = value._v;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V1 operator +(V1 a, V1 b) => new(a._v + b._v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V1 operator -(V1 a, V1 b) => new(a._v - b._v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V1 operator *(V1 a, V1 b) => new(a._v * b._v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V1 operator /(V1 a, V1 b) => new(a._v / b._v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V1 Fma(V1 a, V1 b, V1 c) => new(MathF.FusedMultiplyAdd(a._v, b._v, c._v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V1 FmaNegated(V1 a, V1 b, V1 c) => new(MathF.FusedMultiplyAdd(-a._v, b._v, c._v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V1 Min(V1 a, V1 b) => new(a._v < b._v ? a._v : b._v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V1 Max(V1 a, V1 b) => new(a._v > b._v ? a._v : b._v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V1 Sqrt(V1 a) => new(MathF.Sqrt(a._v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V1 ShiftToExponent(V1 a) => new(BitConverter.Int32BitsToSingle(BitConverter.SingleToInt32Bits(a._v) << 23));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V1 SelectGreater(V1 a, V1 b, V1 x, V1 y) => a._v > b._v ? x : y;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool AnyGreater(V1 a, V1 b) => a._v > b._v;
}
