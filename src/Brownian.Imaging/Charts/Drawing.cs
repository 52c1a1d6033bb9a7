using System.Text;
using SkiaSharp;

namespace Brownian.Imaging;

/// <summary>A chart that becomes pixels, as many as are asked for, or SVG.</summary>
public sealed class Drawing
{
    /// <summary>The most pixels to a unit.</summary>
    public const int MaxScale = 8;

    readonly Action<Canvas> paint;

    /// <param name="width">Units.</param>
    /// <param name="height">Units.</param>
    /// <param name="paint">Draws it on white.</param>
    internal Drawing(int width, int height, Action<Canvas> paint) => (Width, Height, this.paint) = (width, height, paint);

    /// <summary>Units.</summary>
    public int Width { get; }

    /// <summary>Units.</summary>
    public int Height { get; }

    /// <summary>Draws it as a part of another.</summary>
    internal void PaintOn(Canvas canvas, int left, int top) => canvas.Draw(paint, left, top);

    /// <summary>RGB.</summary>
    /// <param name="scale">Pixels to a unit, 1 to <see cref="MaxScale"/>.</param>
    /// <exception cref="ArgumentException">The scale is out of range, or there would be more than <see cref="ImageFile.MaxPixels"/> pixels.</exception>
    public Image ToImage(int scale = ChartTheme.Scale)
    {
        if (scale is < 1 or > MaxScale) throw new ArgumentOutOfRangeException(nameof(scale), $"Drawing: the scale is {scale}; it must be 1 to {MaxScale}.");
        if ((long)Width * scale * Height * scale > ImageFile.MaxPixels)
            throw new ArgumentException($"Drawing: {Width}×{Height} units make more than {ImageFile.MaxPixels} pixels at scale {scale}; choose a smaller one.");
        using var bitmap = new SKBitmap(new SKImageInfo(Width * scale, Height * scale, SKColorType.Rgba8888, SKAlphaType.Opaque));
        using var skia = new SKCanvas(bitmap);
        skia.Clear(SKColors.White);
        skia.Scale(scale);
        paint(new Canvas(skia, scale));
        var image = new Image(bitmap.Width, bitmap.Height, 3);
        ReadOnlySpan<byte> pixels = bitmap.GetPixelSpan();
        for (int from = 0, to = 0; to < image.Pixels.Length; from += 4, to += 3) pixels.Slice(from, 3).CopyTo(image.Pixels.AsSpan(to));
        return image;
    }

    /// <summary>An SVG file. Titles and names of curves are outlines, so that they need no font; numbers on axes are text.</summary>
    public byte[] ToSvg()
    {
        using var file = new MemoryStream();
        using (SKCanvas skia = SKSvgCanvas.Create(SKRect.Create(Width, Height), file))
        {
            using var paper = new SKPaint { Color = SKColors.White };
            skia.DrawRect(0, 0, Width, Height, paper);
            paint(new Canvas(skia, scale: 1, isVector: true));
        }
        // Skia's lists of positions end with a comma, which strict readers refuse; and viewers would smooth the cells of a map.
        return Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(file.ToArray()).Replace(", \"", "\"", StringComparison.Ordinal)
            .Replace("<image ", "<image style=\"image-rendering:pixelated\" ", StringComparison.Ordinal));
    }
}
