using System.Globalization;

namespace Brownian.Peers;

/// <summary>What was asked of <c>bench/compare</c>.</summary>
sealed record CompareOptions
{
    public static string Help { get; } = """
        Compares Brownian's speed and memory with TorchSharp's (libtorch 2.10) and ONNX Runtime's on this machine, and writes the tables of
        docs/performance.md. First all contestants run the same networks on the same weights and input: one whose output differs is
        not measured. Then they take turns (A B C A B C ...), each measurement in a process of its own; tables show medians.

            bench/compare                             everything
            bench/compare --list                      name the rows and stop
            bench/compare --only mnist-forward-16     one row, repeatable; the others keep what was measured before
            bench/compare --quick --no-page           one short round, printed

            --rounds N      turns of every contestant (default: 3)
            --threads N     for every contestant (default: all cores)
            --seconds S     how long each measurement lasts after its warm-up (default: 2)
            --label TEXT    the page's section for this machine (default: its number of cores)
            --page FILE     where the tables go (default: docs/performance.md)
            --no-page       print the tables, write no page
            --results FILE  what was measured, for the next --only (default: artifacts/compare/results.json)
        """;

    public List<string> Only { get; } = [];

    public bool List { get; private set; }

    public bool Quick { get; private set; }

    public bool WritesPage { get; private set; } = true;

    public int Rounds { get; private set; } = 3;

    public int Threads { get; private set; } = Environment.ProcessorCount;

    public double Seconds { get; private set; } = 2;

    public string Label { get; private set; } = $"{Environment.ProcessorCount} cores";

    public string Page { get; private set; } = Path.Combine(Network.Root, "docs", "performance.md");

    public string Results { get; private set; } = Path.Combine(Rows.Scratch, "results.json");

    /// <summary>The command as anybody could repeat it.</summary>
    public string Command => string.Join(' ', (string[])["bench/compare", .. Only.Select(name => $"--only {name}"), .. Quick ? ["--quick"] : (string[])[]]);

    /// <exception cref="ArgumentException">Says in one line what is wrong.</exception>
    public static CompareOptions Parse(ReadOnlySpan<string> args)
    {
        var options = new CompareOptions();
        for (int i = 0; i < args.Length; i++)
        {
            switch (args[i])
            {
                case "--only": options.Only.Add(Value(args, ref i)); break;
                case "--list": options.List = true; break;
                case "--quick": (options.Quick, options.Rounds, options.Seconds) = (true, 1, 0.5); break;
                case "--no-page": options.WritesPage = false; break;
                case "--rounds": options.Rounds = (int)Number(args, ref i); break;
                case "--threads": options.Threads = (int)Number(args, ref i); break;
                case "--seconds": options.Seconds = Number(args, ref i); break;
                case "--label": options.Label = Value(args, ref i); break;
                case "--page": options.Page = Path.GetFullPath(Value(args, ref i)); break;
                case "--results": options.Results = Path.GetFullPath(Value(args, ref i)); break;
                default: throw new ArgumentException($"'{args[i]}' is not an option (--help lists them).");
            }
        }
        return options;
    }

    static string Value(ReadOnlySpan<string> args, ref int i) =>
        i + 1 < args.Length ? args[++i] : throw new ArgumentException($"{args[i]} needs a value.");

    static double Number(ReadOnlySpan<string> args, ref int i)
    {
        string name = args[i], text = Value(args, ref i);
        return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) && value > 0
            ? value
            : throw new ArgumentException($"{name} is '{text}'; it must be a number above 0.");
    }
}
