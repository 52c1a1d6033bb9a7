using Brownian.Imaging;

namespace Brownian.Tests;

/// <summary>What is trained on images of which nobody says how.</summary>
public sealed class PresetChoiceTests : IDisposable
{
    readonly ScratchFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(200, 150, true, "flowers", 64, 3, "photographs, in colour (200×150)")]
    [InlineData(200, 150, false, "flowers", 64, 1, "photographs, gray (200×150)")]
    [InlineData(64, 64, true, "flowers", 64, 3, "photographs, in colour (64×64)")]
    [InlineData(32, 32, true, "cifar10", 32, 3, "small and in colour (32×32)")]
    [InlineData(28, 28, true, "cifar10", 28, 3, "small and in colour (28×28)")]
    [InlineData(40, 40, false, "cifar10", 40, 1, "small and gray (40×40)")]
    [InlineData(28, 28, false, "default", 28, 1, "small and gray as digits are (28×28)")]
    public void The_images_choose_colours_size_and_network(int width, int height, bool color, string preset, int size, int channels, string reason)
    {
        for (int i = 0; i < 5; i++) _folder.Write($"my photos/{i}.png", Png.Encode(Picture(width, height, color)));
        using IImageSource source = ImageSources.Open(_folder.Path("my photos"));
        var choice = PresetChoice.For(source, _folder.Path("my photos"));
        Assert.Equal((preset, $"the images are {reason}"), (choice.Preset, choice.Reason));
        NetworkOptions model = choice.Config.Model;
        Assert.Equal((size, size, channels, channels), (model.Width, model.Height, model.Channels, model.OutputChannels));
        Assert.Equal(("my-photos", 5), (choice.Config.Train.TaskName, choice.Config.Train.BatchSize));
        choice.Config.Validate();
        using IImageDataset images = ConfiguredDataset.Open(choice.Config, cancel: TestContext.Current.CancellationToken);
        Assert.Equal(5, images.Count);
        Assert.Equal(model, TrainConfig.For(source).Model);
        Assert.Equal(model, TrainConfig.For(images).Model);
    }

    [Fact]
    public void Gray_pictures_stored_in_colours_are_gray()
    {
        for (int i = 0; i < 3; i++) _folder.Write($"set/{i}.png", Png.Encode(Picture(100, 100, color: false).ConvertTo(3)));
        using IImageSource source = ImageSources.Open(_folder.Path("set"));
        Assert.Equal(1, TrainConfig.For(source).Model.Channels);
    }

    [Fact]
    public void A_run_is_named_as_a_folder_may_be()
    {
        _folder.Write("Ünï cödé.v2/1.png", Png.Encode(Picture(100, 100, color: true)));
        using IImageSource source = ImageSources.Open(_folder.Path("Ünï cödé.v2"));
        Assert.Equal("n--c-d", PresetChoice.For(source, _folder.Path("Ünï cödé.v2")).Config.Train.TaskName);
    }

    static Image Picture(int width, int height, bool color)
    {
        var image = new Image(width, height, color ? 3 : 1);
        new Random(7).NextBytes(image.Pixels);
        return image;
    }
}
