namespace Brownian.Imaging;

/// <summary>CRC-32 of ISO 3309 with the reflected polynomial 0xEDB88320 (PNG annex D), which zip archives use too.</summary>
public static class Crc32
{
    static readonly uint[] Table = BuildTable();

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
        foreach (byte b in data) crc = Table[(byte)crc ^ b] ^ (crc >> 8);
        return crc;
    }

    static uint[] BuildTable()
    {
        var table = new uint[256];
        for (uint n = 0; n < table.Length; n++)
        {
            uint c = n;
            for (int bit = 0; bit < 8; bit++) c = (c & 1) != 0 ? 0xEDB88320 ^ (c >> 1) : c >> 1;
            table[n] = c;
        }
        return table;
    }
}
