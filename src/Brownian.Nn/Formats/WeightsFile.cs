namespace Brownian.Nn;

/// <summary>Opens weights in any of the formats that are read, told apart by their first bytes.</summary>
public static class WeightsFile
{
    const int LengthBytes = 8;    // of a safetensors header

    /// <summary>What files of weights may end in, for messages.</summary>
    public const string Extensions = ".safetensors, .pth, .pt, .ckpt, .bin, .safetensors.index.json or .bin.index.json";

    /// <summary>What a file is that lies where weights should, by its first bytes: a pointer of Git LFS, a web page, a picture, and what to do about it.</summary>
    /// <param name="path">The file.</param>
    /// <returns>null for what may be weights.</returns>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static string? WhatElse(string path) => OtherFile.WhatIs(path);

    /// <summary>Opens a <c>.safetensors</c> file, a file of <c>torch.save</c>, or the index of weights in several of these.</summary>
    /// <exception cref="InvalidDataException">The file is damaged, of no known format, or names something to be called.</exception>
    /// <exception cref="IOException">The file is missing or cannot be opened.</exception>
    public static ITensorFile Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (Directory.Exists(path)) throw new IOException($"{path}: a folder; give a file of weights ({Extensions}).");
        if (!File.Exists(path)) throw new FileNotFoundException($"{path}: there is no such file; check the path.", path);
        if (path.EndsWith(".json", StringComparison.OrdinalIgnoreCase)) return ShardedFile.Read(path);
        if (OtherFile.WhatIs(path) is { } other) throw new InvalidDataException($"{path}: {other}.");
        return IsTorch(path) ? TorchFile.Read(path) : SafetensorsFile.Read(path);
    }

    // A safetensors header is shorter than 4 GB and begins with a brace; its length may begin with any byte.
    static bool IsTorch(string path)
    {
        Span<byte> start = stackalloc byte[LengthBytes + 1];
        int count;
        using (FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, bufferSize: 0))
            count = file.ReadAtLeast(start, start.Length, throwOnEndOfStream: false);
        bool isSafetensors = count == start.Length && start[LengthBytes] == (byte)'{' && start[4..LengthBytes].IndexOfAnyExcept((byte)0) < 0;
        if (isSafetensors) return false;
        bool isTorch = start[..count].StartsWith("PK"u8) || (count > 0 && start[0] == 0x80);
        return isTorch || System.IO.Path.GetExtension(path).ToLowerInvariant() is ".pth" or ".pt" or ".bin" or ".ckpt";
    }
}
