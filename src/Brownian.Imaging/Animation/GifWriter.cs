using System.Buffers.Binary;

namespace Brownian.Imaging;

/// <summary>Animated GIF (GIF89a specification, 1990): every frame with a palette of its own.</summary>
sealed class GifWriter(string path, int plays, bool overwrite) : AnimationWriter(path, plays, overwrite, unitsPerSecond: 100)
{
    private protected override int MaxSide => ushort.MaxValue;

    private protected override void Begin(Image first)
    {
        Stream.Write("GIF89a"u8);
        WriteNumber(first.Width);
        WriteNumber(first.Height);
        Stream.Write([0x70, 0, 0]);                             // 8 bits per colour, no common palette
        if (Plays == 1) return;
        Stream.Write([0x21, 0xFF, 11, .. "NETSCAPE2.0"u8, 3, 1]);
        WriteNumber(Plays == 0 ? 0 : Plays - 1);                // repetitions after the first time; 0 for ever
        Stream.WriteByte(0);
    }

    private protected override void WriteFrame(Image frame, int delayUnits)
    {
        IndexedImage indexed = frame.Channels <= 2 ? IndexedImage.OfGray(frame) : IndexedImage.OfColor(frame);
        int bits = 1;
        while (1 << bits < indexed.Colors) bits++;

        Stream.Write([0x21, 0xF9, 4, 0x04]);                    // graphic control: leave the frame in place
        WriteNumber(delayUnits);
        Stream.Write([0, 0, 0x2C, 0, 0, 0, 0]);                 // image descriptor: at the top left corner
        WriteNumber(frame.Width);
        WriteNumber(frame.Height);
        Stream.WriteByte((byte)(0x80 | (bits - 1)));            // a palette of 2^bits colours
        var palette = new byte[3 << bits];
        indexed.Palette.CopyTo(palette, 0);
        Stream.Write(palette);
        GifLzw.Write(Stream, indexed.Indices, Math.Max(2, bits));
    }

    private protected override void End() => Stream.WriteByte(0x3B);

    void WriteNumber(int value)
    {
        Span<byte> bytes = stackalloc byte[2];
        BinaryPrimitives.WriteUInt16LittleEndian(bytes, (ushort)value);
        Stream.Write(bytes);
    }
}
