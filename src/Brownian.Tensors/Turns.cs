namespace Brownian.Tensors;

/// <summary>Who has a device and who waits for it: first come, first served. See <see cref="Device.TakeTurn"/>.</summary>
sealed class Turns
{
    readonly Lock _gate = new();        // held for a few instructions
    readonly LinkedList<Waiter> _waiting = [];
    readonly Stack<TensorScope> _ended = new();
    int _holder;                        // a thread's id; 0 for nobody, and then nobody waits
    int _depth;                         // how often the holder took the turn without ending it
    TensorScope? _step;                 // whose turn it is, if it was taken by Device.OpenStep
    CancellationToken _stop;            // with which the holder took the turn: each operation looks at it

    public bool AreMine => Volatile.Read(ref _holder) == Environment.CurrentManagedThreadId;

    public void Take(Device device, CancellationToken cancel)
    {
        if (AreMine)
        {
            ThrowIfStopped();
            _depth++;
            return;
        }
        Queue(device, cancel);
        _stop = cancel;
    }

    /// <summary>Throws where the present turn, which is this thread's, was cancelled.</summary>
    public void ThrowIfStopped() => _stop.ThrowIfCancellationRequested();

    public void End()
    {
        if (--_depth == 0) Pass();
    }

    /// <summary>
    /// Gives back a scope's memory, at the end of the present turn if that is another thread's: who ends a scope, such as by an error or
    /// because it was cancelled, waits for nobody.
    /// </summary>
    public void Release(TensorScope ended)
    {
        if (AreMine)
        {
            ended.Release();
            return;
        }
        lock (_gate)
        {
            if (_holder == 0) ended.Release();
            else _ended.Push(ended);
        }
    }

    /// <summary>The turn that this thread has just taken belongs to a step.</summary>
    public void Mark(TensorScope step) => _step ??= step;

    /// <summary>Ends the turn of a step, whichever thread took it: its code may have gone on in another.</summary>
    public void End(TensorScope step)
    {
        if (AreMine)
        {
            if (_step == step) _step = null;
            End();
            return;
        }
        lock (_gate)
        {
            if (_step == step) Pass();
        }
    }

    void Queue(Device device, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        var waiter = new Waiter(Environment.CurrentManagedThreadId);
        lock (_gate)
        {
            if (_holder == 0)
            {
                (_holder, _depth) = (waiter.Thread, 1);
                return;
            }
            // It would wait for itself: the step ends when what was started in it has ended.
            if (_step is not null && device.IsWithin(_step)) throw Entangled();
            _waiting.AddLast(waiter);
        }
        try
        {
            waiter.Task.Wait(cancel);
        }
        catch
        {
            bool waited;
            lock (_gate) waited = _waiting.Remove(waiter);
            if (!waited) End();         // the turn came at the same moment
            throw;
        }
    }

    // Handed over, never put down: who comes later cannot be quicker than who waits.
    void Pass()
    {
        lock (_gate)
        {
            while (_ended.TryPop(out TensorScope? ended)) ended.Release();
            _step = null;
            if (_waiting.First is not { Value: var next })
            {
                _holder = 0;
                return;
            }
            _waiting.RemoveFirst();
            (_holder, _depth) = (next.Thread, 1);
            next.SetResult();
        }
    }

    static InvalidOperationException Entangled() => new(
        "A step has the device to itself, and another thread that was started in it, or an await in it, asked for the device; "
        + "compute on the thread that opened the step, or call TensorScope.EndTurn before.");

    sealed class Waiter(int thread) : TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        public int Thread => thread;
    }
}

/// <summary>While it lives, its device is this thread's alone: see <see cref="Device.TakeTurn"/>. Nests.</summary>
public readonly ref struct DeviceTurn : IDisposable
{
    readonly Turns _turns;

    internal DeviceTurn(Turns turns) => _turns = turns;

    /// <summary>Lets the next thread have the device.</summary>
    public void Dispose() => _turns.End();
}
