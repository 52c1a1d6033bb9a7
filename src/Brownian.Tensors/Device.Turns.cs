namespace Brownian.Tensors;

// How one device serves many threads.
public abstract partial class Device
{
    readonly Turns _turns = new();
    readonly AsyncLocal<Flow?> _flow = new();

    /// <summary>
    /// Waits until no other thread computes here, and keeps them out until the result is disposed: any thread may use a device at any
    /// time, and threads take turns, first come, first served. This is what holds:
    /// <list type="number">
    /// <item>
    /// A kernel runs, memory is taken and given back, an operation is recorded, a backward pass walks the tape and a plan of a pass is
    /// followed only by the thread that has the turn. Every operation on tensors takes a turn of its own, or shares that which its
    /// thread has; a device's own code needs no locks.
    /// </item>
    /// <item>
    /// Open scopes and <see cref="NoGrad()"/> belong to the code that opened them, wherever it goes on after an <c>await</c>, and to the
    /// tasks it starts, as an <see cref="AsyncLocal{T}"/> does. What other code opens at the same time is none of theirs.
    /// </item>
    /// <item>
    /// A turn is short: an operation, a pass of a network, a step of a sampler or of a training (<see cref="OpenStep"/>). Between two
    /// steps others have theirs, and callbacks run outside of turns, so that they may wait for other threads, or sample themselves.
    /// </item>
    /// </list>
    /// </summary>
    /// <remarks>
    /// Take one around several operations that belong together, such as reading all weights while another thread trains, or around a
    /// kernel that is called directly. Wait for no other thread within: it may be waiting for the device.
    /// </remarks>
    /// <param name="cancel">
    /// Ends the waiting, and the turn at its next operation: one that is running is not interrupted, so that a backend needs to know nothing of it.
    /// </param>
    /// <exception cref="OperationCanceledException"><paramref name="cancel"/> was cancelled before the turn came.</exception>
    /// <exception cref="InvalidOperationException">This is code that a step of another thread has started, and waits for.</exception>
    public DeviceTurn TakeTurn(CancellationToken cancel = default)
    {
        _turns.Take(this, cancel);
        return new DeviceTurn(_turns);
    }

    /// <summary>Throws where the turn that this thread has was cancelled.</summary>
    internal void ThrowIfStopped() => _turns.ThrowIfStopped();

    /// <summary>Whether this thread has the turn, so that it may call kernels.</summary>
    public bool HasTurn => _turns.AreMine;

    /// <summary>Opens a scope: what is allocated until it is disposed returns to the pool then.</summary>
    public TensorScope OpenScope() => Enter(new TensorScope(this, Innermost, _turns, hasTurn: false));

    /// <summary>
    /// Opens a scope that has the device to itself until it is disposed, or until <see cref="TensorScope.EndTurn"/>: for a step of a
    /// loop. A step has no <c>await</c> in it.
    /// </summary>
    /// <inheritdoc cref="TakeTurn" path="/param"/>
    /// <inheritdoc cref="TakeTurn" path="/exception"/>
    public TensorScope OpenStep(CancellationToken cancel = default)
    {
        _turns.Take(this, cancel);
        var step = new TensorScope(this, Innermost, _turns, hasTurn: true);
        _turns.Mark(step);
        return Enter(step);
    }

    /// <summary>Stops recording gradients until the result is disposed.</summary>
    public NoGrad NoGrad() => new(this);

    /// <summary>Whether operations record what a gradient needs: false under <see cref="NoGrad()"/>.</summary>
    public bool RecordsGradients
    {
        get => _flow.Value?.Records ?? true;
        internal set => SetFlow(_flow.Value?.Scope, value);
    }

    /// <summary>The innermost scope that is open in this flow of code; null for none.</summary>
    internal TensorScope? Innermost
    {
        get
        {
            TensorScope? scope = _flow.Value?.Scope;
            return scope is { IsClosed: true } ? scope.OpenParent : scope;
        }
    }

    internal bool IsWithin(TensorScope scope)
    {
        for (TensorScope? around = _flow.Value?.Scope; around is not null; around = around.Parent)
        {
            if (around == scope) return true;
        }
        return false;
    }

    /// <summary>Makes a scope that is about to end no longer the innermost one, if this is the flow that opened it.</summary>
    internal void Leave(TensorScope scope)
    {
        if (Innermost == scope) SetFlow(scope.Parent, RecordsGradients);
        else if (IsWithin(scope)) throw new InvalidOperationException("Scopes must be disposed innermost first.");
    }

    TensorScope Enter(TensorScope scope)
    {
        SetFlow(scope, RecordsGradients);
        return scope;
    }

    void SetFlow(TensorScope? scope, bool records) => _flow.Value = scope is null && records ? null : new Flow(scope, records);

    /// <summary>What a flow of code has opened.</summary>
    sealed record Flow(TensorScope? Scope, bool Records);
}
