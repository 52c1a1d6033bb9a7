using System.Text;
using SkiaSharp;
using SkiaSharp.HarfBuzz;

namespace Brownian.Imaging;

/// <summary>
/// Text in DejaVu Sans, which the assembly carries: a machine may have no font at all. Characters that it lacks, Chinese for one, come from
/// the system's fonts, where there are any.
/// </summary>
static class Lettering
{
    public const string Family = "DejaVu Sans";

    public static SKTypeface Typeface { get; } = Load();

    /// <summary>The width of the text in pixels.</summary>
    public static double Measure(string text, double size)
    {
        double width = 0;
        foreach ((string run, SKTypeface face) in Runs(text)) width += Measure(run, face, size);
        return width;
    }

    /// <summary>The text, or as much of its beginning as fits into <paramref name="width"/> pixels, with an ellipsis.</summary>
    public static string Fit(string text, double size, double width)
    {
        if (Measure(text, size) <= width) return text;
        int kept = text.Length;
        while (kept > 0 && (char.IsLowSurrogate(text[kept - 1]) || Measure(text[..kept] + "…", size) > width)) kept--;
        return kept == 0 ? "" : text[..kept] + "…";
    }

    /// <summary>Draws the text from the left end of its baseline.</summary>
    public static void Draw(SKCanvas canvas, string text, double x, double baseline, double size, SKColor color)
    {
        using var paint = new SKPaint { Color = color, IsAntialias = true };
        foreach ((string run, SKTypeface face) in Runs(text))
        {
            using var font = new SKFont(face, (float)size) { Subpixel = true };
            using var shaper = new SKShaper(face);
            canvas.DrawShapedText(shaper, run, (float)x, (float)baseline, SKTextAlign.Left, font, paint);
            x += Measure(run, face, size);
        }
    }

    static double Measure(string run, SKTypeface face, double size)
    {
        using var font = new SKFont(face, (float)size) { Subpixel = true };
        using var shaper = new SKShaper(face);
        return shaper.Shape(run, font).Width;
    }

    // Pieces of one typeface each. Spaces and marks stay with what they follow.
    static IEnumerable<(string Text, SKTypeface Face)> Runs(string text)
    {
        var run = new StringBuilder();
        SKTypeface face = Typeface;
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (!face.ContainsGlyph(rune.Value) || (face != Typeface && Typeface.ContainsGlyph(rune.Value) && Rune.IsLetterOrDigit(rune)))
            {
                SKTypeface next = Typeface.ContainsGlyph(rune.Value) ? Typeface : SKFontManager.Default.MatchCharacter(rune.Value) ?? Typeface;
                if (next != face && run.Length > 0)
                {
                    yield return (run.ToString(), face);
                    run.Clear();
                }
                face = next;
            }
            run.Append(rune);
        }
        if (run.Length > 0) yield return (run.ToString(), face);
    }

    static SKTypeface Load()
    {
        using Stream font = typeof(Lettering).Assembly.GetManifestResourceStream("DejaVuSans.ttf")!;
        return SKTypeface.FromStream(font);
    }
}
