using Brownian.Imaging;

namespace Brownian.Tests;

public sealed class ImageGeometryTests
{
    static readonly Image Numbered = new(4, 3, 1, [.. Enumerable.Range(0, 12).Select(i => (byte)i)]);

    [Fact]
    public void Crops_take_what_they_say_and_never_more()
    {
        Assert.Equal([5, 6, 9, 10], Numbered.Crop(1, 1, 2, 2).Pixels);
        // One column too many to the right is padded: an odd margin goes to the right.
        Assert.Equal([1, 0, 5, 0, 9, 0], Numbered.Crop(1, 0, 1, 3).CenterCrop(2, 3).Pixels);
        foreach ((int left, int top, int width, int height) in
                 new[] { (-1, 0, 2, 2), (0, -1, 2, 2), (3, 0, 2, 2), (0, 2, 2, 2), (1, 1, int.MaxValue, 1), (0, 0, 0, 1), (0, 0, 5, 1) })
            Assert.ThrowsAny<ArgumentException>(() => Numbered.Crop(left, top, width, height));
    }

    [Fact]
    public void A_mirrored_row_runs_backwards_pixel_by_pixel()
    {
    }

    [Theory]
    [InlineData(ResizeFilter.Box)]
    [InlineData(ResizeFilter.Bilinear)]
    [InlineData(ResizeFilter.Hamming)]
    [InlineData(ResizeFilter.Bicubic)]
    [InlineData(ResizeFilter.Lanczos)]
    [InlineData(ResizeFilter.Nearest)]
    public void Flat_images_stay_flat_in_any_number_of_channels(ResizeFilter filter)
    {
        for (int channels = 1; channels <= 4; channels++)
        {
            byte[] color = [10, 200, 255, 255];
            if (channels == 2) color = [10, 255];
            var image = new Image(7, 5, channels, [.. Enumerable.Range(0, 35 * channels).Select(i => color[i % channels])]);
            foreach ((int width, int height) in new[] { (1, 1), (3, 9), (20, 5), (7, 2) })
            {
                Image resized = image.Resize(width, height, filter);
                Assert.Equal((width, height, channels), (resized.Width, resized.Height, resized.Channels));
                Assert.Equal(Enumerable.Range(0, width * height * channels).Select(i => color[i % channels]), resized.Pixels);
            }
        }
    }

    [Fact]
    public void What_is_transparent_does_not_tint_its_neighbours()
    {
        var image = new Image(2, 1, 4, [255, 255, 255, 0, 100, 50, 0, 255]);
        // Pillow rounds down when it divides by alpha: 255 · 50 / 128 = 99.6, 255 · 25 / 128 = 49.8.
        Assert.Equal([99, 49, 0, 128], image.Resize(1, 1, ResizeFilter.Box).Pixels);
        Assert.Equal([178, 153, 128], image.ConvertTo(3).Resize(1, 1, ResizeFilter.Box).Pixels);
    }

    [Fact]
    public void The_shorter_side_gets_the_size()
    {
        Assert.Equal((41, 31), Sides(new Image(67, 50, 1).ResizeShorterSide(31)));      // 31 · 67/50 = 41.5
        Assert.Equal((31, 41), Sides(new Image(50, 67, 1).ResizeShorterSide(31)));
        Assert.Equal((4, 3), Sides(Numbered.ResizeShorterSide(3)));
    }

    [Fact]
    public void Results_never_share_the_pixels_of_their_source()
    {
        Assert.NotSame(Numbered.Pixels, Numbered.Resize(4, 3).Pixels);
        Assert.Equal(Numbered.Pixels, Numbered.Resize(4, 3).Pixels);
        Assert.NotSame(Numbered.Pixels, Numbered.CenterCrop(4, 3).Pixels);
    }

    [Fact]
    public void Sizes_that_no_image_has_are_refused()
    {
        Assert.Throws<ArgumentException>(() => Numbered.Resize(0, 3));
        Assert.Throws<ArgumentException>(() => Numbered.Resize(20000, 20000));
        Assert.Throws<ArgumentException>(() => new Image(1, 20000, 1).Resize(20000, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => Numbered.Resize(3, 3, (ResizeFilter)77));
        Assert.Throws<ArgumentException>(() => Numbered.CenterCrop(-1, 3));
    }

    static (int Width, int Height) Sides(Image image) => (image.Width, image.Height);
}
