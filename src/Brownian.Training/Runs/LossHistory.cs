using System.Text.Json;
using Brownian.Imaging;

namespace Brownian;

/// <summary>The losses in <c>metrics.jsonl</c>; steps without a finite one are left out.</summary>
sealed class LossHistory
{
    readonly List<double> _steps = [], _seconds = [], _losses = [];
    readonly List<double> _evaluatedSteps = [], _frechet = [];
    readonly List<(double Step, double Seconds, double Loss)> _heldOut = [];

    /// <summary>The number of each step, from 1.</summary>
    public IReadOnlyList<double> Steps => _steps;

    /// <summary>The time trained by the end of each step.</summary>
    public IReadOnlyList<double> Seconds => _seconds;

    public IReadOnlyList<double> Losses => _losses;

    /// <summary>The loss of held-out images, where it was measured.</summary>
    public IReadOnlyList<(double Step, double Seconds, double Loss)> HeldOut => _heldOut;

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

    /// <summary>Every step pale, the running mean in full colour.</summary>
    public Image Draw(string title)
    {
        double[] steps = [.. _steps];
        // The fall of the first steps would flatten everything after it on a linear axis.
        LineChart losses = new LineChart(new ChartOptions { Title = title, XLabel = "step", YLabel = "loss", LogY = true })
            .Add("each step", steps, [.. _losses], faint: true)
            .Add("running mean", steps, RunningMeans());
        if (_heldOut.Count > 0) losses.Add("held-out images, averaged weights", [.. _heldOut.Select(at => at.Step)], [.. _heldOut.Select(at => at.Loss)]);
        Drawing loss = losses.ToDrawing();
        if (_evaluatedSteps.Count == 0) return loss.ToImage();
        Drawing distance = new LineChart(new ChartOptions { XLabel = "step", YLabel = "Fréchet distance", LogY = true, Dots = true, Width = 600 })
            .Add("averaged weights against the training images", [.. _evaluatedSteps], [.. _frechet])
            .ToDrawing();
        return ChartPanels.ToDrawing("", [loss, distance]).ToImage();
    }

    void Add(JsonElement line)
    {
        if (line.GetProperty("loss") is not { ValueKind: JsonValueKind.Number } loss) return;
        double step = line.GetProperty("step").GetDouble(), seconds = line.GetProperty("seconds").GetDouble();
        _steps.Add(step);
        _seconds.Add(seconds);
        _losses.Add(loss.GetDouble());
        if (line.TryGetProperty("validation_loss", out JsonElement heldOut) && heldOut.ValueKind == JsonValueKind.Number)
            _heldOut.Add((step, seconds, heldOut.GetDouble()));
        if (!line.TryGetProperty("frechet", out JsonElement distance) || distance.ValueKind != JsonValueKind.Number) return;
        _evaluatedSteps.Add(step);
        _frechet.Add(distance.GetDouble());
    }
}

/// <summary>
/// A running mean over about the last 50 steps, and over the last fifth of those that there were while these are fewer than 250: the
/// loss falls fastest at the beginning, where a longer memory would show what is long past.
/// </summary>
struct SmoothedLoss
{
    const double LeastWeight = 0.02, InverseShare = 5;

    double _value;
    long _count;

    public readonly double Value => _count == 0 ? double.NaN : _value;

    /// <summary>As it was when <paramref name="value"/> was noted after <paramref name="steps"/> steps.</summary>
    public static SmoothedLoss At(double value, long steps) => new() { _value = value, _count = steps };

    public void Add(double loss)
    {
        _count++;
        _value += Math.Max(LeastWeight, InverseShare / (_count - 1 + InverseShare)) * (loss - _value);
    }
}
