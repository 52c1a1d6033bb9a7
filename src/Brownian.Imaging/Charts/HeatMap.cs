namespace Brownian.Imaging;

/// <summary>How a <see cref="HeatMap"/> looks. Empty texts take no room.</summary>
public sealed record HeatMapOptions
{
    /// <summary>Above the plot, at the left.</summary>
    public string Title { get; init; } = "";

    /// <summary>Below the columns' axis.</summary>
    public string XLabel { get; init; } = "";

    /// <summary>Beside the rows' axis, turned by 90°.</summary>
    public string YLabel { get; init; } = "";

    /// <summary>The value with the first colour, below <see cref="High"/>.</summary>
    public double Low { get; init; } = -1;

    /// <summary>The value with the last colour.</summary>
    public double High { get; init; } = 1;

    /// <summary>The colours.</summary>
    public ColorScale Colors { get; init; } = ColorScale.Diverging;

    /// <summary>About how many pixels the matrix takes in either direction, 50 to 4096.</summary>
    public int Extent { get; init; } = 500;
}

/// <summary>A matrix as coloured squares, with axes that count rows and columns from 0, and the scale of its colours.</summary>
public static class HeatMap
{
    /// <summary>Draws a matrix, row 0 above. One with more rows or columns than there are pixels is averaged over blocks.</summary>
    /// <param name="values">Rows × columns, row by row. NaN is gray.</param>
    /// <param name="rows">At least 1.</param>
    /// <param name="columns">At least 1.</param>
    /// <param name="options">The defaults when null.</param>
    /// <returns>RGB.</returns>
    /// <exception cref="ArgumentException">The counts do not fit the values, or an option is out of range.</exception>
    public static Image Draw(ReadOnlySpan<float> values, int rows, int columns, HeatMapOptions? options = null)
    {
        options ??= new HeatMapOptions();
        if (rows < 1 || columns < 1 || (long)rows * columns != values.Length)
            throw new ArgumentException($"HeatMap: {rows} rows of {columns} columns are not {values.Length} values.");
        if (!(options.Low < options.High) || !double.IsFinite(options.High - options.Low))
            throw new ArgumentException($"HeatMap: the colours run from {options.Low} to {options.High}; the first must be less.");
        if (options.Extent is < 50 or > 4096)
            throw new ArgumentException($"HeatMap: Extent is {options.Extent}; it must be from 50 to 4096 pixels.");
        return new HeatMapPainter(options, rows, columns).Paint(values);
    }
}

/// <summary>How a number of rows or columns is spread over pixels: each over several, or several averaged into one.</summary>
readonly record struct HeatMapSpan(int Count, int Pixels, int Block)
{
    public int Extent => (Count + Block - 1) / Block * Pixels;

    public static HeatMapSpan Of(int count, int extent) => new(count, Math.Max(1, extent / count), (count + extent - 1) / extent);

    /// <summary>The cells behind a pixel.</summary>
    public (int First, int End) CellsAt(int pixel) => (pixel / Pixels * Block, Math.Min(Count, (pixel / Pixels + 1) * Block));

    /// <summary>The middle of a cell.</summary>
    public double PixelOf(double cell) => (cell + 0.5) * Pixels / Block - 0.5;
}
