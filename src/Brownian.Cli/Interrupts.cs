using System.Runtime.InteropServices;

namespace Brownian.Cli;

/// <summary>
/// Ctrl-C and SIGTERM ask for an end; what runs finishes its step and saves. A second one is left to the system, which ends the
/// process at once.
/// </summary>
sealed class Interrupts : IDisposable
{
    readonly CancellationTokenSource _source = new();
    readonly PosixSignalRegistration[] _registrations;
    int _count;
    bool _isTerminated;

    public Interrupts() =>
        _registrations = [PosixSignalRegistration.Create(PosixSignal.SIGINT, On), PosixSignalRegistration.Create(PosixSignal.SIGTERM, On)];

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
        if (Interlocked.Increment(ref _count) > 1) return;
        _isTerminated = signal.Signal == PosixSignal.SIGTERM;
        signal.Cancel = true;
        _source.Cancel();
    }
}
