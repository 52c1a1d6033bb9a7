using Brownian.Tensors;

namespace Brownian.Tests;

public sealed class HeldOutImagesTests : IDisposable
{
    static readonly TrainConfig Config = TinyRun.Config.With("train_params.validation_fraction=0.25", "train_params.num_steps=9");

    readonly ScratchFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    RunDirectory NewRun(TrainConfig config) => RunDirectory.Create(_folder.Path("runs"), config);

    [Fact]
    public void They_are_chosen_by_the_seed_and_training_never_sees_them()
    {
        var images = new CountedImages(40);
        (IImageDataset training, HeldOutImages? held) = HeldOutImages.Split(images, Config.Train);
        (IImageDataset again, _) = HeldOutImages.Split(images, Config.Train);
        (IImageDataset other, _) = HeldOutImages.Split(images, Config.Train with { Seed = 6 });
        Assert.Equal((30, 10), (training.Count, held!.Count));
        Assert.Equal(Contents(training), Contents(again));
        Assert.NotEqual(Contents(training), Contents(other));
        Assert.Equal(30, Contents(training).Distinct().Count());
        Assert.Null(HeldOutImages.Split(images, TinyRun.Config.Train).HeldOut);
        Assert.Same(images, HeldOutImages.Split(images, TinyRun.Config.Train).Training);

        static string[] Contents(IImageDataset set) => [.. Enumerable.Range(0, set.Count).Select(i =>
        {
            byte[] pixels = new byte[set.ImageBytes()];
            set.Read(i, pixels);
            return Convert.ToHexString(pixels);
        })];
    }

    [Fact]
    public void Their_loss_is_measured_with_each_checkpoint_and_told_everywhere()
    {
        TrainConfig config = Config.With("train_params.tensorboard=true");
        RunDirectory run = NewRun(config);
        List<TrainProgress> told = [];
        TinyRun.Train(run, config, tell: told.Add);
        Assert.Equal(5, Assert.Single(told.OfType<TrainProgress.Started>()).HeldOut);
        (long, double)[] measured = [.. told.OfType<TrainProgress.Stepped>().Where(step => step.Metrics.ValidationLoss is not null)
            .Select(step => (step.Metrics.Step, step.Metrics.ValidationLoss!.Value))];
        Assert.Equal([4, 8, 9], measured.Select(at => at.Item1));
        Assert.All(measured, at => Assert.InRange(at.Item2, 0.01, 10));
        Assert.Equal(measured, LossHistory.Read(run.MetricsPath).HeldOut.Select(at => ((long)at.Step, at.Loss)));
        string events = System.Text.Encoding.Latin1.GetString(File.ReadAllBytes(Assert.Single(Directory.GetFiles(run.TensorBoardPath))));
        Assert.Contains("loss/held_out", events, StringComparison.Ordinal);
        Assert.True(LossPicture.Draw([run]).Width > 0);
    }

    [Fact]
    public void The_same_weights_have_the_same_loss_and_measuring_changes_no_weight()
    {
        using Device device = Device.Cpu(1);
        using var job = new TrainingJob(Config, device, new DrawnDigits(20, 5, 8), begun: null, progress: null);
        Assert.Equal(job.HeldOut!.Loss(job, TestContext.Current.CancellationToken), job.HeldOut.Loss(job, TestContext.Current.CancellationToken));
        RunDirectory often = NewRun(Config.With("train_params.checkpoint_steps=1", "train_params.keep_checkpoints=9")), seldom = NewRun(Config);
        TinyRun.Train(often, often.Config);
        TinyRun.Train(seldom, seldom.Config);
        Assert.Equal(TinyRun.StateAfter(seldom, 9), TinyRun.StateAfter(often, 9));
        Assert.NotEqual(Config.Hash(), TinyRun.Config.With("train_params.num_steps=9").Hash());
    }

    [Fact]
    public void Too_few_images_are_told_in_a_line()
    {
        TrainConfig config = Config.With("train_params.batch_size=16");
        string message = Assert.Throws<InvalidDataException>(() => TinyRun.Train(NewRun(config), config)).Message;
        Assert.StartsWith("train_params.batch_size is 16, but train_params.validation_fraction leaves 15 of 20 images to train on", message, StringComparison.Ordinal);
        Assert.Contains("below 0.5", Assert.Throws<InvalidDataException>(() => Config.With("train_params.validation_fraction=0.5")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Losses_that_mean_something_else_are_named()
    {
        RunDirectory plain = NewRun(TinyRun.Config), longer = NewRun(TinyRun.Config.With("train_params.lr=1e-3", "train_params.uncertainty_weighting=true")),
            other = NewRun(TinyRun.Config.With("diffusion_params.prediction_type=v_prediction", "train_params.loss_weighting=min_snr", "diffusion_params.num_timesteps=9"));
        Assert.Empty(LossPicture.Differences([plain, longer]));
        Assert.Equal(["loss_weighting", "num_timesteps", "prediction_type"], LossPicture.Differences([plain, longer, other]).Order());
    }
}
