using Brownian.Imaging;

namespace Brownian.Tests;

public sealed class ImageTests
{
    [Fact]
    public void Conversions_follow_pillow()
    {
        var rgba = new Image(2, 1, 4, [255, 0, 0, 7, 10, 200, 30, 9], new Dictionary<string, string> { ["k"] = "v" });
        Assert.Equal([76, 124], rgba.ConvertTo(1).Pixels);              // 299·255/1000 = 76.2; (2990 + 117400 + 3420)/1000 = 123.8
        Assert.Equal([76, 7, 124, 9], rgba.ConvertTo(2).Pixels);
        Assert.Equal([255, 0, 0, 10, 200, 30], rgba.ConvertTo(3).Pixels);
        Assert.Equal([76, 76, 76, 255], rgba.ConvertTo(1).ConvertTo(4).Pixels[..4]);
        Assert.Equal([76, 76, 76, 7], rgba.ConvertTo(2).ConvertTo(4).Pixels[..4]);
        Assert.Equal("v", rgba.ConvertTo(1).Text["k"]);
        Assert.Same(rgba, rgba.ConvertTo(4));
    }

    [Fact]
    public void Gray_levels_keep_their_value_through_colour()
    {
        var gray = new Image(256, 1, 1, [.. Enumerable.Range(0, 256).Select(i => (byte)i)]);
        Assert.Equal(gray.Pixels, gray.ConvertTo(3).ConvertTo(1).Pixels);
    }

    [Theory]
    [InlineData(0, 1, 1, 0)]
    [InlineData(1, -1, 1, 1)]
    [InlineData(1, 1, 5, 4)]
    [InlineData(1, 1, 1025, 1025)]
    [InlineData(1, 1, 0, 0)]
    [InlineData(2, 2, 3, 11)]
    [InlineData(int.MaxValue, int.MaxValue, 4, 4)]
    public void A_size_that_does_not_fit_its_bytes_is_refused(int width, int height, int channels, int bytes) =>
        Assert.ThrowsAny<ArgumentException>(() => new Image(width, height, channels, new byte[bytes]));

    [Fact]
    public void A_grid_places_images_as_torchvision_does()
    {
        Image[] images = [.. Enumerable.Range(1, 5).Select(i => new Image(3, 2, 1, [.. Enumerable.Repeat((byte)i, 6)]))];
        Image grid = ImageGrid.Draw(images, columns: 2, padding: 1, background: 9, scale: 1);
        byte[] expected =
        [
            9, 9, 9, 9, 9, 9, 9, 9, 9,
            9, 1, 1, 1, 9, 2, 2, 2, 9,
            9, 1, 1, 1, 9, 2, 2, 2, 9,
            9, 9, 9, 9, 9, 9, 9, 9, 9,
            9, 3, 3, 3, 9, 4, 4, 4, 9,
            9, 3, 3, 3, 9, 4, 4, 4, 9,
            9, 9, 9, 9, 9, 9, 9, 9, 9,
            9, 5, 5, 5, 9, 9, 9, 9, 9,
            9, 5, 5, 5, 9, 9, 9, 9, 9,
            9, 9, 9, 9, 9, 9, 9, 9, 9,
        ];
        Assert.Equal((9, 10), (grid.Width, grid.Height));
        Assert.Equal(expected, grid.Pixels);
    }

    [Fact]
    public void A_grid_is_no_wider_than_its_images_and_keeps_colour_and_alpha()
    {
        Image grid = ImageGrid.Draw([new Image(1, 1, 4, [1, 2, 3, 4]), new Image(1, 1, 4, [5, 6, 7, 8])], columns: 8, padding: 0, scale: 1);
        Assert.Equal((2, 1), (grid.Width, grid.Height));
        Assert.Equal([1, 2, 3, 4, 5, 6, 7, 8], grid.Pixels);
        Assert.Equal([0, 0, 0, 255], ImageGrid.Draw([new Image(1, 1, 4)], 1, background: 0).Pixels[..4]);
    }

    [Fact]
    public void A_grid_enlarges_pixels_to_squares_and_keeps_its_padding()
    {
        Image grid = ImageGrid.Draw([new Image(2, 1, 1, [1, 2]), new Image(2, 1, 1, [3, 4])], columns: 2, padding: 1, background: 9, scale: 2);
        byte[] expected =
        [
            9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9,
            9, 1, 1, 2, 2, 9, 3, 3, 4, 4, 9,
            9, 1, 1, 2, 2, 9, 3, 3, 4, 4, 9,
            9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9,
        ];
        Assert.Equal((11, 4), (grid.Width, grid.Height));
        Assert.Equal(expected, grid.Pixels);
    }

    [Theory]
    [InlineData(64, 8, 28, 28, 3, 690)]         // the nearest whole number, which may come to more or to less than 800
    [InlineData(100, 10, 28, 28, 3, 862)]
    [InlineData(1, 1, 28, 28, 28, 788)]
    [InlineData(4, 2, 32, 64, 6, 774)]
    [InlineData(3, 8, 8, 8, 33, 800)]
    [InlineData(64, 8, 256, 256, 1, 2066)]
    public void A_grid_is_enlarged_to_about_800_pixels(int count, int columns, int width, int height, int scale, int longer)
    {
        Assert.Equal(scale, ImageGrid.ScaleTo(ImageGrid.UsualSide, count, columns, width, height));
        (long across, long down) = ImageGrid.Size(count, columns, width, height);
        Assert.Equal(longer, Math.Max(across, down));
        Image grid = ImageGrid.Draw([.. Enumerable.Repeat(new Image(width, height, 1), count)], columns);
        Assert.Equal((across, down), (grid.Width, grid.Height));
        Assert.Equal((255, 255, 0), (grid.Pixels[0], grid.Pixels[^1], grid.Pixels[2 * grid.Width + 2]));
    }

    [Fact]
    public void A_grid_names_both_sizes_that_differ()
    {
        var e = Assert.Throws<ArgumentException>(() => ImageGrid.Draw([new Image(3, 2, 1), new Image(3, 2, 1), new Image(4, 2, 3)], 2));
        Assert.Contains("image 0 is 3×2×1 but image 2 is 4×2×3", e.Message);
        Assert.Throws<ArgumentException>(() => ImageGrid.Draw([], 2));
        Assert.Throws<ArgumentOutOfRangeException>(() => ImageGrid.Draw([new Image(1, 1, 1)], 0));
    }
}
