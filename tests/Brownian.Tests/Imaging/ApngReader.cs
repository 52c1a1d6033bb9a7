using System.Buffers.Binary;
using System.Text;
using Brownian.Imaging;

namespace Brownian.Tests;

/// <summary>Takes an animated PNG apart into plain ones, checking the order and numbers of its chunks on the way.</summary>
sealed class ApngReader
{
    /// <summary>The frames in full.</summary>
    public List<Image> Frames { get; } = [];

    /// <summary>In milliseconds.</summary>
    public List<int> Delays { get; } = [];

    public int Plays { get; private set; }

    public static ApngReader Read(byte[] file)
    {
        var reader = new ApngReader();
        int declared = -1, sequence = 0;
        byte[] header = [];
        for (int at = 8; at < file.Length;)
        {
            int length = BinaryPrimitives.ReadInt32BigEndian(file.AsSpan(at));
            string type = Encoding.ASCII.GetString(file, at + 4, 4);
            byte[] body = file[(at + 8)..(at + 8 + length)];
            at += 12 + length;
            switch (type)
            {
                case "IHDR": header = body; break;
                case "acTL": (declared, reader.Plays) = (Number(body, 0), Number(body, 4)); break;
                case "fcTL":
                    Assert.Equal(sequence++, Number(body, 0));
                    Assert.Equal([.. header[..8], 0, 0, 0, 0, 0, 0, 0, 0], body[4..20]);            // the whole image, every time
                    Assert.Equal([1000 >> 8, 1000 & 255, 0, 0], body[22..]);
                    reader.Delays.Add(Number(body, 18) & 0xFFFF);
                    break;
                case "IDAT": reader.Frames.Add(Plain(header, body)); break;
                case "fdAT":
                    Assert.Equal(sequence++, Number(body, 0));
                    reader.Frames.Add(Plain(header, body[4..]));
                    break;
                default: Assert.Equal(("IEND", file.Length), (type, at)); break;
            }
        }
        Assert.Equal((declared, declared), (reader.Frames.Count, reader.Delays.Count));
        return reader;
    }

    static Image Plain(byte[] header, byte[] data)
    {
        var png = new MemoryStream();
        png.Write(Png.Signature);
        PngEncoder.WriteChunk(png, "IHDR"u8, header);
        PngEncoder.WriteChunk(png, "IDAT"u8, data);
        PngEncoder.WriteChunk(png, "IEND"u8, []);
        return Png.Decode(png.ToArray(), "frame");
    }

    static int Number(byte[] body, int at) => BinaryPrimitives.ReadInt32BigEndian(body.AsSpan(at));
}
