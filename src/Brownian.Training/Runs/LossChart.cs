using Brownian.Imaging;

namespace Brownian.Training;

/// <summary>The loss of a run over its steps, drawn from <c>metrics.jsonl</c>: every step pale, the running mean in full colour.</summary>
static class LossChart
{
    /// <summary>Draws what the file holds so far.</summary>
    public static Image Draw(string metricsPath, string title)
    {
        LossHistory history = LossHistory.Read(metricsPath);
        double[] steps = [.. history.Steps];
        // The fall of the first steps would flatten everything after it on a linear axis.
        return new LineChart(new ChartOptions { Title = title, XLabel = "step", YLabel = "loss", LogY = true })
            .Add("each step", steps, [.. history.Losses], faint: true)
            .Add("running mean", steps, history.RunningMeans())
            .Draw();
    }
}
