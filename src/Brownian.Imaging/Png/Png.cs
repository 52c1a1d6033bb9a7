using Brownian.IO;

namespace Brownian.Imaging;

/// <summary>Reads every kind of PNG and writes those of 8 and 16 bits (W3C PNG, third edition; sections are cited as "PNG §").</summary>
public static class Png
{
    internal static ReadOnlySpan<byte> Signature => [0x89, (byte)'P', (byte)'N', (byte)'G', (byte)'\r', (byte)'\n', 0x1A, (byte)'\n'];

    /// <summary>Reads a PNG file; see <see cref="Decode"/>.</summary>
    /// <exception cref="InvalidDataException">The file is no PNG, is damaged, or exceeds <see cref="ImageFile.MaxPixels"/>.</exception>
    /// <exception cref="IOException">The file is missing or cannot be read.</exception>
    public static Image Read(string path) => Decode(ImageFile.ReadBytes(path), path);

    /// <summary>
    /// Decodes a PNG of any colour type, bit depth and interlacing. The channels are those of the file: gray 1, gray with alpha 2,
    /// RGB 3, RGBA 4; a palette becomes RGB; a transparent colour or palette entry (tRNS) adds an alpha channel. Samples of 16 bits keep
    /// their high byte, fewer than 8 bits are stretched to 0-255. An orientation (eXIf) is applied. Gamma and colour profiles are ignored. Every checksum is verified.
    /// </summary>
    /// <param name="data">The whole file.</param>
    /// <param name="name">What error messages call the data, usually its path.</param>
    /// <param name="atFullDepth">Keep all 16 bits of samples that have so many.</param>
    /// <exception cref="InvalidDataException">The data is damaged; the message is "name: what is wrong". No more memory is taken than
    /// the compressed data could fill (deflate packs at most 1032:1).</exception>
    public static Image Decode(ReadOnlySpan<byte> data, string name, bool atFullDepth = false)
    {
        try
        {
            return DecodeUnnamed(data, atFullDepth);
        }
        catch (InvalidDataException e)
        {
            throw new InvalidDataException($"{name}: {e.Message}", e);
        }
    }

    /// <exception cref="InvalidDataException">Says what is wrong, without the file's name.</exception>
    internal static Image DecodeUnnamed(ReadOnlySpan<byte> data, bool atFullDepth = false)
    {
        PngFile file = PngFile.Parse(data);
        int depth = atFullDepth && file.Header.Depth == 16 ? 16 : 8;
        var image = new Image(file.Header.Width, file.Header.Height, file.Channels, PngPixels.Decode(file, depth), bitDepth: depth);
        image = image.Turn(file.Orientation);
        return new Image(image.Width, image.Height, image.Channels, image.Pixels, file.Text, depth) { Format = "PNG" };
    }

    /// <summary>Writes the image to a file that appears whole or not at all: written beside the target, flushed to disk, renamed.</summary>
    /// <param name="path">The file to make; its folder must exist.</param>
    /// <param name="image">Up to <see cref="ImageFile.MaxPixels"/> pixels.</param>
    /// <param name="text">Notes to store, see <see cref="Encode"/>; null stores the image's own.</param>
    /// <param name="overwrite">Replace an existing file.</param>
    /// <exception cref="IOException">The file exists and <paramref name="overwrite"/> is false, or it cannot be written.</exception>
    /// <exception cref="ArgumentException">The image is too large, or a note cannot be stored.</exception>
    public static void Write(string path, Image image, IReadOnlyList<KeyValuePair<string, string>>? text = null, bool overwrite = false) =>
        AtomicFile.Write(path, Encode(image, text), overwrite);

    /// <summary>Encodes the image as a PNG of its 8 or 16 bits, filtered row by row.</summary>
    /// <param name="image">Up to <see cref="ImageFile.MaxPixels"/> pixels of up to 4 channels.</param>
    /// <param name="text">Notes to store: keywords of 1 to 79 printable Latin-1 characters, text without NUL characters; stored as tEXt
    /// where Latin-1 suffices and as iTXt (UTF-8) elsewhere. Null stores the image's own.</param>
    /// <exception cref="ArgumentException">The image is too large, or a note cannot be stored.</exception>
    public static byte[] Encode(Image image, IReadOnlyList<KeyValuePair<string, string>>? text = null)
    {
        ArgumentNullException.ThrowIfNull(image);
        if ((long)image.Width * image.Height > ImageFile.MaxPixels)
            throw new ArgumentException(
                $"Png: {image.Width}×{image.Height} exceeds {ImageFile.MaxPixels} pixels; write it in parts.", nameof(image));
        if (image.Channels > 4)
            throw new ArgumentException($"Png: {Counted.Of(image.Channels, "channel")} are no colours; write them as .npy.", nameof(image));
        return PngEncoder.Encode(image, text ?? [.. image.Text]);
    }
}
