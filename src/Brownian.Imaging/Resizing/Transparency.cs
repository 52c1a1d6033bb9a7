namespace Brownian.Imaging;

/// <summary>
/// Weighs colours by their alpha, and undoes it, with Pillow's rounding: so that what is transparent does not tint what is not.
/// </summary>
static class Transparency
{
    /// <summary>Each colour times its alpha ÷ 255.</summary>
    public static Image Premultiply(Image image) => Map(image, static (color, alpha) =>
    {
        int product = color * alpha + 128;
        return (byte)((product + (product >> 8)) >> 8);
    });

    public static Image Unmultiply(Image image) =>
        Map(image, static (color, alpha) => alpha is 0 or 255 ? color : (byte)Math.Min(255, 255 * color / alpha));

    static Image Map(Image image, Func<byte, byte, byte> change)
    {
        var result = new Image(image.Width, image.Height, image.Channels, [.. image.Pixels]);
        byte[] pixels = result.Pixels;
        for (int at = 0; at < pixels.Length; at += image.Channels)
        {
            byte alpha = pixels[at + image.Channels - 1];
            for (int i = 0; i < image.Channels - 1; i++) pixels[at + i] = change(pixels[at + i], alpha);
        }
        return result;
    }
}
