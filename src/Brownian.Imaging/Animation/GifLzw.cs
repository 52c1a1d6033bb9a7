namespace Brownian.Imaging;

/// <summary>
/// GIF's variant of Lempel-Ziv-Welch (GIF89a, appendix F): codes of 3 to 12 bits, low bits first, in blocks of up to 255 bytes.
/// </summary>
sealed class GifLzw
{
    const int MaxBits = 12, MaxCodes = 1 << MaxBits;
    const int Slots = 2 * MaxCodes;                     // of the hash table; a power of two

    readonly Stream stream;
    readonly int symbolBits;
    readonly int[] keys = new int[Slots];               // prefix << 8 | symbol, plus one; 0 where free
    readonly ushort[] codes = new ushort[Slots];
    readonly byte[] block = new byte[255];
    int blockBytes, width, next;
    uint pending;
    int pendingBits;

    GifLzw(Stream stream, int symbolBits) => (this.stream, this.symbolBits) = (stream, symbolBits);

    int ClearCode => 1 << symbolBits;

    /// <summary>
    /// Writes the code size and the coded pixels, at least one; each pixel has <paramref name="symbolBits"/> bits, 2 to 8.
    /// </summary>
    public static void Write(Stream stream, ReadOnlySpan<byte> pixels, int symbolBits)
    {
        stream.WriteByte((byte)symbolBits);
        new GifLzw(stream, symbolBits).Encode(pixels);
        stream.WriteByte(0);
    }

    void Encode(ReadOnlySpan<byte> pixels)
    {
        Reset();
        int prefix = pixels[0];
        foreach (byte symbol in pixels[1..])
        {
            int key = (prefix << 8 | symbol) + 1, slot = Find(key);
            if (keys[slot] == key)
            {
                prefix = codes[slot];
                continue;
            }
            Emit(prefix);
            if (next < MaxCodes)
            {
                (keys[slot], codes[slot]) = (key, (ushort)next);
                Grow();
            }
            else Reset();
            prefix = symbol;
        }
        Emit(prefix);
        Grow();                                         // the reader adds a string here, and may widen its codes for it
        Emit(ClearCode + 1);
        Flush();
    }

    void Reset()
    {
        if (width == 0) width = symbolBits + 1;
        Emit(ClearCode);
        Array.Clear(keys);
        (width, next) = (symbolBits + 1, ClearCode + 2);
    }

    void Grow()
    {
        if (next == 1 << width && width < MaxBits) width++;
        next++;
    }

    int Find(int key)
    {
        int slot = (int)((uint)key * 2654435761u >> 19) & (Slots - 1);
        while (keys[slot] != 0 && keys[slot] != key) slot = (slot + 1) & (Slots - 1);
        return slot;
    }

    void Emit(int code)
    {
        pending |= (uint)code << pendingBits;
        pendingBits += width;
        for (; pendingBits >= 8; pendingBits -= 8, pending >>= 8) Put((byte)pending);
    }

    void Put(byte value)
    {
        block[blockBytes++] = value;
        if (blockBytes == block.Length) WriteBlock();
    }

    void Flush()
    {
        if (pendingBits > 0) Put((byte)pending);
        if (blockBytes > 0) WriteBlock();
    }

    void WriteBlock()
    {
        stream.WriteByte((byte)blockBytes);
        stream.Write(block, 0, blockBytes);
        blockBytes = 0;
    }
}
