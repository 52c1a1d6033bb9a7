namespace Brownian.Tensors.Tracing;

/// <summary>Writes down which operation reads each result of a pass last.</summary>
sealed class PassTrace : IPassObserver
{
    const int Never = -1, Unknown = int.MaxValue;

    readonly List<Tensor> _results = [];
    readonly List<int> _lastReads = [];         // of each result, by an operation's number
    readonly Dictionary<Storage, int> _makers = [];

    public void Ran(Tensor result, ReadOnlySpan<Tensor?> operands)
    {
        foreach (Tensor? x in operands)
        {
            if (x is null || !_makers.TryGetValue(x.Storage, out int maker)) continue;
            // A view would not notice that what it shows was computed again.
            _lastReads[maker] = x == _results[maker] ? Math.Max(_lastReads[maker], _results.Count) : Unknown;
        }
        _makers[result.Storage] = _results.Count;
        _results.Add(result);
        _lastReads.Add(Never);
    }

    public void Used(Tensor x)
    {
        if (_makers.TryGetValue(x.Storage, out int maker)) _lastReads[maker] = Unknown;
    }

    /// <summary>The plan of the pass that ended with <paramref name="y"/>.</summary>
    /// <param name="y">The result.</param>
    /// <param name="repeats">Whether all but a few results are computed again in the backward pass.</param>
    public PassPlan PlanOf(Tensor y, bool repeats)
    {
        Used(y);
        ILookup<int, int> readBy = Enumerable.Range(0, _results.Count).ToLookup(maker => _lastReads[maker]);
        AfterUse[] fates = repeats
            ? new Checkpoints([.. _results.Select(result => (long)result.Shape.Count)], [.. _lastReads]).Best()
            : new AfterUse[_results.Count];
        return new PassPlan([.. Enumerable.Range(0, _results.Count).Select(operation => readBy[operation].ToArray())], fates);
    }
}
