namespace Brownian.Cli;

/// <summary>Numbers of images that an evaluation takes in a given time.</summary>
static class ImageCounts
{
    static readonly int[] Round = [10_000, 5_000, 2_000, 1_000, 500, 250, 100];

    /// <summary>The largest round number that takes no longer; the least one where all do.</summary>
    /// <param name="secondsPerImage">Of drawing or looking.</param>
    /// <param name="seconds">The time there is.</param>
    public static int Within(double secondsPerImage, double seconds) => Round.FirstOrDefault(count => count * secondsPerImage <= seconds, Round[^1]);
}
