namespace Brownian.Imaging;

/// <summary>An image as indices into a palette of up to 256 colours.</summary>
/// <param name="Palette">RGB triples.</param>
/// <param name="Indices">Width × height.</param>
sealed record IndexedImage(byte[] Palette, byte[] Indices)
{
    const int MaxColors = 256;

    public int Colors => Palette.Length / 3;

    /// <summary>Exact, as gray has 256 levels.</summary>
    public static IndexedImage OfGray(Image image)
    {
        byte[] pixels = image.ConvertTo(1).Pixels, levels = [.. pixels.Distinct().Order()], index = new byte[MaxColors];
        for (int i = 0; i < levels.Length; i++) index[levels[i]] = (byte)i;
        byte[] palette = [.. levels.SelectMany(level => new[] { level, level, level })];
        return new IndexedImage(palette, Array.ConvertAll(pixels, level => index[level]));
    }

    /// <summary>Exact where the image has no more than 256 colours; else each pixel gets the nearest of a chosen palette.</summary>
    public static IndexedImage OfColor(Image image)
    {
        byte[] rgb = image.ConvertTo(3).Pixels;
        return Exact(rgb) ?? Quantized(rgb);
    }

    static IndexedImage? Exact(byte[] rgb)
    {
        var known = new Dictionary<int, byte>();
        var indices = new byte[rgb.Length / 3];
        for (int i = 0; i < indices.Length; i++)
        {
            int color = rgb[3 * i] << 16 | rgb[3 * i + 1] << 8 | rgb[3 * i + 2];
            if (!known.TryGetValue(color, out byte index))
            {
                if (known.Count == MaxColors) return null;
                known[color] = index = (byte)known.Count;
            }
            indices[i] = index;
        }
        byte[] palette = [.. known.OrderBy(entry => entry.Value)
            .SelectMany(entry => new[] { (byte)(entry.Key >> 16), (byte)(entry.Key >> 8), (byte)entry.Key })];
        return new IndexedImage(palette, indices);
    }

    static IndexedImage Quantized(byte[] rgb)
    {
        var histogram = new ColorHistogram(rgb);
        byte[] palette = ColorCut.Choose(histogram, MaxColors);
        byte[] nearest = histogram.Nearest(palette);
        var indices = new byte[rgb.Length / 3];
        for (int i = 0; i < indices.Length; i++) indices[i] = nearest[ColorHistogram.Bin(rgb, 3 * i)];
        return new IndexedImage(palette, indices);
    }
}
