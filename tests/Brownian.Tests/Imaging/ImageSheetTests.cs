using Brownian.Imaging;

namespace Brownian.Tests;

public sealed class ImageSheetTests
{
    [Theory]
    [InlineData(1, 28, 28)]
    [InlineData(3, 32, 16)]
    [InlineData(4, 64, 100)]
    public void Images_lie_on_the_sheet_pixel_by_pixel(int channels, int width, int height)
    {
        Image[] images = [.. Enumerable.Range(0, 5).Select(seed => Noise(seed, width, height, channels))];
        var options = new SheetOptions
        {
            Columns = 2,
            Title = "Noise",
            RowLabels = ["a", "b", "c"],
            ColumnLabels = ["left", "right"],
            Captions = ["0", "1", "2", "3", "a caption much too long for the width of an image"],
            GroupRows = 2,
        };
        Image sheet = ImageSheet.Draw(images, options);
        for (int i = 0; i < images.Length; i++)
        {
            Image cell = SheetCells.Cut(sheet, options, 5, images[i], i);
            Assert.Equal(images[i].ConvertTo(3).Pixels, cell.ConvertTo(3).Pixels);
        }
    }

    [Fact]
    public void Texts_take_room_and_leave_the_images_alone()
    {
        Image black = new(28, 28, 1);
        Image bare = ImageSheet.Draw([black, black]), told = ImageSheet.Draw([black, black], new() { Captions = ["one", "two"], RowLabels = ["row"] });
        Assert.True(told.Width > bare.Width && told.Height > bare.Height);
        // Enlarged 14 times, to about 800 pixels together.
        Assert.Equal((1, 2 * 392 * 392), (bare.Channels, bare.Pixels.Count(level => level == 0)));
        Assert.InRange(told.Pixels.Count(level => level < 100) - 2 * 392 * 392, 50, 1000);
    }

    [Fact]
    public void Large_images_are_reduced_and_titles_do_not_change_the_size()
    {
        Image large = new(1000, 500, 3);
        Image sheet = ImageSheet.Draw([large]);
        Assert.Equal((256 + 32, 128 + 32), (sheet.Width, sheet.Height));
        Assert.Equal(1000 + 32, ImageSheet.Draw([large], new() { Scale = 1 }).Width);
        var frame = new SheetOptions { Title = "t", MinWidth = 400, Scale = 10 };
        Assert.Equal(400, ImageSheet.Draw([new Image(8, 8, 1)], frame).Width);
        Assert.Equal(400, ImageSheet.Draw([new Image(8, 8, 1)], frame with { Title = new string('m', 200) }).Width);
    }

    [Fact]
    public void Bad_arguments_are_named()
    {
        Image one = new(8, 8, 1), other = new(8, 9, 1);
        Assert.Contains("no images", Message([], new()), StringComparison.Ordinal);
        Assert.Contains("image 1 is 8×9×1", Message([one, other], new()), StringComparison.Ordinal);
        Assert.Contains("3 Captions for 2 images", Message([one, one], new() { Captions = ["a", "b", "c"] }), StringComparison.Ordinal);
        Assert.Contains("1 RowLabels for 2 rows", Message([one, one], new() { Columns = 1, RowLabels = ["a"] }), StringComparison.Ordinal);
        Assert.Contains("draw fewer", Message([.. Enumerable.Repeat(one, 20_000)], new()), StringComparison.Ordinal);
    }

    static string Message(Image[] images, SheetOptions options) => Assert.Throws<ArgumentException>(() => ImageSheet.Draw(images, options)).Message;

    static Image Noise(int seed, int width, int height, int channels)
    {
        var image = new Image(width, height, channels);
        new Random(seed).NextBytes(image.Pixels);
        return image;
    }
}
