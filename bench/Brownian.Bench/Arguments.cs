using System.Globalization;

namespace Brownian.Bench;

/// <summary>What was asked for at the command line.</summary>
/// <param name="Full">Through BenchmarkDotNet rather than quickly.</param>
/// <param name="Filter">A part of the names to measure; empty for all.</param>
/// <param name="Threads">How many compute.</param>
/// <param name="Json">JSON lines rather than a table.</param>
/// <param name="Once">Run each once, measure nothing.</param>
sealed record Arguments(bool Full, string Filter, int Threads, bool Json, bool Once)
{
    const int MostThreads = 1024;

    public static string Help { get; } = $"""
        Measures the kernels of Brownian.Tensors at the shapes of the networks, 16 images at once.

        brownian-bench quick [--filter TEXT] [--threads N] [--json | --once]
            Each kernel for 0.3 seconds after a warm-up: median, best, effective GFLOP/s, GB/s, share of the machine's peak.
        brownian-bench full [--filter TEXT] [--threads N]
            The same with BenchmarkDotNet, some seconds each; reports go to artifacts/benchmarks.

        --filter TEXT   Only where "kernel shape" contains TEXT, such as "conv3x3 forward+gradients 16x32x32".
        --threads N     1 to {MostThreads}; default: one per physical core.
        --json          JSON lines: the two peaks, then one per kernel and shape; gflops is null where operations are not counted.
        --once          Run each once and measure nothing: do they all work?

        Convolutions are counted as if computed directly; GB/s counts every input and result once. The peaks are measured first:
        multiply-adds in registers, and a copy of memory. The share of peak is of the multiply-adds where operations are counted,
        otherwise of the copy; Winograd's algorithm and caches can take it above 100 %.

        Kernels:
          {string.Join("\n  ", CaseList.All.Select(c => c.Kernel).Distinct().Chunk(5).Select(row => string.Join(" | ", row)))}
        """;

    /// <exception cref="ArgumentException">Says in one line what is wrong.</exception>
    public static Arguments Parse(ReadOnlySpan<string> args)
    {
        var parsed = new Arguments(Full: args[0] == "full", "", Brownian.Tensors.Cpu.Processor.Cores, Json: false, Once: false);
        if (args[0] is not ("quick" or "full")) throw new ArgumentException($"'{args[0]}' is not a command; give quick or full (--help explains).");
        for (int i = 1; i < args.Length; i++)
        {
            string name = args[i];
            parsed = name switch
            {
                "--filter" => parsed with { Filter = Value(args, ++i) },
                "--threads" => parsed with { Threads = Count(Value(args, ++i)) },
                "--json" when !parsed.Full => parsed with { Json = true },
                "--once" when !parsed.Full => parsed with { Once = true },
                _ => throw new ArgumentException($"'{name}' is not an option of {args[0]} (--help lists them)."),
            };
        }
        if (parsed is { Json: true, Once: true }) throw new ArgumentException("--once measures nothing that --json could print; give one of them.");
        return parsed;
    }

    static string Value(ReadOnlySpan<string> args, int at) =>
        at < args.Length ? args[at] : throw new ArgumentException($"{args[at - 1]} needs a value.");

    static int Count(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int threads) && threads is >= 1 and <= MostThreads
            ? threads
            : throw new ArgumentException($"--threads is '{text}'; it must be 1 to {MostThreads}.");
}
