using System.Buffers.Binary;
using System.IO.Compression;

namespace Brownian.IO;

/// <summary>How and where an entry's bytes are stored.</summary>
readonly record struct ZipStorage(ushort Method, ushort Flags, long HeaderOffset, long Bytes, uint Crc);

/// <summary>One entry of a zip file.</summary>
sealed class ZipEntry(FileBytes file, string name, ZipStorage storage, long length)
{
    const uint HeaderSignature = 0x04034b50;
    const int HeaderBytes = 30;
    const ushort Encrypted = 1, Stored = 0, Deflated = 8;

    /// <summary>The bytes that it holds once inflated.</summary>
    public long Length => length;

    /// <summary>The checksum that its bytes have once inflated (CRC-32).</summary>
    public uint Crc => storage.Crc;

    /// <summary>True where the bytes are there as they are.</summary>
    public bool IsStored => storage.Method == Stored;

    /// <summary>Finds the bytes as they are packed.</summary>
    /// <exception cref="InvalidDataException">The entry is damaged or encrypted.</exception>
    public ByteSource OpenPacked() => (storage.Flags & Encrypted) == 0 ? FindBytes() : throw Bad("is encrypted; unpack it first");

    /// <summary>Finds the bytes; deflated ones are inflated when first read.</summary>
    /// <exception cref="InvalidDataException">The entry is damaged, encrypted or packed in an unknown way.</exception>
    public ByteSource Open()
    {
        if ((storage.Flags & Encrypted) != 0) throw Bad("is encrypted; unpack it first");
        FileSection bytes = FindBytes();
        if (storage.Method == Deflated) return new InflatedBytes(bytes, length, CheckSum, problem => Bad(problem));
        if (storage.Method != Stored) throw Bad($"is packed by method {storage.Method}; stored and deflated entries are read");
        if (storage.Bytes != length) throw Bad($"is stored in {storage.Bytes} bytes, but its length is said to be {length}");
        return new StoredBytes(bytes, CheckSum);
    }

    // The name and the extra field before the bytes have lengths of their own in the entry's header.
    FileSection FindBytes()
    {
        Span<byte> header = stackalloc byte[HeaderBytes];
        if (storage.HeaderOffset > file.Length - HeaderBytes) throw Bad("begins too close to the end of the file");
        file.Read(header, storage.HeaderOffset);
        if (BinaryPrimitives.ReadUInt32LittleEndian(header) != HeaderSignature) throw Bad($"does not begin at byte {storage.HeaderOffset}");
        int before = HeaderBytes + BinaryPrimitives.ReadUInt16LittleEndian(header[26..]) + BinaryPrimitives.ReadUInt16LittleEndian(header[28..]);
        long begin = storage.HeaderOffset + before;
        if (begin > file.Length || storage.Bytes > file.Length - begin) throw Bad("passes the end of the file; is it cut off?");
        return new FileSection(file, begin, storage.Bytes);
    }

    // torch.save writes 0 where it was told not to compute checksums (torch.serialization.set_crc32_options).
    void CheckSum(uint computed)
    {
        if (storage.Crc != 0 && computed != storage.Crc)
            throw Bad($"has the checksum {computed:x8}, where {storage.Crc:x8} was written; the file is damaged: copy or download it again");
    }

    InvalidDataException Bad(string problem) => file.Bad($"zip entry {Quoted.Name(name)} {problem}.");
}

/// <summary>A stored entry. Its checksum is that of all bytes; it is checked once, before the first are read.</summary>
sealed class StoredBytes(FileSection bytes, Action<uint> checkSum) : ByteSource
{
    const int ChunkBytes = 1 << 16;

    volatile bool _isChecked;

    public override long Length => bytes.Length;

    public override void Read(Span<byte> target, long offset)
    {
        if (!_isChecked) Check();
        bytes.Read(target, offset);
    }

    // Two threads that come first may both do this; neither reads before it is done.
    void Check()
    {
        byte[] chunk = new byte[Math.Min(ChunkBytes, Length)];
        uint crc = 0;
        for (long at = 0; at < Length; at += chunk.Length)
        {
            Span<byte> some = chunk.AsSpan(0, (int)Math.Min(chunk.Length, Length - at));
            bytes.Read(some, at);
            crc = Crc32.Append(crc, some);
        }
        checkSum(crc);
        _isChecked = true;
    }
}

/// <summary>A deflated entry. The bytes are kept as long as memory allows: neighbouring tensors are often views of one storage.</summary>
sealed class InflatedBytes(ByteSource packed, long length, Action<uint> checkSum, Func<string, InvalidDataException> bad) : ByteSource
{
    // Weights are next to incompressible; zeros are not, but a small file of them must not become gigabytes.
    const long Free = 1 << 24;
    const int MaxRatio = 64;

    readonly WeakReference<byte[]> _inflated = new([]);

    public override long Length => length;

    public override void Read(Span<byte> target, long offset)
    {
        if (offset < 0 || offset > length || target.Length > length - offset) throw bad($"ends at byte {length}, before what is read of it");
        if (target.IsEmpty) return;
        if (!_inflated.TryGetTarget(out byte[]? bytes) || bytes.Length == 0) _inflated.SetTarget(bytes = Inflate());
        bytes.AsSpan((int)offset, target.Length).CopyTo(target);
    }

    byte[] Inflate()
    {
        if (length > Free && length / MaxRatio > packed.Length)
            throw bad($"would grow from {packed.Length} bytes to {length}; store it without compression");
        if (length > Array.MaxLength || packed.Length > Array.MaxLength)
            throw bad($"is deflated and takes {length} bytes; store it without compression");
        byte[] input = new byte[packed.Length], output = new byte[length];
        packed.Read(input, 0);
        int more;
        try
        {
            using var inflater = new DeflateStream(new MemoryStream(input), CompressionMode.Decompress);
            inflater.ReadExactly(output);
            more = inflater.ReadByte();
        }
        catch (EndOfStreamException)
        {
            throw bad($"inflates to fewer than the {length} bytes it is said to have");
        }
        catch (InvalidDataException)
        {
            throw bad("cannot be inflated; the file is damaged");
        }
        if (more >= 0) throw bad($"inflates to more than the {length} bytes it is said to have");
        checkSum(Crc32.Of(output));
        return output;
    }
}
