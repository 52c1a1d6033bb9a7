using System.Text.Json;

namespace Brownian.Training;

/// <summary>The losses in <c>metrics.jsonl</c>; steps without a finite one are left out.</summary>
sealed class LossHistory
{
    readonly List<double> _steps = [], _seconds = [], _losses = [];

    /// <summary>The number of each step, from 1.</summary>
    public IReadOnlyList<double> Steps => _steps;

    /// <summary>The time trained by the end of each step.</summary>
    public IReadOnlyList<double> Seconds => _seconds;

    public IReadOnlyList<double> Losses => _losses;

    /// <summary>Reads what the file holds so far; a last line that is still being written is left out.</summary>
    /// <exception cref="InvalidDataException">A line is damaged: "path:line: what is wrong".</exception>
    public static LossHistory Read(string path)
    {
        var history = new LossHistory();
        using var reader = new StreamReader(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        for (int number = 1; reader.ReadLine() is { } line && line.EndsWith('}'); number++)
        {
            try
            {
                using var json = JsonDocument.Parse(line);
                history.Add(json.RootElement);
            }
            catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
            {
                throw new InvalidDataException($"{path}:{number}: not a line of metrics with step, seconds and loss; delete it.", e);
            }
        }
        return history;
    }

    /// <summary>The running mean after each step.</summary>
    public double[] RunningMeans()
    {
        var mean = new SmoothedLoss();
        double[] means = new double[_losses.Count];
        for (int i = 0; i < means.Length; i++)
        {
            mean.Add(_losses[i]);
            means[i] = mean.Value;
        }
        return means;
    }

    void Add(JsonElement line)
    {
        if (line.GetProperty("loss") is not { ValueKind: JsonValueKind.Number } loss) return;
        double step = line.GetProperty("step").GetDouble(), seconds = line.GetProperty("seconds").GetDouble();
        _steps.Add(step);
        _seconds.Add(seconds);
        _losses.Add(loss.GetDouble());
    }
}
