using Brownian.Tensors;

namespace Brownian.Nn;

/// <summary>Adam and AdamW over all trained parameters of a model at once, with clipping by the global norm.</summary>
public sealed class Adam
{
    readonly ParameterSet _parameters;
    readonly AdamOptions _options;

    /// <summary>Starts with moments of zero.</summary>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public Adam(ParameterSet parameters, AdamOptions options)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        (_parameters, _options) = (parameters, options);
        (FirstMoment, SecondMoment) = (parameters.NewTrainedBuffer(), parameters.NewTrainedBuffer());
    }

    /// <summary>The steps made so far: with the two moments, the whole state. Set when a run is resumed.</summary>
    public long Steps { get; set; }

    /// <summary>The running mean of gradients (PyTorch's <c>exp_avg</c>), laid out as <see cref="ParameterSet.Gradients"/>.</summary>
    public Tensor FirstMoment { get; }

    /// <summary>The running mean of squared gradients (<c>exp_avg_sq</c>), laid out likewise.</summary>
    public Tensor SecondMoment { get; }

    /// <summary>
    /// Changes the weights by one step along the gradients, or leaves everything as it is when a gradient is not finite.
    /// </summary>
    /// <param name="rate">The learning rate of this step, at least 0.</param>
    public AdamStepResult Step(double rate)
    {
        if (rate is not (>= 0 and < double.PositiveInfinity)) throw new ArgumentException($"Adam: the learning rate is {rate}; it must be at least 0 and finite.");
        using DeviceTurn turn = _parameters.Values.Device.TakeTurn();
        double norm = Math.Sqrt(_parameters.Gradients.SumOfSquares());
        if (!double.IsFinite(norm)) return new AdamStepResult(norm, _parameters.FirstNonFiniteGradient());
        var step = new AdamStep(
            ++Steps, rate, _options.Beta1, _options.Beta2, _options.Epsilon, _options.WeightDecay, _options.Decoupled, GradientScale(norm));
        Tensor weights = _parameters.TrainedPart(_parameters.Values);
        weights.Device.Adam(step, weights, _parameters.Gradients, FirstMoment, SecondMoment);
        return new AdamStepResult(norm, null);
    }

    // The small number is PyTorch's (clip_grad_norm_): it keeps a norm of 0 from dividing.
    float GradientScale(double norm) => _options.MaxGradientNorm == 0 ? 1f : (float)Math.Min(1, _options.MaxGradientNorm / (norm + 1e-6));
}

/// <summary>What one step of <see cref="Adam"/> saw.</summary>
/// <param name="GradientNorm">The norm of all gradients, before clipping.</param>
/// <param name="NonFinite">The first parameter with a gradient that is not finite, in which case no step was made; otherwise null.</param>
public readonly record struct AdamStepResult(double GradientNorm, Parameter? NonFinite)
{
    /// <summary>True when the weights were changed.</summary>
    public bool Applied => double.IsFinite(GradientNorm);
}
