using System.CommandLine;
using System.Diagnostics;
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
    readonly Option<int?> _batch = OptionOf.Number("--batch", 1, "Images at once. Default: 64");
    readonly Option<int?> _steps = OptionOf.Number("--steps", 1, "Steps to measure, after a warm-up. Default: 10");
    readonly Option<int?> _threads = OptionOf.Threads();
    readonly Option<bool> _json = OptionOf.Flag("--json", "Print JSON.");
    readonly Terminal _terminal;
    readonly CancellationToken _cancel;

    public BenchCommand(Terminal terminal, CancellationToken cancel)
        : base("bench", "Measure speed and memory on random data.\nExample: brownian bench train --batch 64 --threads 2 --json")
    {
        (_terminal, _cancel) = (terminal, cancel);
        _what.AcceptOnlyFromAmong(Whats);
        Add(_what);
        foreach (Option option in (Option[])[_config, _batch, _steps, _threads, _json]) Add(option);
        SetAction(Run);
    }

    int Run(ParseResult parsed)
    {
        ModelParams model = parsed.GetValue(_config) is { } file ? TrainConfig.Load(file).Model : new TutorialUNetParams();
        int batch = parsed.GetValue(_batch) ?? 64;
        using Device device = Device.Cpu(parsed.GetValue(_threads) ?? 0);
        IDenoisingNetwork network = model.CreateNetwork(device);
        string what = parsed.GetValue(_what)!;
        BenchWork work = what switch
        {
            "train" => BenchWork.Training(network, device, batch),
            "forward" => BenchWork.Forward(network, device, batch),
            _ => BenchWork.Sampling(network, device, batch),
        };
        var subject = new BenchSubject(what, network.Parameters.Count, batch, device);
        int steps = parsed.GetValue(_steps) ?? 10;
        bool json = parsed.GetValue(_json);
        if (!json) _terminal.Out.WriteLine($"measuring {steps} steps after a warm-up of at least 2 seconds");
        BenchReport report = Measure(work, steps, subject);
        if (json) report.WriteJson(_terminal.Out);
        else report.WriteTable(_terminal.Out);
        return ExitCode.Success;
    }

    BenchReport Measure(BenchWork work, int steps, BenchSubject subject)
    {
        WarmUp(work);
        double[] seconds = new double[steps];
        long allocated = GC.GetTotalAllocatedBytes(precise: true);
        for (int i = 0; i < steps; i++)
        {
            _cancel.ThrowIfCancellationRequested();
            long start = Stopwatch.GetTimestamp();
            work.Step();
            seconds[i] = Stopwatch.GetElapsedTime(start).TotalSeconds;
        }
        allocated = GC.GetTotalAllocatedBytes(precise: true) - allocated;
        Array.Sort(seconds);
        double median = (seconds[(steps - 1) / 2] + seconds[steps / 2]) / 2;
        using Process process = Process.GetCurrentProcess();
        return new BenchReport(
            subject,
            ImagesPerSecond: subject.Batch / median,
            BestImagesPerSecond: subject.Batch / seconds[0],
            Gflops: 2e-9 * work.MultiplyAdds / median,
            PeakMemoryMegabytes: process.PeakWorkingSet64 / 1e6,
            ManagedBytesPerStep: allocated / steps);
    }

    // The compiler replaces hot code while it runs, so a warm-up has a length in time as well as in steps.
    void WarmUp(BenchWork work)
    {
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < 3 || (i < 50 && Stopwatch.GetElapsedTime(start).TotalSeconds < 2); i++)
        {
            _cancel.ThrowIfCancellationRequested();
            work.Step();
        }
    }
}
