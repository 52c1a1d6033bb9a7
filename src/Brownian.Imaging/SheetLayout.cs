using Brownian.IO;

namespace Brownian.Imaging;

/// <summary>Where everything on an <see cref="ImageSheet"/> lies, in pixels.</summary>
sealed class SheetLayout
{
    public const int CaptionHeight = 22;

    public const double RowLabelSize = 15;

    const int Edge = ChartTheme.Edge, Gap = ImageGrid.UsualPadding, GroupGap = 12, LeastSide = 84, LargestSide = 256;

    readonly SheetOptions options;
    readonly int left, top, rowHeight;

    public SheetLayout(SheetOptions options, int images, Image first)
    {
        this.options = options;
        Check(options.Columns is >= 0 and <= 1 << 20, $"Columns is {options.Columns}; it must be 0 to {1 << 20}");
        Check(options.Scale is >= 0 and <= SheetOptions.MostScale, $"Scale is {options.Scale}; it must be 0 to {SheetOptions.MostScale}");
        Columns = Math.Min(images, options.Columns > 0 ? options.Columns : (int)Math.Ceiling(Math.Sqrt(images)));
        Rows = (images - 1) / Columns + 1;
        CheckCount("RowLabels", options.RowLabels.Count, Rows, "rows");
        CheckCount("ColumnLabels", options.ColumnLabels.Count, Columns, "columns");
        CheckCount("Captions", options.Captions.Count, images, "images");
        int side = Math.Max(first.Width, first.Height);
        IsReduced = options.Scale == 0 && side > LargestSide;
        Scale = options.Scale > 0 ? options.Scale : IsReduced ? 1 : Math.Max(
            (LeastSide + side - 1) / side, ImageGrid.ScaleTo(options.Side, images, Columns, first.Width, first.Height, Gap));
        CellWidth = IsReduced ? Math.Max(1, first.Width * LargestSide / side) : first.Width * Scale;
        CellHeight = IsReduced ? Math.Max(1, first.Height * LargestSide / side) : first.Height * Scale;
        double labels = options.RowLabels.Select(label => Lettering.Measure(label, RowLabelSize)).DefaultIfEmpty(0).Max();
        left = Edge + (labels > 0 ? (int)Math.Ceiling(labels) + 10 : 0);
        top = Edge + (options.Title.Length > 0 ? 30 : 0);
        rowHeight = CellHeight + Gap + (options.Captions.Count > 0 ? CaptionHeight : 0);
        long width = left + (long)Columns * (CellWidth + Gap) - Gap + Edge;
        long height = TopOf(Rows - 1) + rowHeight - Gap + (options.ColumnLabels.Count > 0 ? CaptionHeight : 0) + Edge;
        if (width * height > ImageFile.MaxPixels)
            throw new ArgumentException($"ImageSheet: {Counted.Of(images, "image")} make a sheet of {width}×{height} pixels; draw fewer.");
        (Width, Height) = (Math.Max((int)width, options.MinWidth), (int)height);
    }

    public int Width { get; }

    public int Height { get; }

    public int Columns { get; }

    public int Rows { get; }

    /// <summary>The side of an image's pixel.</summary>
    public int Scale { get; }

    /// <summary>Images are too large and are to be resized to a cell.</summary>
    public bool IsReduced { get; }

    public int CellWidth { get; }

    public int CellHeight { get; }

    public (int Left, int Top) PlaceOf(int image) => (left + image % Columns * (CellWidth + Gap), (int)TopOf(image / Columns));

    long TopOf(int row) => top + (long)row * rowHeight + (options.GroupRows > 0 ? row / options.GroupRows * GroupGap : 0);

    static void CheckCount(string name, int count, int wanted, string of) =>
        Check(count == 0 || count == wanted, $"there are {count} {name} for {wanted} {of}");

    static void Check(bool good, string problem)
    {
        if (!good) throw new ArgumentException($"ImageSheet: {problem}.");
    }
}
