using System.Diagnostics.CodeAnalysis;
using SkiaSharp;

namespace Brownian.Imaging;

/// <summary>Decodes what Skia can, without converting between colour spaces. Each call stands alone, so that threads may decode at once.</summary>
static class SkiaCodec
{
    /// <summary>The image, upright: 1 channel where the file is gray, 4 where it has alpha, else 3.</summary>
    /// <param name="data">The file; its size was found to be worth allocating.</param>
    /// <param name="ending">What Skia shall find behind the data.</param>
    /// <param name="isRunLength">A run may move up in the middle of a row, and pixels that it leaves out are no alpha channel.</param>
    /// <exception cref="InvalidDataException">Says what is wrong, without the file's name.</exception>
    public static Image Decode(ReadOnlySpan<byte> data, ReadOnlySpan<byte> ending = default, bool isRunLength = false)
    {
        using SKData file = Copy(data, ending);
        using SKCodec codec = SKCodec.Create(file) ?? throw Refuse();
        SKImageInfo info = codec.Info.WithColorSpace(null);
        if (info.ColorType != SKColorType.Gray8) info = info.WithColorType(SKColorType.Rgba8888);
        if (codec.StartScanlineDecode(info) != SKCodecResult.Success) throw Refuse();
        var image = new Image(info.Width, info.Height, info.ColorType == SKColorType.Gray8 ? 1 : isRunLength || info.IsOpaque ? 3 : 4);
        int rows = isRunLength ? info.Height : Math.Min(info.Height, 16);
        byte[] strip = new byte[rows * info.RowBytes];
        for (int y = 0; y < image.Height; y += rows)
        {
            rows = Math.Min(rows, image.Height - y);
            if (DecodeRows(codec, strip, rows, info.RowBytes) != rows) ThrowEnd();
            int top = codec.ScanlineOrder == SKCodecScanlineOrder.TopDown ? y : image.Height - y - rows;
            Pack(strip, image, top, rows);
        }
        return image.Turn((ExifOrientation)codec.EncodedOrigin);        // the same numbers
    }

    /// <summary>The first frame of an animation, the largest picture of an icon: 4 channels where there is alpha, else 3.</summary>
    /// <param name="data">The file, found to be whole.</param>
    /// <param name="format">What <see cref="Image.Format"/> becomes.</param>
    /// <exception cref="InvalidDataException">Says what is wrong, without the file's name.</exception>
    public static Image DecodeFirstFrame(ReadOnlySpan<byte> data, string format)
    {
        using SKData file = Copy(data, []);
        using SKCodec codec = SKCodec.Create(file) ?? throw Refuse();
        DecodedSize.Check(codec.Info.Width, codec.Info.Height, data.Length);
        SKImageInfo info = codec.Info.WithColorSpace(null).WithColorType(SKColorType.Rgba8888);
        // Colours stay as they are stored, also those under transparency.
        if (!info.IsOpaque) info = info.WithAlphaType(SKAlphaType.Unpremul);
        var image = new Image(info.Width, info.Height, 4);
        if (DecodePixels(codec, info, image.Pixels) != SKCodecResult.Success) ThrowEnd();
        return (info.IsOpaque ? image.ConvertTo(3) : image).Turn((ExifOrientation)codec.EncodedOrigin).From(format);
    }

    /// <exception cref="InvalidDataException">Always.</exception>
    [DoesNotReturn]
    public static void ThrowEnd() => throw new InvalidDataException("the image data ends early; the file is damaged or cut off");

    static InvalidDataException Refuse() => new("the headers are damaged or of an unsupported kind");

    static unsafe SKData Copy(ReadOnlySpan<byte> data, ReadOnlySpan<byte> ending)
    {
        SKData copy = SKData.Create(data.Length + ending.Length);
        var bytes = new Span<byte>((void*)copy.Data, (int)copy.Size);
        data.CopyTo(bytes);
        ending.CopyTo(bytes[data.Length..]);
        return copy;
    }

    static unsafe int DecodeRows(SKCodec codec, byte[] strip, int rows, int rowBytes)
    {
        fixed (byte* target = strip) return codec.GetScanlines((nint)target, rows, rowBytes);
    }

    static unsafe SKCodecResult DecodePixels(SKCodec codec, SKImageInfo info, byte[] pixels)
    {
        fixed (byte* target = pixels) return codec.GetPixels(info, (nint)target);
    }

    // From pixels of one or four bytes.
    static void Pack(ReadOnlySpan<byte> strip, Image image, int top, int rows)
    {
        int count = rows * image.Width, channels = image.Channels;
        Span<byte> pixels = image.Pixels.AsSpan(top * image.Width * channels, count * channels);
        if (channels != 3) strip[..pixels.Length].CopyTo(pixels);
        else for (int from = 0, to = 0; to < pixels.Length; from += 4, to += 3) strip.Slice(from, 3).CopyTo(pixels[to..]);
    }
}
