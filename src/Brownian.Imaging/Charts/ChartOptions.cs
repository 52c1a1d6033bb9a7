namespace Brownian.Imaging;

/// <summary>How a <see cref="LineChart"/> looks. Empty texts take no room.</summary>
public sealed record ChartOptions
{
    /// <summary>Above the plot, at the left.</summary>
    public string Title { get; init; } = "";

    /// <summary>Below the horizontal axis.</summary>
    public string XLabel { get; init; } = "";

    /// <summary>Beside the vertical axis, turned by 90°.</summary>
    public string YLabel { get; init; } = "";

    /// <summary>Pixels, 200 to 8192.</summary>
    public int Width { get; init; } = 900;

    /// <summary>Pixels, 120 to 8192.</summary>
    public int Height { get; init; } = 420;

    /// <summary>A logarithmic vertical axis; values of zero or less are left out, as gaps.</summary>
    public bool LogY { get; init; }

    /// <summary>A logarithmic horizontal axis; points at zero or less are left out, as gaps.</summary>
    public bool LogX { get; init; }
}
