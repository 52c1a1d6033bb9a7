using Brownian.Tensors;

namespace Brownian.Nn;

/// <summary>
/// Schedule-free AdamW (Defazio et al. 2024, "The road less scheduled", algorithm 1): an average of all steps takes the place of a
/// falling learning rate. z is what AdamW's steps add up to, x the average of all z, and gradients are taken at y between them.
/// </summary>
/// <remarks>The parameters hold y: the model to save and to sample is x. Where batch norm is used, its running statistics are those of y.</remarks>
public sealed class ScheduleFree : Optimizer
{
    readonly AdamOptions _options;
    readonly Tensor _z, _second, _average;

    /// <summary>Starts from the weights that the parameters have at the first step.</summary>
    /// <param name="parameters">What it trains: y.</param>
    /// <param name="options">β1 is the share of x in y; weight decay is decoupled and that of y.</param>
    /// <param name="average">A buffer laid out as <see cref="ParameterSet.Values"/>, whose trained part becomes x.</param>
    /// <param name="warmupSteps">The steps over which the rates that <see cref="Optimizer.Step"/> is given rise evenly from 0: they weigh less in x.</param>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public ScheduleFree(ParameterSet parameters, AdamOptions options, Tensor average, long warmupSteps = 0)
        : base(AdamOptions.Checked(parameters, options), options.MaxGradientNorm)
    {
        ArgumentNullException.ThrowIfNull(average);
        (_options, _average, WarmupSteps) = (options, parameters.TrainedPart(average), warmupSteps);
        (_z, _second) = (parameters.NewTrainedBuffer(), parameters.NewTrainedBuffer());
        Parameter[] trained = [.. parameters.Trained];
        State = [new("z.", _z, trained), new(AdamOptions.SecondMoment, _second, trained)];
    }

    /// <summary>The steps over which the learning rate rises.</summary>
    public long WarmupSteps { get; }

    /// <inheritdoc/>
    public override IReadOnlyList<OptimizerState> State { get; }

    /// <summary>c of a step, the first being 1: the share of its z in x, the square of its rate in the sum of all squares so far.</summary>
    public double ShareOf(long step)
    {
        // Of rates 0, 1/w, 2/w … 1, 1 …: the sum of the first i² has a closed form, so that no sum needs to be kept.
        double w = WarmupSteps, rising = Math.Min(step, w);
        double weight = step > w ? 1 : (step - 1) / w * ((step - 1) / w);
        double sum = step - rising + (rising > 0 ? (rising - 1) * rising * (2 * rising - 1) / (6 * w * w) : 0);
        return sum > 0 ? weight / sum : 0;
    }

    /// <inheritdoc/>
    protected override void Update(double rate, float gradientScale)
    {
        Tensor y = Parameters.TrainedPart(Parameters.Values);
        Device device = y.Device;
        if (Steps == 1)
        {
            device.Affine(1, y, 0, null, _z, accumulate: false);
            device.Affine(1, y, 0, null, _average, accumulate: false);
        }
        using TensorScope scope = device.OpenScope();
        // Without a first moment and with the decay of y beside it, Adam's kernel is z ← z − γ·g/(√v̂ + ε).
        AdamStep step = _options.Step(Steps, rate, gradientScale) with { Beta1 = 0, WeightDecay = 0 };
        device.Adam(step, _z, Parameters.Gradients, Tensor.Zeros(_z.Shape, device), _second);
        if (_options.WeightDecay > 0) device.Affine((float)(-rate * _options.WeightDecay), y, 0, null, _z, accumulate: true);
        device.Lerp(_average, _z, (float)ShareOf(Steps));
        device.Affine((float)(1 - _options.Beta1), _z, (float)_options.Beta1, _average, y, accumulate: false);
    }
}
