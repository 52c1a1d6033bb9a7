using System.Text.RegularExpressions;

namespace Brownian.Peers;

/// <summary>One process of one contestant.</summary>
/// <param name="Contestant">Who.</param>
/// <param name="Key">Which of the row's values it measures: a variant, a number of threads; empty where there is one.</param>
/// <param name="Seconds">How long it may take, for the estimate.</param>
/// <param name="Measure">Runs it; gives values by key.</param>
sealed record Job(string Contestant, string Key, double Seconds, Func<IEnumerable<(string Key, Measurement Value)>> Measure);

/// <summary>What is measured together: a round runs every job once, in turn.</summary>
/// <param name="Name">As <c>--only</c> takes it.</param>
/// <param name="Title">What it is.</param>
/// <param name="Networks">Those whose outputs must agree first.</param>
/// <param name="Repeats">Whether it is measured in every round, or once.</param>
/// <param name="Jobs">Who does what; asked for when the row's turn comes, as variants are known by then.</param>
sealed record Row(string Name, string Title, IReadOnlyList<Network> Networks, bool Repeats, Func<IReadOnlyList<Job>> Jobs);

/// <summary>All rows.</summary>
sealed class Rows(BrownianContestant ours, Results results, int threads, double seconds)
{
    static readonly int[] Batches = [1, 4, 16, 64, 128];
    static readonly (string Network, int[] Sides)[] Sides = [("tutorial-mnist", [16, 32, 64]), ("plain-cifar10", [16, 32, 64])];
    const int SideBatch = 8, ForwardBatch = 16;
    const double Start = 2, PeerGflopsPerThread = 100;      // seconds before anything is measured; only for the estimate

    public static string Scratch { get; } = Path.Combine(Network.Root, "artifacts", "compare");

    public IReadOnlyList<Row> All()
    {
        var rows = new List<Row> { new("peak", "multiply-adds of this processor", [], true, () => [Own("", 3, () => ours.Peak(threads))]) };
        foreach (Network network in Network.All)
        {
            bool shown = network.Name is "tutorial-mnist" or "cifar10-paper";
            rows.Add(new($"{network.Name}-variants", $"{network.Name}: TorchSharp's variants", [network], false, () => Variants(network, shown)));
            rows.Add(Speed(network, "train", network.Batch));
            rows.Add(Speed(network, "forward", ForwardBatch));
            rows.Add(Speed(network, "forward", 1));
            rows.Add(new($"{network.Name}-sample", $"{network.Name}: a step of sampling, batch {ForwardBatch}", [network], false,
                () => [Own("", Cost(Of(network, "sample", ForwardBatch), BrownianContestant.GflopsPerThread), () => ours.Measure(Of(network, "sample", ForwardBatch)))]));
        }
        Network first = Network.All[0];
        rows.Add(new("first-step", $"{first.Name}: from the start to the end of the first step", [first], true, () => FirstStep(first)));
        rows.Add(new("convolutions", "3×3 convolutions, forward and both gradients, batch 16", [], true, Convolutions));
        rows.Add(new("batches", $"{first.Name}: training with batches of {string.Join(", ", Batches)}", [first], false,
            () => [.. Batches.SelectMany(batch => Both(first, $"{batch}", Of(first, "train", batch)))]));
        rows.Add(new("threads", $"{first.Name}: training with 1 to {threads} threads, batch 16", [first], true,
            () => [.. Threads().SelectMany(count => Both(first, $"{count}", Of(first, "train", 16) with { Threads = count }))]));
        foreach ((string name, int[] sides) in Sides)
        {
            Network network = Network.All.First(n => n.Name == name);
            rows.Add(new($"{name}-sides", $"{name}: training with images of {string.Join(", ", sides)} pixels each way, batch {SideBatch}", [network], false,
                () => [.. sides.SelectMany(side => Both(network, $"{side}", Of(network, "train", SideBatch) with { Config = OfSide(network, side) }))]));
        }
        return rows;
    }

    Row Speed(Network network, string what, int batch)
    {
        string name = what == "train" ? $"{network.Name}-train" : $"{network.Name}-forward-{batch}";
        return new Row(name, $"{network.Name}: {(what == "train" ? "training" : "forward pass")}, batch {batch}", [network], true, () =>
        {
            Work work = Of(network, what, batch);
            List<Job> jobs = [.. Both(network, "", work)];
            if (what == "forward") jobs.Add(new(PeerContestant.Onnx, "", Cost(work, PeerGflopsPerThread), () => [("", PeerContestant.Measure(PeerContestant.Onnx, default, work))]));
            return jobs;
        });
    }

    /// <summary>TorchSharp's ways to run, once each: the fastest is the one that Brownian is compared with.</summary>
    List<Job> Variants(Network network, bool installedToo)
    {
        var jobs = new List<Job>();
        foreach (string what in (string[])["train", "forward"])
        {
            Work work = Of(network, what, what == "train" ? network.Batch : ForwardBatch);
            foreach (TorchVariant variant in TorchVariant.All(installedToo)) jobs.Add(Torch($"{what}: {variant.Name}", variant, work));
        }
        return jobs;
    }

    IReadOnlyList<Job> FirstStep(Network network)
    {
        TorchVariant variant = Fastest(network, "train");
        Work work = Of(network, "train", network.Batch);
        return
        [
            Own("", 3, () => ours.FirstStep(network.Config, threads)),
            new(PeerContestant.Torch, "", 6, () => [("", PeerContestant.FirstStep(variant, work))]),
        ];
    }

    IReadOnlyList<Job> Convolutions() =>
    [
        new(BrownianContestant.Name, "", 18, () => ours.Convolutions(threads).Where(line => line.Shape.Length > 0)),
        .. TorchVariant.All(installedToo: false).Select(variant =>
            new Job($"{PeerContestant.Torch}, {variant.Name}", "", 15, () => PeerContestant.Convolutions(variant, threads))),
    ];

    IEnumerable<Job> Both(Network network, string key, Work work)
    {
        yield return Own(key, Cost(work, BrownianContestant.GflopsPerThread), () => ours.Measure(work));
        yield return Torch(key, Fastest(network, work.What), work);
    }

    static Job Own(string key, double cost, Func<Measurement> measure) => new(BrownianContestant.Name, key, cost, () => [(key, measure())]);

    static Job Torch(string key, TorchVariant variant, Work work) => new(
        PeerContestant.Torch, key, Cost(work, PeerGflopsPerThread), () => [(key, PeerContestant.Measure(PeerContestant.Torch, variant, work))]);

    /// <summary>The fastest variant measured; tuned and channels last before that.</summary>
    TorchVariant Fastest(Network network, string what)
    {
        string row = $"{network.Name}-variants", start = $"{what}: ";
        string? best = results.Keys(row).Where(key => key.StartsWith(start, StringComparison.Ordinal))
            .MaxBy(key => results.Median(row, PeerContestant.Torch, "imgPerSec", key) ?? 0);
        return best is null ? TorchVariant.All(installedToo: false).Last() : TorchVariant.Parse(best[start.Length..]);
    }

    Work Of(Network network, string what, int batch) => new(what, network.Config, batch, threads, seconds);

    // A warm-up and two steps, or the time that is measured.
    static double Cost(Work work, double gflopsPerThread) => Start + Math.Max(work.Seconds, 4 * work.Gflop / (gflopsPerThread * work.Threads));

    IEnumerable<int> Threads()
    {
        for (int count = 1; count < threads; count *= 2) yield return count;
        yield return threads;
    }

    /// <summary>The network's configuration for images of another size.</summary>
    static string OfSide(Network network, int side)
    {
        Directory.CreateDirectory(Scratch);
        string path = Path.Combine(Scratch, $"{network.Name}-{side}.yaml");
        File.WriteAllText(path, Regex.Replace(File.ReadAllText(network.Config), @"(?m)^  (im_size|sample_size): \d+", $"  $1: {side}"));
        return path;
    }
}
