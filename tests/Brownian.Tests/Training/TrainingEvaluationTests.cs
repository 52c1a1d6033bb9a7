using System.Text.Json;
using Brownian.Imaging;

namespace Brownian.Tests;

/// <summary>Evaluations while training: they are told and kept, and change nothing.</summary>
public sealed class TrainingEvaluationTests : IDisposable
{
    static readonly TrainConfig Evaluated = TinyRun.Config.With("train_params.evaluate_steps=5", "train_params.evaluate_count=8");

    readonly ScratchFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    RunDirectory Trained(string name, TrainConfig config, Action<TrainProgress>? tell = null, long? stopAfter = null)
    {
        RunDirectory run = RunDirectory.Create(_folder.Path(name), config);
        TinyRun.Train(run, config, stopAfter, tell: tell);
        return run;
    }

    [Fact]
    public void An_evaluated_training_has_the_bits_of_another() =>
        Assert.Equal(TinyRun.StateAfter(Trained("plain", TinyRun.Config), 12), TinyRun.StateAfter(Trained("evaluated", Evaluated), 12));

    [Fact]
    public void Distances_are_in_the_metrics_the_manifest_and_the_chart()
    {
        List<TrainProgress> told = [];
        RunDirectory run = Trained("evaluated", Evaluated.With("train_params.checkpoint_steps=5"), told.Add);
        int looked = told.FindLastIndex(progress => progress is TrainProgress.LookingAtImages), stepped = told.FindIndex(progress => progress is TrainProgress.Stepped);
        Assert.InRange(looked, 0, stepped - 1);
        Assert.Equal([5L, 10, 12], told.OfType<TrainProgress.Evaluating>().Select(evaluating => evaluating.Step));
        JsonElement[] lines = [.. File.ReadLines(run.MetricsPath).Select(line => JsonDocument.Parse(line).RootElement)];
        Assert.Equal([5, 10, 12], lines.Where(line => line.TryGetProperty("frechet", out _)).Select(line => line.GetProperty("step").GetInt32()));
        double last = lines[^1].GetProperty("frechet").GetDouble();
        Assert.True(last > 0 && double.IsFinite(lines[^1].GetProperty("kernel").GetDouble()));
        Assert.Equal(last, CheckpointManifest.Read(new CheckpointStore(run.CheckpointsPath).PathOf(12)).Evaluation);
        Image chart = Png.Read(run.LossChartPath);
        Assert.Equal((3000, 840), (chart.Width, chart.Height));
    }

    [Fact]
    public void A_checkpoint_of_a_step_that_was_not_evaluated_has_no_number()
    {
        RunDirectory run = Trained("evaluated", Evaluated);       // checkpoints after 4, 8 and 12
        Assert.Null(CheckpointManifest.Read(new CheckpointStore(run.CheckpointsPath).PathOf(8)).Evaluation);
        Assert.NotNull(CheckpointManifest.Read(new CheckpointStore(run.CheckpointsPath).PathOf(12)).Evaluation);
    }

    [Fact]
    public void A_resumed_training_finds_the_same_distances()
    {
        RunDirectory whole = Trained("whole", Evaluated), parts = Trained("parts", Evaluated, stopAfter: 7);
        TinyRun.Train(parts, Evaluated);
        static string[] Distances(RunDirectory run) =>
            [.. File.ReadLines(run.MetricsPath).Where(line => line.Contains("frechet", StringComparison.Ordinal)).Select(line => line[line.IndexOf("\"frechet\"", StringComparison.Ordinal)..])];
        Assert.Equal(3, Distances(whole).Length);
        Assert.Equal(Distances(whole), Distances(parts));
    }

    [Fact]
    public void The_best_by_evaluation_may_be_any_that_was_evaluated()
    {
        var plan = new TrainingPlan(Evaluated.With("train_params.checkpoint_steps=4", "train_params.best=evaluation").Train, batchesPerEpoch: 5);
        Assert.Equal([4, 5, 8, 10], Enumerable.Range(1, 12).Where(step => plan.SavesAfter(step)));
        for (long step = 0; step < 12; step++) Assert.Equal(Enumerable.Range(1, 12).LongCount(later => later > step && plan.SavesAfter(later)) + 1, plan.After(step).Checkpoints);
    }

    [Theory]
    [InlineData("evaluate_features", "train_params.evaluate_features=pixel")]
    [InlineData("evaluate_count", "train_params.evaluate_count=2")]
    [InlineData("evaluate_steps", "train_params.evaluate_steps=-1")]
    public void Settings_that_make_no_sense_are_refused(string key, string setting) =>
        Assert.Contains(key, Assert.ThrowsAny<Exception>(() => TinyRun.Config.With(setting)).Message, StringComparison.Ordinal);

    [Fact]
    public void The_forecast_counts_the_evaluations_to_come()
    {
        var plan = new TrainingPlan(Evaluated.Train, batchesPerEpoch: 5);
        for (long step = 0; step <= 12; step++)
        {
            long due = Enumerable.Range(1, 12).LongCount(later => later > step && plan.EvaluatesAfter(later));
            Assert.Equal(due, plan.EvaluationsAfter(step));
        }
    }
}
