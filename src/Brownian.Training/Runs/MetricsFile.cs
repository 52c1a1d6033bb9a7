using System.Buffers;
using System.Text.Json;

namespace Brownian;

/// <summary>Appends a line to <c>metrics.jsonl</c> for each step; lines of steps that a resumed training repeats are dropped first.</summary>
sealed class MetricsFile : IDisposable
{
    readonly FileStream _file;
    readonly ArrayBufferWriter<byte> _line = new(512);
    readonly Utf8JsonWriter _json;

    /// <param name="path">The file; made if absent.</param>
    /// <param name="step">The step that training continues after.</param>
    public MetricsFile(string path, long step)
    {
        _file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read, bufferSize: 0);
        _file.SetLength(LengthUpTo(step));
        _file.Position = _file.Length;
        _json = new Utf8JsonWriter(_line);
    }

    public void Append(TrainMetrics m)
    {
        _line.ResetWrittenCount();
        _json.Reset();
        _json.WriteStartObject();
        _json.WriteNumber("step", m.Step);
        _json.WriteNumber("epoch", m.Epoch);
        Write("loss", m.Loss);
        Write("loss_q0", m.LossByQuartile.Q0);
        Write("loss_q1", m.LossByQuartile.Q1);
        Write("loss_q2", m.LossByQuartile.Q2);
        Write("loss_q3", m.LossByQuartile.Q3);
        Write("lr", m.LearningRate);
        Write("grad_norm", m.GradientNorm);
        Write("img_per_sec", Math.Round(m.ImagesPerSecond, 2));
        Write("gflops", Math.Round(m.Gflops, 2));
        Write("seconds", Math.Round(m.Seconds, 3));
        Write("memory_mb", Math.Round(m.MemoryMegabytes, 1));
        if (m.Evaluation is { } evaluation)
        {
            Write("frechet", evaluation.Frechet);
            Write("kernel", evaluation.Kernel);
        }
        if (m.ValidationLoss is { } validation) Write("validation_loss", validation);
        _json.WriteEndObject();
        _json.Flush();
        _line.Write("\n"u8);
        _file.Write(_line.WrittenSpan);
    }

    public void Flush() => _file.Flush(flushToDisk: true);

    public void Dispose()
    {
        _json.Dispose();
        _file.Dispose();
    }

    void Write(string name, double value)
    {
        if (double.IsFinite(value)) _json.WriteNumber(name, value);
        else _json.WriteNull(name);
    }

    // A killed process may leave half a line, and lines of steps after the last checkpoint.
    long LengthUpTo(long step)
    {
        if (_file.Length == 0 || step == 0) return 0;
        byte[] content = new byte[_file.Length];
        _file.ReadExactly(content);
        int good = 0;
        for (int end = Array.IndexOf(content, (byte)'\n'); end >= 0; end = Array.IndexOf(content, (byte)'\n', good))
        {
            if (StepOf(content.AsMemory(good, end - good)) is not { } found || found > step) break;
            good = end + 1;
        }
        return good;
    }

    static long? StepOf(ReadOnlyMemory<byte> line)
    {
        try
        {
            using var json = JsonDocument.Parse(line);
            return json.RootElement.ValueKind == JsonValueKind.Object
                && json.RootElement.TryGetProperty("step", out JsonElement step) && step.TryGetInt64(out long value) ? value : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

/// <summary>What <c>metrics.jsonl</c> says about one step.</summary>
/// <param name="Step">Optimiser steps taken, this one included: the first is 1.</param>
/// <param name="Epoch">Passes over the images completed before this step's last batch.</param>
/// <param name="Loss">The mean over the step's images of what the configuration calls the loss, <c>loss_weighting</c> included.</param>
/// <param name="LossByQuartile">The same over the images whose timestep fell into each quarter of 0 … T−1; NaN for a quarter without.</param>
/// <param name="LearningRate">The rate of this step.</param>
/// <param name="GradientNorm">The norm of the whole gradient before clipping.</param>
/// <param name="ImagesPerSecond">Images of this step over its seconds.</param>
/// <param name="Gflops">Effective, in 10⁹ a second: forward, and twice that for backward, convolutions counted as if computed directly.</param>
/// <param name="Seconds">Time trained since the start, interruptions not counted.</param>
/// <param name="MemoryMegabytes">The process's resident memory.</param>
public sealed record TrainMetrics(
    long Step, long Epoch, double Loss, Quartiles LossByQuartile, double LearningRate, double GradientNorm,
    double ImagesPerSecond, double Gflops, double Seconds, double MemoryMegabytes)
{
    /// <summary>How far images of the averaged weights are from those learned from; null after most steps, see <see cref="TrainParams.EvaluateSteps"/>.</summary>
    public EvaluationMetrics? Evaluation { get; init; }

    /// <summary>The loss of the averaged weights on held-out images; null after most steps, see <see cref="TrainParams.ValidationFraction"/>.</summary>
    public double? ValidationLoss { get; init; }
}

/// <summary>What an evaluation while training found, lower being better.</summary>
/// <param name="Features">The name of the feature network.</param>
/// <param name="Images">Drawn for it.</param>
/// <param name="Frechet">The Fréchet distance, which is larger the fewer images there are.</param>
/// <param name="Kernel">The kernel distance, without bias.</param>
public sealed record EvaluationMetrics(string Features, int Images, double Frechet, double Kernel);

/// <summary>Four means, one for each quarter of the timesteps from the least noise to the most; NaN where there is none.</summary>
public readonly record struct Quartiles(double Q0, double Q1, double Q2, double Q3);
