using Brownian.Tensors;

namespace Brownian.Nn;

/// <summary>
/// Batch normalisation (Ioffe &amp; Szegedy 2015): <c>torch.nn.BatchNorm2d</c> with PyTorch's ε and momentum, and what its networks put
/// before or after it.
/// </summary>
public sealed class BatchNorm2d
{
    readonly Parameter _weight, _bias, _mean, _variance, _batches;
    readonly BatchNormSpec _spec;

    /// <summary>
    /// Declares <c>weight</c> and <c>bias</c>, and untrained <c>running_mean</c>, <c>running_var</c> and <c>num_batches_tracked</c>.
    /// </summary>
    /// <param name="scope">Where.</param>
    /// <param name="channels">C.</param>
    /// <param name="relu">Whether max(x, 0) is what is normalised.</param>
    /// <param name="silu">Whether x·σ(x) follows.</param>
    public BatchNorm2d(ParameterScope scope, int channels, bool relu = false, bool silu = false)
    {
        _spec = new BatchNormSpec(Relu: relu, Silu: silu);
        _weight = scope.Declare("weight", ParameterLayout.Plain, Initialization.Ones, channels);
        _bias = scope.Declare("bias", ParameterLayout.Plain, Initialization.Zeros, channels);
        _mean = scope.DeclareUntrained("running_mean", ParameterLayout.Plain, Initialization.Zeros, channels);
        _variance = scope.DeclareUntrained("running_var", ParameterLayout.Plain, Initialization.Ones, channels);
        _batches = scope.DeclareUntrained("num_batches_tracked", ParameterLayout.Count, Initialization.Zeros);
    }

    /// <summary>x N×…×C to the same shape.</summary>
    /// <param name="x">N×…×C.</param>
    /// <param name="training">Normalise by this batch's statistics and let the running ones move, instead of using those.</param>
    /// <param name="perSample">N×C, added to the result at every position, or none.</param>
    /// <exception cref="ArgumentException">In training: a channel has a single number.</exception>
    public Tensor Forward(Tensor x, bool training, Tensor? perSample = null)
    {
        var running = new RunningStatistics(_mean.Value, _variance.Value);
        Tensor y = x.BatchNorm(_spec, _weight.Value, _bias.Value, running, training, perSample);
        // A traced pass, with x on another device, is none.
        if (training && x.Device == _batches.Value.Device) _batches.Value.CopyFrom([_batches.Value.Item() + 1]);
        return y;
    }
}
