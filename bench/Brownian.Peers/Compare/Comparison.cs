using System.Diagnostics;
using System.Globalization;

namespace Brownian.Peers;

/// <summary>Equality first, then rounds, then the tables.</summary>
static class Comparison
{
    // Float32 through 60 layers differs by about 1e-6. Gradients of batch norm are differences of larger numbers and differ by more.
    const double OutputBound = 1e-4, GradientBound = 1e-2;

    public static int Run(CompareOptions options)
    {
        Results results = Results.Open(options.Results, ThisMachine.Read());
        var ours = new BrownianContestant(Built("Brownian.Cli", "brownian"), Built("Brownian.Bench", "Brownian.Bench"));
        IReadOnlyList<Row> all = new Rows(ours, results, options.Threads, options.Seconds).All();
        if (options.List)
        {
            foreach (Row row in all) Console.WriteLine($"{row.Name,-28}{row.Title}");
            return 0;
        }
        if (options.Only.FirstOrDefault(name => all.All(row => row.Name != name)) is { } unknown)
            throw new ArgumentException($"there is no row '{unknown}'; --list names them.");
        Row[] rows = [.. all.Where(row => options.Only.Count == 0 || options.Only.Contains(row.Name))];
        if (PeerContestant.Allocator is null)
            Console.WriteLine("TorchSharp is not tuned: tcmalloc is missing; it comes with\n  apt-get install libtcmalloc-minimal4");
        Say(rows, options);
        foreach ((string name, string version) in ThisMachine.Versions()) results.Versions[name] = version;

        Network[] equal = Compared(rows, results, options);
        foreach (Row row in rows.Where(row => row.Networks.All(equal.Contains))) Measure(row, results, options);
        results.Save(options.Results);
        Write(results, options);
        return equal.Length == rows.SelectMany(row => row.Networks).Distinct().Count() ? 0 : 1;
    }

    static void Say(Row[] rows, CompareOptions options)
    {
        double seconds = rows.Sum(row => row.Jobs().Sum(job => job.Seconds) * (row.Repeats ? options.Rounds : 1));
        seconds += 12 * rows.SelectMany(row => row.Networks).Distinct().Count();
        Console.WriteLine(FormattableString.Invariant(
            $"{rows.Length} rows, {options.Rounds} round{(options.Rounds == 1 ? "" : "s")}, {options.Threads} threads: about {Math.Max(1, seconds / 60):0} minutes"));
    }

    /// <summary>The networks that all contestants agree on.</summary>
    static Network[] Compared(Row[] rows, Results results, CompareOptions options)
    {
        var equal = new List<Network>();
        foreach (Network network in rows.SelectMany(row => row.Networks).Distinct())
        {
            Console.Write($"{network.Name,-20}");
            try
            {
                Measurement found = PeerContestant.Equality(network.Config, options.Threads);
                results.Equality[network.Name] = found;
                bool agrees = found["torchForward"] < OutputBound && found["onnxForward"] < OutputBound && found["torchGradient"] < GradientBound;
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                    $"{(agrees ? "equal" : "DIFFERS, not measured")}: {string.Join(", ", found.Select(n => $"{n.Key} {n.Value:0.0e-0}"))}"));
                if (agrees) equal.Add(network);
            }
            catch (ContestantException e)
            {
                Console.WriteLine($"not measured: {e.Message}");
            }
        }
        return [.. equal];
    }

    static void Measure(Row row, Results results, CompareOptions options)
    {
        int rounds = row.Repeats ? options.Rounds : 1;
        var result = new RowResult { Date = $"{DateTime.Now:yyyy-MM-dd}", Rounds = rounds, Threads = options.Threads };
        IReadOnlyList<Job> jobs = row.Jobs();
        Console.WriteLine(row.Name);
        for (int round = 0; round < rounds; round++)
        {
            foreach (Job job in jobs)
            {
                long start = Stopwatch.GetTimestamp();
                try
                {
                    foreach ((string key, Measurement value) in job.Measure())
                    {
                        result.Add(key, job.Contestant, value);
                        Console.WriteLine($"  {job.Contestant,-34}{key,-30}{Describe(value)}  ({Stopwatch.GetElapsedTime(start).TotalSeconds:0} s)");
                    }
                }
                catch (ContestantException e)
                {
                    result.Failed.Add($"{job.Contestant} {job.Key}: {e.Message}");
                    Console.WriteLine($"  {job.Contestant,-34}{job.Key,-30}failed: {e.Message}");
                }
            }
        }
        results.Rows[row.Name] = result;
        results.Save(options.Results);
    }

    static void Write(Results results, CompareOptions options)
    {
        (string Name, string? Table)[] tables = [.. new Tables(results, options.Command).All()];
        if (options.WritesPage)
        {
            File.WriteAllText(options.Page, Page.Put(File.ReadAllText(options.Page), options.Label, tables));
            Console.WriteLine($"wrote {Path.GetRelativePath(Network.Root, options.Page)}");
            return;
        }
        foreach ((string name, string? table) in tables)
        {
            if (table is not null) Console.WriteLine($"\n{name}\n\n{table}");
        }
    }

    static string Describe(Measurement value)
    {
        foreach ((string name, string unit) in ((string, string)[])[("imgPerSec", "img/s"), ("gflops", "GFLOP/s"), ("seconds", "s")])
        {
            if (value.TryGetValue(name, out double number)) return $"{Markdown.Number(number)} {unit}";
        }
        return "";
    }

    static string Built(string project, string program)
    {
        string path = Path.Combine(Network.Root, "artifacts", "bin", project, "release", program);
        return File.Exists(path) ? path : throw new FileNotFoundException($"{path} is not built; bench/compare builds it.");
    }
}
