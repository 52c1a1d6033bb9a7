using System.Runtime.InteropServices;

namespace Brownian.Cli;

/// <summary>
/// Ctrl-C and SIGTERM ask for an end. What has something to save holds <see cref="Saving"/> meanwhile; anything else that has not ended by
/// itself within a moment is ended. A second signal is left to the system, which ends the process at once.
/// </summary>
sealed class Interrupts : IDisposable
{
    /// <summary>For an orderly end, between two operations. A kernel, or an image that is being decoded, may take longer.</summary>
    static readonly TimeSpan Grace = TimeSpan.FromSeconds(0.7);

    static int s_saving;

    readonly CancellationTokenSource _source = new();
    readonly PosixSignalRegistration[] _registrations;
    readonly Terminal _terminal;
    int _count;
    bool _isTerminated;
    volatile bool _isEnded;

    /// <param name="terminal">Told what is lost where the process ends at once.</param>
    public Interrupts(Terminal terminal)
    {
        _terminal = terminal;
        _registrations = [PosixSignalRegistration.Create(PosixSignal.SIGINT, On), PosixSignalRegistration.Create(PosixSignal.SIGTERM, On)];
    }

    public CancellationToken Token => _source.Token;

    /// <summary>Until it is disposed, a signal waits for what is saved.</summary>
    public static IDisposable Saving()
    {
        Interlocked.Increment(ref s_saving);
        return new Saver();
    }

    /// <summary>An exit code with the signal that it comes from: who sent SIGTERM expects another than who pressed Ctrl-C.</summary>
    public int CodeOf(int code) => code == ExitCode.Interrupted && _isTerminated ? ExitCode.Terminated : code;

    public void Dispose()
    {
        _isEnded = true;
        foreach (PosixSignalRegistration registration in _registrations) registration.Dispose();
        _source.Dispose();
    }

    void On(PosixSignalContext signal)
    {
        int count = Interlocked.Increment(ref _count);
        if (count == 2) _terminal.Abandon();
        if (count > 1) return;
        _isTerminated = signal.Signal == PosixSignal.SIGTERM;
        signal.Cancel = true;
        _source.Cancel();
        _ = EndAsync();
    }

    async Task EndAsync()
    {
        bool saves;
        do
        {
            saves = Volatile.Read(ref s_saving) > 0;        // what has just saved tells of it next
            await Task.Delay(Grace).ConfigureAwait(false);
        }
        while (saves || Volatile.Read(ref s_saving) > 0);
        if (_isEnded) return;
        _terminal.Abandon("interrupted");
        Environment.Exit(CodeOf(ExitCode.Interrupted));
    }

    sealed class Saver : IDisposable
    {
        int _disposed;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _disposed, 1) == 0) Interlocked.Decrement(ref s_saving);
        }
    }
}
