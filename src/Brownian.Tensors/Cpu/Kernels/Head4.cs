using System.Runtime.CompilerServices;
using Brownian.Tensors.Cpu.Simd;

namespace Brownian.Tensors.Cpu.Kernels;

/// <summary>The four channels of an attention head at several positions: a vector of positions for each channel, in registers.</summary>
unsafe struct Head4<V> where V : unmanaged, ISimd<V>
{
    V _0, _1, _2, _3;

    public const int Channels = 4;

    /// <summary>Reads consecutive vectors, one for each channel.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Head4<V> Load(float* source)
    {
        Head4<V> head;
        head._0 = V.Load(source);
        head._1 = V.Load(source + V.Lanes);
        head._2 = V.Load(source + 2 * V.Lanes);
        head._3 = V.Load(source + 3 * V.Lanes);
        return head;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void Store(float* target)
    {
        V.Store(target, _0);
        V.Store(target + V.Lanes, _1);
        V.Store(target + 2 * V.Lanes, _2);
        V.Store(target + 3 * V.Lanes, _3);
    }

    /// <summary>start + Σ row[c]·this[c]</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly V Dot(float* row, V start)
    {
        start = V.Fma(V.Splat(row[0]), _0, start);
        start = V.Fma(V.Splat(row[1]), _1, start);
        start = V.Fma(V.Splat(row[2]), _2, start);
        return V.Fma(V.Splat(row[3]), _3, start);
    }

    /// <summary>Σ this[c]²</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly V SquaredLength() => V.Fma(_0, _0, V.Fma(_1, _1, V.Fma(_2, _2, _3 * _3)));

    /// <summary>this[c] += row[c]·weight</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(float* row, V weight)
    {
        _0 = V.Fma(V.Splat(row[0]), weight, _0);
        _1 = V.Fma(V.Splat(row[1]), weight, _1);
        _2 = V.Fma(V.Splat(row[2]), weight, _2);
        _3 = V.Fma(V.Splat(row[3]), weight, _3);
    }

    /// <summary>sums[c] += this[c]·weight, the sums of a channel so many floats after those of the one before.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void AddTo(float* sums, int stride, V weight)
    {
        V.Store(sums, V.Fma(_0, weight, V.Load(sums)));
        V.Store(sums + stride, V.Fma(_1, weight, V.Load(sums + stride)));
        V.Store(sums + 2 * stride, V.Fma(_2, weight, V.Load(sums + 2 * stride)));
        V.Store(sums + 3 * stride, V.Fma(_3, weight, V.Load(sums + 3 * stride)));
    }

    /// <summary>this[c] *= factor</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Scale(V factor)
    {
        _0 *= factor;
        _1 *= factor;
        _2 *= factor;
        _3 *= factor;
    }
}
