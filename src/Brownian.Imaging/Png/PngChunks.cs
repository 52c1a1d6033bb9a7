using System.Buffers.Binary;
using System.Text;
using Brownian.IO;

namespace Brownian.Imaging;

/// <summary>Walks the chunks of a PNG (length, type, body, CRC; PNG §5.3) and checks each against its checksum.</summary>
ref struct PngChunks(ReadOnlySpan<byte> afterSignature)
{
    const int Overhead = 12;

    ReadOnlySpan<byte> rest = afterSignature;

    public string Type { get; private set; } = "";

    public ReadOnlySpan<byte> Body { get; private set; }

    /// <summary>A chunk whose type starts with a capital letter must be understood to decode the image.</summary>
    public readonly bool IsCritical => char.IsAsciiLetterUpper(Type[0]);

    /// <exception cref="InvalidDataException">The data ends before the next whole chunk, or the chunk is damaged.</exception>
    public void Read()
    {
        if (rest.IsEmpty)
            throw new InvalidDataException(Type.Length == 0 ? "nothing follows the signature" : $"the file ends after {Type}; IEND is missing");
        if (rest.Length < Overhead) throw new InvalidDataException($"the file is cut off: {Counted.Of(rest.Length, "byte")} after the chunk {Type}");
        uint length = BinaryPrimitives.ReadUInt32BigEndian(rest);
        ReadOnlySpan<byte> type = rest.Slice(4, 4);
        foreach (byte letter in type)
            if (!char.IsAsciiLetter((char)letter))
                throw new InvalidDataException($"a chunk type is not made of letters: {Convert.ToHexString(type)}");
        Type = Encoding.ASCII.GetString(type);
        if (length > rest.Length - Overhead)
            throw new InvalidDataException($"the chunk {Type} should have {Counted.Of(length, "byte")}, but the file has {rest.Length - Overhead} left");
        Body = rest.Slice(8, (int)length);
        uint stored = BinaryPrimitives.ReadUInt32BigEndian(rest[(8 + (int)length)..]), computed = Crc32.Of(rest.Slice(4, 4 + (int)length));
        if (stored != computed) throw new InvalidDataException($"the chunk {Type} is damaged (CRC {stored:x8}, computed {computed:x8})");
        rest = rest[(Overhead + (int)length)..];
    }
}
