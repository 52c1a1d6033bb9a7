using System.Diagnostics;

namespace Brownian.Bench;

/// <summary>How long one run takes, in seconds.</summary>
readonly record struct Timing(double Median, double Best)
{
    const double Seconds = 0.3, MostSeconds = 2;
    const int WarmUpRuns = 30, Runs = 5;

    public static Timing Of(Action run)
    {
        WarmUp(run);
        double[] seconds = [.. Repeat(run, Runs).Order()];
        return new Timing((seconds[(seconds.Length - 1) / 2] + seconds[seconds.Length / 2]) / 2, seconds[0]);
    }

    /// <summary>
    /// Runs until the compiler has replaced what it compiled in haste: after 30 calls, 0.1 seconds after it had nothing new to compile.
    /// </summary>
    public static void WarmUp(Action run) => Repeat(run, WarmUpRuns);

    // At least so many runs and 0.3 seconds, but slow runs do not go on for more than 2 seconds.
    static List<double> Repeat(Action run, int least)
    {
        var seconds = new List<double>();
        long start = Stopwatch.GetTimestamp();
        double elapsed = 0;
        while (elapsed < Seconds || (seconds.Count < least && elapsed < MostSeconds))
        {
            long before = Stopwatch.GetTimestamp();
            run();
            seconds.Add(Stopwatch.GetElapsedTime(before).TotalSeconds);
            elapsed = Stopwatch.GetElapsedTime(start).TotalSeconds;
        }
        return seconds;
    }
}
