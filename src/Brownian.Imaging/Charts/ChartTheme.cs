namespace Brownian.Imaging;

/// <summary>What all charts and sheets look like.</summary>
static class ChartTheme
{
    /// <summary>The outer margin and the height of a row of text, in pixels.</summary>
    public const int Edge = 16, Line = 20;

    public const double TitleScale = 1.4, TitleWeight = 1.9, LabelWeight = 1.15, TickWeight = 1.1;

    public static readonly Rgb Paper = new(255, 255, 255), Grid = new(233, 236, 239), Rule = new(173, 181, 189);
    public static readonly Rgb Ink = new(33, 37, 41), Soft = new(90, 98, 106);

    // Told apart by hue and by lightness, also by most colour-blind readers.
    static readonly Rgb[] Colors =
    [
        new(31, 111, 214), new(229, 97, 22), new(18, 145, 106), new(200, 45, 110),
        new(122, 84, 200), new(196, 146, 10), new(56, 164, 206), new(110, 78, 62),
    ];

    public static Rgb Curve(int index, bool faint)
    {
        Rgb full = Colors[index % Colors.Length];
        return faint ? new Rgb(Pale(full.R), Pale(full.G), Pale(full.B)) : full;
    }

    /// <summary>Draws a tick's label centred on a column, or as near to it as <paramref name="right"/> allows.</summary>
    public static void DrawBelow(Canvas canvas, string label, double center, int baseline, int right)
    {
        double width = Math.Ceiling(StrokeFont.Measure(label, 1));
        StrokeFont.Draw(canvas, label, new Dot(Math.Min(Math.Round(center - width / 2), right - width), baseline), 1, TickWeight, Soft);
    }

    /// <summary>Draws the label of a horizontal axis, centred, and cut where it is too long.</summary>
    public static void DrawXLabel(Canvas canvas, string label, int left, int right, int baseline)
    {
        string text = StrokeFont.Fit(label, 1, right - left);
        StrokeFont.Draw(canvas, text, new Dot(Math.Round((left + right - StrokeFont.Measure(text, 1)) / 2), baseline), 1, LabelWeight, Ink);
    }

    /// <summary>The same for a vertical axis, upwards.</summary>
    public static void DrawYLabel(Canvas canvas, string label, int top, int bottom, int baseline)
    {
        string text = StrokeFont.Fit(label, 1, bottom - top);
        var start = new Dot(baseline, Math.Round((top + bottom + StrokeFont.Measure(text, 1)) / 2));
        StrokeFont.Draw(canvas, text, start, 1, LabelWeight, Ink, upwards: true);
    }

    static byte Pale(byte level) => (byte)(255 - (255 - level) * 2 / 5);
}
