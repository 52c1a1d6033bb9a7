namespace Brownian.Tensors.Cpu.Simd;

/// <summary>
/// A register of float lanes. Kernels are written once over a type parameter of this kind; the JIT compiles each instantiation to
/// the same code as intrinsics by hand. Every operation is exactly rounded, so all widths give the same bits for the same element.
/// </summary>
unsafe interface ISimd<V> where V : unmanaged, ISimd<V>
{
    /// <summary>The number of floats in the register.</summary>
    static abstract int Lanes { get; }

    /// <summary>How many such registers the instruction set has; decides how many accumulators a kernel may keep.</summary>
    static abstract int Registers { get; }

    static abstract V Zero { get; }
    static abstract V Splat(float value);
    static abstract V Load(float* source);
    static abstract void Store(float* target, V value);
    static abstract V operator +(V a, V b);
    static abstract V operator -(V a, V b);
    static abstract V operator *(V a, V b);
    static abstract V operator /(V a, V b);

    /// <summary>a·b + c with one rounding.</summary>
    static abstract V Fma(V a, V b, V c);

    /// <summary>c − a·b with one rounding.</summary>
    static abstract V FmaNegated(V a, V b, V c);
    static abstract V Min(V a, V b);
    static abstract V Max(V a, V b);
    static abstract V Sqrt(V a);

    /// <summary>
    /// Moves the lowest 9 bits of a lane's pattern up into sign and exponent: 2ⁿ when they hold n + 127.
    /// </summary>
    static abstract V ShiftToExponent(V a);

    /// <summary>x in lanes where a &gt; b, y in the others.</summary>
    static abstract V SelectGreater(V a, V b, V x, V y);

    /// <summary>Whether a &gt; b in any lane.</summary>
    static abstract bool AnyGreater(V a, V b);
}
