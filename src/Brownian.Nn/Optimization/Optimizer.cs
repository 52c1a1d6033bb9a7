using Brownian.Tensors;

namespace Brownian.Nn;

/// <summary>Changes all trained parameters of a model by their gradients, which it clips by their global norm first.</summary>
public abstract class Optimizer
{
    readonly double _maxGradientNorm;

    /// <param name="parameters">What it trains.</param>
    /// <param name="maxGradientNorm">Gradients with a larger norm over all parameters are scaled down to it; 0 for no limit.</param>
    private protected Optimizer(ParameterSet parameters, double maxGradientNorm) => (Parameters, _maxGradientNorm) = (parameters, maxGradientNorm);

    /// <summary>The steps made so far: with <see cref="State"/>, all that a step depends on. Set when a run is resumed.</summary>
    public long Steps { get; set; }

    /// <summary>What it keeps from step to step besides their number, for checkpoints. The prefixes tell which optimiser made a file.</summary>
    public abstract IReadOnlyList<OptimizerState> State { get; }

    /// <summary>What it trains.</summary>
    protected ParameterSet Parameters { get; }

    /// <summary>
    /// Changes the weights by one step along the gradients, or leaves everything as it is when a gradient is not finite.
    /// </summary>
    /// <param name="rate">The learning rate of this step, at least 0.</param>
    public OptimizerResult Step(double rate)
    {
        if (rate is not (>= 0 and < double.PositiveInfinity))
            throw new ArgumentException($"{GetType().Name}: the learning rate is {rate}; it must be at least 0 and finite.");
        using DeviceTurn turn = Parameters.Values.Device.TakeTurn();
        double norm = Math.Sqrt(Parameters.Gradients.SumOfSquares());
        if (!double.IsFinite(norm)) return new OptimizerResult(norm, Parameters.FirstNonFiniteGradient());
        Steps++;
        Update(rate, GradientScale(norm));
        return new OptimizerResult(norm, null);
    }

    /// <summary>Makes step number <see cref="Steps"/>, the first being 1.</summary>
    /// <param name="rate">The learning rate.</param>
    /// <param name="gradientScale">What the gradients are multiplied by, for clipping.</param>
    protected abstract void Update(double rate, float gradientScale);

    // The small number is PyTorch's (clip_grad_norm_): it keeps a norm of 0 from dividing.
    float GradientScale(double norm) => _maxGradientNorm == 0 ? 1f : (float)Math.Min(1, _maxGradientNorm / (norm + 1e-6));
}

/// <summary>A part of an optimiser's state: numbers for some of the parameters.</summary>
/// <param name="Prefix">What their names begin with in a file, before the parameter's.</param>
/// <param name="Buffer">Laid out as <see cref="ParameterSet.Gradients"/>.</param>
/// <param name="Parameters">Those that have a part of the buffer.</param>
public sealed record OptimizerState(string Prefix, Tensor Buffer, IReadOnlyList<Parameter> Parameters);

/// <summary>What one step of an <see cref="Optimizer"/> saw.</summary>
/// <param name="GradientNorm">The norm of all gradients, before clipping.</param>
/// <param name="NonFinite">The first parameter with a gradient that is not finite, in which case no step was made; otherwise null.</param>
public readonly record struct OptimizerResult(double GradientNorm, Parameter? NonFinite)
{
    /// <summary>True when the weights were changed.</summary>
    public bool Applied => double.IsFinite(GradientNorm);
}
