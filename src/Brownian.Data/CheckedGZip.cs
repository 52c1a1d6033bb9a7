using System.Buffers.Binary;
using System.IO.Compression;
using Brownian.IO;

namespace Brownian.Data;

/// <summary>
/// Inflates gzip (RFC 1952), several members one after the other included, and checks what .NET's own stream does not: that each member
/// ends with the checksum and length of what came of it, and that nothing is left over. A file that lost bytes where deflate stores them as
/// they are would otherwise be read with all that follows shifted. The end must be read for the last check: <see cref="Read(Span{byte})"/> returns 0 there.
/// </summary>
/// <param name="packed">The gzip data, from where it is now; belongs to this stream.</param>
/// <param name="path">What errors begin with.</param>
sealed class CheckedGZip(Stream packed, string path) : ForwardStream
{
    const int HeaderBytes = 10, Deflated = 8;

    readonly Input _input = new(packed);
    DeflateStream? _member;
    uint _crc, _length;
    bool _ended;

    /// <summary>True where data begins as gzip does.</summary>
    public static bool Begins(ReadOnlySpan<byte> data) => data is [0x1F, 0x8B, ..];

    /// <exception cref="InvalidDataException">The data are damaged.</exception>
    public override int Read(Span<byte> buffer)
    {
        if (buffer.IsEmpty) return 0;
        while (!_ended)
        {
            _member ??= Next();
            int count = Inflate(buffer);
            if (count > 0)
            {
                _crc = Crc32.Append(_crc, buffer[..count]);
                _length += (uint)count;
                return count;
            }
            if (!_input.TryEnd(_crc, _length)) throw Bad("its checksum or length is not that of what it inflates to");
            _member.Dispose();
            (_member, _crc, _length) = (null, 0, 0);
            _ended = _input.IsAtEnd();
        }
        return 0;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _member?.Dispose();
            packed.Dispose();
        }
        base.Dispose(disposing);
    }

    int Inflate(Span<byte> buffer)
    {
        try
        {
            return _member!.Read(buffer);
        }
        catch (InvalidDataException e)
        {
            throw Bad(e.Message.TrimEnd('.'));
        }
    }

    // Magic, method, flags, time and two bytes more; then an extra field, a name, a comment and a checksum, each where a flag says so.
    DeflateStream Next()
    {
        const int HasChecksum = 2, HasExtra = 4, HasName = 8, HasComment = 16, Known = 31;
        Span<byte> header = stackalloc byte[HeaderBytes];
        Fill(header);
        if (!Begins(header) || header[2] != Deflated || header[3] > Known) throw Bad("something that is no gzip follows");
        int flags = header[3];
        if ((flags & HasExtra) != 0)
        {
            Span<byte> length = stackalloc byte[2];
            Fill(length);
            for (int i = BinaryPrimitives.ReadUInt16LittleEndian(length); i > 0; i--) Byte();
        }
        if ((flags & HasName) != 0) SkipText();
        if ((flags & HasComment) != 0) SkipText();
        if ((flags & HasChecksum) != 0) (_, _) = (Byte(), Byte());
        return new DeflateStream(_input, CompressionMode.Decompress, leaveOpen: true);
    }

    void SkipText()
    {
        while (Byte() != 0)
        {
        }
    }

    int Byte() => _input.ReadByte() is int value and >= 0 ? value : throw Bad("it is cut off");

    void Fill(Span<byte> target)
    {
        if (_input.ReadAtLeast(target, target.Length, throwOnEndOfStream: false) < target.Length) throw Bad("it is cut off");
    }

    InvalidDataException Bad(string problem) => new($"{path}: the gzip data are damaged ({problem}); fetch the file again.");

    /// <summary>The packed bytes, with the last piece that was handed out kept: a member ends somewhere in it.</summary>
    sealed class Input(Stream packed) : ForwardStream
    {
        const int Capacity = 1 << 16, Most = 1 << 13, TrailerBytes = 8;

        readonly byte[] _buffer = new byte[Capacity];
        int _last, _next, _end;
        bool _drained;

        public override int Read(Span<byte> buffer)
        {
            if (_next == _end)
            {
                // The piece before stays: an inflater that asks once more at the end of all may have finished in it.
                Keep(_last);
                if (_next == _end) return 0;
            }
            int count = Math.Min(Math.Min(buffer.Length, Most), _end - _next);
            _buffer.AsSpan(_next, count).CopyTo(buffer);
            (_last, _next) = (_next, _next + count);
            return count;
        }

        /// <summary>
        /// Goes past a member's checksum and length. How far the inflater read it does not say: somewhere in the last piece. Eight bytes
        /// that are right, with nothing, zeros or another member after them, are the end.
        /// </summary>
        public bool TryEnd(uint crc, uint length)
        {
            Keep(_last);
            for (int at = _last; at <= _next && at + TrailerBytes <= _end; at++)
            {
                ReadOnlySpan<byte> trailer = _buffer.AsSpan(at, TrailerBytes), after = _buffer.AsSpan(at + TrailerBytes, _end - at - TrailerBytes);
                if (BinaryPrimitives.ReadUInt32LittleEndian(trailer) != crc || BinaryPrimitives.ReadUInt32LittleEndian(trailer[4..]) != length) continue;
                if (after.Length > 0 && !Begins(after) && after.ContainsAnyExcept((byte)0)) continue;
                _last = _next = at + TrailerBytes;
                return true;
            }
            return false;
        }

        /// <summary>True where nothing more comes, or only zeros, as tapes have them.</summary>
        public bool IsAtEnd()
        {
            while (true)
            {
                while (_next < _end)
                {
                    if (_buffer[_next] != 0) return false;
                    _next++;
                }
                _last = _next;
                Keep(_last);
                if (_next == _end) return true;
            }
        }

        // Moves what begins at a place to the front and fills the rest.
        void Keep(int from)
        {
            _buffer.AsSpan(from, _end - from).CopyTo(_buffer);
            (_last, _next, _end) = (_last - from, _next - from, _end - from);
            if (!_drained) _end += packed.ReadAtLeast(_buffer.AsSpan(_end), Capacity - _end, throwOnEndOfStream: false);
            _drained = _end < Capacity;
        }
    }
}
