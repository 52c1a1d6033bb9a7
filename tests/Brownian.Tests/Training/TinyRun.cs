using Brownian.Tensors;

namespace Brownian.Tests;

/// <summary>A training small enough for a test: 8×8 digits, 10 timesteps, a network of a few thousand parameters.</summary>
static class TinyRun
{
    public static TrainConfig Config { get; } = new()
    {
        Dataset = new() { Count = 20 },
        Diffusion = new() { Timesteps = 10, ScaleBetas = false, BetaEnd = 0.3 },
        Model = new TutorialUNetOptions
        {
            ImageSize = [8],
            DownChannels = [8, 16],
            MidChannels = [16, 8],
            DownSample = [true],
            TimeEmbDim = 8,
            NumDownLayers = 1,
            NumMidLayers = 1,
            NumUpLayers = 1,
        },
        Train = new()
        {
            TaskName = "tiny",
            BatchSize = 4,
            Steps = 12,
            Samples = 4,
            GridColumns = 2,
            LearningRate = 1e-2,
            CheckpointSteps = 4,
            SampleEpochs = 0,
            LearningRateSchedule = RateDecay.Cosine,
            WarmupSteps = 3,
            ClipGradNorm = 1,
            Seed = 5,
        },
    };

    /// <summary>The same with a network that takes dropout, classes and learned variances.</summary>
    public static TrainConfig UNet2D { get; } = Config with
    {
        Model = new UNet2DOptions
        {
            ImageSize = [8],
            InChannels = 1,
            OutChannels = 1,
            BlockOutChannels = [8, 8],
            DownBlockTypes = ["DownBlock2D", "DownBlock2D"],
            UpBlockTypes = ["UpBlock2D", "UpBlock2D"],
            LayersPerBlock = 1,
            NormNumGroups = 4,
        },
    };

    /// <summary>Trains, stopping as Ctrl-C does after a step if one is given.</summary>
    public static TrainResult Train(RunDirectory run, TrainConfig config, long? stopAfter = null, int threads = 1, Action<TrainProgress>? tell = null)
    {
        using Device device = Device.Cpu(threads);
        using var cancel = new CancellationTokenSource();
        return new Trainer(config, device).Run(run, new Direct(p =>
        {
            tell?.Invoke(p);
            if (p is TrainProgress.Stepped s && s.Metrics.Step == stopAfter) cancel.Cancel();
        }), cancel.Token);
    }

    /// <summary>Every byte of the weights, averages and moments after a step.</summary>
    public static byte[] StateAfter(RunDirectory run, long step)
    {
        string folder = new CheckpointStore(run.CheckpointsPath).PathOf(step);
        return [.. Directory.EnumerateFiles(folder, "*.safetensors").Order(StringComparer.Ordinal).SelectMany(File.ReadAllBytes)];
    }

    sealed class Direct(Action<TrainProgress> report) : IProgress<TrainProgress>
    {
        public void Report(TrainProgress value) => report(value);
    }
}
