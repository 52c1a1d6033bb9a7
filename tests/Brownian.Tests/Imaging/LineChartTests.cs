using Brownian.Imaging;

namespace Brownian.Tests;

public sealed class LineChartTests
{
    static readonly byte[] Blue = [0, 114, 178];

    [Fact]
    public void A_rising_line_runs_from_low_left_to_high_right()
    {
        Image chart = new LineChart(new ChartOptions { Width = 300, Height = 200 }).Add("", [0, 1], [0, 1]).Draw();
        Assert.Equal((600, 400, 3), (chart.Width, chart.Height, chart.Channels));
        (int X, int Y)[] line = [.. Find(chart, Blue)];
        Assert.True(line.Length > 150);
        (int X, int Y) first = line.MinBy(p => p.X), last = line.MaxBy(p => p.X);
        Assert.True(first.Y > last.Y + 200 && last.X > first.X + 400);
        foreach ((int x, int y) in line)                    // and is straight
            Assert.Equal(first.Y + (double)(x - first.X) * (last.Y - first.Y) / (last.X - first.X), y, 3.0);
    }

    [Fact]
    public void Values_that_cannot_be_drawn_leave_a_gap()
    {
        double[] xs = [.. Enumerable.Range(0, 101).Select(i => (double)i)];
        double[] ys = [.. xs.Select(x => x is > 40 and < 60 ? double.NaN : 1 + x)];
        Image chart = new LineChart(new ChartOptions { Width = 300, Height = 200 }).Add("", xs, ys).Draw();
        int[] columns = [.. Find(chart, Blue).Select(p => p.X).Distinct().Order()];
        int widest = columns.Zip(columns.Skip(1), (a, b) => b - a).Max();
        Assert.InRange(widest, 70, 140);                    // a fifth of about 520 pixels
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Odd_data_still_makes_a_chart(bool log)
    {
        double[][] cases =
        [
            [], [1], [5, 5, 5], [0, 0], [-1, -2], [double.NaN], [double.PositiveInfinity, 1], [1e300, 1e-300], [1e-310, 1e140],
            [1e15, 1e15 + 1], [-1e140, 1e140], [double.MaxValue, double.MinValue],
        ];
        foreach (double[] values in cases)
        {
            foreach (int height in new[] { 120, 300 })
            {
                var options = new ChartOptions { Width = 200, Height = height, LogY = log, Title = "t", XLabel = "x", YLabel = "y" };
                Assert.Equal(2 * height, new LineChart(options).Add("s", values, values).Draw().Height);
            }
        }
        Assert.Equal(1800, new LineChart().Draw().Width);
    }

    [Fact]
    public void Dense_curves_keep_their_extremes()
    {
        double[] xs = [.. Enumerable.Range(0, 100_000).Select(i => (double)i)], ys = new double[xs.Length];
        ys[31_415] = 1;
        ys[62_831] = -1;
        Image chart = new LineChart(new ChartOptions { Width = 300, Height = 200 }).Add("", xs, ys).Draw();
        (int X, int Y)[] line = [.. Find(chart, Blue)];
        Assert.True(line.Max(p => p.Y) - line.Min(p => p.Y) > 260);
    }

    [Fact]
    public void A_faint_curve_is_paler()
    {
        Image chart = new LineChart(new ChartOptions { Width = 300, Height = 200 }).Add("", [0, 1], [0, 1], faint: true).Draw();
        Assert.Empty(Find(chart, Blue));
        Assert.NotEmpty(Find(chart, [153, 199, 225]));
    }

    [Fact]
    public void Ticks_are_round_and_labelled_alike()
    {
        Assert.Equal(["0.2", "0.4", "0.6", "0.8"], Labels(ChartTicks.Linear(0.1, 0.9, 5)));
        Assert.Equal(["0", "20k", "40k", "60k", "80k", "100k"], Labels(ChartTicks.Linear(0, 100_000, 5)));
        Assert.Equal(["-1.0", "-0.5", "0", "0.5", "1.0"], Labels(ChartTicks.Linear(-1, 1, 5)));
        Assert.Equal(["0.001", "0.01", "0.1", "1", "10"], Labels(ChartTicks.Logarithmic(0.001, 10, 6)));
        Assert.Equal(["0.05", "0.1", "0.2", "0.5"], Labels(ChartTicks.Logarithmic(0.04, 0.9, 8)));
    }

    [Fact]
    public void The_last_tick_stands_at_the_end_of_the_axis()
    {
        ScottPlot.Tick[] round = ChartTicks.Linear(1, 9380, 10);
        Assert.Equal(["1000", "2000", "3000", "4000", "5000", "6000", "7000", "8000", "9380"], Labels(ChartTicks.EndingAt(round, 9380, log: false, near: 8900)));
        Assert.Equal(["20k", "40k", "46.875k"], Labels(ChartTicks.EndingAt(ChartTicks.Linear(1, 46_875, 3), 46_875, log: false, near: 45_000)));
        Assert.Same(round, ChartTicks.EndingAt(round, 9000, log: false, near: 8000));
    }

    [Fact]
    public void The_embedded_font_has_the_characters_of_our_texts_and_of_many_languages()
    {
        string printable = new([.. Enumerable.Range(' ', '~' - ' ' + 1).Select(c => (char)c)]);
        foreach (char c in printable + "βεθλμσαᾱ₀ₜ\u0302…×·±²°–—−→ßčłşéдом" + "σπίτιבيتსა")
            Assert.True(Lettering.Typeface.ContainsGlyph(c), $"no glyph for '{c}'");
        Assert.Equal("long…", Lettering.Fit("long text", 12, Lettering.Measure("long…", 12)));
        Assert.Equal("", Lettering.Fit("long text", 12, 1));
    }

    [Fact]
    public void Bad_arguments_are_named()
    {
        var e = Assert.Throws<ArgumentException>(() => new LineChart().Add("loss", [1, 2], [1]));
        Assert.Contains("'loss' has 2 positions but 1 value", e.Message);
        Assert.Throws<ArgumentOutOfRangeException>(() => new LineChart(new ChartOptions { Width = 10 }));
    }

    static IEnumerable<string> Labels(ScottPlot.Tick[] ticks) => ticks.Select(t => t.Label);

    static IEnumerable<(int X, int Y)> Find(Image image, byte[] color)
    {
        for (int y = 0; y < image.Height; y++)
            for (int x = 0; x < image.Width; x++)
                if (image.Pixels.AsSpan(3 * (y * image.Width + x), 3).SequenceEqual(color)) yield return (x, y);
    }
}
