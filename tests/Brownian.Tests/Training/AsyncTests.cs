using Brownian.Tensors;
using Microsoft.Extensions.Logging;

namespace Brownian.Tests;

/// <summary>Training and sampling as programs that wait for them, watch them or log them see it.</summary>
public sealed class AsyncTests : IDisposable
{
    readonly ScratchFolder _folder = new();
    readonly Device _device = Device.Cpu(1);

    static CancellationToken Ended => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _device.Dispose();
        _folder.Dispose();
    }

    RunDirectory NewRun() => RunDirectory.Create(_folder.Path("runs"), TinyRun.Config);

    Trainer Trainer(TrainConfig? config = null) => new(config ?? TinyRun.Config, _device);

    [Fact]
    public async Task What_is_followed_is_what_a_listener_is_told()
    {
        var told = new Listener<TrainProgress>();
        TrainResult result = await Trainer().RunAsync(NewRun(), told, Ended);
        List<TrainProgress> read = [];
        await foreach (TrainProgress progress in Trainer().FollowAsync(NewRun(), Ended)) read.Add(progress);
        Assert.Equal(Kinds(told.Reports), Kinds(read));
        Assert.Equal(12, read.OfType<TrainProgress.Stepped>().Count());
        var last = Assert.IsType<TrainProgress.Finished>(read[^1]);
        Assert.True(last.Result.IsComplete);
        Assert.Equal(result.SmoothedLoss, last.Result.SmoothedLoss);
    }

    [Fact]
    public async Task Who_stops_reading_stops_the_training_which_saves()
    {
        RunDirectory run = NewRun();
        await foreach (TrainProgress progress in Trainer(TinyRun.Config.Lasting(100_000)).FollowAsync(run, Ended))
        {
            if (progress is TrainProgress.Stepped { Metrics.Step: 5 }) break;
        }
        string saved = Path.GetFileName(Directory.GetDirectories(run.CheckpointsPath).Max()!);
        Assert.True(int.Parse(saved["step-".Length..], System.Globalization.CultureInfo.InvariantCulture) is >= 5 and < 100_000, saved);
    }

    [Fact]
    public async Task A_cancelled_training_tells_where_it_stopped()
    {
        using var stop = new CancellationTokenSource();
        TrainProgress? last = null;
        await foreach (TrainProgress progress in Trainer(TinyRun.Config.Lasting(100_000)).FollowAsync(NewRun(), stop.Token))
        {
            if (progress is TrainProgress.Stepped { Metrics.Step: 3 }) await stop.CancelAsync();
            last = progress;
        }
        TrainResult result = Assert.IsType<TrainProgress.Finished>(last).Result;
        Assert.False(result.IsComplete);
        Assert.InRange(result.Step, 3, 99_999);
    }

    [Fact]
    public async Task What_goes_wrong_reaches_who_reads()
    {
        RunDirectory run = NewRun();
        TrainConfig missing = TinyRun.Config with { Dataset = new() { ImagePath = _folder.Path("nowhere") } };
        var trainer = new Trainer(missing, _device);
        await Assert.ThrowsAsync<FileNotFoundException>(async () =>
        {
            await foreach (TrainProgress _ in trainer.FollowAsync(run, Ended))
            {
            }
        });
        await Assert.ThrowsAsync<FileNotFoundException>(() => trainer.RunAsync(run, cancel: Ended));
    }

    [Fact]
    public async Task Images_are_those_of_the_sampler()
    {
        DiffusionModel model = await Trained();
        SampleOptions options = new() { Count = 5, BatchSize = 2, Steps = 4 };
        byte[][] expected = Pixels(new ImageSampler(model).Sample(options, cancel: Ended));
        Assert.Equal(expected, Pixels(await model.SampleAsync(options, cancel: Ended)));
        List<SamplingProgress> told = [];
        await foreach (SamplingProgress progress in model.FollowSamplingAsync(options, Ended)) told.Add(progress);
        Assert.Equal(Enumerable.Range(1, 12), told.OfType<SamplingProgress.Stepped>().Select(step => step.Done));
        Assert.Equal(expected, Pixels(Assert.IsType<SamplingProgress.Finished>(told[^1]).Images));
    }

    [Fact]
    public async Task Sampling_ends_when_it_is_cancelled()
    {
        DiffusionModel model = await Trained();
        using var stop = new CancellationTokenSource();
        var once = new Listener<SampleProgress>(_ => stop.Cancel());
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => model.SampleAsync(new() { Count = 1000, BatchSize = 1 }, once, stop.Token));
        Assert.Single(once.Reports);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => model.SampleAsync(cancel: stop.Token));
    }

    [Fact]
    public async Task Pictures_are_bytes_with_their_notes()
    {
        SampledImages images = await (await Trained()).SampleAsync(new() { Count = 4, Steps = 2 }, cancel: Ended);
        images.WriteGrid(_folder.Path("grid.png"), columns: 2);
        images.WriteEach(_folder.Path("each"));
        Assert.Equal(await File.ReadAllBytesAsync(_folder.Path("grid.png"), Ended), images.EncodeGrid(columns: 2));
        Assert.Equal(await File.ReadAllBytesAsync(_folder.Path(Path.Combine("each", "seed-3.png")), Ended), images.EncodePng(3));
        images.Images[3].Save(_folder.Path("three.png"));
        Assert.Equal(images.Images[3].Pixels, Image.Load(_folder.Path("three.png")).Pixels);
        using var stream = new MemoryStream(images.Images[3].EncodePng());
        Assert.Equal(images.Images[3].Pixels, Image.Load(stream).Pixels);
    }

    [Fact]
    public async Task A_log_is_told_of_steps_as_debug_and_of_the_rest_as_information()
    {
        var log = new ListLogger();
        RunDirectory run = NewRun();
        await Trainer().RunAsync(run, log.ToProgress(), Ended);
        Assert.Equal(12, log.Lines.Count(line => line.Level == LogLevel.Debug && line.Text.StartsWith("Step ", StringComparison.Ordinal)));
        string[] told = [.. log.Lines.Where(line => line.Level == LogLevel.Information).Select(line => line.Text)];
        Assert.StartsWith("Training on ", told[0], StringComparison.Ordinal);
        Assert.Contains(told, text => text.StartsWith("Checkpoint after step 4: ", StringComparison.Ordinal));
        Assert.Matches("^Trained 12 steps, loss .*model$", told[^1]);
        log.ToProgress().Report(new TrainProgress.Warning("mind the step"));
        Assert.Equal((LogLevel.Warning, "mind the step"), log.Lines[^1]);
    }

    [Fact]
    public void The_default_device_is_one_for_all()
    {
        Assert.Same(Device.Default, Device.Default);
        Assert.StartsWith("cpu", Device.Default.Name, StringComparison.OrdinalIgnoreCase);
    }

    // When the pace has settled is a matter of the clock.
    static IEnumerable<Type> Kinds(IEnumerable<TrainProgress> reports) => reports.Where(report => report is not TrainProgress.Planned).Select(report => report.GetType());

    async Task<DiffusionModel> Trained()
    {
        RunDirectory run = NewRun();
        await Trainer().RunAsync(run, cancel: Ended);
        return DiffusionModel.Open(run.FullPath, _device);
    }

    static byte[][] Pixels(SampledImages images) => [.. images.Images.Select(image => image.Pixels)];

    sealed class Listener<T>(Action<T>? then = null) : IProgress<T>
    {
        public List<T> Reports { get; } = [];

        public void Report(T value)
        {
            Reports.Add(value);
            then?.Invoke(value);
        }
    }

    sealed class ListLogger : ILogger
    {
        public List<(LogLevel Level, string Text)> Lines { get; } = [];

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Lines.Add((logLevel, formatter(state, exception)));
    }
}
