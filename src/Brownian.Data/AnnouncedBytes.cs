namespace Brownian.Data;

/// <summary>Reads as many bytes as a header announces, which may lie.</summary>
static class AnnouncedBytes
{
    const int FirstBlock = 1 << 20;

    /// <summary>Memory grows with what was really read, by doubling, and never past the announced length.</summary>
    /// <param name="content">Read from where it is.</param>
    /// <param name="count">The bytes announced.</param>
    /// <param name="truncated">The error where only so many came.</param>
    public static byte[] Read(Stream content, int count, Func<long, InvalidDataException> truncated)
    {
        byte[] bytes = new byte[Math.Min(count, FirstBlock)];
        int filled = 0;
        while (true)
        {
            filled += content.ReadAtLeast(bytes.AsSpan(filled), bytes.Length - filled, throwOnEndOfStream: false);
            if (filled < bytes.Length) throw truncated(filled);
            if (filled == count) return bytes;
            Array.Resize(ref bytes, (int)Math.Min(count, 2L * bytes.Length));
        }
    }
}
