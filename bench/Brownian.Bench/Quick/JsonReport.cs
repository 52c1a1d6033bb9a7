using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Brownian.Bench;

/// <summary>For scripts: one JSON object per line, the two peaks first. All lines have the same keys; null stands for what does not apply.</summary>
sealed class JsonReport(TextWriter to) : IQuickReport
{
    static readonly JsonWriterOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };        // "->" stays as it is

    int _threads;
    string _instructions = "";

    public void Start(MachinePeaks peaks, int threads, string instructions)
    {
        (_threads, _instructions) = (threads, instructions);
        Write("peak fma", "", null, peaks.Gflops, null, 1);
        Write("peak copy", $"{MachinePeaks.CopyMegabytes} MB", null, null, peaks.Gigabytes, 1);
    }

    public void Add(BenchCase benchCase, Timing timing, Rates rates) =>
        Write(benchCase.Kernel, benchCase.Shape, timing, rates.Gflops, rates.Gigabytes, rates.SharePeak);

    void Write(string kernel, string shape, Timing? timing, double? gflops, double? gigabytes, double share)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, Readable))
        {
            json.WriteStartObject();
            json.WriteString("kernel", kernel);
            json.WriteString("shape", shape);
            json.WriteNumber("threads", _threads);
            Number(json, "medianMs", timing?.Median * 1e3, 5);
            Number(json, "bestMs", timing?.Best * 1e3, 5);
            Number(json, "gflops", gflops, 2);
            Number(json, "gbs", gigabytes, 2);
            Number(json, "sharePeak", share, 4);
            json.WriteString("isa", _instructions);
            json.WriteEndObject();
        }
        to.WriteLine(Encoding.UTF8.GetString(buffer.ToArray()));
    }

    static void Number(Utf8JsonWriter json, string key, double? value, int digits)
    {
        if (value is { } number) json.WriteNumber(key, Math.Round(number, digits));
        else json.WriteNull(key);
    }
}
