namespace Brownian.Tensors.Cpu;

/// <summary>
/// Free lists of pinned arrays by size. A training loop asks for the same sizes at every step, so after the first step nothing
/// is allocated and no new page is touched.
/// </summary>
sealed class CpuPool
{
    const int CacheLine = 16;        // floats
    const int Slack = 64;            // floats past the end that vector loads of a last row may read
    readonly SortedList<int, Stack<PinnedBlock>> _free = [];
    long _live, _peak, _pooled;

    public DeviceMemory Memory => new(_live * sizeof(float), _peak * sizeof(float), _pooled * sizeof(float));

    public void ForgetPeak() => _peak = _live;

    /// <summary>A block of at least <paramref name="floats"/> elements with undefined content.</summary>
    public PinnedBlock Rent(int floats, bool scoped)
    {
        int capacity = Capacity(floats);
        PinnedBlock block = TakeFree(capacity) ?? Create(capacity);
        if (scoped)
        {
            _live += block.Capacity;
            _peak = Math.Max(_peak, _live);
        }
        return block;
    }

    // The smallest block that fits and wastes at most half of itself: a step whose sizes differ from those before it then grows the pool little,
    // and the parts of a U-Net, whose tensors halve with each level, share blocks where one comes after the other.
    PinnedBlock? TakeFree(int capacity)
    {
        for (int i = IndexOf(capacity); i < _free.Count && _free.Keys[i] <= 2L * capacity; i++)
        {
            if (!_free.Values[i].TryPop(out PinnedBlock? block)) continue;
            _pooled -= block.Capacity;
            return block;
        }
        return null;
    }

    // The first size that is large enough.
    int IndexOf(int capacity)
    {
        int low = 0, high = _free.Count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (_free.Keys[middle] < capacity) low = middle + 1;
            else high = middle;
        }
        return low;
    }

    public void Return(PinnedBlock block, bool scoped)
    {
        if (scoped) _live -= block.Capacity;
        _pooled += block.Capacity;
        if (!_free.TryGetValue(block.Capacity, out Stack<PinnedBlock>? stack)) _free[block.Capacity] = stack = new();
        stack.Push(block);
    }

    /// <summary>Stops counting a block as live: it has left all scopes.</summary>
    public void Forget(PinnedBlock block) => _live -= block.Capacity;

    public void Clear()
    {
        _free.Clear();
        _pooled = 0;
    }

    // Coarser classes for large blocks let tensors of nearly the same size share; the waste stays below 1.6 %.
    static int Capacity(int floats)
    {
        int unit = CacheLine;
        while (unit < floats / 64) unit *= 2;
        return (int)Math.Min(((long)floats + unit - 1) / unit * unit, Array.MaxLength - CacheLine - Slack);
    }

    static unsafe PinnedBlock Create(int capacity)
    {
        float[] array = GC.AllocateUninitializedArray<float>(capacity + CacheLine + Slack, pinned: true);
        fixed (float* first = array)
        {
            int misaligned = (int)((nuint)first / sizeof(float) % CacheLine);
            return new PinnedBlock(array, misaligned == 0 ? 0 : CacheLine - misaligned, capacity);
        }
    }
}
