using Brownian.Imaging;

namespace Brownian.Tests;

/// <summary>Training on images that are not the network's size.</summary>
public sealed class DataTrainingTests : IDisposable
{
    readonly ScratchFolder _folder = new();

    public DataTrainingTests()
    {
        for (int i = 0; i < 14; i++)
        {
            byte[] pixels = [.. Enumerable.Range(0, (20 + i) * 12 * 3).Select(b => (byte)(b * (i + 3)))];
            _folder.Write($"photos/{i:00}.png", Png.Encode(new Image(20 + i, 12, 3, pixels)));
        }
    }

    public void Dispose() => _folder.Dispose();

    TrainConfig Config(params string[] settings) =>
        TinyRun.Config.With([$"dataset_params.im_path={_folder.Path("photos")}", "dataset_params.crop=random", .. settings]);

    [Fact]
    public void Random_crops_and_flips_resume_bit_for_bit_whatever_the_cache()
    {
        TrainConfig config = Config();
        RunDirectory straight = RunDirectory.Create(_folder.Path("runs"), config), broken = RunDirectory.Create(_folder.Path("runs"), config);
        var told = new List<TrainProgress>();
        TinyRun.Train(straight, config, tell: told.Add);
        TinyRun.Train(broken, config, stopAfter: 5);
        TrainConfig other = config.With("dataset_params.cache=none");
        Assert.Equal(config.Hash(), other.Hash());
        TinyRun.Train(RunDirectory.Open(broken.FullPath), other, threads: 2);
        Assert.Equal(TinyRun.StateAfter(straight, 12), TinyRun.StateAfter(broken, 12));
        Assert.Equal("horizontal flips, as these are pictures in colour; random crops", told.OfType<TrainProgress.Started>().Single().Augmentation);
    }

    [Fact]
    public void Crops_change_with_the_epoch_and_the_image_and_follow_from_the_batch_number_alone()
    {
        using var set = (PreparedImages)Prepared.Open(_folder.Path("photos"), new ImagePreparation(8, 8, 1) { Crop = CropMode.Random });
        float[] Batch(int start, int count)
        {
            using var loader = new BatchLoader(set, 14, seed: 3, startBatch: start, shuffle: false, randomCrop: true);
            for (int i = 1; i < count; i++) loader.Next();
            return [.. loader.Next().Pixels];
        }
        Assert.Equal(Batch(0, 3), Batch(2, 1));
        Assert.NotEqual(Batch(0, 1), Batch(1, 1));
        using var middle = new BatchLoader(set, 14, seed: 3, shuffle: false);
        Assert.NotEqual(middle.Next().Pixels, Batch(0, 1));
    }

    [Theory]
    [InlineData("data/no-such-set", "data/no-such-set", "--data")]
    [InlineData("data/fashion-mnist", "Fashion-MNIST", "train-images-idx3-ubyte.gz", "github.com/zalandoresearch")]
    public void Images_that_are_not_there_are_named_with_where_they_can_be_had(string path, params string[] says)
    {
        string message = Assert.Throws<FileNotFoundException>(() => ConfiguredDataset.Open(Config($"dataset_params.im_path={path}"), cancel: TestContext.Current.CancellationToken)).Message;
        Assert.All(says, text => Assert.Contains(text, message, StringComparison.Ordinal));
        Assert.DoesNotContain('\n', message);
    }

    [Fact]
    public void Digits_are_brought_to_any_network()
    {
        IImageDataset set = ConfiguredDataset.Open(
            Presets.Load("cifar10", ["dataset_params.im_path=digits", "dataset_params.count=80"]), cancel: TestContext.Current.CancellationToken);
        Assert.Equal((80, 32, 32, 3), (set.Count, set.Width, set.Height, set.Channels));
        Assert.Equal(10, set.Classes.Count);
    }
}
