using ScottPlot;
using SkiaSharp;

namespace Brownian.Imaging;

/// <summary>What a <see cref="Drawing"/> draws on. Coordinates count units from the top left corner; what lies outside is cut off.</summary>
/// <param name="skia">Scaled to units.</param>
/// <param name="scale">Pixels to a unit.</param>
/// <param name="isVector">There are no pixels.</param>
sealed class Canvas(SKCanvas skia, int scale, bool isVector = false)
{
    public void Fill(double left, double top, double width, double height, Rgb color)
    {
        using var paint = new SKPaint { Color = color.ToSkia() };
        skia.DrawRect((float)left, (float)top, (float)width, (float)height, paint);
    }

    /// <summary>Draws the text from the left end of its baseline.</summary>
    public void Write(string text, double x, double baseline, double size, Rgb color) =>
        Lettering.Draw(skia, text, x, baseline, size, color.ToSkia(), asPaths: isVector);

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

    /// <summary>Draws another drawing, with its corner at a unit.</summary>
    public void Draw(Action<Canvas> paint, int left, int top)
    {
        skia.Save();
        skia.Translate(left, top);
        paint(this);
        skia.Restore();
    }
}
