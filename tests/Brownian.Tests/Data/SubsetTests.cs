namespace Brownian.Tests;

public sealed class SubsetTests
{
    [Fact]
    public void Take_keeps_the_first_images_and_the_classes()
    {
        IImageDataset few = new CountedImages(10).Take(6).Take(3);
        Assert.Equal((3, 3, 2, 3), (few.Count, few.Width, few.Height, few.Channels));
        Assert.Equal(["a", "b", "c", "d"], few.Classes);
        Assert.Equal("the first 3 of: the first 6 of: counted", few.Description);
        byte[] pixels = new byte[18];
        few.Read(2, pixels);
        Assert.Equal(CountedImages.Byte(2, 0), pixels[0]);
        Assert.Equal(2, few.Label(2));
        Assert.Throws<ArgumentOutOfRangeException>(() => few.Read(3, pixels));
        Assert.Throws<ArgumentOutOfRangeException>(() => few.Label(3));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(11)]
    public void Too_few_or_too_many_is_an_error_with_both_numbers(int count)
    {
        var e = Assert.Throws<ArgumentOutOfRangeException>(() => new CountedImages(10).Take(count));
        Assert.Contains($"take {count} images of a set of 10", e.Message, StringComparison.Ordinal);
    }
}
