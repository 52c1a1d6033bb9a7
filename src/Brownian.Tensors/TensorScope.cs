namespace Brownian.Tensors;

/// <summary>
/// Everything a device allocates while a scope is open returns to the pool when the scope is disposed, so that a loop's steady
/// state allocates nothing. Scopes nest. They are an optimisation that library loops use: without one, memory is reclaimed by
/// the garbage collector and code is just as correct.
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
    Storage? _newest;          // the head of a chain through Storage.Previous

    internal TensorScope(Device device, TensorScope? parent) => (_device, Parent) = (device, parent);

    internal TensorScope? Parent { get; }

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
        if (tensor.Storage.Owner != this) return tensor;
        Remove(tensor.Storage);
        tensor.Storage.Owner = null;
        if (Parent is null) tensor.Storage.Escape();
        else Parent.Own(tensor.Storage);
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

    /// <summary>Returns everything allocated in this scope, except what was kept, to the device's pool.</summary>
    public void Dispose()
    {
        _device.Close(this);
        while (_newest is { } storage)
        {
            _newest = storage.Previous;
            storage.Previous = null;
            if (!storage.IsReleased) storage.Release();
        }
    }
}
