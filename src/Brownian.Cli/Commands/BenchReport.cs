using System.Text.Json;

namespace Brownian.Cli;

/// <summary>What was measured.</summary>
readonly record struct BenchSubject(string What, long Parameters, int Batch, string Device, int Threads, string Instructions);

/// <summary>Speed and memory, with the keys that scripts read.</summary>
/// <param name="Subject">Of what.</param>
/// <param name="ImagesPerSecond">By the median step.</param>
/// <param name="BestImagesPerSecond">By the fastest step.</param>
/// <param name="Gflops">Effective: convolutions counted as if computed directly, by the median step.</param>
/// <param name="PeakMemoryMegabytes">The most that was resident, in units of 10⁶ bytes.</param>
/// <param name="ManagedBytesPerStep">What the garbage collector was asked for.</param>
/// <param name="Phases">Milliseconds of each part of a step, by its median; empty where a step has no parts.</param>
sealed record BenchReport(
    BenchSubject Subject, double ImagesPerSecond, double BestImagesPerSecond, double Gflops,
    double PeakMemoryMegabytes, long ManagedBytesPerStep, IReadOnlyDictionary<Phase, double> Phases)
{
    public void WriteJson(TextWriter to)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("bench", Subject.What);
            json.WriteNumber("parameters", Subject.Parameters);
            json.WriteNumber("batch", Subject.Batch);
            json.WriteNumber("imgPerSec", Math.Round(ImagesPerSecond, 3));
            json.WriteNumber("imgPerSecBest", Math.Round(BestImagesPerSecond, 3));
            json.WriteNumber("gflops", Math.Round(Gflops, 2));
            json.WriteNumber("peakMemoryMB", Math.Round(PeakMemoryMegabytes, 1));
            json.WriteNumber("managedBytesPerStep", ManagedBytesPerStep);
            foreach ((Phase phase, double milliseconds) in Phases)
                json.WriteNumber($"{JsonNamingPolicy.CamelCase.ConvertName(phase.ToString())}Ms", Math.Round(milliseconds, 3));
            json.WriteNumber("threads", Subject.Threads);
            json.WriteString("isa", Subject.Instructions);
            json.WriteEndObject();
        }
        to.WriteLine(System.Text.Encoding.UTF8.GetString(buffer.ToArray()));
    }

    public void WriteTable(TextWriter to)
    {
        Row("bench", $"{Subject.What}, batch {Subject.Batch}, {Phrases.Count(Subject.Parameters, "parameter")}");
        Row("device", Subject.Device);
        Row("speed", $"{Phrases.Rate(ImagesPerSecond)} img/s (best {Phrases.Rate(BestImagesPerSecond)})");
        Row("compute", $"{Phrases.Rate(Gflops)} GFLOP/s effective");
        if (Phases.Count > 0)
            Row("step", string.Join(", ", Phases.Select(p => $"{p.Key.ToString().ToLowerInvariant()} {Phrases.Rate(p.Value)} ms")));
        Row("memory", $"{Phrases.Rate(PeakMemoryMegabytes)} MB at most, {Phrases.Count(ManagedBytesPerStep, "managed byte")} per step");

        void Row(string name, string value) => to.WriteLine($"{name,-8}{value}");
    }
}
