namespace Brownian.Tests;

public sealed class DrawnDigitsTests
{
    [Fact]
    public void An_image_depends_on_the_seed_and_its_index_only()
    {
        DrawnDigits few = new(25, seed: 4), many = new(140, seed: 4), other = new(25, seed: 5);
        for (int i = 0; i < 25; i++)
        {
            Assert.Equal(few.Label(i), many.Label(i));
            Assert.Equal(Image(few, i), Image(many, i));
            Assert.NotEqual(Image(few, i), Image(other, i));
        }
    }

    [Fact]
    public void An_image_is_drawn_once_whoever_reads_it_first_and_in_any_order()
    {
        DrawnDigits forwards = new(300, seed: 4), backwards = new(300, seed: 4), together = new(300, seed: 4);
        Assert.Equal(300 * 784, forwards.UnreadBytes);
        byte[][] expected = [.. Enumerable.Range(0, 300).Select(i => Image(forwards, i))];
        for (int i = 299; i >= 0; i--) Assert.Equal(expected[i], Image(backwards, i));
        Parallel.For(0, 1200, i => Assert.Equal(expected[i % 300], Image(together, i % 300)));
        Assert.Equal((0, 0), (forwards.UnreadBytes, together.UnreadBytes));
        Assert.Equal((100 * 784, 784L), (new DrawnDigits(300).Take(100).UnreadBytes, Left(299)));

        static long Left(int read)
        {
            var digits = new DrawnDigits(300);
            for (int i = 0; i < read; i++) Image(digits, i);
            return digits.UnreadBytes;
        }
    }

    [Fact]
    public void Labels_are_balanced_and_shuffled()
    {
        DrawnDigits set = new(1000);
        int[] labels = [.. Enumerable.Range(0, 1000).Select(set.Label)];
        Assert.All(labels.CountBy(label => label), pair => Assert.Equal(100, pair.Value));
        Assert.Equal(10, labels.Distinct().Count());
        Assert.InRange(Enumerable.Range(0, 1000).Count(i => labels[i] == i % 10), 50, 160);
        Assert.Equal(["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"], set.Classes);
        Assert.Equal("drawn digits, seed 0: 1000 images, 28×28×1, 10 classes", set.Description);
    }

    [Theory]
    [InlineData(28)]
    [InlineData(32)]
    [InlineData(64)]
    public void Ink_is_white_on_black_of_the_thickness_of_handwriting_and_keeps_off_the_border(int size)
    {
        DrawnDigits set = new(500, seed: 1, size);
        for (int i = 0; i < set.Count; i++)
        {
            byte[] image = Image(set, i);
            double mean = image.Average(p => p / 255.0);
            Assert.InRange(mean, 0.02, 0.35);
            Assert.Contains(image, p => p > 250);
            for (int k = 0; k < size; k++)
            {
                Assert.Equal(0, image[k] | image[(size - 1) * size + k]);
                Assert.Equal(0, image[k * size] | image[k * size + size - 1]);
            }
        }
    }

    [Fact]
    public void Digits_can_be_told_apart_by_their_nearest_neighbour()
    {
        DrawnDigits known = new(1500, seed: 0), asked = new(100, seed: 9);
        byte[][] images = [.. Enumerable.Range(0, known.Count).Select(i => Image(known, i))];
        int right = Enumerable.Range(0, asked.Count).Count(i =>
        {
            byte[] image = Image(asked, i);
            int nearest = Enumerable.Range(0, known.Count).MinBy(j => Distance(image, images[j]));
            return known.Label(nearest) == asked.Label(i);
        });
        Assert.InRange(right, 85, 100);
    }

    [Fact]
    public void No_two_images_are_alike()
    {
        DrawnDigits set = new(2000, seed: 3);
        Assert.Equal(2000, Enumerable.Range(0, 2000).Select(i => Convert.ToHexString(Image(set, i))).Distinct().Count());
    }

    [Fact]
    public void Numbers_out_of_range_are_errors()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new DrawnDigits(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => new DrawnDigits(10, size: 7));
        Assert.Throws<ArgumentOutOfRangeException>(() => new DrawnDigits(10, size: 513));
        Assert.Throws<ArgumentException>(() => new DrawnDigits(int.MaxValue));
    }

    static byte[] Image(DrawnDigits set, int index)
    {
        byte[] pixels = new byte[set.ImageBytes()];
        set.Read(index, pixels);
        return pixels;
    }

    static int Distance(byte[] a, byte[] b)
    {
        int sum = 0;
        for (int i = 0; i < a.Length; i++)
            sum += (a[i] - b[i]) * (a[i] - b[i]);
        return sum;
    }
}
