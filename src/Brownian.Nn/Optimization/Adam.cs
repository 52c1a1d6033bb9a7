using Brownian.Tensors;

namespace Brownian.Nn;

/// <summary>Adam and AdamW over all trained parameters of a model at once.</summary>
public sealed class Adam : Optimizer
{
    readonly AdamOptions _options;

    /// <summary>Starts with moments of zero.</summary>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public Adam(ParameterSet parameters, AdamOptions options) : base(AdamOptions.Checked(parameters, options), options.MaxGradientNorm)
    {
        _options = options;
        (FirstMoment, SecondMoment) = (parameters.NewTrainedBuffer(), parameters.NewTrainedBuffer());
        Parameter[] trained = [.. parameters.Trained];
        State = [new(AdamOptions.FirstMoment, FirstMoment, trained), new(AdamOptions.SecondMoment, SecondMoment, trained)];
    }

    /// <summary>The running mean of gradients (PyTorch's <c>exp_avg</c>), laid out as <see cref="ParameterSet.Gradients"/>.</summary>
    public Tensor FirstMoment { get; }

    /// <summary>The running mean of squared gradients (<c>exp_avg_sq</c>), laid out likewise.</summary>
    public Tensor SecondMoment { get; }

    /// <inheritdoc/>
    public override IReadOnlyList<OptimizerState> State { get; }

    /// <inheritdoc/>
    protected override void Update(double rate, float gradientScale)
    {
        Tensor weights = Parameters.TrainedPart(Parameters.Values);
        weights.Device.Adam(_options.Step(Steps, rate, gradientScale), weights, Parameters.Gradients, FirstMoment, SecondMoment);
    }
}
