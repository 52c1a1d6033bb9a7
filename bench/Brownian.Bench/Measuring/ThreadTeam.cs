using System.Diagnostics;

namespace Brownian.Bench;

/// <summary>Several threads that do the same at the same time, in rounds.</summary>
static class ThreadTeam
{
    const double Seconds = 0.4;

    /// <summary>The shortest round, from when the last thread was ready to when the last one ended.</summary>
    /// <param name="threads">How many, the caller included.</param>
    /// <param name="round">What each does; its argument counts threads from 0.</param>
    /// <param name="rounds">How many; without a number as many as fit into 0.4 seconds, at least five.</param>
    public static double BestSeconds(int threads, Action<int> round, int? rounds = null)
    {
        long begin = Stopwatch.GetTimestamp(), start = 0;
        double best = double.MaxValue;
        int done = 0;
        bool stop = false;

        // Runs once per phase, between the arrival of the last thread and the release of all: no thread that wakes late distorts it.
        using var barrier = new Barrier(threads, phase =>
        {
            if (phase.CurrentPhaseNumber % 2 == 0)
            {
                start = Stopwatch.GetTimestamp();
                return;
            }
            best = Math.Min(best, Stopwatch.GetElapsedTime(start).TotalSeconds);
            done++;
            stop = rounds is { } wanted ? done >= wanted : done >= 5 && Stopwatch.GetElapsedTime(begin).TotalSeconds > Seconds;
        });
        Thread[] others = [.. Enumerable.Range(1, threads - 1).Select(i => new Thread(() => TakePart(i)))];
        foreach (Thread thread in others) thread.Start();
        TakePart(0);
        foreach (Thread thread in others) thread.Join();
        return best;

        void TakePart(int thread)
        {
            while (!stop)
            {
                barrier.SignalAndWait();
                round(thread);
                barrier.SignalAndWait();
            }
        }
    }
}
