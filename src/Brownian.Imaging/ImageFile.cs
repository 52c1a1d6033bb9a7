namespace Brownian.Imaging;

/// <summary>
/// Reads images of every supported format: PNG, JPEG, WebP, GIF, BMP, ICO and TIFF, told apart by how the data begins, never by the file's name.
/// </summary>
public static class ImageFile
{
    /// <summary>The largest image read or written, in pixels (2²⁷; 11585 × 11585).</summary>
    public const int MaxPixels = 1 << 27;

    const int MaxFileBytes = 1 << 30;

    /// <summary>The usual endings of file names that <see cref="Read(string, bool)"/> understands, with their dots, in lower case.</summary>
    public static IReadOnlyList<string> Extensions { get; } =
        [".png", ".jpg", ".jpeg", ".jfif", ".jpe", ".webp", ".gif", ".bmp", ".dib", ".ico", ".tif", ".tiff"];

    /// <summary>True where the path ends as one of <see cref="Extensions"/>, in any case. Says nothing about the content.</summary>
    public static bool HasExtension(string path) => Extensions.Contains(Path.GetExtension(path), StringComparer.OrdinalIgnoreCase);

    /// <summary>Reads an image file; see <see cref="Decode"/>.</summary>
    /// <param name="path">The file.</param>
    /// <param name="atFullDepth">Keep samples of more than 8 bits as 16; otherwise they lose their low byte, as in Pillow.</param>
    /// <exception cref="InvalidDataException">The content is damaged, too large, or no supported format.</exception>
    /// <exception cref="IOException">The file is missing or cannot be read.</exception>
    public static Image Read(string path, bool atFullDepth = false) => Decode(ReadBytes(path), path, atFullDepth);

    /// <summary>Reads an image from the rest of a stream, which stays open; see <see cref="Decode"/>.</summary>
    /// <param name="stream">Read to its end.</param>
    /// <param name="name">What error messages call the data.</param>
    /// <param name="atFullDepth">Keep samples of more than 8 bits as 16.</param>
    /// <exception cref="InvalidDataException">The content is damaged, too large, or no supported format.</exception>
    /// <exception cref="IOException">The stream cannot be read.</exception>
    public static Image Read(Stream stream, string name, bool atFullDepth = false)
    {
        ArgumentNullException.ThrowIfNull(stream);
        var data = new MemoryStream();
        var block = new byte[1 << 16];
        for (int read; (read = stream.Read(block)) > 0;)
        {
            CheckLength(data.Length + read, name);
            data.Write(block, 0, read);
        }
        return Decode(data.GetBuffer().AsSpan(0, (int)data.Length), name, atFullDepth);
    }

    /// <summary>
    /// Decodes an image of any supported format: of an animated GIF or WebP the first frame, of an ICO the largest picture, of a TIFF the
    /// first page. The number of channels is what the data holds: 1 or 2 only where it is gray, with alpha, 5 or more of a TIFF with so many
    /// (see also <see cref="Png.Decode"/>, <see cref="Jpeg.Decode"/>, <see cref="Bmp.Decode"/>); <see cref="Image.ConvertTo"/> changes it.
    /// Colours are not multiplied by alpha. A noted orientation (Exif, TIFF) is applied. <see cref="Image.Format"/> says which format it was.
    /// </summary>
    /// <param name="data">The whole file.</param>
    /// <param name="name">What error messages call the data, usually its path.</param>
    /// <param name="atFullDepth">Keep samples of more than 8 bits as 16.</param>
    /// <exception cref="InvalidDataException">The data is damaged, too large, or no supported format, which is then named where it is
    /// known; the message is "name: what is wrong".</exception>
    public static Image Decode(ReadOnlySpan<byte> data, string name, bool atFullDepth = false)
    {
        if (data.StartsWith(Png.Signature)) return Png.Decode(data, name, atFullDepth);
        if (data.StartsWith(Jpeg.Signature)) return Jpeg.Decode(data, name);
        if (Bmp.Recognizes(data)) return Bmp.Decode(data, name);
        try
        {
            if (WebpFile.Recognizes(data)) return WebpFile.Decode(data);
            if (GifFile.Recognizes(data)) return GifFile.Decode(data);
            if (IconFile.Recognizes(data)) return IconFile.Decode(data);
            if (TiffDirectory.Recognizes(data)) return TiffFile.Decode(data, atFullDepth);
        }
        catch (InvalidDataException e)
        {
            throw new InvalidDataException($"{name}: {e.Message}", e);
        }
        if (data.IsEmpty) throw new InvalidDataException($"{name}: the file is empty");
        string what = ForeignFormat.Name(data, name) is { } format ? $"{format} is not supported" : "this is no image in a known format";
        throw new InvalidDataException($"{name}: {what}; use PNG, JPEG, WebP, GIF, BMP, ICO or TIFF");
    }

    /// <summary>A whole file, of a size that no hostile one can push beyond the limit.</summary>
    internal static byte[] ReadBytes(string path)
    {
        using FileStream file = File.OpenRead(path);
        CheckLength(file.Length, path);
        var bytes = new byte[file.Length];
        file.ReadExactly(bytes);
        return bytes;
    }

    static void CheckLength(long bytes, string name)
    {
        if (bytes > MaxFileBytes) throw new InvalidDataException($"{name}: files over {MaxFileBytes} bytes are not read");
    }
}
