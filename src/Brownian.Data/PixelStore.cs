using System.IO.MemoryMappedFiles;

namespace Brownian.Data;

/// <summary>
/// Decoded images in the order they were added: in memory until they pass a limit, and from then on in a temporary file. Of that, one
/// image at a time is mapped into memory, so that what the process holds stays small and known. Reading is for any number of threads.
/// </summary>
/// <param name="memoryLimit">The most bytes to keep in memory.</param>
sealed class PixelStore(long memoryLimit) : IDisposable
{
    readonly List<byte[]> _inMemory = [];
    readonly List<long> _offsets = [];
    FileStream? _file;
    MemoryMappedFile? _map;

    public long Bytes { get; private set; }

    /// <summary>True where the images are in a file.</summary>
    public bool OnDisk => _file is not null;

    /// <exception cref="IOException">The temporary file cannot be written.</exception>
    public void Add(byte[] pixels)
    {
        _offsets.Add(Bytes);
        Bytes += pixels.Length;
        if (_file is null && Bytes <= memoryLimit)
        {
            _inMemory.Add(pixels);
            return;
        }
        try
        {
            if (_file is null) Spill();
            _file!.Write(pixels);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new IOException(
                $"{TemporaryFile.Folder}: {Bytes} bytes of decoded images cannot be written: {e.Message.TrimEnd('.')}; "
                + "let TMPDIR name a folder with room, or set dataset_params.cache=none.", e);
        }
    }

    /// <summary>Ends the adding.</summary>
    public void Complete()
    {
        if (_file is null) return;
        _file.Flush();
        _map = MemoryMappedFile.CreateFromFile(_file, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: true);
    }

    /// <summary>Copies an image; <paramref name="pixels"/> has its length.</summary>
    public void Read(int index, Span<byte> pixels)
    {
        if (_map is null)
        {
            _inMemory[index].CopyTo(pixels);
            return;
        }
        using MemoryMappedViewAccessor view = _map.CreateViewAccessor(_offsets[index], pixels.Length, MemoryMappedFileAccess.Read);
        view.SafeMemoryMappedViewHandle.ReadSpan((ulong)view.PointerOffset, pixels);
    }

    public void Dispose()
    {
        _map?.Dispose();
        _file?.Dispose();
    }

    void Spill()
    {
        _file = TemporaryFile.Create();
        foreach (byte[] pixels in _inMemory) _file.Write(pixels);
        _inMemory.Clear();
        _inMemory.TrimExcess();
    }
}
