using Brownian.Imaging;

namespace Brownian;

/// <summary>Noise schedules compared: β_t, ᾱ_t and the logarithm of the signal-to-noise ratio.</summary>
public static class SchedulePicture
{
    /// <summary>Draws three panels beside each other, a curve in each for every schedule.</summary>
    /// <param name="schedules">At least one, with the names that the legend gives them.</param>
    /// <exception cref="ArgumentException">There are none.</exception>
    public static Image Draw(IReadOnlyList<KeyValuePair<string, NoiseSchedule>> schedules) => ToDrawing(schedules).ToImage();

    /// <summary>The same, to be drawn at any scale or as SVG.</summary>
    /// <inheritdoc cref="Draw"/>
    public static Drawing ToDrawing(IReadOnlyList<KeyValuePair<string, NoiseSchedule>> schedules)
    {
        ArgumentNullException.ThrowIfNull(schedules);
        if (schedules.Count == 0) throw new ArgumentException("There is no schedule to draw.", nameof(schedules));
        return ChartPanels.ToDrawing("Noise schedules",
        [
            // The last steps of a cosine are a thousand times the first: no linear axis shows both.
            Panel("βₜ, noise added in a step", log: true, schedule => schedule.Betas.ToArray()),
            Panel("ᾱₜ, share of the image", log: false, schedule => schedule.AlphasCumprod.ToArray()),
            Panel("log SNR, ln(ᾱₜ / (1 − ᾱₜ))", log: false, schedule => Array.ConvertAll(schedule.SignalToNoise.ToArray(), Math.Log)),
        ]);

        LineChart Panel(string title, bool log, Func<NoiseSchedule, double[]> values)
        {
            var chart = new LineChart(new ChartOptions { Title = title, XLabel = "timestep t", Width = 440, Height = 380, LogY = log });
            foreach ((string name, NoiseSchedule schedule) in schedules)
                chart.Add(name, [.. Enumerable.Range(0, schedule.Timesteps).Select(t => (double)t)], values(schedule));
            return chart;
        }
    }
}
