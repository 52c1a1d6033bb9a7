using Brownian.Imaging;
using Brownian.Tensors;

namespace Brownian.Tests;

public sealed class ForwardPictureTests
{
    static readonly NoiseSchedule Schedule = NoiseSchedule.Linear();

    static readonly Image[] Digits = [Digit(0), Digit(1)];

    [Theory]
    [InlineData(0)]
    [InlineData(300)]
    [InlineData(999)]
    public void Noisy_images_are_what_the_schedule_says_for_the_seed(int t)
    {
        IReadOnlyList<Image> noisy = new ForwardPicture(Schedule, Digits, seed: 7).At(t);
        using Device device = Device.Cpu(1);
        for (int n = 0; n < Digits.Length; n++)
        {
            float[] x0 = new float[28 * 28];
            PixelScale.FromBytes(Digits[n].Pixels, x0);
            var shape = Shape.Of(1, 28, 28, 1);
            Tensor noise = TensorOps.Normal(shape, new Philox(7, Philox.Stream("forward picture", (ulong)n)), device);
            float[] expected = ForwardProcess.MixPerImage(
                [Schedule.At(t)], level => new Mix(level.Alpha, level.Sigma), Tensor.From(x0, shape, device), noise).ToArray();
            for (int i = 0; i < expected.Length; i++) Assert.Equal(PixelScale.ToByte(expected[i]), noisy[n].Pixels[i], 1.0);
        }
    }

    [Fact]
    public void A_strip_begins_with_the_images_and_ends_in_noise()
    {
        IReadOnlyList<int> timesteps = ForwardPicture.UsualTimesteps(1000);
        Assert.Equal([0, 10, 50, 100, 150, 200, 250, 300, 400, 600, 800, 999], timesteps);
        Image strip = new ForwardPicture(Schedule, Digits).DrawStrip(timesteps);
        var options = new SheetOptions { Columns = 12, ColumnLabels = [.. timesteps.Select(t => $"{t}")] };
        double noise = 127.5 * Schedule.At(0).Sigma;
        for (int n = 0; n < 2; n++)
        {
            Assert.InRange(Distance(Cell(12 * n), Digits[n]), 0.1 * noise, 1.5 * noise);       // half of the noise on black is cut off
            Assert.True(Distance(Cell(12 * n + 11), Digits[n]) > 100);
        }

        Image Cell(int index) => SheetCells.Cut(strip, options, 24, Digits[0], index);
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(3, 3)]
    [InlineData(200, 12)]
    public void The_usual_timesteps_fit_any_number(int timesteps, int expected)
    {
        IReadOnlyList<int> usual = ForwardPicture.UsualTimesteps(timesteps);
        Assert.Equal(expected, usual.Count);
        Assert.Equal((0, timesteps - 1), (usual[0], usual[^1]));
        Assert.Equal(usual.Distinct().Order(), usual);
    }

    [Fact]
    public void Processes_without_a_variance_of_one_are_shown_at_the_same_brightness()
    {
        double[] levels = [.. new ForwardPicture(new VarianceExploding(), Digits).At(999)[0].Pixels.Select(level => level / 127.5 - 1)];
        Assert.InRange(levels.Average(level => level * level), 0.4, 0.7);       // of a normal number cut off at ±1: 0.52
    }

    [Fact]
    public void An_animation_shows_all_images_from_the_first_timestep_to_the_last()
    {
        using var folder = new ScratchFolder();
        var picture = new ForwardPicture(NoiseSchedule.Linear(10), Digits);
        using (AnimationWriter animation = AnimationWriter.Create(folder.Path("a.png")))
        {
            picture.Animate(animation);
            animation.Complete();
        }
        ApngReader read = ApngReader.Read(File.ReadAllBytes(folder.Path("a.png")));
        Assert.Equal(10, read.Frames.Count);
        var options = new SheetOptions { Columns = 2, Title = "t", Side = 400, MinWidth = 140 };
        for (int t = 0; t < 10; t++)
            Assert.Equal(picture.At(t)[1].Pixels, SheetCells.Cut(read.Frames[t], options, 2, Digits[0], 1).Pixels);
    }

    [Fact]
    public void Timesteps_outside_are_refused_with_the_range()
    {
        var picture = new ForwardPicture(Schedule, Digits);
        Assert.Contains("Timestep 1000 is outside the model's 0 to 999", Assert.Throws<ArgumentException>(() => picture.DrawStrip([0, 1000])).Message);
        Assert.Throws<ArgumentException>(() => picture.DrawStrip([]));
        Assert.Throws<ArgumentException>(() => new ForwardPicture(Schedule, []));
    }

    static double Distance(Image a, Image b) => Math.Sqrt(a.Pixels.Zip(b.Pixels, (x, y) => (double)(x - y) * (x - y)).Average());

    static Image Digit(int index)
    {
        var image = new Image(28, 28, 1);
        new DrawnDigits(10).Read(index, image.Pixels);
        return image;
    }
}
