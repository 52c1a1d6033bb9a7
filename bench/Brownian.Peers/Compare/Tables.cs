using System.Globalization;
using static Brownian.Peers.Markdown;

namespace Brownian.Peers;

/// <summary>The tables of docs/performance.md.</summary>
sealed class Tables(Results results, string command)
{
    const string Ours = BrownianContestant.Name, Torch = PeerContestant.Torch, Onnx = PeerContestant.Onnx;

    /// <summary>Name and Markdown of every table, in the page's order; null where nothing was measured.</summary>
    public IEnumerable<(string Name, string? Table)> All() =>
    [
        ("machine", Machine()), ("equality", Equality()), ("networks", Networks()), ("speed", Speed()), ("memory", Memory()),
        ("first step", FirstStep()), ("batches", Growth("batches", "images in a step")), ("threads", Growth("threads", "threads")),
        ("sides, attention", Growth("tutorial-mnist-sides", "pixels each way, tutorial-mnist")),
        ("sides, convolutions", Growth("plain-cifar10-sides", "pixels each way, plain-cifar10")),
        ("convolutions", Convolutions()), ("variants", Variants()),
    ];

    double? Peak => results.Median("peak", Ours, "gflops");

    string? Machine()
    {
        if (results.Rows.Count == 0) return null;
        RowResult[] rows = [.. results.Rows.Values];
        string[][] facts =
        [
            ["processor", results.Machine.Processor],
            ["cores", $"{results.Machine.Cores}"],
            ["instruction set", results.Machine.Instructions],
            ["multiply-adds at most, GFLOP/s", Number(Peak)],
            ["threads", string.Join(", ", rows.Select(row => row.Threads).Distinct())],
            ["contestants", string.Join(", ", results.Versions.Select(version => $"{version.Key} {version.Value}"))],
            ["rounds", string.Join(", ", rows.Select(row => row.Rounds).Distinct().Order())],
            ["measured", string.Join(", ", rows.Select(row => row.Date).Distinct().Order())],
            ["repeat with", $"`{command}`"],
        ];
        return Table(["", ""], facts, words: 2);
    }

    string? Equality() => OrNothing(
        ["largest difference from Brownian ÷ largest number", "TorchSharp, output", "TorchSharp, gradients", "ONNX Runtime, output"],
        from network in Network.All
        where results.Equality.ContainsKey(network.Name)
        let found = results.Equality[network.Name]
        select (string[])[network.Title, Small(found, "torchForward"), Small(found, "torchGradient"), Small(found, "onnxForward")]);

    string? Networks() => OrNothing(
        ["network", "training, img/s", "share of peak", "TorchSharp", "sampling, steps × images/s", "share of peak", "fastest peer's forward pass"],
        from network in Network.All
        let train = $"{network.Name}-train"
        let sample = $"{network.Name}-sample"
        where results.Rows.ContainsKey(train) || results.Rows.ContainsKey(sample)
        select (string[])
        [
            network.Title,
            Number(Speed(train, Ours)), Share(results.Median(train, Ours, "gflops"), Peak), Number(Speed(train, Torch)),
            Number(Speed(sample, Ours)), Share(results.Median(sample, Ours, "gflops"), Peak), Number(FastestPeer($"{network.Name}-forward-16")),
        ]);

    string? Speed() => OrNothing(
        ["images per second", "Brownian", "TorchSharp", "ONNX Runtime", "Brownian ÷ TorchSharp", "÷ fastest peer"],
        from network in Network.All
        from kind in ((string Row, string Title)[])
            [("train", $"training, batch {network.Batch}"), ("forward-16", "forward pass, batch 16"), ("forward-1", "forward pass, batch 1")]
        let row = $"{network.Name}-{kind.Row}"
        where results.Rows.ContainsKey(row)
        let ours = Speed(row, Ours)
        select (string[])
        [
            $"{network.Name}, {kind.Title}", Number(ours), Number(Speed(row, Torch)), Number(Speed(row, Onnx)),
            Ratio(ours, Speed(row, Torch)), Ratio(ours, FastestPeer(row)),
        ]);

    string? Memory() => OrNothing(
        ["most memory while training, MB", "Brownian", "TorchSharp, its smallest variant", "Brownian ÷ TorchSharp"],
        from network in Network.All
        let row = $"{network.Name}-train"
        where results.Rows.ContainsKey(row)
        let ours = results.Median(row, Ours, "peakMemoryMB")
        let torch = SmallestTorch(network)
        select (string[])[$"{network.Name}, batch {network.Batch}", Number(ours), Number(torch), Ratio(ours, torch)]);

    string? FirstStep() => !results.Rows.ContainsKey("first-step") ? null : Table(
        ["seconds from the start of the program to the end of its first training step", "Brownian", "TorchSharp", "Brownian ÷ TorchSharp"],
        [[$"{Network.All[0].Name}, batch {Network.All[0].Batch}", Number(Seconds(Ours)), Number(Seconds(Torch)), Ratio(Seconds(Ours), Seconds(Torch))]]);

    double? Seconds(string contestant) => results.Median("first-step", contestant, "seconds");

    string? Growth(string row, string what) => OrNothing(
        [$"training, {what}", "Brownian, img/s", "MB", "TorchSharp, img/s", "MB", "Brownian ÷ TorchSharp", "memory"],
        from key in results.Keys(row)
        let ours = results.Median(row, Ours, "imgPerSec", key)
        let torch = results.Median(row, Torch, "imgPerSec", key)
        let memory = results.Median(row, Ours, "peakMemoryMB", key)
        let torchMemory = results.Median(row, Torch, "peakMemoryMB", key)
        select (string[])[key, Number(ours), Number(memory), Number(torch), Number(torchMemory), Ratio(ours, torch), Ratio(memory, torchMemory)]);

    string? Convolutions() => OrNothing(
        ["3×3 convolution, forward and both gradients, effective GFLOP/s", "Brownian", "TorchSharp", "Brownian ÷ TorchSharp", "share of peak"],
        from shape in results.Keys("convolutions")
        let ours = results.Median("convolutions", Ours, "gflops", shape)
        let torch = results.Rows["convolutions"].Values[shape].Keys.Where(name => name != Ours)
            .Select(name => results.Median("convolutions", name, "gflops", shape)).Max()
        where torch is not null
        select (string[])[shape.Replace("x", "×").Replace("->", " → "), Number(ours), Number(torch), Ratio(ours, torch), Share(ours, Peak)]);

    string? Variants()
    {
        var rows = new List<string[]>();
        foreach (Network network in Network.All)
        {
            string row = $"{network.Name}-variants";
            double? Of(string key) => results.Median(row, Torch, "imgPerSec", key);
            foreach (IGrouping<string, string> kind in results.Keys(row).GroupBy(key => key.Split(": ")[0]))
            {
                string best = kind.MaxBy(key => Of(key) ?? 0)!;
                rows.AddRange(kind.Select(key => (string[])
                [
                    $"{network.Name}, {(kind.Key == "train" ? "training" : "forward pass, batch 16")}",
                    key.Split(": ")[1] + (key == best ? ", compared above" : ""),
                    Number(Of(key)), Number(results.Median(row, Torch, "peakMemoryMB", key)),
                ]));
            }
        }
        return rows.Count == 0 ? null : Table(["TorchSharp", "variant", "img/s", "MB"], rows, words: 2);
    }

    double? Speed(string row, string contestant) => results.Median(row, contestant, "imgPerSec");

    double? FastestPeer(string row) => ((double?[])[Speed(row, Torch), Speed(row, Onnx)]).Max();

    // The fastest variant need not be the smallest.
    double? SmallestTorch(Network network)
    {
        string variants = $"{network.Name}-variants";
        IEnumerable<double?> memory = results.Keys(variants).Where(key => key.StartsWith("train", StringComparison.Ordinal))
            .Select(key => results.Median(variants, Torch, "peakMemoryMB", key));
        return memory.Append(results.Median($"{network.Name}-train", Torch, "peakMemoryMB")).Min();
    }

    static string Small(Dictionary<string, double> found, string name) =>
        found.TryGetValue(name, out double value) ? value.ToString("0.0e-0", CultureInfo.InvariantCulture) : "–";

    static string? OrNothing(string[] head, IEnumerable<string[]> rows)
    {
        string[][] all = [.. rows];
        return all.Length == 0 ? null : Table(head, all);
    }
}
