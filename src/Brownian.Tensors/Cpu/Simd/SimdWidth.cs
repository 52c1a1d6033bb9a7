namespace Brownian.Tensors.Cpu.Simd;

/// <summary>How many floats a kernel handles at once.</summary>
enum SimdWidth
{
    Scalar = 1,
    V128 = 4,
    V256 = 8,
    V512 = 16,
}
