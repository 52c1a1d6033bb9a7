using System.Buffers.Binary;

namespace Brownian.Tests;

/// <summary>Reads what the GIF writer may write, and fails on anything else: the specification's decoder in its plainest form.</summary>
sealed class GifReader
{
    readonly byte[] file;
    int at;

    GifReader(byte[] file) => this.file = file;

    /// <summary>RGB frames.</summary>
    public List<Image> Frames { get; } = [];

    /// <summary>In hundredths of a second.</summary>
    public List<int> Delays { get; } = [];

    /// <summary>Repetitions after the first time; null without the extension.</summary>
    public int? Loops { get; private set; }

    public static GifReader Read(byte[] file)
    {
        var reader = new GifReader(file);
        reader.Read();
        return reader;
    }

    void Read()
    {
        Assert.Equal("GIF89a"u8.ToArray(), Take(6));
        int width = Number(), height = Number();
        Assert.Equal([0x70, 0, 0], Take(3));
        for (int kind = Byte(); kind != 0x3B; kind = Byte())
        {
            if (kind == 0x21) Extension();
            else ReadFrame(kind, width, height);
        }
        Assert.Equal(file.Length, at);
    }

    void Extension()
    {
        if (Byte() == 0xFF)
        {
            Assert.Equal([11, .. "NETSCAPE2.0"u8, 3, 1], Take(14));
            Loops = Number();
        }
        else
        {
            Assert.Equal([4, 4], Take(2));
            Delays.Add(Number());
            Assert.Equal(0, Byte());
        }
        Assert.Equal(0, Byte());
    }

    void ReadFrame(int kind, int width, int height)
    {
        Assert.Equal(0x2C, kind);
        Assert.Equal((0, 0, width, height), (Number(), Number(), Number(), Number()));
        int flags = Byte();
        Assert.Equal(0x80, flags & 0xF8);
        byte[] palette = Take(3 << ((flags & 7) + 1));
        byte[] indices = Unpack(Byte(), width * height);
        Frames.Add(new Image(width, height, 3, [.. indices.SelectMany(i => palette[(3 * i)..(3 * i + 3)])]));
    }

    byte[] Unpack(int symbolBits, int count)
    {
        var data = new List<byte>();
        for (int size = Byte(); size > 0; size = Byte()) data.AddRange(Take(size));
        var pixels = new List<byte>();
        List<byte[]> strings = [];
        int clear = 1 << symbolBits, width = symbolBits + 1, bit = 0;
        byte[]? previous = null;
        while (true)
        {
            int code = 0;
            for (int i = 0; i < width; i++, bit++) code |= (data[bit >> 3] >> (bit & 7) & 1) << i;
            if (code == clear + 1) break;
            if (code == clear)
            {
                strings = [.. Enumerable.Range(0, clear + 2).Select(i => new[] { (byte)i })];
                (width, previous) = (symbolBits + 1, null);
                continue;
            }
            byte[] text = code < strings.Count ? strings[code] : [.. previous!, previous![0]];
            pixels.AddRange(text);
            if (previous is not null && strings.Count < 4096) strings.Add([.. previous, text[0]]);
            if (strings.Count == 1 << width && width < 12) width++;
            previous = text;
        }
        Assert.Equal(count, pixels.Count);
        Assert.Equal(data.Count, (bit + 7) / 8);
        return [.. pixels];
    }

    int Byte() => file[at++];

    int Number() => BinaryPrimitives.ReadUInt16LittleEndian(Take(2));

    byte[] Take(int count) => file[at..(at += count)];
}
