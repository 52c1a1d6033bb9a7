using System.Runtime.CompilerServices;
using Brownian.Tensors.Cpu.Simd;

namespace Brownian.Tensors.Cpu.Kernels;

/// <summary>
/// The transforms of Winograd's F(4×4, 3×3) (Lavin &amp; Gray 2016): a 3×3 convolution of a 6×6 tile gives 4×4 outputs with 36
/// multiplications instead of 144. Each works on one vector of channels, along one axis of a tile.
/// </summary>
/// <remarks>Y = Aᵀ·[(G·g·Gᵀ) ⊙ (Bᵀ·d·B)]·A for input tile d, kernel g; interpolation points 0, ±1, ±2, ∞.</remarks>
static unsafe class WinogradTransforms
{
    public const int Tile = 4, Inputs = 6, Points = 36;

    /// <summary>
    /// How far apart to keep the matrices of two points. Channel counts are powers of two more often than not, and without the extra
    /// cache line the 36 elements that a transform writes would all fall into the same set of the cache and push each other out.
    /// </summary>
    public static nint PointStride(int rows, int columns) => (nint)rows * columns + 16;

    /// <summary>Bᵀ applied to six vectors, <paramref name="step"/> vectors apart.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Input<V>(V d0, V d1, V d2, V d3, V d4, V d5, V* target, nint step) where V : unmanaged, ISimd<V>
    {
        V four = V.Splat(4), two = V.Splat(2), five = V.Splat(5);
        V even = V.FmaNegated(four, d2, d4), odd = V.FmaNegated(four, d1, d3);
        V evenHalf = d4 - d2, oddHalf = two * (d3 - d1);
        target[0] = V.Fma(four, d0, V.FmaNegated(five, d2, d4));
        target[step] = even + odd;
        target[2 * step] = even - odd;
        target[3 * step] = evenHalf + oddHalf;
        target[4 * step] = evenHalf - oddHalf;
        target[5 * step] = V.Fma(four, d1, V.FmaNegated(five, d3, d5));
    }

    /// <summary>Aᵀ applied to six vectors.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Output<V>(V m0, V m1, V m2, V m3, V m4, V m5, V* target, nint step) where V : unmanaged, ISimd<V>
    {
        V sum12 = m1 + m2, difference12 = m1 - m2, sum34 = m3 + m4, difference34 = m3 - m4;
        target[0] = m0 + sum12 + sum34;
        target[step] = V.Fma(V.Splat(2), difference34, difference12);
        target[2 * step] = V.Fma(V.Splat(4), sum34, sum12);
        target[3 * step] = V.Fma(V.Splat(8), difference34, difference12) + m5;
    }

    /// <summary>A applied to four vectors: the transpose of <see cref="Output"/>, for the gradient of the weights.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void OutputTransposed<V>(V y0, V y1, V y2, V y3, V* target, nint step) where V : unmanaged, ISimd<V>
    {
        V even1 = y0 + y2, odd1 = y1 + y3;
        V even2 = V.Fma(V.Splat(4), y2, y0), odd2 = V.Splat(2) * V.Fma(V.Splat(4), y3, y1);
        target[0] = y0;
        target[step] = even1 + odd1;
        target[2 * step] = even1 - odd1;
        target[3 * step] = even2 + odd2;
        target[4 * step] = even2 - odd2;
        target[5 * step] = y3;
    }

    /// <summary>G applied to three vectors.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Kernel<V>(V g0, V g1, V g2, V* target, nint step) where V : unmanaged, ISimd<V>
    {
        Ends.Apply(g0, g1, g2, out target[0], out target[5 * step]);
        Ones.Apply(g0, g1, g2, out target[step], out target[2 * step]);
        Twos.Apply(g0, g1, g2, out target[3 * step], out target[4 * step]);
    }

    /// <summary>Two rows of G whose products with three vectors have parts in common.</summary>
    public interface IPair
    {
        static abstract int First { get; }
        static abstract int Second { get; }
        static abstract void Apply<V>(V g0, V g1, V g2, out V first, out V second) where V : unmanaged, ISimd<V>;
    }

    /// <summary>The rows of the points 0 and ∞.</summary>
    public readonly struct Ends : IPair
    {
        public static int First => 0;
        public static int Second => 5;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Apply<V>(V g0, V g1, V g2, out V first, out V second) where V : unmanaged, ISimd<V>
        {
            first = V.Splat(0.25f) * g0;
            second = g2;
        }
    }

    /// <summary>Those of 1 and −1.</summary>
    public readonly struct Ones : IPair
    {
        public static int First => 1;
        public static int Second => 2;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Apply<V>(V g0, V g1, V g2, out V first, out V second) where V : unmanaged, ISimd<V>
        {
            V sixth = V.Splat(-1f / 6), outer = sixth * (g0 + g2), inner = sixth * g1;
            first = outer + inner;
            second = outer - inner;
        }
    }

    /// <summary>Those of 2 and −2.</summary>
    public readonly struct Twos : IPair
    {
        public static int First => 3;
        public static int Second => 4;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Apply<V>(V g0, V g1, V g2, out V first, out V second) where V : unmanaged, ISimd<V>
        {
            V far = V.Fma(V.Splat(1f / 6), g2, V.Splat(1f / 24) * g0), near = V.Splat(1f / 12) * g1;
            first = far + near;
            second = far - near;
        }
    }

    /// <summary>Gᵀ applied to six vectors: the transpose of <see cref="Kernel"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void KernelTransposed<V>(V u0, V u1, V u2, V u3, V u4, V u5, V* target, nint step) where V : unmanaged, ISimd<V>
    {
        V sum12 = V.Splat(-1f / 6) * (u1 + u2), sum34 = u3 + u4;
        target[0] = V.Fma(V.Splat(0.25f), u0, V.Fma(V.Splat(1f / 24), sum34, sum12));
        target[step] = V.Fma(V.Splat(1f / 12), u3 - u4, V.Splat(-1f / 6) * (u1 - u2));
        target[2 * step] = V.Fma(V.Splat(1f / 6), sum34, sum12) + u5;
    }
}
