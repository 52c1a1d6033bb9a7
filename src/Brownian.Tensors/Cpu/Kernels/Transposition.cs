using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Brownian.Tensors.Cpu.Kernels;

/// <summary>Small matrices turned over, in squares of four where the processor can shuffle.</summary>
static unsafe class Transposition
{
    /// <summary>target[c, r] = source[r, c]·factor</summary>
    /// <param name="source">The first element, of rows so far apart.</param>
    /// <param name="sourceStride">Floats from row to row.</param>
    /// <param name="rows">Of the source, and columns of the target.</param>
    /// <param name="columns">Of the source, and rows of the target.</param>
    /// <param name="factor">By which all are multiplied.</param>
    /// <param name="target">The first element of the result.</param>
    /// <param name="targetStride">Floats from row to row of the result.</param>
    public static void Scaled(float* source, nint sourceStride, int rows, int columns, float factor, float* target, nint targetStride)
    {
        int row = 0;
        if (Sse.IsSupported)
        {
            for (; row + 4 <= rows; row += 4)
            {
                float* from = source + row * sourceStride, to = target + row;
                int column = 0;
                for (; column + 4 <= columns; column += 4, from += 4, to += 4 * targetStride) Square(from, sourceStride, factor, to, targetStride);
                OneByOne(from, sourceStride, 4, columns - column, factor, to, targetStride);
            }
        }
        OneByOne(source + row * sourceStride, sourceStride, rows - row, columns, factor, target + row, targetStride);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Square(float* source, nint sourceStride, float factor, float* target, nint targetStride)
    {
        Vector128<float> a = Vector128.Load(source) * factor, b = Vector128.Load(source + sourceStride) * factor;
        Vector128<float> c = Vector128.Load(source + 2 * sourceStride) * factor, d = Vector128.Load(source + 3 * sourceStride) * factor;
        Vector128<float> ab = Sse.UnpackLow(a, b), cd = Sse.UnpackLow(c, d);
        Sse.MoveLowToHigh(ab, cd).Store(target);
        Sse.MoveHighToLow(cd, ab).Store(target + targetStride);
        (ab, cd) = (Sse.UnpackHigh(a, b), Sse.UnpackHigh(c, d));
        Sse.MoveLowToHigh(ab, cd).Store(target + 2 * targetStride);
        Sse.MoveHighToLow(cd, ab).Store(target + 3 * targetStride);
    }

    static void OneByOne(float* source, nint sourceStride, int rows, int columns, float factor, float* target, nint targetStride)
    {
        for (int row = 0; row < rows; row++, source += sourceStride, target++)
        {
            float* to = target;
            for (int column = 0; column < columns; column++, to += targetStride) *to = source[column] * factor;
        }
    }
}
