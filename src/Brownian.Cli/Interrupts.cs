using System.Runtime.InteropServices;

namespace Brownian.Cli;

/// <summary>
/// Ctrl-C and SIGTERM ask for an end; what runs says so, and finishes its step. A second one is left to the system, which ends the
/// process at once.
/// </summary>
sealed class Interrupts : IDisposable
{
    readonly CancellationTokenSource _source = new();
    readonly PosixSignalRegistration[] _registrations;
    readonly Terminal _terminal;
    int _count;
    bool _isTerminated;

    /// <param name="terminal">Told what is lost where the process ends at once.</param>
    public Interrupts(Terminal terminal)
    {
        _terminal = terminal;
        _registrations = [PosixSignalRegistration.Create(PosixSignal.SIGINT, On), PosixSignalRegistration.Create(PosixSignal.SIGTERM, On)];
    }

    public CancellationToken Token => _source.Token;

    /// <summary>An exit code with the signal that it comes from: who sent SIGTERM expects another than who pressed Ctrl-C.</summary>
    public int CodeOf(int code) => code == ExitCode.Interrupted && _isTerminated ? ExitCode.Terminated : code;

    public void Dispose()
    {
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
    }
}
