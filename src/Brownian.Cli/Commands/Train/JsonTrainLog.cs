using System.Text;
using System.Text.Json;

namespace Brownian.Cli;

/// <summary>Tells a program what the trainer does: a JSON object in a line for each event, <c>train --log-format json</c>.</summary>
/// <param name="to">Where the lines go.</param>
/// <param name="run">Where results go; null where there will be none.</param>
sealed class JsonTrainLog(TextWriter to, RunDirectory? run) : IProgress<TrainProgress>
{
    public void Report(TrainProgress value)
    {
        switch (value)
        {
            case TrainProgress.Started started:
                Write("started", json =>
                {
                    if (run is not null) json.WriteString("run", run.FullPath);
                    json.WriteString("dataset", started.Dataset);
                    json.WriteNumber("parameters", started.Parameters);
                    json.WriteNumber("step", started.Step);
                    json.WriteNumber("total_steps", started.TotalSteps);
                    json.WriteNumber("steps_per_epoch", started.StepsPerEpoch);
                    json.WriteString("device", started.Device);
                    if (started.HeldOut > 0) json.WriteNumber("held_out", started.HeldOut);
                });
                break;
            case TrainProgress.Planned { Forecast: var forecast }:
                Write("planned", json =>
                {
                    json.WriteNumber("seconds", Math.Round(forecast.Total.TotalSeconds, 1));
                    json.WriteNumber("memory_bytes", forecast.PeakMemory);
                    json.WriteNumber("img_per_sec", Math.Round(forecast.ImagesPerSecond, 2));
                    if (forecast.IsEstimated) json.WriteBoolean("estimated", true);
                });
                break;
            case TrainProgress.Stepped { Metrics: var m } stepped:
                Write("step", json =>
                {
                    json.WriteNumber("step", m.Step);
                    json.WriteNumber("epoch", m.Epoch);
                    json.WriteNumber("loss", m.Loss);
                    json.WriteNumber("smoothed_loss", stepped.SmoothedLoss);
                    json.WriteNumber("lr", m.LearningRate);
                    json.WriteNumber("grad_norm", m.GradientNorm);
                    json.WriteNumber("img_per_sec", Math.Round(m.ImagesPerSecond, 2));
                    json.WriteNumber("seconds", Math.Round(m.Seconds, 3));
                    if (stepped.Remaining is { } remaining) json.WriteNumber("remaining_seconds", Math.Round(remaining.TotalSeconds, 1));
                    if (m.ValidationLoss is { } validation && double.IsFinite(validation)) json.WriteNumber("validation_loss", validation);
                    if (m.Evaluation is not { } found) return;
                    json.WriteNumber("frechet", found.Frechet);
                    json.WriteNumber("kernel", found.Kernel);
                });
                break;
            case TrainProgress.Sampled sampled: Write("sampled", sampled.Step, sampled.Path); break;
            case TrainProgress.Saved saved: Write("saved", saved.Step, saved.Path); break;
            case TrainProgress.Warning warning: Write("warning", json => json.WriteString("message", warning.Message)); break;
            case TrainProgress.Finished { Result: var result }: Finish(result); break;
            default: break;
        }
    }

    void Finish(TrainResult result) => Write(result.IsComplete ? "finished" : "interrupted", json =>
    {
        json.WriteNumber("step", result.Step);
        json.WriteNumber("loss", result.SmoothedLoss);
        json.WriteNumber("seconds", Math.Round(result.SecondsTrained, 1));
        if (run is not null) json.WriteString("run", run.FullPath);
        if (result.ModelPath is not null) json.WriteString("model", result.ModelPath);
        if (result.SampleGrid is not null) json.WriteString("samples", result.SampleGrid);
    });

    void Write(string name, long step, string path) => Write(name, json =>
    {
        json.WriteNumber("step", step);
        json.WriteString("path", path);
    });

    void Write(string name, Action<Utf8JsonWriter> fill)
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes))
        {
            json.WriteStartObject();
            json.WriteString("event", name);
            fill(json);
            json.WriteEndObject();
        }
        to.WriteLine(Encoding.UTF8.GetString(bytes.ToArray()));
        to.Flush();
    }
}
