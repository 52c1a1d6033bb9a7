using System.Buffers.Binary;

namespace Brownian.Imaging;

/// <summary>Animated PNG (PNG, third edition, §11.3.4): a PNG of the first frame, with the others in chunks of their own.</summary>
sealed class ApngWriter(string path, int plays, bool overwrite) : AnimationWriter(path, plays, overwrite, UnitsPerSecond)
{
    const int UnitsPerSecond = 1000;

    int sequence;               // numbers fcTL and fdAT chunks alike
    long control;               // where acTL lies, which counts the frames

    private protected override int MaxSide => int.MaxValue;

    private protected override void Begin(Image first)
    {
        Stream.Write(Png.Signature);
        PngEncoder.WriteChunk(Stream, "IHDR"u8, PngEncoder.Header(first));
        control = Stream.Position;
        WriteControl();
    }

    private protected override void WriteFrame(Image frame, int delayUnits)
    {
        // Sequence, width, height, left, top, delay as a fraction, what to do afterwards (leave), how to draw (replace).
        Span<byte> body = stackalloc byte[26];
        BinaryPrimitives.WriteInt32BigEndian(body, sequence++);
        BinaryPrimitives.WriteInt32BigEndian(body[4..], frame.Width);
        BinaryPrimitives.WriteInt32BigEndian(body[8..], frame.Height);
        body[12..].Clear();
        BinaryPrimitives.WriteUInt16BigEndian(body[20..], (ushort)delayUnits);
        BinaryPrimitives.WriteUInt16BigEndian(body[22..], UnitsPerSecond);
        PngEncoder.WriteChunk(Stream, "fcTL"u8, body);

        ReadOnlySpan<byte> packed = PngEncoder.Compress(frame);
        if (Frames == 0)
        {
            PngEncoder.WriteChunk(Stream, "IDAT"u8, packed);
            return;
        }
        var numbered = new byte[4 + packed.Length];
        BinaryPrimitives.WriteInt32BigEndian(numbered, sequence++);
        packed.CopyTo(numbered.AsSpan(4));
        PngEncoder.WriteChunk(Stream, "fdAT"u8, numbered);
    }

    private protected override void End()
    {
        PngEncoder.WriteChunk(Stream, "IEND"u8, []);
        Stream.Position = control;
        WriteControl();
    }

    void WriteControl()
    {
        Span<byte> body = stackalloc byte[8];
        BinaryPrimitives.WriteInt32BigEndian(body, Frames);
        BinaryPrimitives.WriteInt32BigEndian(body[4..], Plays);
        PngEncoder.WriteChunk(Stream, "acTL"u8, body);
    }
}
