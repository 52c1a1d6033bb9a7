using ScottPlot;
using SkiaSharp;

namespace Brownian.Imaging;

/// <summary>An RGB image to draw on. Coordinates count units from the top left corner; what lies outside is cut off.</summary>
sealed class Canvas : IDisposable
{
    readonly SKBitmap bitmap;
    readonly SKCanvas skia;
    readonly int scale;

    /// <summary>White, of width × height units.</summary>
    /// <param name="width">Units.</param>
    /// <param name="height">Units.</param>
    /// <param name="scale">Pixels to a unit.</param>
    public Canvas(int width, int height, int scale)
    {
        this.scale = scale;
        bitmap = new SKBitmap(new SKImageInfo(width * scale, height * scale, SKColorType.Rgba8888, SKAlphaType.Opaque));
        skia = new SKCanvas(bitmap);
        skia.Clear(SKColors.White);
        skia.Scale(scale);
    }

    public void Fill(double left, double top, double width, double height, Rgb color)
    {
        using var paint = new SKPaint { Color = color.ToSkia() };
        skia.DrawRect((float)left, (float)top, (float)width, (float)height, paint);
    }

    /// <summary>Draws the text from the left end of its baseline.</summary>
    public void Write(string text, double x, double baseline, double size, Rgb color) =>
        Lettering.Draw(skia, text, x, baseline, size, color.ToSkia());

    /// <summary>
    /// Copies an image whose corner comes to a unit, each of its pixels as a square of <paramref name="side"/> × <paramref name="side"/>
    /// pixels; alpha is dropped.
    /// </summary>
    public void Paste(Image image, int left, int top, int side = 1)
    {
        var info = new SKImageInfo(image.Width, image.Height, SKColorType.Rgba8888, SKAlphaType.Opaque);
        using SKImage pixels = SKImage.FromPixelCopy(info, image.ConvertTo(3).ConvertTo(4).Pixels, info.RowBytes);
        float unit = (float)side / scale;
        skia.DrawImage(pixels, SKRect.Create(left, top, image.Width * unit, image.Height * unit));
    }

    /// <summary>Draws a plot that fills a rectangle.</summary>
    public void Draw(Plot plot, int left, int top, int width, int height)
    {
        skia.Save();
        skia.ClipRect(SKRect.Create(left, top, width, height));        // the plot clears what it may
        skia.Translate(left, top);
        plot.Render(skia, width, height);
        skia.Restore();
    }

    /// <summary>What was drawn so far.</summary>
    public Image ToImage()
    {
        var image = new Image(bitmap.Width, bitmap.Height, 3);
        ReadOnlySpan<byte> pixels = bitmap.GetPixelSpan();
        for (int from = 0, to = 0; to < image.Pixels.Length; from += 4, to += 3) pixels.Slice(from, 3).CopyTo(image.Pixels.AsSpan(to));
        return image;
    }

    public void Dispose()
    {
        skia.Dispose();
        bitmap.Dispose();
    }
}
