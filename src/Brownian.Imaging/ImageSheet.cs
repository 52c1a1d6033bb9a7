namespace Brownian.Imaging;

/// <summary>How an <see cref="ImageSheet"/> looks. Empty texts and lists take no room.</summary>
public sealed record SheetOptions
{
    /// <summary>The largest <see cref="Scale"/>.</summary>
    public const int MostScale = 256;

    /// <summary>Images per row; 0 for about as many as there are rows.</summary>
    public int Columns { get; init; }

    /// <summary>Above everything, at the left.</summary>
    public string Title { get; init; } = "";

    /// <summary>At the left of each row, one for each.</summary>
    public IReadOnlyList<string> RowLabels { get; init; } = [];

    /// <summary>Below the last row, one for each column.</summary>
    public IReadOnlyList<string> ColumnLabels { get; init; } = [];

    /// <summary>Below each image, one for each.</summary>
    public IReadOnlyList<string> Captions { get; init; } = [];

    /// <summary>Rows that belong together, with more room after them; 0 for no such groups.</summary>
    public int GroupRows { get; init; }

    /// <summary>
    /// The side of an image's square pixels on the sheet; 0 for the whole number that brings the images together to about
    /// <see cref="Side"/> pixels, or more: each becomes at least 84 pixels wide or high.
    /// </summary>
    public int Scale { get; init; }

    /// <summary>The longer side of all images together, in pixels, that small ones are enlarged to where <see cref="Scale"/> is 0.</summary>
    public int Side { get; init; } = ImageGrid.UsualSide;

    /// <summary>The least width of the sheet in pixels: frames of an animation keep theirs whatever their titles.</summary>
    public int MinWidth { get; init; }
}

/// <summary>Images in rows and columns on white paper with texts around them. <see cref="ImageGrid"/> draws the images alone.</summary>
public static class ImageSheet
{
    /// <summary>
    /// Draws the images left to right, top to bottom. Small ones are enlarged by a whole number, pixel by pixel, as blurring would hide
    /// what a network sees; with <see cref="SheetOptions.Scale"/> 0 those above 256 pixels are reduced to that.
    /// </summary>
    /// <param name="images">At least one; all of one size, drawn as <see cref="Image.AsColors"/> says. Alpha is dropped, and 16 bits become 8.</param>
    /// <param name="options">The defaults when null.</param>
    /// <returns>Gray where the images are gray, which a GIF keeps exactly; else RGB.</returns>
    /// <exception cref="ArgumentException">Images differ in size, texts do not fit them in number, or the sheet would be too large.</exception>
    public static Image Draw(IReadOnlyList<Image> images, SheetOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(images);
        options ??= new SheetOptions();
        images = [.. images.Select(image => image.AsColors().ToBitDepth(8))];
        if (images.Count == 0) throw new ArgumentException("ImageSheet: no images to draw.", nameof(images));
        for (int i = 1; i < images.Count; i++) ImageGrid.CheckSame(images[0], images[i], i);
        var layout = new SheetLayout(options, images.Count, images[0]);
        Image sheet = new Drawing(layout.Width, layout.Height, canvas => Paint(canvas, images, options, layout)).ToImage(scale: 1);
        return images[0].Channels <= 2 ? sheet.ConvertTo(1) : sheet;
    }

    static void Paint(Canvas canvas, IReadOnlyList<Image> images, SheetOptions options, SheetLayout layout)
    {
        for (int i = 0; i < images.Count; i++)
        {
            (int left, int top) = layout.PlaceOf(i);
            Image image = layout.IsReduced ? images[i].Resize(layout.CellWidth, layout.CellHeight) : images[i];
            canvas.Paste(image, left, top, layout.Scale);
            if (options.Captions.Count > 0) Center(canvas, options.Captions[i], left, top + layout.CellHeight, layout.CellWidth);
        }
        PaintTexts(canvas, options, layout);
    }

    static void PaintTexts(Canvas canvas, SheetOptions options, SheetLayout layout)
    {
        new ChartHeader(options.Title, [], layout.Width).Paint(canvas);
        for (int row = 0; row < options.RowLabels.Count; row++)
        {
            int middle = layout.PlaceOf(row * layout.Columns).Top + layout.CellHeight / 2;
            canvas.Write(options.RowLabels[row], ChartTheme.Edge, middle + 5, SheetLayout.RowLabelSize, ChartTheme.Ink);
        }
        int bottom = layout.PlaceOf((layout.Rows - 1) * layout.Columns).Top + layout.CellHeight + (options.Captions.Count > 0 ? SheetLayout.CaptionHeight : 0);
        for (int column = 0; column < options.ColumnLabels.Count; column++)
            Center(canvas, options.ColumnLabels[column], layout.PlaceOf(column).Left, bottom, layout.CellWidth);
    }

    static void Center(Canvas canvas, string label, int left, int top, int width)
    {
        string text = Lettering.Fit(label, ChartTheme.LabelSize, width);
        canvas.Write(text, left + (width - Lettering.Measure(text, ChartTheme.LabelSize)) / 2, top + 15, ChartTheme.LabelSize, ChartTheme.Ink);
    }
}
