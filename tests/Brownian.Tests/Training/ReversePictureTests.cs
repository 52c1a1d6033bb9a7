using Brownian.Imaging;
using Brownian.Tensors;

namespace Brownian.Tests;

public sealed class ReversePictureTests : IDisposable
{
    static readonly ulong[] Seeds = [4, 9, 2];

    readonly Device _device = Device.Cpu(1);
    readonly ScratchFolder _folder = new();
    readonly DiffusionModel _model;

    public ReversePictureTests()
    {
        RunDirectory run = RunDirectory.Create(_folder.Path("runs"), TinyRun.Config);
        TinyRun.Train(run, TinyRun.Config);
        _model = ModelFolder.Open(run.FullPath, _device);
    }

    public void Dispose()
    {
        _device.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void The_last_column_is_what_sampling_gives()
    {
        var sampled = new ImageSampler(_model).Sample(new SampleOptions { Seeds = Seeds }, cancel: TestContext.Current.CancellationToken);
        ReversePicture picture = Record("ddpm", null, Seeds, 5);
        Assert.Equal(sampled.Images.Select(image => image.Pixels), picture.Images.Select(image => image.Pixels));

        Image strip = picture.DrawStrip();
        var options = new SheetOptions
        {
            Columns = 6,
            GroupRows = 2,
            RowLabels = ["xₜ", "x\u0302₀", "xₜ", "x\u0302₀", "xₜ", "x\u0302₀"],
            ColumnLabels = ["", "", "", "", "", "."],
        };
        for (int n = 0; n < 3; n++)
            Assert.Equal(sampled.Images[n].Pixels, SheetCells.Cut(strip, options, 36, sampled.Images[0], 12 * n + 5).Pixels);
        Assert.Equal(picture.Moments[0].X0[1].Pixels, SheetCells.Cut(strip, options, 36, sampled.Images[0], 18).Pixels);
    }

    [Theory]
    [InlineData("ddpm")]
    [InlineData("euler")]
    [InlineData("dpmpp_2m")]
    public void A_moment_pairs_noise_with_the_image_seen_in_it(string name)
    {
        ReversePicture picture = Record(name, 5, Seeds, 5);
        Assert.Equal(5, picture.Moments.Count);
        Assert.Equal(picture.Moments.Select(m => m.Timestep).OrderDescending(), picture.Moments.Select(m => m.Timestep));
        IDenoiser denoiser = _model.ToDenoiser();
        Tensor noise = new SeededNoise(Seeds).Start(denoiser.Images(3), _device);
        Assert.Equal(Pixels.ToImages(noise)[1].Pixels, picture.Moments[0].X[1].Pixels);
        NoiseLevel level = _model.Process.At(picture.Moments[0].Timestep);
        Image seen = Pixels.ToImages(denoiser.Predict(noise, level).X0)[1];
        for (int i = 0; i < 64; i++) Assert.Equal(seen.Pixels[i], picture.Moments[0].X0[1].Pixels[i], 2.0);
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(4, 4)]
    [InlineData(100, 10)]
    public void There_are_as_many_moments_as_asked_for_and_no_more_than_steps(int moments, int expected)
    {
        ReversePicture picture = Record("ddpm", null, Seeds, moments);
        Assert.Equal(expected, picture.Moments.Count);
        Assert.Equal(9, picture.Moments[0].Timestep);
        if (expected > 1) Assert.Equal(0, picture.Moments[^1].Timestep);
    }

    [Fact]
    public void An_animation_ends_with_the_images()
    {
        ReversePicture picture = Record("ddpm", null, Seeds, 100);
        using (AnimationWriter animation = AnimationWriter.Create(_folder.Path("a.gif")))
        {
            picture.Animate(animation);
            animation.Complete();
        }
        GifReader gif = GifReader.Read(File.ReadAllBytes(_folder.Path("a.gif")));
        Assert.Equal(11, gif.Frames.Count);
        var options = new SheetOptions { Columns = 3, GroupRows = 2, Title = "t", RowLabels = ["xₜ", "x\u0302₀"], Side = 400, MinWidth = 180 };
        Assert.Equal(picture.Images[2].Pixels, SheetCells.Cut(gif.Frames[^1], options, 6, picture.Images[0], 2).Pixels);
        Assert.Equal(picture.Moments[3].X[1].Pixels, SheetCells.Cut(gif.Frames[3], options, 6, picture.Images[0], 1).Pixels);
    }

    [Fact]
    public void Many_images_are_wrapped()
    {
        ulong[] many = [.. Enumerable.Range(0, 11).Select(i => (ulong)i)];
        ReversePicture picture = Record("ddim", 2, many, 2);
        using AnimationWriter animation = AnimationWriter.Create(_folder.Path("a.png"));
        picture.Animate(animation);
        animation.Complete();
        Assert.Equal(3, ApngReader.Read(File.ReadAllBytes(_folder.Path("a.png"))).Frames.Count);
    }

    ReversePicture Record(string sampler, int? steps, ulong[] seeds, int moments) => ReversePicture.Record(
        _model, new SampleOptions { Sampler = sampler, Steps = steps, Seeds = seeds }, moments, cancel: TestContext.Current.CancellationToken);
}
