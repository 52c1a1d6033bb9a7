using System.Xml.Linq;
using Brownian.Imaging;

namespace Brownian.Tests;

public sealed class ChartPanelTests
{
    static readonly byte[] Blue = [0, 114, 178];

    [Fact]
    public void Panels_stand_side_by_side_under_one_legend()
    {
        LineChart[] charts = [Chart("rising"), Chart("rising")];
        Image picture = ChartPanels.Draw("both", charts);
        Image alone = charts[0].ToDrawingWithoutLegend().ToImage();
        Assert.Equal((1200, alone.Height + 80), (picture.Width, picture.Height));
        for (int y = 0; y < alone.Height; y++)
            Assert.True(alone.Pixels.AsSpan(1800 * y, 1800).SequenceEqual(picture.Pixels.AsSpan(3600 * (y + 80) + 1800, 1800)), $"row {y}");
        Assert.True(Contains(picture.Pixels.AsSpan(0, 80 * 3600), Blue), "the legend shows no blue");
    }

    [Fact]
    public void Pictures_of_different_heights_hang_from_one_line()
    {
        static Drawing Black(int width, int height) => new(width, height, canvas => canvas.Fill(0, 0, width, height, new Rgb(0, 0, 0)));
        Image picture = ChartPanels.ToDrawing("", [Black(15, 10), Black(5, 25)]).ToImage();
        Assert.Equal((40, 50, 3), (picture.Width, picture.Height, picture.Channels));
        Assert.Equal(0, picture.Pixels[3 * (19 * 40 + 29)]);
        Assert.Equal(255, picture.Pixels[3 * (20 * 40 + 29)]);
        Assert.Equal(0, picture.Pixels[3 * (49 * 40 + 39)]);
        Assert.Throws<ArgumentException>(() => ChartPanels.ToDrawing("none", Array.Empty<Drawing>()));
    }

    [Fact]
    public void A_power_is_a_straight_line_on_two_logarithmic_axes()
    {
        double[] xs = [1, 10, 100, 1000, 10_000], ys = [.. xs.Select(x => x * x)];
        Image chart = new LineChart(new ChartOptions { Width = 300, Height = 200, LogX = true, LogY = true }).Add("", [0, .. xs], [1, .. ys]).Draw();
        (int X, int Y)[] line = [.. Enumerable.Range(0, 600 * 400).Where(i => chart.Pixels.AsSpan(3 * i, 3).SequenceEqual(Blue)).Select(i => (i % 600, i / 600))];
        (int X, int Y) first = line.MinBy(p => p.X), last = line.MaxBy(p => p.X);
        Assert.True(last.X > first.X + 400);
        foreach ((int x, int y) in line)
            Assert.Equal(first.Y + (double)(x - first.X) * (last.Y - first.Y) / (last.X - first.X), y, 3.0);
    }

    [Fact]
    public void A_drawing_has_as_many_pixels_as_are_asked_for()
    {
        Drawing drawing = Chart("rising").ToDrawing();
        Assert.Equal((300, 200), (drawing.Width, drawing.Height));
        foreach (int scale in new[] { 1, 2, 3, Drawing.MaxScale })
        {
            Image image = drawing.ToImage(scale);
            Assert.Equal((300 * scale, 200 * scale), (image.Width, image.Height));
            Assert.True(Contains(image.Pixels, Blue));
        }
        Assert.Throws<ArgumentOutOfRangeException>(() => drawing.ToImage(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => drawing.ToImage(Drawing.MaxScale + 1));
        Assert.Throws<ArgumentException>(() => new LineChart(new ChartOptions { Width = 4096, Height = 4096 }).ToDrawing().ToImage(3));
    }

    [Fact]
    public void An_svg_has_the_curve_and_letters_that_need_no_font()
    {
        XElement svg = Parse(Chart("猫 हिन्दी").ToDrawing());
        Assert.Equal(("300", "200"), (svg.Attribute("width")?.Value, svg.Attribute("height")?.Value));
        Assert.Contains(svg.Descendants(), element => element.Name.LocalName == "path" && element.Attribute("stroke")?.Value == "#0072B2");
        int Outlines(string name) => Parse(Chart(name).ToDrawing()).Descendants().Count(element => element.Name.LocalName == "path");
        Assert.Equal(2, Outlines("猫猫") - Outlines(""));
        Assert.DoesNotContain("猫", svg.ToString());
        Assert.NotEmpty(Parse(ChartPanels.ToDrawing("maps", [HeatMap.ToDrawing(new float[6], 2, 3)])).Descendants());

        static XElement Parse(Drawing drawing) => XElement.Parse(System.Text.Encoding.UTF8.GetString(drawing.ToSvg()));
    }

    static LineChart Chart(string name) => new LineChart(new ChartOptions { Width = 300, Height = 200 }).Add(name, [0, 1], [0, 1]);

    static bool Contains(ReadOnlySpan<byte> pixels, ReadOnlySpan<byte> color)
    {
        for (int i = 0; i < pixels.Length; i += 3)
            if (pixels.Slice(i, 3).SequenceEqual(color)) return true;
        return false;
    }
}
