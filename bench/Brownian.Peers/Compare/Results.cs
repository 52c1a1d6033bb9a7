using System.Text.Encodings.Web;
using System.Text.Json;

namespace Brownian.Peers;

/// <summary>What one process measured, by name: imgPerSec, peakMemoryMB, gflops, seconds.</summary>
sealed class Measurement : Dictionary<string, double>;

/// <summary>What was measured of one row.</summary>
sealed class RowResult
{
    /// <summary>By key (a variant, a shape, a number of threads; empty where there is one), then by contestant: one for each round.</summary>
    public Dictionary<string, Dictionary<string, List<Measurement>>> Values { get; init; } = [];

    /// <summary>What could not be measured, and why.</summary>
    public List<string> Failed { get; init; } = [];

    public string Date { get; init; } = "";

    public int Rounds { get; init; }

    public int Threads { get; init; }

    public void Add(string key, string contestant, Measurement value)
    {
        if (!Values.TryGetValue(key, out Dictionary<string, List<Measurement>>? of)) Values[key] = of = [];
        if (!of.TryGetValue(contestant, out List<Measurement>? list)) of[contestant] = list = [];
        list.Add(value);
    }
}

/// <summary>The machine that results are of.</summary>
readonly record struct Machine(string Processor, int Cores, string Instructions);

/// <summary>
/// Everything measured on one machine, kept in a file so that single rows can be measured again and the page written from all of them.
/// </summary>
sealed class Results
{
    static readonly JsonSerializerOptions Json =
        new() { WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.CamelCase, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public Machine Machine { get; init; }

    /// <summary>By network, then by what was compared: the largest difference over the largest number.</summary>
    public Dictionary<string, Dictionary<string, double>> Equality { get; init; } = [];

    public Dictionary<string, RowResult> Rows { get; init; } = [];

    /// <summary>The contestants' versions, by name.</summary>
    public Dictionary<string, string> Versions { get; init; } = [];

    /// <summary>What the file holds, if it is of this machine; otherwise nothing yet.</summary>
    public static Results Open(string path, Machine machine)
    {
        Results? kept = File.Exists(path) ? JsonSerializer.Deserialize<Results>(File.ReadAllText(path), Json) : null;
        return kept is not null && kept.Machine == machine ? kept : new Results { Machine = machine };
    }

    /// <summary>All of it or, if anything fails, the file as it was.</summary>
    public void Save(string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        string aside = $"{path}.{Environment.ProcessId}";
        File.WriteAllText(aside, JsonSerializer.Serialize(this, Json) + "\n");
        File.Move(aside, path, overwrite: true);
    }

    /// <summary>The keys that a row has values for.</summary>
    public IEnumerable<string> Keys(string row) => Rows.TryGetValue(row, out RowResult? result) ? result.Values.Keys : [];

    /// <summary>The median over the rounds; null where nothing was measured.</summary>
    public double? Median(string row, string contestant, string number, string key = "")
    {
        if (!Rows.TryGetValue(row, out RowResult? result) || !result.Values.TryGetValue(key, out var of)) return null;
        if (!of.TryGetValue(contestant, out List<Measurement>? list)) return null;
        double[] sorted = [.. list.Where(value => value.ContainsKey(number)).Select(value => value[number]).Order()];
        return sorted.Length == 0 ? null : (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}
