using System.Collections.Concurrent;
using Brownian.Tensors.Tracing;

namespace Brownian.Tensors;

/// <summary>
/// A function of a tensor that runs again and again, such as a network, in little memory: each intermediate result is freed after the
/// operation that reads it last. A trace of the function on a <see cref="TracingDevice"/>, once per shape, tells which one that is.
/// </summary>
/// <remarks>
/// Memory that no gradient needs returns to the pool at once, and so does that of results which are cheap to compute again, such as a
/// norm or a concatenation: the backward pass does so (Chen et al. 2016, "Training deep nets with sublinear memory cost"). What else a
/// gradient needs stays until the backward pass has used it, so that only one backward pass can go through here.
/// </remarks>
/// <typeparam name="T">The type of the function's other arguments.</typeparam>
/// <param name="forward">
/// The function. It computes on the device of its tensor, on the thread that it is called on, and stores no tensor that it makes. One that cannot be traced, or does something
/// else than its trace because it depends on the numbers that it sees, runs as if this class were not there. A pass that has missed what
/// was freed is run again, in which batch norms move their statistics once more.
/// </param>
public sealed class PlannedForward<T>(Func<Tensor, T, Tensor> forward) where T : allows ref struct
{
    /// <summary>
    /// Whether everything but a few results is computed again in the backward pass: convolutions too, in the same order and to the same bits.
    /// Memory falls to some multiple of its root (Chen et al. 2016, section 4), and a step takes up to a third more time.
    /// </summary>
    public bool Repeats { get; init; }

    // A plan is followed by one pass at a time, which the device's turn sees to: so each device has its own.
    readonly ConcurrentDictionary<(Device, Shape, int), PassPlan?> _plans = [];

    /// <summary>Runs the function.</summary>
    /// <param name="x">Its tensor, which is not freed.</param>
    /// <param name="arguments">Its other arguments.</param>
    /// <param name="variant">One number for all arguments that lead to the same operations.</param>
    public Tensor Run(Tensor x, T arguments, int variant = 0)
    {
        ArgumentNullException.ThrowIfNull(x);
        using DeviceTurn turn = x.Device.TakeTurn();
        if (x.Device.Pass is not null) return forward(x, arguments);     // a part of another function, whose plan holds here too
        if (!_plans.TryGetValue((x.Device, x.Shape, variant), out PassPlan? plan)) plan = Trace(x.Shape, arguments);
        Tensor y = plan?.Follow(forward, x, arguments) ?? forward(x, arguments);
        _plans.TryAdd((x.Device, x.Shape, variant), plan);
        return y;
    }

    PassPlan? Trace(Shape shape, T arguments)
    {
        using var device = new TracingDevice();
        using NoGrad noGrad = device.NoGrad();
        var trace = new PassTrace();
        device.Pass = trace;
        try
        {
            return trace.PlanOf(forward(Tensor.Empty(shape, device), arguments), Repeats);
        }
        catch (Exception)
        {
            return null;        // if the arguments are wrong, the pass with numbers says so
        }
    }
}
