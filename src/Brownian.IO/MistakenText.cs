using System.Text;

namespace Brownian.IO;

/// <summary>What a download leaves in place of the file that was wanted: nothing, a pointer of Git LFS, a web page, a server's error.</summary>
public static class MistakenText
{
    /// <summary>How many of a file's first bytes tell.</summary>
    public const int Looked = 512;

    /// <summary>Names what a file is by its first bytes.</summary>
    /// <param name="start">The first <see cref="Looked"/> bytes, or all of them.</param>
    /// <param name="wanted">What it should be, in the message: "weights".</param>
    /// <returns>What it is and what to do, without a full stop; null for anything else.</returns>
    public static string? WhatIs(ReadOnlySpan<byte> start, string wanted)
    {
        if (start.IsEmpty) return $"an empty file, not {wanted}; download or copy it again";
        string text = Encoding.UTF8.GetString(start[..Math.Min(Looked, start.Length)]).TrimStart('\uFEFF', ' ', '\r', '\n', '\t');
        if (text.StartsWith("version https://git-lfs.github.com/spec/", StringComparison.Ordinal))
            return "a Git LFS pointer, not the file itself: run git lfs pull";
        if (text.StartsWith("<!doctype html", StringComparison.OrdinalIgnoreCase) || text.StartsWith("<html", StringComparison.OrdinalIgnoreCase))
            return $"an HTML page, not {wanted}; it was saved in place of the file: download it again through its raw or download link";
        return text.StartsWith("<?xml", StringComparison.OrdinalIgnoreCase)
            ? $"an XML text, perhaps a server's error, not {wanted}; download the file again"
            : null;
    }
}
