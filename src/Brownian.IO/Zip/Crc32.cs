using System.Buffers.Binary;

namespace Brownian.IO;

/// <summary>CRC-32 of ISO 3309 with the reflected polynomial 0xEDB88320, which zip archives (APPNOTE.TXT, §4.4.7) and PNG (annex D) use.</summary>
public static class Crc32
{
    // Eight bytes a step: Tables[k][b] is what byte b becomes with k zeros behind it, and the eight are combined by exclusive or.
    static readonly uint[][] Tables = BuildTables();

    /// <summary>The checksum of some bytes.</summary>
    public static uint Of(ReadOnlySpan<byte> data) => Of(data, []);

    /// <summary>Of two pieces, one after the other.</summary>
    public static uint Of(ReadOnlySpan<byte> data, ReadOnlySpan<byte> more) => ~Continue(Continue(~0u, data), more);

    /// <summary>Of what an earlier checksum is of, and more after it.</summary>
    /// <param name="crc">The earlier checksum; 0 where there is nothing before.</param>
    /// <param name="more">What follows.</param>
    public static uint Append(uint crc, ReadOnlySpan<byte> more) => ~Continue(~crc, more);

    static uint Continue(uint crc, ReadOnlySpan<byte> data)
    {
        uint[][] t = Tables;
        for (; data.Length >= 8; data = data[8..])
        {
            uint low = crc ^ BinaryPrimitives.ReadUInt32LittleEndian(data), high = BinaryPrimitives.ReadUInt32LittleEndian(data[4..]);
            crc = t[7][(byte)low] ^ t[6][(byte)(low >> 8)] ^ t[5][(byte)(low >> 16)] ^ t[4][low >> 24]
                ^ t[3][(byte)high] ^ t[2][(byte)(high >> 8)] ^ t[1][(byte)(high >> 16)] ^ t[0][high >> 24];
        }
        foreach (byte b in data) crc = t[0][(byte)crc ^ b] ^ (crc >> 8);
        return crc;
    }

    static uint[][] BuildTables()
    {
        uint[][] tables = [.. Enumerable.Range(0, 8).Select(_ => new uint[256])];
        for (uint n = 0; n < 256; n++)
        {
            uint c = n;
            for (int bit = 0; bit < 8; bit++) c = (c & 1) != 0 ? 0xEDB88320 ^ (c >> 1) : c >> 1;
            tables[0][n] = c;
        }
        for (int zeros = 1; zeros < tables.Length; zeros++)
        {
            for (int n = 0; n < 256; n++) tables[zeros][n] = tables[0][(byte)tables[zeros - 1][n]] ^ (tables[zeros - 1][n] >> 8);
        }
        return tables;
    }
}
