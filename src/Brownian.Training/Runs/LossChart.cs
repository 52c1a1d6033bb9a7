using System.Text.Json;
using Brownian.Imaging;

namespace Brownian.Training;

/// <summary>The loss of a run over its steps, drawn from <c>metrics.jsonl</c>: every step pale, the running mean in full colour.</summary>
static class LossChart
{
    /// <summary>Draws what the file holds so far; a last line that is still being written is left out.</summary>
    public static Image Draw(string metricsPath, string title)
    {
        List<double> steps = [], losses = [], means = [];
        var mean = new SmoothedLoss();
        using var reader = new StreamReader(new FileStream(metricsPath, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        while (reader.ReadLine() is { } line)
        {
            if (!line.EndsWith('}')) break;
            using var json = JsonDocument.Parse(line);
            if (json.RootElement.GetProperty("loss") is not { ValueKind: JsonValueKind.Number } loss) continue;
            mean.Add(loss.GetDouble());
            steps.Add(json.RootElement.GetProperty("step").GetDouble());
            losses.Add(loss.GetDouble());
            means.Add(mean.Value);
        }
        // The fall of the first steps would flatten everything after it on a linear axis.
        return new LineChart(new ChartOptions { Title = title, XLabel = "step", YLabel = "loss", LogY = true })
            .Add("each step", steps.ToArray(), losses.ToArray(), faint: true)
            .Add("running mean", steps.ToArray(), means.ToArray())
            .Draw();
    }
}
