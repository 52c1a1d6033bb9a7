namespace Brownian.Imaging;

/// <summary>
/// Weighs colours by their alpha, and undoes it: so that what is transparent does not tint what is not. Of 8 bits with Pillow's rounding,
/// which is down when it divides; of 16 to the nearest.
/// </summary>
static class Transparency
{
    /// <summary>Each colour times its alpha ÷ 255.</summary>
    public static Image Premultiply(Image image) => Map(image, static (color, alpha) =>
    {
        int product = color * alpha + 128;
        return (byte)((product + (product >> 8)) >> 8);
    }, static (color, alpha) => (ushort)(((long)color * alpha + 32767) / 65535));

    public static Image Unmultiply(Image image) => Map(image,
        static (color, alpha) => alpha is 0 or 255 ? color : (byte)Math.Min(255, 255 * color / alpha),
        static (color, alpha) => alpha is 0 or 65535 ? color : (ushort)Math.Min(65535, (65535L * color + alpha / 2) / alpha));

    static Image Map(Image image, Func<byte, byte, byte> change, Func<ushort, ushort, ushort> changeDeep)
    {
        Image result = image.Blank(image.Width, image.Height);
        image.Pixels.CopyTo(result.Pixels, 0);
        if (image.BitDepth == 16) Map(result.Deep, image.Channels, changeDeep);
        else Map(result.Pixels, image.Channels, change);
        return result;
    }

    static void Map<T>(Span<T> samples, int channels, Func<T, T, T> change)
    {
        for (int at = 0; at < samples.Length; at += channels)
        {
            T alpha = samples[at + channels - 1];
            for (int i = 0; i < channels - 1; i++) samples[at + i] = change(samples[at + i], alpha);
        }
    }
}
