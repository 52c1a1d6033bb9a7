using System.Runtime.CompilerServices;
using System.Threading.Channels;

namespace Brownian;

/// <summary>Turns work that reports its progress into a sequence of those reports.</summary>
static class Reports
{
    /// <summary>Runs the work on a thread of its own while somebody reads.</summary>
    /// <param name="work">Given where to report, and a token that is cancelled when nobody reads any more.</param>
    /// <param name="cancel">Cancels the work. What it reports after that still arrives.</param>
    public static async IAsyncEnumerable<T> Of<T>(Action<IProgress<T>, CancellationToken> work, [EnumeratorCancellation] CancellationToken cancel = default)
    {
        var reports = Channel.CreateUnbounded<T>(new UnboundedChannelOptions { SingleReader = true });
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        Task working = OwnThread.Run(
            () =>
            {
                try
                {
                    work(new Relay<T>(reports.Writer), stop.Token);
                }
                finally
                {
                    reports.Writer.Complete();
                }
            });
        bool isRead = false;
        try
        {
            // Not with the token: a training that is cancelled has its last checkpoint to tell of.
            await foreach (T report in reports.Reader.ReadAllAsync(CancellationToken.None).ConfigureAwait(false)) yield return report;
            isRead = true;
        }
        finally
        {
            if (!isRead) await stop.CancelAsync().ConfigureAwait(false);
            await working.ConfigureAwait(isRead ? ConfigureAwaitOptions.None : ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    sealed class Relay<T>(ChannelWriter<T> to) : IProgress<T>
    {
        public void Report(T value) => to.TryWrite(value);
    }
}

/// <summary>Work that takes seconds to hours and computes all the time: on a thread of its own, so that the pool's stay free for others.</summary>
static class OwnThread
{
    public static Task Run(Action work) => Task.Factory.StartNew(work, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    public static async Task<T> Run<T>(Func<T> work, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        return await Task.Factory.StartNew(work, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default).ConfigureAwait(false);
    }
}
