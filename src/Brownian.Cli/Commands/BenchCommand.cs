using System.CommandLine;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using Brownian.Tensors;

namespace Brownian.Cli;

/// <summary><c>brownian bench</c></summary>
sealed class BenchCommand : AppCommand
{
    static readonly string[] Whats = ["train", "forward", "sample"];

    readonly Argument<string> _what = new("what")
    {
        Description = "train (default): one optimiser step; forward: one forward pass; sample: one denoising step.",
        DefaultValueFactory = _ => "train",
    };
    readonly ConfigOptions _config = new(
        "YAML file with model_params. Default: the tutorial's network of 10,188,081 parameters", "Use the network and loss of a preset", "--model-config");
    readonly Option<int?> _batch = OptionOf.Number("--batch", 1, "Batch size. Default: 64");
    readonly Option<int?> _steps = OptionOf.Number("--steps", 1, "Steps to measure, after a warm-up. Default: 10");
    readonly Option<string?> _device = OptionOf.Device();
    readonly Option<int[]?> _threads = OptionOf.SeveralThreads();
    readonly Option<bool> _json = OptionOf.Flag("--json", "Print one JSON object per line, one for each number of threads.");

    public BenchCommand(Terminal terminal, CancellationToken cancel)
        : base("bench", "Measure speed and memory on random data.\nExample: brownian bench train --batch 64 --threads 1,2 --json", terminal, cancel)
    {
        _what.AcceptOnlyFromAmong(Whats);
        Add(_what);
        Add([.. _config.All, _batch, _steps, _device, _threads, _json]);
    }

    protected override int Run(ParseResult parsed)
    {
        BenchTask task = Task(parsed);
        int steps = parsed.GetValue(_steps) ?? 10;
        bool json = parsed.GetValue(_json);
        if (!json) _terminal.Out.WriteLine($"measuring {Phrases.Count(steps, "step")} after a warm-up of at least 2 seconds");
        foreach (int? threads in parsed.GetValue(_threads) is { Length: > 0 } several ? several.Select(count => (int?)count) : [null])
        {
            BenchReport report = Measure(parsed, task, steps, threads);
            if (json) report.WriteJson(_terminal.Out);
            else report.WriteTable(_terminal.Out);
            _terminal.Out.Flush();
            // The next one's memory counts from here on.
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
            ProcessMemory.ForgetPeak();
        }
        return ExitCode.Success;
    }

    BenchTask Task(ParseResult parsed)
    {
        string[] given = _config.Given(parsed);
        if (given is []) return BenchTask.Of(new TutorialUNetOptions());
        TrainConfig config = _config.Load(parsed);
        return given[0] == "--preset" ? BenchTask.Of(config) : BenchTask.Of(config.Model);
    }

    // Nothing of a measurement may be alive when the next begins, so all of it is local here.
    [MethodImpl(MethodImplOptions.NoInlining)]
    BenchReport Measure(ParseResult parsed, BenchTask task, int steps, int? threads)
    {
        string what = parsed.GetValue(_what)!;
        int batch = parsed.GetValue(_batch) ?? 64;
        using Device device = DeviceOptions.Open(parsed.GetValue(_device), threads);
        BenchWork work = what switch
        {
            "train" => BenchWork.Training(task, device, batch),
            "forward" => BenchWork.Forward(task, device, batch),
            _ => BenchWork.Sampling(task, device, batch),
        };
        WarmUp(work, device);
        var clock = new PhaseClock(device);
        double[] seconds = new double[steps];
        long allocated = GC.GetTotalAllocatedBytes(precise: true);
        for (int i = 0; i < steps; i++)
        {
            _cancel.ThrowIfCancellationRequested();
            clock.Begin();
            long start = Stopwatch.GetTimestamp();
            work.Step(clock);
            device.Synchronize();
            seconds[i] = Stopwatch.GetElapsedTime(start).TotalSeconds;
        }
        allocated = GC.GetTotalAllocatedBytes(precise: true) - allocated;
        long flops = 2 * work.Passes * batch * NetworkSummary.Of(traced => task.Model.CreateNetwork(traced)).MultiplyAdds;
        double median = PhaseClock.Median(seconds);
        return new BenchReport(
            new BenchSubject(what, work.Network.Parameters.Count, batch, device.Name, device.Threads, device.Instructions),
            ImagesPerSecond: batch / median,
            BestImagesPerSecond: batch / seconds.Min(),
            Gflops: 1e-9 * flops / median,
            PeakMemoryMegabytes: ProcessMemory.Peak / 1e6,
            ManagedBytesPerStep: allocated / steps,
            Phases: clock.Medians());
    }

    // The compiler replaces hot code while it runs, so a warm-up has a length in time as well as in steps.
    void WarmUp(BenchWork work, Device device)
    {
        var clock = new PhaseClock(device);
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < 3 || (i < 50 && Stopwatch.GetElapsedTime(start).TotalSeconds < 2); i++)
        {
            _cancel.ThrowIfCancellationRequested();
            work.Step(clock);
        }
    }
}
