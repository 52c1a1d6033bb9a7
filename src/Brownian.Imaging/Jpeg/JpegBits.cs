using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Brownian.Imaging;

/// <summary>
/// Reads the bits of a scan, most significant first; FF 00 stands for a byte FF (T.81 §F.2.2.5), other FF xx end the data.
/// </summary>
ref struct JpegBits(ReadOnlySpan<byte> data, int position)
{
    readonly ReadOnlySpan<byte> data = data;
    int position = position;        // of the next byte that is not in the window
    ulong window;                   // unread bits, the next one on top; zeros behind the data
    int count;                      // how many of them are real

    /// <summary>The next 16 bits; zeros behind the end. Valid after <see cref="Fill"/>.</summary>
    public readonly int Peek16 => (int)(window >> 48);

    /// <summary>Makes at least 32 bits ready, or all that are left: a code of up to 16, and a number of up to 16.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Fill()
    {
        if (count < 32) Refill();
    }

    /// <exception cref="InvalidDataException">The data ends first.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Skip(int bits)
    {
        window <<= bits;
        count -= bits;
        if (count < 0) ThrowEnd();
    }

    /// <summary>A number of 0 to 16 bits. Valid after <see cref="Fill"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Take(int bits)
    {
        int value = (int)(window >> 1 >> (63 - bits));              // two shifts, as one by 64 would do nothing
        Skip(bits);
        return value;
    }

    /// <summary>A signed number of 0 to 15 bits; the lower half of the codes is negative (T.81 §F.2.2.1, EXTEND).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int TakeSigned(int bits)
    {
        int value = Take(bits);
        return value < 1 << bits >> 1 ? value - (1 << bits) + 1 : value;
    }

    public bool TakeBit()
    {
        Fill();
        return Take(1) != 0;
    }

    /// <summary>Drops what is left of the interval and passes the marker RST<paramref name="number"/>.</summary>
    /// <exception cref="InvalidDataException">Another marker comes first, or none.</exception>
    public void Restart(int number)
    {
        (window, count) = (0, 0);
        int at = FindMarker();
        int found = at < data.Length ? data[at] : -1;
        if (found != JpegMarker.Restart0 + number)
            throw new InvalidDataException(
                $"the restart marker RST{number} is missing ({(found < 0 ? "the file ends" : $"FF{found:X2} comes instead")})");
        position = at + 1;
    }

    /// <summary>Where the FF of the marker behind the scan lies; the length of the data when there is none.</summary>
    public int FindEnd()
    {
        int at = FindMarker();
        while (at < data.Length && JpegMarker.IsRestart(data[at]))
        {
            position = at + 1;
            at = FindMarker();
        }
        return at < data.Length ? at - 1 : data.Length;
    }

    // The second byte of the next marker.
    readonly int FindMarker()
    {
        int at = position;
        while (at < data.Length)
        {
            int ff = data[at..].IndexOf((byte)0xFF);
            if (ff < 0) return data.Length;
            at += ff;
            while (at < data.Length && data[at] == 0xFF) at++;
            if (at < data.Length && data[at] != 0) return at;
        }
        return data.Length;
    }

    void Refill()
    {
        if (data.Length - position >= 8)
        {
            ulong next = BinaryPrimitives.ReadUInt64BigEndian(data[position..]);
            // Without a byte FF among the next eight, as many as fit are taken at once. Bits of the byte that fits only partly stay in the
            // window uncounted; the next refill puts the same bits there.
            if (((next & ~(next + 0x0101010101010101)) & 0x8080808080808080) == 0)
            {
                window |= next >> count;
                position += (63 - count) >> 3;
                count |= 56;
                return;
            }
        }
        RefillByBytes();
    }

    void RefillByBytes()
    {
        while (count <= 56 && position < data.Length)
        {
            byte next = data[position];
            int after = position + 1;
            if (next == 0xFF)
            {
                while (after < data.Length && data[after] == 0xFF) after++;
                if (after >= data.Length || data[after] != 0) return;
                after++;
            }
            window |= (ulong)next << (56 - count);
            position = after;
            count += 8;
        }
    }

    [DoesNotReturn]
    static void ThrowEnd() => throw new InvalidDataException("the image data ends early; the file is damaged or cut off");
}
