using System.CommandLine;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using Brownian.Diffusion;
using Brownian.Tensors;
using Brownian.Training;

namespace Brownian.Cli;

/// <summary><c>brownian bench</c></summary>
sealed class BenchCommand : Command
{
    static readonly string[] Whats = ["train", "forward", "sample"];

    readonly Argument<string> _what = new("what")
    {
        Description = "train (default): one optimiser step; forward: one look of the network; sample: one denoising step.",
        DefaultValueFactory = _ => "train",
    };
    readonly Option<string?> _config =
        OptionOf.Text("--model-config", "FILE", "YAML with model_params. Without one, the tutorial's model with 10,188,081 parameters.");
    readonly Option<string?> _preset =
        OptionOf.Text("--preset", "NAME", $"The model and the loss of a preset: {string.Join(", ", Presets.Names)}.");
    readonly Option<int?> _batch = OptionOf.Number("--batch", 1, "Images at once. Default: 64");
    readonly Option<int?> _steps = OptionOf.Number("--steps", 1, "Steps to measure, after a warm-up. Default: 10");
    readonly Option<int[]> _threads = OptionOf.SeveralThreads();
    readonly Option<bool> _json = OptionOf.Flag("--json", "Print JSON, one object on a line for each number of threads.");
    readonly Terminal _terminal;
    readonly CancellationToken _cancel;

    public BenchCommand(Terminal terminal, CancellationToken cancel)
        : base("bench", "Measure speed and memory on random data.\nExample: brownian bench train --batch 64 --threads 1,2 --json")
    {
        (_terminal, _cancel) = (terminal, cancel);
        _what.AcceptOnlyFromAmong(Whats);
        Add(_what);
        foreach (Option option in (Option[])[_config, _preset, _batch, _steps, _threads, _json]) Add(option);
        SetAction(Run);
    }

    int Run(ParseResult parsed)
    {
        BenchTask task = Task(parsed);
        int steps = parsed.GetValue(_steps) ?? 10;
        bool json = parsed.GetValue(_json);
        if (!json) _terminal.Out.WriteLine($"measuring {steps} steps after a warm-up of at least 2 seconds");
        foreach (int threads in parsed.GetValue(_threads) is { Length: > 0 } several ? several : [0])
        {
            BenchReport report = Measure(task, parsed.GetValue(_what)!, parsed.GetValue(_batch) ?? 64, steps, threads);
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
        string? file = parsed.GetValue(_config);
        if (parsed.GetValue(_preset) is not { } preset) return BenchTask.Of(file is null ? new TutorialUNetOptions() : TrainConfig.Load(file).Model);
        if (file is not null) throw new ArgumentException("--preset and --model-config both give the model; use one.");
        return BenchTask.Of(Presets.Load(preset));
    }

    // Nothing of a measurement may be alive when the next begins, so all of it is local here.
    [MethodImpl(MethodImplOptions.NoInlining)]
    BenchReport Measure(BenchTask task, string what, int batch, int steps, int threads)
    {
        using Device device = Device.Cpu(threads);
        BenchWork work = what switch
        {
            "train" => BenchWork.Training(task, device, batch),
            "forward" => BenchWork.Forward(task, device, batch),
            _ => BenchWork.Sampling(task, device, batch),
        };
        WarmUp(work);
        var clock = new PhaseClock();
        double[] seconds = new double[steps];
        long allocated = GC.GetTotalAllocatedBytes(precise: true);
        for (int i = 0; i < steps; i++)
        {
            _cancel.ThrowIfCancellationRequested();
            clock.Begin();
            long start = Stopwatch.GetTimestamp();
            work.Step(clock);
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
    void WarmUp(BenchWork work)
    {
        var clock = new PhaseClock();
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < 3 || (i < 50 && Stopwatch.GetElapsedTime(start).TotalSeconds < 2); i++)
        {
            _cancel.ThrowIfCancellationRequested();
            work.Step(clock);
        }
    }
}
