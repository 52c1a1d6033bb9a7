using System.Collections.Concurrent;
using System.Globalization;
using System.IO.Compression;
using System.Text;
using SkiaSharp;
using SkiaSharp.HarfBuzz;

namespace Brownian.Imaging;

/// <summary>
/// Text in fonts that the assembly carries, as a machine may have none at all: DejaVu Sans, and where it lacks a character the first of the
/// others that has it. So a picture has the same letters everywhere; the system's fonts are asked last.
/// </summary>
static class Lettering
{
    public const string Family = "DejaVu Sans";

    // Noto where letters join or stack, Droid for Chinese, Japanese and Korean, Unifont's pixels for all else.
    static readonly string[] Others =
    [
        "NotoSansDevanagari.ttf", "NotoSansBengali.ttf", "NotoSansGurmukhi.ttf", "NotoSansGujarati.ttf", "NotoSansTamil.ttf", "NotoSansTelugu.ttf",
        "NotoSansKannada.ttf", "NotoSansMalayalam.ttf", "NotoSansSinhala.ttf", "NotoSansThai.ttf", "NotoSansLao.ttf", "NotoSansMyanmar.ttf",
        "NotoSansKhmer.ttf", "DroidSansFallback.ttf", "Unifont.otf", "UnifontUpper.otf",
    ];

    static readonly Face Usual = new(Load("DejaVuSans.ttf"));

    static readonly Lazy<Face>[] Fallbacks = [.. Others.Select(name => new Lazy<Face>(() => new Face(Load(name))))];

    static readonly ConcurrentDictionary<int, Face> SystemFaces = new();

    public static SKTypeface Typeface => Usual.Typeface;

    /// <summary>The width of the text in pixels.</summary>
    public static double Measure(string text, double size) => Runs(text).Sum(run => run.Face.Measure(run.Text, size));

    /// <summary>The text, or as much of its beginning as fits into <paramref name="width"/> pixels, with an ellipsis.</summary>
    public static string Fit(string text, double size, double width)
    {
        if (Measure(text, size) <= width) return text;
        int kept = text.Length;
        while (kept > 0 && (char.IsLowSurrogate(text[kept - 1]) || Measure(text[..kept] + "…", size) > width)) kept--;
        return kept == 0 ? "" : text[..kept] + "…";
    }

    /// <summary>Draws the text from the left end of its baseline.</summary>
    /// <param name="canvas">Where to.</param>
    /// <param name="text">One line.</param>
    /// <param name="x">The left end.</param>
    /// <param name="baseline">Its height.</param>
    /// <param name="size">Pixels to an em.</param>
    /// <param name="color">Of the letters.</param>
    /// <param name="asPaths">Draw outlines, for those who have not the fonts.</param>
    public static void Draw(SKCanvas canvas, string text, double x, double baseline, double size, SKColor color, bool asPaths = false)
    {
        using var paint = new SKPaint { Color = color, IsAntialias = true };
        foreach ((string run, Face face) in Runs(text)) x += face.Draw(canvas, run, (float)x, (float)baseline, size, paint, asPaths);
    }

    // Pieces of one typeface and direction each, from left to right. Spaces and marks stay with what they follow.
    static List<(string Text, Face Face)> Runs(string text)
    {
        var runs = new List<(string, Face)>();
        var run = new StringBuilder();
        Face face = Usual;
        bool leftwards = false, startsLeftwards = false, hasLetters = false;
        foreach (Rune rune in text.EnumerateRunes())
        {
            (Face next, bool turned) = (face, leftwards);
            if (!Joins(rune))
            {
                bool isLetter = Rune.IsLetterOrDigit(rune);
                if (!face.Has(rune) || (isLetter && face != Usual)) next = Of(rune);
                if (isLetter) turned = IsWrittenLeftwards(rune);
                if (isLetter && !hasLetters) (hasLetters, startsLeftwards) = (true, turned);
            }
            if ((next != face || turned != leftwards) && run.Length > 0)
            {
                runs.Add((run.ToString(), face));
                run.Clear();
            }
            (face, leftwards) = (next, turned);
            run.Append(rune);
        }
        if (run.Length > 0) runs.Add((run.ToString(), face));
        if (startsLeftwards) runs.Reverse();
        return runs;
    }

    static Face Of(Rune rune) =>
        Usual.Has(rune) ? Usual
        : Fallbacks.Select(face => face.Value).FirstOrDefault(face => face.Has(rune))
        ?? SystemFaces.GetOrAdd(rune.Value, static code => SKFontManager.Default.MatchCharacter(code) is { } system ? new Face(system) : Usual);

    // Joiners and selectors, which mean something only to the font of their neighbours.
    static bool Joins(Rune rune) => Rune.GetUnicodeCategory(rune) is UnicodeCategory.Format || rune.Value is >= 0xFE00 and <= 0xFE0F;

    // Hebrew, Arabic, Syriac, Thaana, N'Ko and their presentation forms.
    static bool IsWrittenLeftwards(Rune rune) => rune.Value is (>= 0x590 and <= 0x8FF and not (>= 0x660 and <= 0x669) and not (>= 0x6F0 and <= 0x6F9))
        or (>= 0xFB1D and <= 0xFDFF) or (>= 0xFE70 and <= 0xFEFF);

    // All but the first are compressed.
    static SKTypeface Load(string name)
    {
        if (name == "DejaVuSans.ttf")
        {
            using Stream plain = typeof(Lettering).Assembly.GetManifestResourceStream(name)!;
            return SKTypeface.FromStream(plain);
        }
        using Stream packed = typeof(Lettering).Assembly.GetManifestResourceStream(name + ".br")!;
        using var font = new BrotliStream(packed, CompressionMode.Decompress);
        using var whole = new MemoryStream();
        font.CopyTo(whole);
        return SKTypeface.FromData(SKData.CreateCopy(whole.ToArray()));
    }

    /// <summary>A typeface, and what places its glyphs, one thread at a time. Both stay for the life of the process.</summary>
    sealed class Face(SKTypeface typeface, SKShaper shaper)
    {
        readonly Lock shaping = new();

        public Face(SKTypeface typeface) : this(typeface, new SKShaper(typeface)) { }

        public SKTypeface Typeface => typeface;

        public bool Has(Rune rune) => typeface.ContainsGlyph(rune.Value);

        public double Measure(string run, double size)
        {
            using SKFont font = Font(size);
            return Shape(run, font).Width;
        }

        /// <returns>The width.</returns>
        public double Draw(SKCanvas canvas, string run, float x, float baseline, double size, SKPaint paint, bool asPaths)
        {
            using SKFont font = Font(size);
            SKShaper.Result shaped = Shape(run, font);
            ushort[] glyphs = Array.ConvertAll(shaped.Codepoints, code => (ushort)code);
            if (asPaths)
            {
                for (int i = 0; i < glyphs.Length; i++)
                {
                    using SKPath? path = font.GetGlyphPath(glyphs[i]);
                    if (path is null) continue;
                    path.Transform(SKMatrix.CreateTranslation(x + shaped.Points[i].X, baseline + shaped.Points[i].Y));
                    canvas.DrawPath(path, paint);
                }
            }
            else if (glyphs.Length > 0)
            {
                using var builder = new SKTextBlobBuilder();
                builder.AddPositionedRun(glyphs, font, shaped.Points);
                using SKTextBlob? blob = builder.Build();
                canvas.DrawText(blob, x, baseline, paint);
            }
            return shaped.Width;
        }

        SKFont Font(double size) => new(typeface, (float)size) { Subpixel = true };

        SKShaper.Result Shape(string run, SKFont font)
        {
            lock (shaping) return shaper.Shape(run, font);
        }
    }
}
