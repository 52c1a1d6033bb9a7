using Brownian.IO;

namespace Brownian.Imaging;

/// <summary>Writes single pictures in the format that a file's name ends with: PNG, JPEG or WebP.</summary>
public static class ImageWriter
{
    /// <summary>The quality of JPEG and WebP where nobody says.</summary>
    public const int DefaultQuality = 95;

    /// <summary>The endings of file names that <see cref="Write"/> knows, with their dots, in lower case.</summary>
    public static IReadOnlyList<string> Extensions { get; } = [".png", ".jpg", ".jpeg", ".webp"];

    /// <summary>True where the path ends as one of <see cref="Extensions"/>, in any case.</summary>
    public static bool HasExtension(string path) => Extensions.Contains(Path.GetExtension(path), StringComparer.OrdinalIgnoreCase);

    /// <summary>Whether the format that a path ends with loses detail, so that a quality means something.</summary>
    public static bool HasQuality(string path) => HasExtension(path) && !IsPng(path);

    /// <summary>Throws what <see cref="Write"/> would for want of a format, before the work that makes the picture.</summary>
    /// <param name="path">The file to be made.</param>
    /// <exception cref="ArgumentException">The path ends in none of the formats.</exception>
    public static void CheckFormat(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (HasExtension(path)) return;
        string ending = Path.GetExtension(path);
        throw new ArgumentException(
            $"{path}: pictures are not written {(ending.Length == 0 ? "without an ending" : $"as {ending}")}; let the name end in {string.Join(", ", Extensions.SkipLast(1))} or {Extensions[^1]}.");
    }

    /// <summary>
    /// Writes a picture to a file that appears whole or not at all. PNG keeps every pixel. JPEG has no alpha, and full resolution of
    /// colour; WebP keeps every pixel at quality 100. Notes become text chunks of a PNG, a comment of a JPEG, and the XMP description of a
    /// WebP, there one line "keyword: text" for each.
    /// </summary>
    /// <param name="path">The file to make; its folder must exist.</param>
    /// <param name="image">Up to <see cref="ImageFile.MaxPixels"/> pixels, of a JPEG 65,500 a side, of a WebP 16,383.</param>
    /// <param name="text">Notes to store, as in <see cref="Png.Encode"/>; null stores the image's own.</param>
    /// <param name="quality">1 to 100, for JPEG and WebP.</param>
    /// <param name="overwrite">Replace an existing file.</param>
    /// <exception cref="IOException">The file exists and <paramref name="overwrite"/> is false, or it cannot be written.</exception>
    /// <exception cref="ArgumentException">The path ends in none of the formats, or the image does not fit into its format.</exception>
    public static void Write(
        string path, Image image, IReadOnlyList<KeyValuePair<string, string>>? text = null, int quality = DefaultQuality, bool overwrite = false)
    {
        ArgumentNullException.ThrowIfNull(image);
        ArgumentOutOfRangeException.ThrowIfLessThan(quality, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(quality, 100);
        CheckFormat(path);
        CheckFit(path, image.Width, image.Height, image.Channels);
        if (IsPng(path)) Png.Write(path, image, text, overwrite);
        else AtomicFile.Write(path, Encode(path, image, Notes(text ?? [.. image.Text]), quality), overwrite);
    }

    /// <summary>Throws what <see cref="Write"/> would for an image that its format cannot hold, before the work that makes the picture.</summary>
    /// <param name="path">The file to be made.</param>
    /// <param name="width">Pixels per row.</param>
    /// <param name="height">Rows.</param>
    /// <param name="channels">1 gray, 2 gray and alpha, 3 RGB, 4 RGBA.</param>
    /// <exception cref="ArgumentException">The image does not fit into the format.</exception>
    public static void CheckFit(string path, long width, long height, int channels)
    {
        (string format, int most) = IsPng(path) ? ("PNG", int.MaxValue) : IsWebp(path) ? ("WebP", WebpEncoder.MostPixels) : ("JPEG", JpegFile.MostPixels);
        if (Math.Max(width, height) > most || width * height > ImageFile.MaxPixels)
        {
            string limit = width * height > ImageFile.MaxPixels ? $"{ImageFile.MaxPixels:N0} pixels" : $"{most:N0} pixels a side";
            throw new ArgumentException($"{path}: a {format} holds at most {limit}, and the picture has {width}×{height}; draw fewer images, or enlarge them less.");
        }
        if (format == "JPEG" && channels % 2 == 0) throw new ArgumentException($"{path}: a JPEG has no alpha, and the picture has; use .png or .webp.");
    }

    static byte[] Encode(string path, Image image, string notes, int quality) =>
        IsWebp(path) ? WebpEncoder.Encode(image, notes, quality) : JpegFile.Encode(image, notes, quality);

    static string Notes(IReadOnlyList<KeyValuePair<string, string>> text) => string.Join('\n', text.Select(note => $"{note.Key}: {note.Value}"));

    static bool IsPng(string path) => Ends(path, ".png");

    static bool IsWebp(string path) => Ends(path, ".webp");

    static bool Ends(string path, string extension) => Path.GetExtension(path).Equals(extension, StringComparison.OrdinalIgnoreCase);
}
