using System.Globalization;

namespace Brownian.Cli;

/// <summary>The last lines of <c>train</c>: what was done, where it is, and what to type next.</summary>
static class TrainConclusion
{
    public static int Finished(TextWriter to, RunDirectory run, TrainResult result)
    {
        string loss = result.SmoothedLoss.ToString("0.0000", CultureInfo.InvariantCulture);
        string time = Phrases.Duration(TimeSpan.FromSeconds(result.SecondsTrained));
        to.WriteLine($"done    {Phrases.Count(result.Step, "step")} in {time}, loss {loss}");
        return Results(to, run, result);
    }

    public static int FinishedBefore(TextWriter to, RunDirectory run, TrainResult result)
    {
        to.WriteLine($"done    already, {Phrases.Count(result.Step, "step")}; --steps N trains for longer");
        return Results(to, run, result);
    }

    public static int Interrupted(TextWriter to, RunDirectory run, TrainResult result)
    {
        to.WriteLine(result.Step > 0 ? $"saved   after step {Phrases.Count(result.Step)}; to continue:" : "stopped before a step was complete; to begin:");
        to.WriteLine(Invocation.Of("train", "--resume", Phrases.Relative(run.FullPath)));
        return ExitCode.Interrupted;
    }

    static int Results(TextWriter to, RunDirectory run, TrainResult result)
    {
        if (result.Forecast is { } forecast)
            to.WriteLine($"memory  {Phrases.Megabytes(ProcessMemory.Peak)} at most (predicted {Phrases.Megabytes(forecast.PeakMemory)})");
        if (result.SampleGrid is { } grid) to.WriteLine($"samples {Phrases.Relative(grid)}");
        to.WriteLine($"loss    {Phrases.Relative(run.LossChartPath)}");
        to.WriteLine($"model   {Phrases.Relative(result.ModelPath ?? run.ModelPath)}");
        to.WriteLine($"next    {Invocation.Of("sample", "--model", Phrases.Relative(run.FullPath))}");
        return ExitCode.Success;
    }
}
