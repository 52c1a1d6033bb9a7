using SkiaSharp;

namespace Brownian.Imaging;

/// <summary>Shows an image to Skia's encoders.</summary>
static class SkiaEncoder
{
    /// <param name="image">Gray stays gray; everything else becomes four channels, opaque where the image has no alpha.</param>
    /// <param name="encode">Null where it failed.</param>
    public static unsafe byte[] Encode(Image image, Func<SKPixmap, SKData?> encode)
    {
        Image shown = image.Channels == 1 ? image : image.ConvertTo(4);
        var info = new SKImageInfo(
            shown.Width, shown.Height, shown.Channels == 1 ? SKColorType.Gray8 : SKColorType.Rgba8888,
            image.Channels % 2 == 0 ? SKAlphaType.Unpremul : SKAlphaType.Opaque);
        fixed (byte* first = shown.Pixels)
        {
            using var pixels = new SKPixmap(info, (nint)first);
            using SKData? data = encode(pixels);
            return data?.ToArray() ?? throw new ArgumentException($"The image of {image.Width}×{image.Height} pixels cannot be encoded.");
        }
    }
}
