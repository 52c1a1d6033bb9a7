namespace Brownian.Tensors.Tracing;

/// <summary>What a device tells of the operations that run on it.</summary>
interface IPassObserver
{
    /// <summary>An operation has read its operands and made its result.</summary>
    void Ran(Tensor result, ReadOnlySpan<Tensor?> operands);

    /// <summary>Something that is no operation uses a tensor, such as the host.</summary>
    void Used(Tensor x);
}

/// <summary>What happens to a result of a pass after the operation that reads it last.</summary>
enum AfterUse
{
    /// <summary>It is freed, unless a gradient needs it and it takes long to compute.</summary>
    Free,

    /// <summary>It is kept for the backward pass, in which others are computed from it again.</summary>
    Keep,

    /// <summary>It is freed, and computed again in the backward pass.</summary>
    Repeat,
}

/// <summary>Frees each result of a pass after the operation that reads it last.</summary>
/// <param name="lastReads">For each operation the results that it reads last, by the numbers of the operations that made them.</param>
/// <param name="fates">Of each result, if gradients will flow.</param>
sealed class PassPlan(int[][] lastReads, AfterUse[] fates) : IPassObserver
{
    readonly Tensor?[] _made = new Tensor?[lastReads.Length];
    int _ran;
    bool _deviates;

    /// <summary>Runs a function by this plan.</summary>
    /// <returns>Null if it has to run without: it did something else than the trace, now or before, and missed what was freed.</returns>
    public Tensor? Follow<T>(Func<Tensor, T, Tensor> forward, Tensor x, T arguments) where T : allows ref struct
    {
        if (_deviates) return null;
        Device device = x.Device;
        (device.Pass, _ran) = (this, 0);
        try
        {
            Tensor y = forward(x, arguments);
            bool missing = HasFreed(y);
            _deviates |= missing || _ran != lastReads.Length;
            return missing ? null : y;
        }
        catch (ObjectDisposedException) when (_ran > 0)
        {
            _deviates = true;
            return null;
        }
        finally
        {
            device.Pass = null;
            Array.Clear(_made);     // or they would live until the next pass
        }
    }

    public void Ran(Tensor result, ReadOnlySpan<Tensor?> operands)
    {
        if (_deviates |= _ran == lastReads.Length) return;
        foreach (int maker in lastReads[_ran])
        {
            if (_deviates |= !Contains(operands, _made[maker])) return;
            _made[maker]!.Discard(fates[maker]);
        }
        _made[_ran++] = result;
    }

    public void Used(Tensor x) { }

    bool HasFreed(Tensor y)
    {
        foreach (Tensor? made in _made)
        {
            if (made is { IsDiscarded: true } && made.Storage == y.Storage) return true;
        }
        return false;
    }

    static bool Contains(ReadOnlySpan<Tensor?> operands, Tensor? x)
    {
        foreach (Tensor? operand in operands)
        {
            if (operand == x) return true;
        }
        return false;
    }
}
