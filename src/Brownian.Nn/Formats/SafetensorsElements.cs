using System.Buffers.Binary;
using System.Numerics;

namespace Brownian.Nn;

/// <summary>Turns stored little-endian elements of any type into numbers of one type.</summary>
static class SafetensorsElements
{
    /// <summary>Whether elements of a type are stored as T is in memory (on a little-endian machine).</summary>
    public static bool Matches<T>(SafetensorsType type) => type switch
    {
        SafetensorsType.F64 => typeof(T) == typeof(double),
        SafetensorsType.F32 => typeof(T) == typeof(float),
        SafetensorsType.I64 => typeof(T) == typeof(long),
        _ => false,
    };

    /// <summary>target[i] = element i of bytes, rounded to nearest where T is narrower.</summary>
    public static void Convert<T>(SafetensorsType type, ReadOnlySpan<byte> bytes, Span<T> target) where T : INumber<T>
    {
        switch (type)
        {
            case SafetensorsType.F64: Run<F64, double, T>(bytes, target); break;
            case SafetensorsType.F32: Run<F32, float, T>(bytes, target); break;
            case SafetensorsType.F16: Run<F16, float, T>(bytes, target); break;
            case SafetensorsType.BF16: Run<BF16, float, T>(bytes, target); break;
            case SafetensorsType.I64: Run<I64, long, T>(bytes, target); break;
            case SafetensorsType.I32: Run<I32, int, T>(bytes, target); break;
            case SafetensorsType.I16: Run<I16, short, T>(bytes, target); break;
            case SafetensorsType.I8: Run<I8, sbyte, T>(bytes, target); break;
            case SafetensorsType.U8: Run<U8, byte, T>(bytes, target); break;
            case SafetensorsType.Bool: Run<Bool, byte, T>(bytes, target); break;
            default: throw new ArgumentOutOfRangeException(nameof(type), type, "No such element type.");
        }
    }

    static void Run<TElement, TValue, T>(ReadOnlySpan<byte> bytes, Span<T> target)
        where TElement : struct, IElement<TValue> where TValue : INumber<TValue> where T : INumber<T>
    {
        int size = bytes.Length / Math.Max(1, target.Length);
        for (int i = 0; i < target.Length; i++) target[i] = T.CreateTruncating(TElement.Read(bytes.Slice(i * size, size)));
    }

    interface IElement<TValue>
    {
        static abstract TValue Read(ReadOnlySpan<byte> b);
    }

    readonly struct F64 : IElement<double>
    {
        public static double Read(ReadOnlySpan<byte> b) => BinaryPrimitives.ReadDoubleLittleEndian(b);
    }

    readonly struct F32 : IElement<float>
    {
        public static float Read(ReadOnlySpan<byte> b) => BinaryPrimitives.ReadSingleLittleEndian(b);
    }

    readonly struct F16 : IElement<float>
    {
        public static float Read(ReadOnlySpan<byte> b) => (float)BinaryPrimitives.ReadHalfLittleEndian(b);
    }

    readonly struct BF16 : IElement<float>
    {
        public static float Read(ReadOnlySpan<byte> b) => BitConverter.Int32BitsToSingle(BinaryPrimitives.ReadInt16LittleEndian(b) << 16);
    }

    readonly struct I64 : IElement<long>
    {
        public static long Read(ReadOnlySpan<byte> b) => BinaryPrimitives.ReadInt64LittleEndian(b);
    }

    readonly struct I32 : IElement<int>
    {
        public static int Read(ReadOnlySpan<byte> b) => BinaryPrimitives.ReadInt32LittleEndian(b);
    }

    readonly struct I16 : IElement<short>
    {
        public static short Read(ReadOnlySpan<byte> b) => BinaryPrimitives.ReadInt16LittleEndian(b);
    }

    readonly struct I8 : IElement<sbyte>
    {
        public static sbyte Read(ReadOnlySpan<byte> b) => (sbyte)b[0];
    }

    readonly struct U8 : IElement<byte>
    {
        public static byte Read(ReadOnlySpan<byte> b) => b[0];
    }

    readonly struct Bool : IElement<byte>
    {
        public static byte Read(ReadOnlySpan<byte> b) => b[0] == 0 ? (byte)0 : (byte)1;
    }
}
