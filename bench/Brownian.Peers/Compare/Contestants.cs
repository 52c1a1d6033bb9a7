namespace Brownian.Peers;

/// <summary>What is asked of a contestant.</summary>
/// <param name="What">train, forward or sample.</param>
/// <param name="Config">A YAML file with the network.</param>
/// <param name="Batch">Images at once.</param>
/// <param name="Threads">How many compute.</param>
/// <param name="Seconds">About how long is measured, after a warm-up.</param>
readonly record struct Work(string What, string Config, int Batch, int Threads, double Seconds)
{
    /// <summary>10⁹ operations of a step. The backward pass costs two forward ones: gradients of inputs and of weights.</summary>
    public double Gflop => (What == "train" ? 3 : 1) * Network.Counted(Config) * Batch;
}

/// <summary>The command-line tool and the kernels' benchmarks, both built.</summary>
sealed class BrownianContestant(string tool, string kernels)
{
    public const string Name = "Brownian";

    /// <summary>What half a core of a good processor does in a second, to choose how many steps fill the time.</summary>
    public const double GflopsPerThread = 200;

    public Measurement Measure(Work work)
    {
        int steps = (int)Math.Clamp(work.Seconds * GflopsPerThread * work.Threads / work.Gflop, 2, 300);
        return ChildProcess.Run(tool, ["bench", work.What, "--model-config", work.Config, "--batch", $"{work.Batch}", "--steps", $"{steps}",
            "--threads", $"{work.Threads}", "--json"], work.Threads).Last;
    }

    /// <summary>From the start of <c>brownian train</c> to the end of its first step.</summary>
    public Measurement FirstStep(string config, int threads)
    {
        string runs = Directory.CreateTempSubdirectory("brownian").FullName;
        try
        {
            double seconds = ChildProcess.Until(tool, ["train", "--config", config, "--set", "dataset_params.im_path=digits", "--steps", "1",
                "--threads", $"{threads}", "--runs", runs], threads, HasMetrics);
            return new Measurement { ["seconds"] = seconds };
        }
        finally
        {
            Directory.Delete(runs, recursive: true);
        }

        bool HasMetrics() => Directory.EnumerateFiles(runs, "metrics.jsonl", SearchOption.AllDirectories).Any(file => new FileInfo(file).Length > 0);
    }

    /// <summary>10⁹ operations per second of 3×3 convolutions by their shape; under the empty key what the processor can do at most.</summary>
    public IEnumerable<(string Shape, Measurement Value)> Convolutions(int threads, string filter = "")
    {
        Outcome outcome = ChildProcess.Run(
            kernels, ["quick", "--filter", $"conv3x3 forward+gradients{filter}", "--threads", $"{threads}", "--json"], threads);
        foreach (System.Text.Json.JsonElement line in outcome.Lines)
        {
            string kernel = line.GetProperty("kernel").GetString()!;
            if (kernel == "peak copy") continue;
            yield return (kernel == "peak fma" ? "" : line.GetProperty("shape").GetString()!, Outcome.Numbers(line));
        }
    }

    /// <summary>The most multiply-adds that this processor does.</summary>
    public Measurement Peak(int threads) => Convolutions(threads, " 16x4x4").First().Value;
}

/// <summary>This program, measuring a peer in a process of its own.</summary>
static class PeerContestant
{
    public const string Torch = "TorchSharp", Onnx = "ONNX Runtime";

    static readonly string[] Libraries = ["/usr/lib/x86_64-linux-gnu", "/usr/lib64", "/usr/lib", "/usr/local/lib"];

    /// <summary>An allocator that keeps what is freed; null where it is not installed.</summary>
    public static string? Allocator { get; } =
        Libraries.Select(folder => Path.Combine(folder, "libtcmalloc_minimal.so.4")).FirstOrDefault(File.Exists);

    public static Measurement Measure(string peer, TorchVariant variant, Work work) =>
        Run(peer, variant, work).Last;

    public static Measurement FirstStep(TorchVariant variant, Work work) =>
        new() { ["seconds"] = Run(Torch, variant, work with { Seconds = 0 }).FirstLine };

    public static IEnumerable<(string Shape, Measurement Value)> Convolutions(TorchVariant variant, int threads)
    {
        Outcome outcome = ChildProcess.Run(Environment.ProcessPath!, ["measure", "convolutions", "--threads", $"{threads}", "--layout", $"{variant.Layout}"],
            threads, variant.Preload);
        foreach (System.Text.Json.JsonElement line in outcome.Lines) yield return (line.GetProperty("shape").GetString()!, Outcome.Numbers(line));
    }

    public static Measurement Equality(string config, int threads) =>
        ChildProcess.Run(Environment.ProcessPath!, ["measure", "equality", "--config", config], threads, Allocator).Last;

    static Outcome Run(string peer, TorchVariant variant, Work work) => ChildProcess.Run(
        Environment.ProcessPath!,
        ["measure", peer == Torch ? "torch" : "onnx", "--what", work.What, "--config", work.Config, "--batch", $"{work.Batch}",
            "--threads", $"{work.Threads}", "--seconds", FormattableString.Invariant($"{work.Seconds}"), "--layout", $"{variant.Layout}"],
        work.Threads, variant.Preload);
}

/// <summary>How TorchSharp is run.</summary>
/// <param name="Tuned">With an allocator that keeps what is freed.</param>
/// <param name="Layout">The order of images in memory.</param>
readonly record struct TorchVariant(bool Tuned, Layout Layout)
{
    public string? Preload => Tuned ? PeerContestant.Allocator : null;

    public string Name => (Tuned ? "tuned" : "as installed") + (Layout == Layout.ChannelsLast ? ", channels last" : "");

    /// <summary>The variants that can be run here.</summary>
    public static IEnumerable<TorchVariant> All(bool installedToo)
    {
        foreach (bool tuned in (bool[])(PeerContestant.Allocator is null ? [false] : installedToo ? [false, true] : [true]))
        {
            foreach (Layout layout in Enum.GetValues<Layout>()) yield return new TorchVariant(tuned, layout);
        }
    }

    public static TorchVariant Parse(string name) => All(installedToo: true).First(variant => variant.Name == name);
}
