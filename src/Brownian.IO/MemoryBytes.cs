namespace Brownian.IO;

/// <summary>Bytes in memory.</summary>
sealed class MemoryBytes(byte[] bytes) : ByteSource
{
    public override long Length => bytes.Length;

    public override void Read(Span<byte> target, long offset)
    {
        if (offset < 0 || offset > bytes.Length - target.Length) throw new InvalidDataException($"bytes {offset} to {offset + target.Length} are wanted of {bytes.Length}.");
        bytes.AsSpan((int)offset, target.Length).CopyTo(target);
    }
}
