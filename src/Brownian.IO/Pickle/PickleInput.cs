using System.Buffers.Binary;
using System.Text;

namespace Brownian.IO;

/// <summary>Reads a pickle's bytes forwards; nothing is allocated for a length that the bytes left cannot fill.</summary>
sealed class PickleInput
{
    const int BufferBytes = 1 << 14, MaxLine = 1000;
    static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);

    readonly FileBytes _file;
    readonly ByteSource _source;
    readonly long _end;
    readonly byte[] _buffer;
    long _bufferAt;
    int _bufferCount, _next;

    /// <param name="file">Named in messages.</param>
    /// <param name="source">Where the pickle is.</param>
    /// <param name="begin">Its first byte.</param>
    /// <param name="most">The most bytes it may take.</param>
    public PickleInput(FileBytes file, ByteSource source, long begin, long most)
    {
        (_file, _source, _bufferAt) = (file, source, begin);
        _end = Math.Min(source.Length, begin + most);
        _buffer = new byte[Math.Clamp(_end - begin, 0, BufferBytes)];
    }

    /// <summary>The byte that is read next.</summary>
    public long Position => _bufferAt + _next;

    long Left => _end - Position;

    public byte ReadByte()
    {
        if (_next == _bufferCount) Refill();
        return _buffer[_next++];
    }

    public ushort ReadUInt16()
    {
        Span<byte> bytes = stackalloc byte[2];
        Fill(bytes);
        return BinaryPrimitives.ReadUInt16LittleEndian(bytes);
    }

    public int ReadInt32()
    {
        Span<byte> bytes = stackalloc byte[4];
        Fill(bytes);
        return BinaryPrimitives.ReadInt32LittleEndian(bytes);
    }

    public ulong ReadUInt64()
    {
        Span<byte> bytes = stackalloc byte[8];
        Fill(bytes);
        return BinaryPrimitives.ReadUInt64LittleEndian(bytes);
    }

    /// <summary>Floats are the one thing that a pickle stores with the highest byte first.</summary>
    public double ReadDouble()
    {
        Span<byte> bytes = stackalloc byte[8];
        Fill(bytes);
        return BinaryPrimitives.ReadDoubleBigEndian(bytes);
    }

    public byte[] ReadBytes(ulong count)
    {
        if (count > (ulong)Left) throw Bad($"{count} bytes are wanted where {Left} are left; is the file cut off?");
        byte[] bytes = new byte[count];
        Fill(bytes);
        return bytes;
    }

    public string ReadText(ulong bytes)
    {
        try
        {
            return Strict.GetString(ReadBytes(bytes));
        }
        catch (DecoderFallbackException)
        {
            throw Bad("a text is not UTF-8");
        }
    }

    /// <summary>A str of Python 2, which is text or bytes: text where it is UTF-8, so that encoding it again gives the bytes in any case.</summary>
    public object ReadOldText(ulong bytes)
    {
        byte[] read = ReadBytes(bytes);
        try
        {
            return Strict.GetString(read);
        }
        catch (DecoderFallbackException)
        {
            return read;
        }
    }

    /// <summary>Text up to the end of a line, which is left out.</summary>
    public string ReadLine()
    {
        var line = new List<byte>();
        for (byte next = ReadByte(); next != '\n'; next = ReadByte())
        {
            if (line.Count == MaxLine) throw Bad($"a name has more than {MaxLine} characters");
            line.Add(next);
        }
        return Encoding.UTF8.GetString([.. line]);
    }

    public InvalidDataException Bad(string problem) => _file.Bad($"{problem} (byte {Position} of the pickle).");

    void Fill(Span<byte> target)
    {
        while (!target.IsEmpty)
        {
            if (_next == _bufferCount) Refill();
            int count = Math.Min(target.Length, _bufferCount - _next);
            _buffer.AsSpan(_next, count).CopyTo(target);
            _next += count;
            target = target[count..];
        }
    }

    void Refill()
    {
        _bufferAt += _bufferCount;
        (_bufferCount, _next) = (0, 0);
        int count = (int)Math.Min(_buffer.Length, Left);
        if (count <= 0) throw Bad("the pickle does not end; is the file cut off?");
        _source.Read(_buffer.AsSpan(0, count), _bufferAt);
        _bufferCount = count;
    }
}
