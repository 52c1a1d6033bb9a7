using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Brownian.IO;

/// <summary>Bytes that can be read at any place, from any thread.</summary>
abstract class ByteSource
{
    public abstract long Length { get; }

    /// <exception cref="InvalidDataException">The bytes end before the target is full.</exception>
    public abstract void Read(Span<byte> target, long offset);

    /// <summary>Copies bytes as elements. In pieces, as the byte length of a large array passes the 31 bits of a span's.</summary>
    public void ReadAsStored<T>(long offset, Span<T> target) where T : unmanaged
    {
        const int Piece = 1 << 26;
        while (!target.IsEmpty)
        {
            var bytes = MemoryMarshal.AsBytes(target[..Math.Min(Piece, target.Length)]);
            Read(bytes, offset);
            offset += bytes.Length;
            target = target[Math.Min(Piece, target.Length)..];
        }
    }
}

/// <summary>A file, open for reading.</summary>
sealed class FileBytes : ByteSource, IDisposable
{
    readonly SafeFileHandle _handle;

    /// <exception cref="IOException">The file cannot be opened.</exception>
    public FileBytes(string path)
    {
        Path = path;
        _handle = File.OpenHandle(path, share: FileShare.Read | FileShare.Delete);    // a new file may take its place meanwhile
        Length = RandomAccess.GetLength(_handle);
    }

    public string Path { get; }

    public override long Length { get; }

    public override void Read(Span<byte> target, long offset)
    {
        while (!target.IsEmpty)
        {
            int read = RandomAccess.Read(_handle, target, offset);
            if (read == 0) throw Bad($"the file ends at byte {offset}; is it cut off?");
            target = target[read..];
            offset += read;
        }
    }

    /// <summary>The error to throw for what is wrong with this file.</summary>
    public InvalidDataException Bad(string problem, Exception? inner = null) => new($"{Path}: {problem}", inner);

    public void Dispose() => _handle.Dispose();
}

/// <summary>A stretch of a file.</summary>
sealed class FileSection(FileBytes file, long begin, long length) : ByteSource
{
    public override long Length => length;

    public override void Read(Span<byte> target, long offset)
    {
        if (offset < 0 || offset > length || target.Length > length - offset)
            throw file.Bad($"bytes {offset} to {offset + target.Length} are wanted of a part of the file that has {length}.");
        file.Read(target, begin + offset);
    }
}
