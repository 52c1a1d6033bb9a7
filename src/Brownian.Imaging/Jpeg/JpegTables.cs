using System.Buffers.Binary;

namespace Brownian.Imaging;

/// <summary>The tables in force, four slots of each kind; later segments replace them (T.81 §B.2.4).</summary>
sealed class JpegTables
{
    const int Slots = 4;
    const int CountBytes = 16;

    /// <summary>Index of each coefficient in its 8×8 block, row by row, in the order of the file (T.81, figure A.6).</summary>
    public static ReadOnlySpan<byte> ZigZag =>
    [
        0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5,
        12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21, 28,
        35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51,
        58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
    ];

    readonly ushort[]?[] quantization = new ushort[]?[Slots];
    readonly JpegHuffman?[] direct = new JpegHuffman?[Slots], alternating = new JpegHuffman?[Slots];

    /// <summary>MCUs between restart markers; 0 for none.</summary>
    public int RestartInterval { get; private set; }

    /// <summary>64 divisors in the order of the file.</summary>
    public ushort[] Quantization(int slot) => Require(quantization, slot, "quantisation table");

    public JpegHuffman Direct(int slot) => Require(direct, slot, "Huffman table of DC coefficients");

    public JpegHuffman Alternating(int slot) => Require(alternating, slot, "Huffman table of AC coefficients");

    public void ReadQuantization(ReadOnlySpan<byte> body)
    {
        while (!body.IsEmpty)
        {
            int bytes = body[0] >> 4 == 0 ? 1 : 2, slot = body[0] & 15;
            if (body[0] >> 4 > 1 || slot >= Slots) throw new InvalidDataException($"a quantisation table is of unknown kind {body[0]:X2}");
            if (body.Length < 1 + 64 * bytes) throw new InvalidDataException("a quantisation table is cut off");
            var table = new ushort[64];
            for (int i = 0; i < table.Length; i++)
                table[i] = bytes == 1 ? body[1 + i] : BinaryPrimitives.ReadUInt16BigEndian(body[(1 + 2 * i)..]);
            quantization[slot] = table;
            body = body[(1 + 64 * bytes)..];
        }
    }

    public void ReadHuffman(ReadOnlySpan<byte> body)
    {
        while (!body.IsEmpty)
        {
            int kind = body[0] >> 4, slot = body[0] & 15;
            if (kind > 1 || slot >= Slots) throw new InvalidDataException($"a Huffman table is of unknown kind {body[0]:X2}");
            if (body.Length < 1 + CountBytes) throw new InvalidDataException("a Huffman table is cut off");
            ReadOnlySpan<byte> counts = body.Slice(1, CountBytes);
            int total = 0;
            foreach (byte count in counts) total += count;
            body = body[(1 + CountBytes)..];
            if (total > Math.Min(256, body.Length))
                throw new InvalidDataException($"a Huffman table should list {total} symbols, but {body.Length} bytes are left of it");
            (kind == 0 ? direct : alternating)[slot] = new JpegHuffman(counts, body[..total]);
            body = body[total..];
        }
    }

    public void ReadRestartInterval(ReadOnlySpan<byte> body)
    {
        if (body.Length != 2) throw new InvalidDataException($"the restart interval has {body.Length} bytes instead of 2");
        RestartInterval = BinaryPrimitives.ReadUInt16BigEndian(body);
    }

    static T Require<T>(T?[] slots, int slot, string what) where T : class =>
        slots[slot & 3] ?? throw new InvalidDataException($"the {what} {slot} is used but not defined");
}
