using Brownian.Tensors.Cpu;

namespace Brownian.Tests.Tensors;

/// <summary>The parked threads that share out a job.</summary>
public sealed unsafe class WorkersTests
{
    readonly record struct CountJob(nint Counts, nint Workers) : IJob
    {
        public void Run(int index, int worker)
        {
            Interlocked.Increment(ref ((int*)Counts)[index]);
            Interlocked.Increment(ref ((int*)Workers)[worker]);
        }
    }

    [Theory, InlineData(1), InlineData(2), InlineData(5)]
    public void Every_index_runs_exactly_once_in_thousands_of_short_jobs(int threads)
    {
        const int Jobs = 5000, Largest = 40;
        using var workers = new Workers(threads);
        int* counts = stackalloc int[Largest], byWorker = stackalloc int[threads + 1];
        long total = 0;
        for (int job = 0; job < Jobs; job++)
        {
            int count = job % Largest;
            new Span<int>(counts, Largest).Clear();
            workers.For(count, new CountJob((nint)counts, (nint)byWorker));
            total += count;
            for (int i = 0; i < Largest; i++) Assert.True(counts[i] == (i < count ? 1 : 0),
                $"index {i} of {count} ran {counts[i]} times in job {job}");
        }
        Assert.Equal(threads, workers.Count);
        Assert.Equal(total, new Span<int>(byWorker, threads).ToArray().Sum());
        Assert.Equal(0, byWorker[threads]);
    }

    [Fact]
    public void Workers_wake_after_they_parked()
    {
        using var workers = new Workers(3);
        int* counts = stackalloc int[64], byWorker = stackalloc int[3];
        for (int round = 0; round < 20; round++)
        {
            Thread.Sleep(2);
            workers.For(64, new CountJob((nint)counts, (nint)byWorker));
        }
        Assert.All(new Span<int>(counts, 64).ToArray(), c => Assert.Equal(20, c));
    }
}
