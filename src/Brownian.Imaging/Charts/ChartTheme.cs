using ScottPlot;
using SkiaSharp;

namespace Brownian.Imaging;

readonly record struct Rgb(byte R, byte G, byte B)
{
    public SKColor ToSkia() => new(R, G, B);

    public Color ToPlot() => new(R, G, B);
}

/// <summary>What all charts and sheets look like.</summary>
static class ChartTheme
{
    /// <summary>The outer margin and the height of a row of text, in units.</summary>
    public const int Edge = 16, Line = 20;

    /// <summary>Pixels to a unit of a chart, for screens of today.</summary>
    public const int Scale = 2;

    public const float TitleSize = 17, LabelSize = 12, TickSize = 11;

    public static readonly Rgb Ink = new(33, 37, 41);

    static readonly Rgb Grid = new(233, 236, 239), Rule = new(173, 181, 189), Soft = new(90, 98, 106);

    // Okabe and Ito 2008, without black and yellow: colour-blind readers tell them apart. Each other round of them is dashed.
    static readonly Rgb[] Colors = [new(0, 114, 178), new(213, 94, 0), new(0, 158, 115), new(204, 121, 167), new(230, 159, 0), new(86, 180, 233)];

    static ChartTheme() => Fonts.FontResolvers.Insert(0, new EmbeddedFont());

    public static Rgb Curve(int index, bool faint)
    {
        Rgb full = Colors[index % Colors.Length];
        return faint ? new Rgb(Pale(full.R), Pale(full.G), Pale(full.B)) : full;
    }

    public static bool IsDashed(int index) => index / Colors.Length % 2 == 1;

    /// <summary>A plot without a frame, with the labels that are not empty.</summary>
    public static Plot NewPlot(string xLabel, string yLabel)
    {
        var plot = new Plot();
        plot.Font.Set(Lettering.Family);
        plot.Axes.Frame(false);
        plot.Grid.MajorLineColor = Grid.ToPlot();
        Style(plot.Axes.Bottom, xLabel);
        Style(plot.Axes.Left, yLabel);
        plot.Axes.Bottom.FrameLineStyle.IsVisible = true;
        plot.Axes.Right.MinimumSize = Edge + 12;                // half a label, at the end of the axis below
        return plot;
    }

    /// <summary>Looks of one axis.</summary>
    public static void Style(IAxis axis, string label)
    {
        axis.Label.Text = label;
        axis.Label.FontSize = LabelSize;
        axis.Label.Bold = false;
        axis.Label.ForeColor = Ink.ToPlot();
        axis.TickLabelStyle.FontName = Lettering.Family;
        axis.TickLabelStyle.FontSize = TickSize;
        axis.TickLabelStyle.ForeColor = Soft.ToPlot();
        axis.FrameLineStyle.Color = axis.MajorTickStyle.Color = Rule.ToPlot();
    }

    static byte Pale(byte level) => (byte)(255 - (255 - level) * 2 / 5);

    sealed class EmbeddedFont : IFontResolver
    {
        public SKTypeface? CreateTypeface(string fontName, bool bold, bool italic) => fontName == Lettering.Family ? Lettering.Typeface : null;

        public SKTypeface? CreateTypeface(string fontName, FontWeight weight, FontSlant slant, FontSpacing spacing) =>
            CreateTypeface(fontName, bold: false, italic: false);
    }
}
