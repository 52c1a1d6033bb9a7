namespace Brownian.Tensors;

/// <summary>
/// Everything a device allocates while a scope is open returns to the pool when the scope is disposed, so that a loop's steady
/// state allocates nothing. Scopes nest, and belong to the code that opens them: see <see cref="Device.TakeTurn"/>. They are an
/// optimisation that library loops use: without one, memory is reclaimed by the garbage collector and code is just as correct.
/// </summary>
/// <example><code>
/// using (TensorScope step = device.OpenScope())
/// {
///     Tensor loss = model.Forward(x, t).MeanSquaredError(noise);
///     loss.Backward();
/// }
/// </code></example>
public sealed class TensorScope : IDisposable
{
    readonly Device _device;
    readonly Turns _turns;
    bool _hasTurn;
    Storage? _newest;          // the head of a chain through Storage.Previous

    /// <param name="device">Whose memory it owns.</param>
    /// <param name="parent">The scope around it.</param>
    /// <param name="turns">The device's.</param>
    /// <param name="hasTurn">Whether it is a step, which ends the turn that was taken for it.</param>
    internal TensorScope(Device device, TensorScope? parent, Turns turns, bool hasTurn) =>
        (_device, Parent, _turns, _hasTurn) = (device, parent, turns, hasTurn);

    internal TensorScope? Parent { get; }

    /// <summary>The next scope outwards that has not ended: the code that opened this one may go on after it.</summary>
    internal TensorScope? OpenParent
    {
        get
        {
            TensorScope? scope = Parent;
            while (scope is { IsClosed: true }) scope = scope.Parent;
            return scope;
        }
    }

    internal bool IsClosed { get; private set; }

    internal void Own(Storage storage)
    {
        storage.Owner = this;
        storage.Previous = _newest;
        _newest = storage;
    }

    /// <summary>Moves one tensor to the enclosing scope (or out of all scopes), so that it survives this one.</summary>
    public Tensor Keep(Tensor tensor)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        using DeviceTurn turn = _device.TakeTurn();
        if (tensor.Storage.Owner != this) return tensor;
        Remove(tensor.Storage);
        tensor.Storage.Owner = null;
        if (OpenParent is { } parent) parent.Own(tensor.Storage);
        else tensor.Storage.Escape();
        return tensor;
    }

    void Remove(Storage storage)
    {
        if (_newest == storage) _newest = storage.Previous;
        for (Storage? later = _newest; later is not null; later = later.Previous)
        {
            if (later.Previous == storage) later.Previous = storage.Previous;
        }
        storage.Previous = null;
    }

    /// <summary>Lets others have the device, while the memory of this step stays: for what follows its computations, such as a callback.</summary>
    public void EndTurn()
    {
        if (!_hasTurn) return;
        _hasTurn = false;
        _turns.End(this);
    }

    /// <summary>
    /// Returns everything allocated in this scope, except what was kept, to the device's pool: at once, or when the thread that computes at
    /// this moment has ended its turn.
    /// </summary>
    public void Dispose()
    {
        if (IsClosed) return;
        try
        {
            _device.Leave(this);
            IsClosed = true;
            _turns.Release(this);
        }
        finally
        {
            EndTurn();
        }
    }

    internal void Release()
    {
        while (_newest is { } storage)
        {
            _newest = storage.Previous;
            storage.Previous = null;
            if (!storage.IsReleased) storage.Release();
        }
    }
}
