using System.Collections.ObjectModel;
using System.Runtime.InteropServices;
using Brownian.Imaging;
using Brownian.IO;

namespace Brownian;

/// <summary>An image in memory: height × width × channels samples of 8 or 16 bits, row by row, channels last.</summary>
public sealed class Image
{
    /// <summary>The most channels of an image: sensors of satellites have a few hundred.</summary>
    public const int MaxChannels = 1024;

    /// <summary>Wraps <paramref name="pixels"/> without copying; the image owns the array from here on.</summary>
    /// <param name="width">Pixels per row, at least 1.</param>
    /// <param name="height">Rows, at least 1.</param>
    /// <param name="channels">1 gray, 2 gray and alpha, 3 RGB, 4 RGBA; 5 to <see cref="MaxChannels"/> have no colours.</param>
    /// <param name="pixels">Exactly height × width × channels samples, of 16 bits as two bytes, the low one first.</param>
    /// <param name="text">Notes that travel with the image, by keyword; none when null.</param>
    /// <param name="bitDepth">Bits per sample: 8 or 16.</param>
    /// <exception cref="ArgumentException">A size is out of range, or the array has another length.</exception>
    public Image(int width, int height, int channels, byte[] pixels, IReadOnlyDictionary<string, string>? text = null, int bitDepth = 8)
    {
        ArgumentNullException.ThrowIfNull(pixels);
        if (bitDepth is not (8 or 16)) throw new ArgumentOutOfRangeException(nameof(bitDepth), bitDepth, "Image: samples have 8 or 16 bits.");
        long count = Count(width, height, channels) * (bitDepth / 8);
        if (pixels.Length != count)
            throw new ArgumentException($"Image: {width}×{height}×{channels} needs {count} bytes, got {pixels.Length}.", nameof(pixels));
        (Width, Height, Channels, Pixels, BitDepth, HasAlpha) = (width, height, channels, pixels, bitDepth, channels is 2 or 4);
        Text = text is null or { Count: 0 } ? ReadOnlyDictionary<string, string>.Empty : new Dictionary<string, string>(text).AsReadOnly();
    }

    /// <summary>A black image (and transparent, where there is an alpha channel).</summary>
    /// <param name="width">Pixels per row, at least 1.</param>
    /// <param name="height">Rows, at least 1.</param>
    /// <param name="channels">1 gray, 2 gray and alpha, 3 RGB, 4 RGBA.</param>
    /// <exception cref="ArgumentException">A size is out of range, or the image would exceed 2³¹ bytes.</exception>
    public Image(int width, int height, int channels) : this(width, height, channels, bitDepth: 8) { }

    /// <summary>A black image of 8 or 16 bits per sample.</summary>
    /// <inheritdoc cref="Image(int, int, int)"/>
    public Image(int width, int height, int channels, int bitDepth)
        : this(width, height, channels, new byte[Allocatable(width, height, channels, bitDepth)], bitDepth: bitDepth)
    {
    }

    /// <summary>Pixels per row.</summary>
    public int Width { get; }

    /// <summary>Rows.</summary>
    public int Height { get; }

    /// <summary>1 gray, 2 gray and alpha, 3 RGB, 4 RGBA; more have no colours.</summary>
    public int Channels { get; }

    /// <summary>Bits per sample: 8 or 16.</summary>
    public int BitDepth { get; }

    /// <summary>Bytes per pixel: its channels, times two at 16 bits.</summary>
    public int PixelBytes => Channels * (BitDepth / 8);

    /// <summary>Some pixel is not opaque.</summary>
    public bool HasTransparency
    {
        get
        {
            if (!HasAlpha) return false;
            int bytes = PixelBytes, alphaBytes = BitDepth / 8;
            for (int end = bytes; end <= Pixels.Length; end += bytes)
                if (Pixels.AsSpan(end - alphaBytes, alphaBytes).ContainsAnyExcept((byte)255)) return true;
            return false;
        }
    }

    /// <summary>Height × width × channels samples; the live array, not a copy. At 16 bits each is two bytes: see <see cref="Deep"/>.</summary>
    public byte[] Pixels { get; }

    /// <summary>The samples of a 16-bit image, as they lie in <see cref="Pixels"/>.</summary>
    /// <exception cref="InvalidOperationException">The image has 8 bits per sample.</exception>
    public Span<ushort> Deep => BitDepth == 16
        ? MemoryMarshal.Cast<byte, ushort>(Pixels.AsSpan())
        : throw new InvalidOperationException("Image: samples of 8 bits are in Pixels.");

    /// <summary>
    /// Whether the last channel says how opaque a pixel is: so with 2 and 4 channels, unless they are numbers without colours, as those of
    /// an array are.
    /// </summary>
    public bool HasAlpha { get; init; }

    /// <summary>Whether some pixel is not gray; false for images of fewer than 3 channels, and for numbers without colours.</summary>
    public bool ShowsColor => (Channels == 3 || (Channels == 4 && HasAlpha)) && (BitDepth == 16 ? AnyColor<ushort>(Deep) : AnyColor<byte>(Pixels));

    /// <summary>The file format that the image was read from: "PNG", "JPEG" and so on; empty where it was made in memory.</summary>
    public string Format { get; init; } = "";

    /// <summary>Notes stored with the image (the text chunks of a PNG), by keyword; empty otherwise.</summary>
    public IReadOnlyDictionary<string, string> Text { get; }

    /// <summary>Reads an image file of any supported format, told apart by its content: see <see cref="ImageFile.Decode"/>.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="InvalidDataException">The content is damaged, too large, or no supported format.</exception>
    /// <exception cref="IOException">The file is missing or cannot be read.</exception>
    public static Image Load(string path) => ImageFile.Read(path);

    /// <summary>Reads an image from the rest of a stream, which stays open.</summary>
    /// <param name="stream">Read to its end.</param>
    /// <exception cref="InvalidDataException">The content is damaged, too large, or no supported format.</exception>
    /// <exception cref="IOException">The stream cannot be read.</exception>
    public static Image Load(Stream stream) => ImageFile.Read(stream, "the stream");

    /// <summary>The image as the bytes of a PNG, with its <see cref="Text"/>.</summary>
    /// <exception cref="ArgumentException">The image has more than 4 channels or 2²⁷ pixels.</exception>
    public byte[] EncodePng() => Png.Encode(this);

    /// <summary>Writes the image to a PNG, JPEG or WebP, whichever the name ends with: see <see cref="ImageWriter.Write"/>.</summary>
    /// <param name="path">The file to make; its folder must exist.</param>
    /// <param name="overwrite">Replace an existing file.</param>
    /// <exception cref="IOException">The file exists and <paramref name="overwrite"/> is false, or it cannot be written.</exception>
    /// <exception cref="ArgumentException">The path ends in none of the formats, or the image does not fit into its format.</exception>
    public void Save(string path, bool overwrite = false) => ImageWriter.Write(path, this, overwrite: overwrite);

    /// <summary>
    /// The image with another number of channels, computed as Pillow's <c>convert</c> does: colour to gray with the luma weights of
    /// ITU-R 601, gray to colour by repetition, alpha dropped without blending, a missing alpha set to 255. Returns this image when
    /// nothing changes.
    /// </summary>
    /// <param name="channels">1 gray, 2 gray and alpha, 3 RGB, 4 RGBA.</param>
    /// <exception cref="ArgumentOutOfRangeException">Not a number from 1 to 4.</exception>
    public Image ConvertTo(int channels)
    {
        if (channels == Channels) return this;
        if (channels is < 1 or > 4 || Channels > 4)
            throw new ArgumentOutOfRangeException(nameof(channels), $"Image: {Counted.Of(Channels, "channel")} cannot become {channels}; colours have 1 (gray), 2 (gray, alpha), 3 (RGB) or 4 (RGBA).");
        if (BitDepth == 16) return ConvertDeep(channels);
        var pixels = new byte[Allocatable(Width, Height, channels)];
        bool fromColor = Channels >= 3, toColor = channels >= 3, fromAlpha = Channels % 2 == 0, toAlpha = channels % 2 == 0;
        for (int s = 0, t = 0; t < pixels.Length; s += Channels, t += channels)
        {
            ReadOnlySpan<byte> from = Pixels.AsSpan(s, Channels);
            Span<byte> to = pixels.AsSpan(t, channels);
            if (toColor) (to[0], to[1], to[2]) = fromColor ? (from[0], from[1], from[2]) : (from[0], from[0], from[0]);
            else to[0] = fromColor ? Luma(from[0], from[1], from[2]) : from[0];
            if (toAlpha) to[^1] = fromAlpha ? from[^1] : (byte)255;
        }
        return new Image(Width, Height, channels, pixels, Text) { Format = Format };
    }

    Image ConvertDeep(int channels)
    {
        var image = new Image(Width, Height, channels, new byte[Allocatable(Width, Height, channels, 16)], Text, 16) { Format = Format };
        Span<ushort> samples = image.Deep, own = Deep;
        bool fromColor = Channels >= 3, toColor = channels >= 3, fromAlpha = Channels % 2 == 0, toAlpha = channels % 2 == 0;
        for (int s = 0, t = 0; t < samples.Length; s += Channels, t += channels)
        {
            ReadOnlySpan<ushort> from = own.Slice(s, Channels);
            Span<ushort> to = samples.Slice(t, channels);
            if (toColor) (to[0], to[1], to[2]) = fromColor ? (from[0], from[1], from[2]) : (from[0], from[0], from[0]);
            else to[0] = fromColor ? Luma(from[0], from[1], from[2]) : from[0];
            if (toAlpha) to[^1] = fromAlpha ? from[^1] : ushort.MaxValue;
        }
        return image;
    }

    /// <summary>An image to look at: this one where its channels are colours, else the channels side by side, in gray.</summary>
    public Image AsColors()
    {
        if (Channels is 1 or 3 || (Channels is 2 or 4 && HasAlpha)) return this;
        var image = new Image(checked(Width * Channels), Height, 1, BitDepth);
        int bytes = BitDepth / 8;
        for (int pixel = 0; pixel < Width * Height; pixel++)
        {
            for (int c = 0; c < Channels; c++)
            {
                int at = (pixel / Width * Channels + c) * Width + pixel % Width;
                Pixels.AsSpan((pixel * Channels + c) * bytes, bytes).CopyTo(image.Pixels.AsSpan(at * bytes));
            }
        }
        return image;
    }

    /// <summary>The image with another number of bits per sample: the nearest of 256 or 65,536 values. Returns this image when nothing changes.</summary>
    /// <param name="bits">8 or 16.</param>
    /// <exception cref="ArgumentOutOfRangeException">Another number.</exception>
    public Image ToBitDepth(int bits)
    {
        if (bits == BitDepth) return this;
        var image = new Image(Width, Height, Channels, new byte[Allocatable(Width, Height, Channels, bits)], Text, bits) { Format = Format, HasAlpha = HasAlpha };
        // 65535 = 257·255: both ends stay, and every 8-bit value survives the way there and back.
        if (bits == 16)
        {
            Span<ushort> to = image.Deep;
            for (int i = 0; i < to.Length; i++) to[i] = (ushort)(257 * Pixels[i]);
        }
        else
        {
            ReadOnlySpan<ushort> from = Deep;
            for (int i = 0; i < from.Length; i++) image.Pixels[i] = (byte)((from[i] + 128) / 257);
        }
        return image;
    }

    bool AnyColor<T>(ReadOnlySpan<T> samples) where T : unmanaged, IEquatable<T>
    {
        for (int i = 0; i < samples.Length; i += Channels)
        {
            if (!samples[i].Equals(samples[i + 1]) || !samples[i].Equals(samples[i + 2])) return true;
        }
        return false;
    }

    /// <summary>
    /// The image laid over a colour: color·α + background·(1 − α), to the nearest, without alpha. Returns this image where it has none.
    /// </summary>
    /// <param name="red">Of the background, 0 to 255; gray images take its gray, as <see cref="ConvertTo"/> does.</param>
    /// <param name="green">Of the background.</param>
    /// <param name="blue">Of the background.</param>
    public Image Over(byte red, byte green, byte blue)
    {
        if (!HasAlpha) return this;
        int colors = Channels - 1, most = BitDepth == 16 ? ushort.MaxValue : byte.MaxValue, scale = most / byte.MaxValue;
        int[] behind = colors == 1 ? [scale * Luma(red, green, blue)] : [scale * red, scale * green, scale * blue];
        var image = new Image(Width, Height, colors, new byte[Allocatable(Width, Height, colors, BitDepth)], Text, BitDepth) { Format = Format };
        Span<ushort> deep = BitDepth == 16 ? Deep : [], deepTo = BitDepth == 16 ? image.Deep : [];
        for (int pixel = 0, count = Width * Height; pixel < count; pixel++)
        {
            long alpha = BitDepth == 16 ? deep[pixel * Channels + colors] : Pixels[pixel * Channels + colors];
            for (int c = 0; c < colors; c++)
            {
                int from = pixel * Channels + c, to = pixel * colors + c;
                long color = BitDepth == 16 ? deep[from] : Pixels[from];
                long mixed = (color * alpha + behind[c] * (most - alpha) + most / 2) / most;
                if (BitDepth == 16) deepTo[to] = (ushort)mixed;
                else image.Pixels[to] = (byte)mixed;
            }
        }
        return image;
    }

    /// <summary>An image of 8 bits with the high bytes of this one's 16.</summary>
    internal Image HighBytes()
    {
        byte[] pixels = new byte[Pixels.Length / 2];
        for (int i = 0; i < pixels.Length; i++) pixels[i] = Pixels[2 * i + 1];
        return new Image(Width, Height, Channels, pixels, Text) { Format = Format, HasAlpha = HasAlpha };
    }

    /// <summary>A black image of this one's channels and depth.</summary>
    internal Image Blank(int width, int height) => new(width, height, Channels, BitDepth) { Format = Format, HasAlpha = HasAlpha };

    /// <summary>The same pixels, said to be of a format.</summary>
    internal Image From(string format) => new(Width, Height, Channels, Pixels, Text, BitDepth) { Format = format, HasAlpha = HasAlpha };

    // L = (299 R + 587 G + 114 B) / 1000 in 16-bit fixed point; the three weights add up to 65536.
    static byte Luma(byte r, byte g, byte b) => (byte)((r * 19595 + g * 38470 + b * 7471 + 0x8000) >> 16);

    static ushort Luma(ushort r, ushort g, ushort b) => (ushort)((r * 19595L + g * 38470L + b * 7471L + 0x8000) >> 16);

    static long Count(int width, int height, int channels)
    {
        if (width < 1 || height < 1) throw new ArgumentException($"Image: {width}×{height} is empty; both sizes must be at least 1.");
        CheckChannels(channels);
        // A product of two ints fits a long; the third factor is applied only to what an array could hold.
        long area = (long)width * height;
        return area > int.MaxValue ? area : area * channels;
    }

    static int Allocatable(int width, int height, int channels, int bitDepth = 8)
    {
        long count = Count(width, height, channels) * (bitDepth / 8);
        if (count > Array.MaxLength) throw new ArgumentException($"Image: {width}×{height}×{channels} exceeds {Array.MaxLength} bytes.");
        return (int)count;
    }

    static void CheckChannels(int channels)
    {
        if (channels is < 1 or > MaxChannels)
            throw new ArgumentOutOfRangeException(
                nameof(channels), $"Image: {Counted.Of(channels, "channel")}; use 1 (gray), 2 (gray, alpha), 3 (RGB), 4 (RGBA) or up to {MaxChannels} of other data.");
    }
}
