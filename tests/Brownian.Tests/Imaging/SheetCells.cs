using Brownian.Imaging;

namespace Brownian.Tests;

/// <summary>Takes the images of a sheet out of it again.</summary>
static class SheetCells
{
    /// <summary>One image, gray or RGB as it was, from the first of the square's pixels that stand for each of its own.</summary>
    public static Image Cut(Image sheet, SheetOptions options, int images, Image like, int index)
    {
        sheet = sheet.ConvertTo(3);
        var layout = new SheetLayout(options, images, like);
        (int left, int top) = layout.PlaceOf(index);
        var cell = new Image(like.Width, like.Height, 3);
        for (int y = 0; y < like.Height; y++)
        {
            for (int x = 0; x < like.Width; x++)
            {
                sheet.Pixels.AsSpan(3 * ((top + y * layout.Scale) * sheet.Width + left + x * layout.Scale), 3)
                    .CopyTo(cell.Pixels.AsSpan(3 * (y * like.Width + x)));
            }
        }
        return cell.ConvertTo(like.Channels);
    }
}
