using Brownian.Imaging;
using Brownian.Tensors;

namespace Brownian.Tests;

public sealed class TrainerTests : IDisposable
{
    readonly ScratchFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    RunDirectory NewRun(TrainConfig config) => RunDirectory.Create(_folder.Path("runs"), config);

    [Fact]
    public void A_run_leaves_everything_it_promises()
    {
        TrainConfig config = TinyRun.Config.With("train_params.sample_steps=5", "train_params.keep_checkpoints=1");
        RunDirectory run = NewRun(config);
        List<TrainProgress> told = [];
        TrainResult result = TinyRun.Train(run, config, tell: told.Add);

        Assert.Equal(["step-00000005.png", "step-00000010.png", "step-00000012.png"], Names(run.SamplesPath));
        Assert.Equal(Path.Combine(run.SamplesPath, "step-00000012.png"), result.SampleGrid);
        Assert.Equal(12, File.ReadLines(run.MetricsPath).Count());
        Assert.Equal((1800, 840), Png.Read(run.LossChartPath) is var chart ? (chart.Width, chart.Height) : default);
        Assert.Equal(["model.json", "model.safetensors"], Names(run.ModelPath));
        Assert.Contains("step-00000012", Names(run.CheckpointsPath));
        Assert.Equal(
            ["ema.safetensors", "manifest.json", "optimizer.safetensors", "weights.safetensors"],
            Names(Path.Combine(run.CheckpointsPath, "step-00000012")));

        Assert.IsType<TrainProgress.Started>(told[0]);
        Assert.Equal(Enumerable.Range(1, 12).Select(i => (long)i), told.OfType<TrainProgress.Stepped>().Select(s => s.Metrics.Step));
        Assert.Equal([5L, 10, 12], told.OfType<TrainProgress.Sampled>().Select(s => s.Step));
        Assert.Equal([4L, 8, 12], told.OfType<TrainProgress.Saved>().Select(s => s.Step));
        TrainMetrics last = told.OfType<TrainProgress.Stepped>().Last().Metrics;
        Assert.Equal(2, last.Epoch);        // 20 images in batches of 4: 5 steps an epoch
        Assert.True(last is { Loss: > 0, GradientNorm: > 0, ImagesPerSecond: > 0, MemoryMegabytes: > 1 });
    }

    [Fact]
    public void Grids_by_epochs_come_when_an_epoch_ends()
    {
        TrainConfig config =
            TinyRun.Config.With("train_params.num_epochs=4", "train_params.sample_epochs=2", "train_params.gradient_accumulation=2");
        List<TrainProgress> told = [];
        TinyRun.Train(NewRun(config), config, tell: told.Add);
        // 5 batches an epoch, 2 a step: 20 batches are 10 steps; epoch 2 ends with step 5.
        Assert.Equal(10, Assert.Single(told.OfType<TrainProgress.Started>()).TotalSteps);
        Assert.Equal([5L, 10], told.OfType<TrainProgress.Sampled>().Select(s => s.Step));
    }

    [Fact]
    public void The_loss_falls()
    {
        TrainConfig config = TinyRun.Config.With("train_params.num_steps=150", "train_params.checkpoint_steps=1000");
        List<TrainProgress> told = [];
        TinyRun.Train(NewRun(config), config, tell: told.Add);
        double[] losses = [.. told.OfType<TrainProgress.Stepped>().Select(s => s.Metrics.Loss)];
        Assert.True(losses[^30..].Average() < 0.7 * losses[..10].Average(), $"{losses[..10].Average()} fell to {losses[^30..].Average()} only");
    }

    [Fact]
    public void Accumulated_batches_make_the_step_of_one_large_batch()
    {
        string[] same = ["train_params.num_steps=1", "train_params.lr_warmup_steps=0", "train_params.optimizer=adamw"];
        TrainConfig large = TinyRun.Config.With([.. same, "train_params.batch_size=8"]);
        TrainConfig parts = TinyRun.Config.With([.. same, "train_params.batch_size=4", "train_params.gradient_accumulation=2"]);
        (RunDirectory one, RunDirectory two) = (NewRun(large), NewRun(parts));
        List<TrainProgress> ofOne = [], ofTwo = [];
        TinyRun.Train(one, large, tell: ofOne.Add);
        TinyRun.Train(two, parts, tell: ofTwo.Add);
        TrainMetrics a =
            Assert.Single(ofOne.OfType<TrainProgress.Stepped>()).Metrics, b = Assert.Single(ofTwo.OfType<TrainProgress.Stepped>()).Metrics;
        Assert.Equal(a.Loss, b.Loss, 1e-6);
        Assert.Equal(a.GradientNorm, b.GradientNorm, 1e-5 * a.GradientNorm);
    }

    [Fact]
    public void A_loss_that_is_not_finite_stops_the_run()
    {
        RunDirectory run = NewRun(TinyRun.Config);
        Spoil(run, "conv_out.bias", 1e25f);
        byte[] before = TinyRun.StateAfter(run, 7);
        var error = Assert.Throws<TrainingDivergedException>(() => TinyRun.Train(run, TinyRun.Config));
        Assert.Equal((8L, "loss"), (error.Step, error.Tensor));
        Assert.Contains("step 8", error.Message, StringComparison.Ordinal);
        Assert.Equal(["step-00000007"], Names(run.CheckpointsPath));
        Assert.Equal(before, TinyRun.StateAfter(run, 7));
    }

    [Theory]
    [InlineData("conv_in.weight", float.NaN, "NaN")]
    [InlineData("norm_out.bias", float.PositiveInfinity, "Infinity")]
    public void A_checkpoint_that_is_not_finite_is_refused_and_names_the_tensor(string parameter, float value, string what)
    {
        RunDirectory run = NewRun(TinyRun.Config);
        Spoil(run, parameter, value);
        string message = Assert.Throws<InvalidDataException>(() => TinyRun.Train(run, TinyRun.Config)).Message;
        Assert.Contains($"weights.safetensors: tensor '{parameter}' holds {what}", message, StringComparison.Ordinal);
    }

    // A checkpoint of step 7 with one number replaced.
    static void Spoil(RunDirectory run, string parameter, float value)
    {
        using Device device = Device.Cpu(1);
        var state = new TrainState(TinyRun.Config, device);
        for (int i = 0; i < 7; i++) state.Advance(1);
        float[] values = state.Parameters[parameter].ToTorch();
        values[^1] = value;
        state.Parameters[parameter].FromTorch(values);
        state.Save(new CheckpointStore(run.CheckpointsPath), TinyRun.Config.Hash(), 28, 1);
    }

    [Fact]
    public void Images_that_do_not_fit_are_an_error_before_anything_is_trained()
    {
        using Device device = Device.Cpu(1);
        var digits = new DrawnDigits(20, size: 12);
        void Expect(TrainConfig config, string message)
        {
            RunDirectory run = NewRun(config);
            Assert.Contains(message,
                Assert.Throws<InvalidDataException>(() => new Trainer(config, device, digits).Run(run)).Message, StringComparison.Ordinal);
            Assert.False(File.Exists(run.MetricsPath));
        }
        Expect(TinyRun.Config, "model_params.im_size is 8, but the images are 12×12 pixels");
        TrainConfig sized = TinyRun.Config.With("model_params.im_size=12");
        Expect(sized.With("model_params.im_channels=3"), "model_params.im_channels is 3, but the images have 1");
        Expect(sized.With("train_params.batch_size=21"), "train_params.batch_size is 21, but there are 20 images");
    }

    [Theory]
    [InlineData("nothing/here")]
    [InlineData("empty")]
    public void Images_that_are_not_there_are_named(string path)
    {
        Directory.CreateDirectory(_folder.Path("empty"));
        TrainConfig config = TinyRun.Config with { Dataset = new() { ImagePath = _folder.Path(path) } };
        Exception error = Assert.ThrowsAny<Exception>(() => TinyRun.Train(NewRun(config), config));
        Assert.True(error is IOException or InvalidDataException);
        Assert.StartsWith(_folder.Path(path), error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_of_pngs_is_learned_from()
    {
        var digits = new DrawnDigits(6, size: 8);
        for (int i = 0; i < digits.Count; i++)
        {
            byte[] pixels = new byte[64];
            digits.Read(i, pixels);
            Png.Write(Path.Combine(Directory.CreateDirectory(_folder.Path("images")).FullName, $"{i}.png"), new Image(8, 8, 1, pixels));
        }
        TrainConfig config = TinyRun.Config with { Dataset = new() { ImagePath = _folder.Path("images"), Limit = 5 } };
        List<TrainProgress> told = [];
        TinyRun.Train(NewRun(config), config.With("train_params.num_steps=1"), tell: told.Add);
        Assert.Contains("5", Assert.Single(told.OfType<TrainProgress.Started>()).Dataset, StringComparison.Ordinal);
    }

    static string[] Names(string folder) => [.. Directory.EnumerateFileSystemEntries(folder).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];
}
