using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace Brownian.Tests;

/// <summary>Makes small 8-bit PNG files without the codec under test.</summary>
static class PngBytes
{
    /// <param name="width">Pixels per row.</param>
    /// <param name="channels">1 gray, 3 RGB, 4 RGBA.</param>
    /// <param name="pixels">Rows of width·channels bytes.</param>
    public static byte[] File(int width, int channels, byte[] pixels)
    {
        int rowBytes = width * channels, height = pixels.Length / rowBytes;
        byte[] header = new byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, width);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), height);
        header[8] = 8;
        header[9] = (byte)(channels switch { 1 => 0, 3 => 2, _ => 6 });

        using var data = new MemoryStream();
        using (var zlib = new ZLibStream(data, CompressionLevel.Fastest, leaveOpen: true))
        {
            for (int y = 0; y < height; y++)
            {
                zlib.WriteByte(0);
                zlib.Write(pixels, y * rowBytes, rowBytes);
            }
        }
        return [137, 80, 78, 71, 13, 10, 26, 10, .. Chunk("IHDR", header), .. Chunk("IDAT", data.ToArray()), .. Chunk("IEND", [])];
    }

    static byte[] Chunk(string type, byte[] data)
    {
        byte[] checkedPart = [.. Encoding.ASCII.GetBytes(type), .. data];
        byte[] length = new byte[4], sum = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(length, data.Length);
        BinaryPrimitives.WriteUInt32BigEndian(sum, Crc32(checkedPart));
        return [.. length, .. checkedPart, .. sum];
    }

    static uint Crc32(byte[] bytes)
    {
        uint crc = uint.MaxValue;
        foreach (byte b in bytes)
        {
            crc ^= b;
            for (int bit = 0; bit < 8; bit++)
                crc = (crc >> 1) ^ ((crc & 1) * 0xEDB88320u);
        }
        return ~crc;
    }
}
