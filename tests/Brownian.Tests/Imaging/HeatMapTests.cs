using Brownian.Imaging;

namespace Brownian.Tests;

public sealed class HeatMapTests
{
    static readonly HeatMapOptions Labelled = new() { Title = "t", XLabel = "x", YLabel = "y" };

    // Where the matrix begins, in pixels.
    static int Left => 2 * HeatMap.Left;

    static int Top => 2 * (HeatMap.Top + new ChartHeader("t", [], 500).Height);

    [Fact]
    public void Every_cell_has_the_colour_of_its_value()
    {
        float[] values = [-1, -0.5f, 0, 0.25f, 1, float.NaN];
        Image map = HeatMap.Draw(values, 2, 3, Labelled);
        for (int i = 0; i < values.Length; i++)
        {
            int cellWidth = 2 * (500 / 3), x = Left + i % 3 * cellWidth, y = Top + i / 3 * 500;
            Rgb expected = float.IsNaN(values[i]) ? new Rgb(150, 150, 150) : ColorScale.Diverging.At((values[i] + 1) / 2);
            Assert.Equal(expected, At(map, x, y));
            Assert.Equal(expected, At(map, x + cellWidth - 1, y + 499));
        }
    }

    [Fact]
    public void More_cells_than_pixels_are_averaged()
    {
        float[] values = [.. Enumerable.Range(0, 101).Select(i => i % 2 == 0 ? 0.2f : 0.4f)];
        HeatMapOptions options = Labelled with { Extent = 50, Low = 0 };
        Image map = HeatMap.Draw(values, 1, 101, options);
        // 101 cells in blocks of 3: means of 0.2, 0.4, 0.2 and of 0.4, 0.2, 0.4 take turns, and the last block has two cells.
        Assert.Equal(ColorScale.Diverging.At(0.8 / 3), At(map, Left, Top));
        Assert.Equal(ColorScale.Diverging.At(1.0 / 3), At(map, Left + 2, Top));
        Assert.Equal(ColorScale.Diverging.At(0.3), At(map, Left + 66, Top));
    }

    [Fact]
    public void Colours_run_from_end_to_end_and_stop_there()
    {
        Assert.Equal(new Rgb(250, 250, 250), ColorScale.Diverging.At(0.5));
        Assert.Equal(ColorScale.Diverging.At(0), ColorScale.Diverging.At(-3));
        Assert.Equal(ColorScale.Sequential.At(1), ColorScale.Sequential.At(7));
        double[] light = [.. Enumerable.Range(0, 101).Select(i => ColorScale.Sequential.At(i / 100.0)).Select(c => 0.3 * c.R + 0.59 * c.G + 0.11 * c.B)];
        Assert.Equal(light.Order(), light);
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(1, 5000)]
    [InlineData(5000, 1)]
    [InlineData(501, 2)]
    public void Any_shape_makes_a_map(int rows, int columns)
    {
        Image map = HeatMap.Draw([.. Enumerable.Repeat(1f, rows * columns)], rows, columns, Labelled);
        Assert.Equal(ColorScale.Diverging.At(1), At(map, Left, Top));
        Assert.InRange(map.Width, 120, 1400);
        Assert.InRange(map.Height, 80, 1400);
    }

    [Fact]
    public void Bad_arguments_are_named()
    {
        Assert.Contains("2 rows of 3 columns are not 5", Assert.Throws<ArgumentException>(() => HeatMap.Draw(new float[5], 2, 3)).Message);
        Assert.Contains("from 1 to 1", Assert.Throws<ArgumentException>(() => HeatMap.Draw([1], 1, 1, new() { Low = 1 })).Message);
        Assert.Contains("Extent is 3", Assert.Throws<ArgumentException>(() => HeatMap.Draw([1], 1, 1, new() { Extent = 3 })).Message);
    }

    static Rgb At(Image image, int x, int y)
    {
        ReadOnlySpan<byte> pixel = image.Pixels.AsSpan(3 * (y * image.Width + x), 3);
        return new Rgb(pixel[0], pixel[1], pixel[2]);
    }
}
