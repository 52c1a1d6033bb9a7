using System.Runtime.CompilerServices;

namespace Brownian.Imaging;

/// <summary>
/// A canonical Huffman code (T.81 annex C): codes of up to nine bits by look-up, longer ones by comparison with each length's last.
/// </summary>
sealed class JpegHuffman
{
    const int LongestCode = 16;
    const int FastBits = 9;

    readonly ushort[] fast = new ushort[1 << FastBits];         // length << 8 | symbol by the next bits; 0 where the code is longer
    readonly int[] end = new int[LongestCode + 1];              // by length, the first code beyond it, followed by zeros to 16 bits
    readonly int[] offset = new int[LongestCode + 1];           // what turns a code of that length into an index of its symbol
    readonly byte[] symbols;

    /// <param name="counts">How many codes have 1, 2, … 16 bits.</param>
    /// <param name="symbols">What they stand for, shortest code first; as many as the counts add up to.</param>
    /// <exception cref="InvalidDataException">There are more codes of a length than it has bits for.</exception>
    public JpegHuffman(ReadOnlySpan<byte> counts, ReadOnlySpan<byte> symbols)
    {
        this.symbols = symbols.ToArray();
        int code = 0, index = 0;
        for (int length = 1; length <= LongestCode; length++)
        {
            offset[length] = index - code;
            for (int n = 0; n < counts[length - 1]; n++, code++, index++)
                if (length <= FastBits) FillFast(code, length, symbols[index]);
            if (code > 1 << length) throw new InvalidDataException($"a Huffman table has too many codes of {length} bits");
            end[length] = code << (LongestCode - length);
            code <<= 1;
        }
    }

    /// <exception cref="InvalidDataException">The bits are no code, or end.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Decode(ref JpegBits bits)
    {
        bits.Fill();
        int entry = fast[bits.Peek16 >> (LongestCode - FastBits)];
        if (entry == 0) return DecodeLong(ref bits);
        bits.Skip(entry >> 8);
        return entry & 255;
    }

    int DecodeLong(ref JpegBits bits)
    {
        int next = bits.Peek16;
        for (int length = FastBits + 1; length <= LongestCode; length++)
        {
            if (next >= end[length]) continue;
            bits.Skip(length);
            return symbols[offset[length] + (next >> (LongestCode - length))];
        }
        throw new InvalidDataException("the image data holds a code that its Huffman table lacks");
    }

    void FillFast(int code, int length, byte symbol)
    {
        int shift = FastBits - length;
        if ((code + 1) << shift <= fast.Length) fast.AsSpan(code << shift, 1 << shift).Fill((ushort)(length << 8 | symbol));
    }
}
