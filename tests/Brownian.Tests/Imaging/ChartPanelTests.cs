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
        Image alone = charts[0].DrawWithoutLegend();
        Assert.Equal((1200, alone.Height + 80), (picture.Width, picture.Height));
        for (int y = 0; y < alone.Height; y++)
            Assert.True(alone.Pixels.AsSpan(1800 * y, 1800).SequenceEqual(picture.Pixels.AsSpan(3600 * (y + 80) + 1800, 1800)), $"row {y}");
        Assert.True(Contains(picture.Pixels.AsSpan(0, 80 * 3600), Blue), "the legend shows no blue");
    }

    [Fact]
    public void Pictures_of_different_heights_hang_from_one_line()
    {
        Image picture = ChartPanels.Draw("", [new Image(30, 20, 1), new Image(10, 50, 3)]);
        Assert.Equal((40, 50, 3), (picture.Width, picture.Height, picture.Channels));
        Assert.Equal(0, picture.Pixels[3 * (19 * 40 + 29)]);
        Assert.Equal(255, picture.Pixels[3 * (20 * 40 + 29)]);
        Assert.Equal(0, picture.Pixels[3 * (49 * 40 + 39)]);
        Assert.Throws<ArgumentException>(() => ChartPanels.Draw("none", Array.Empty<Image>()));
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

    static LineChart Chart(string name) => new LineChart(new ChartOptions { Width = 300, Height = 200 }).Add(name, [0, 1], [0, 1]);

    static bool Contains(ReadOnlySpan<byte> pixels, ReadOnlySpan<byte> color)
    {
        for (int i = 0; i < pixels.Length; i += 3)
            if (pixels.Slice(i, 3).SequenceEqual(color)) return true;
        return false;
    }
}
