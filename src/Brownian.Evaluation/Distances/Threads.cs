using System.Runtime.ExceptionServices;

namespace Brownian.Evaluation;

/// <summary>How work is shared out.</summary>
static class Threads
{
    /// <summary>Runs the indices in [0, count) on so many threads, 0 for one per processor; what an index writes may depend on nothing else.</summary>
    public static void For(int count, int threads, Action<int> body)
    {
        if (threads == 1 || count <= 1)
        {
            for (int i = 0; i < count; i++) body(i);
            return;
        }
        try
        {
            Parallel.For(0, count, new ParallelOptions { MaxDegreeOfParallelism = threads == 0 ? Environment.ProcessorCount : threads }, body);
        }
        catch (AggregateException e)
        {
            // As on one thread: a cancellation is a cancellation.
            ExceptionDispatchInfo.Throw(e.InnerExceptions[0]);
        }
    }
}
