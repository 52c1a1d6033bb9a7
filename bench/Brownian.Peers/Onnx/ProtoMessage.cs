using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Brownian.Peers;

/// <summary>A protocol buffer's message as it grows: fields by number, in the order in which they are added.</summary>
sealed class ProtoMessage
{
    const int Varint = 0, LengthDelimited = 2, Fixed32 = 5;      // wire types

    readonly ArrayBufferWriter<byte> _bytes = new();

    /// <summary>All of it so far.</summary>
    public ReadOnlySpan<byte> Bytes => _bytes.WrittenSpan;

    public ProtoMessage Add(int field, long value)
    {
        Tag(field, Varint);
        Number((ulong)value);
        return this;
    }

    public ProtoMessage Add(int field, float value)
    {
        Tag(field, Fixed32);
        BinaryPrimitives.WriteSingleLittleEndian(_bytes.GetSpan(sizeof(float)), value);
        _bytes.Advance(sizeof(float));
        return this;
    }

    public ProtoMessage Add(int field, string value) => Add(field, Encoding.UTF8.GetBytes(value));

    public ProtoMessage Add(int field, ReadOnlySpan<byte> value)
    {
        Tag(field, LengthDelimited);
        Number((ulong)value.Length);
        _bytes.Write(value);
        return this;
    }

    public ProtoMessage Add(int field, ProtoMessage value) => Add(field, value.Bytes);

    void Tag(int field, int wireType) => Number((ulong)(field << 3 | wireType));

    // Seven bits a byte, the lowest first; the eighth says that more follow.
    void Number(ulong value)
    {
        Span<byte> bytes = _bytes.GetSpan(10);
        int count = 0;
        for (; value > 127; value >>= 7) bytes[count++] = (byte)(value | 128);
        bytes[count++] = (byte)value;
        _bytes.Advance(count);
    }
}
