using System.Globalization;

namespace Brownian.Imaging;

/// <summary>
/// A small typeface of pen strokes, so that text needs no font file and turns or scales freely. Capitals are 9 units high, lower case 6,
/// descenders reach 3 below the baseline; at scale 1 a unit is a pixel and upright stems are sharp.
/// </summary>
static class StrokeFont
{
    public const double CapHeight = 9;

    const double Spacing = 2.6;

    sealed record Glyph(double Width, Dot[][] Lines);

    static readonly Dictionary<char, Glyph> Glyphs = StrokeFontGlyphs.Table.ToDictionary(g => g.Key, g => Parse(g.Value));

    static readonly Glyph Unknown = Parse("5 0,0 5,0 5,9 0,9 0,0");

    /// <summary>The width of the text in pixels.</summary>
    public static double Measure(string text, double scale) =>
        text.Length == 0 ? 0 : text[..^1].Sum(c => Advance(Find(c), scale)) + Find(text[^1]).Width * scale;

    /// <summary>The text, or as much of its beginning as fits into <paramref name="width"/> pixels, with an ellipsis.</summary>
    public static string Fit(string text, double scale, double width)
    {
        if (Measure(text, scale) <= width) return text;
        int kept = text.Length;
        while (kept > 0 && Measure(text[..kept] + "…", scale) > width) kept--;
        return kept == 0 ? "" : text[..kept] + "…";
    }

    /// <summary>Draws the text from the left end of its baseline, to the right, or upwards when <paramref name="upwards"/>.</summary>
    public static void Draw(Canvas canvas, string text, Dot at, double scale, double weight, Rgb color, bool upwards = false)
    {
        var lines = new List<Dot[]>();
        double pen = 0;
        foreach (char c in text)
        {
            Glyph glyph = Find(c);
            foreach (Dot[] line in glyph.Lines) lines.Add([.. line.Select(p => Place(p, pen))]);
            pen += Advance(glyph, scale);
        }
        canvas.Stroke(lines, weight, color);

        Dot Place(Dot p, double shift)
        {
            double along = p.X * scale + shift, up = (CapHeight - p.Y) * scale;
            return upwards ? new Dot(at.X - up, at.Y - along) : new Dot(at.X + along, at.Y - up);
        }
    }

    // Whole pixels keep the stems of every letter on pixel centres.
    static double Advance(Glyph glyph, double scale) => Math.Round((glyph.Width + Spacing) * scale);

    static Glyph Find(char c) => Glyphs.GetValueOrDefault(c, Unknown);

    // "width x,y x,y ~x,y x,y; ...": lines through points; ~ marks the control point of a quadratic curve. Between two control points
    // in a row lies an implied point halfway, as in TrueType.
    static Glyph Parse(string source)
    {
        int space = source.IndexOf(' ');
        if (space < 0) return new Glyph(Number(source), []);
        return new Glyph(Number(source[..space]), [.. source[(space + 1)..].Split(';').Select(Flatten)]);
    }

    static Dot[] Flatten(string stroke)
    {
        string[] tokens = stroke.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var line = new List<Dot>();
        for (int i = 0; i < tokens.Length; i++)
        {
            Dot point = Point(tokens[i]);
            if (tokens[i][0] != '~')
            {
                line.Add(point);
                continue;
            }
            Dot end = Point(tokens[i + 1]);
            if (tokens[i + 1][0] == '~') end = new Dot((point.X + end.X) / 2, (point.Y + end.Y) / 2);
            AddCurve(line, point, end);
        }
        return [.. line];
    }

    static void AddCurve(List<Dot> line, Dot control, Dot end)
    {
        const int Pieces = 8;
        Dot start = line[^1];
        for (int i = 1; i <= Pieces; i++)
        {
            double t = (double)i / Pieces, a = (1 - t) * (1 - t), b = 2 * t * (1 - t), c = t * t;
            line.Add(new Dot(a * start.X + b * control.X + c * end.X, a * start.Y + b * control.Y + c * end.Y));
        }
    }

    static Dot Point(string token)
    {
        string[] xy = token.TrimStart('~').Split(',');
        return new Dot(Number(xy[0]), Number(xy[1]));
    }

    static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);
}
