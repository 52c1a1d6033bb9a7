using Brownian.Tensors;

namespace Brownian.Nn;

/// <summary>The constants of Adam (Kingma &amp; Ba 2015), with PyTorch's defaults.</summary>
public sealed record AdamOptions
{
    /// <summary>The decay of the first moment, from 0 to below 1.</summary>
    public double Beta1 { get; init; } = 0.9;

    /// <summary>The decay of the second moment, from 0 to below 1.</summary>
    public double Beta2 { get; init; } = 0.999;

    /// <summary>Added to the root of the second moment; above 0.</summary>
    public double Epsilon { get; init; } = 1e-8;

    /// <summary>Pulls weights towards 0; at least 0.</summary>
    public double WeightDecay { get; init; }

    /// <summary>
    /// Apply the decay to the weights (AdamW, Loshchilov &amp; Hutter 2019) instead of adding it to the gradient (Adam with L2).
    /// </summary>
    public bool Decoupled { get; init; }

    /// <summary>Gradients with a larger norm over all parameters are scaled down to it; 0 for no limit.</summary>
    public double MaxGradientNorm { get; init; }

    /// <summary>PyTorch's names of the two moments in files.</summary>
    internal const string FirstMoment = "exp_avg.", SecondMoment = "exp_avg_sq.";

    internal AdamStep Step(long step, double rate, float gradientScale) =>
        new(step, rate, Beta1, Beta2, Epsilon, WeightDecay, Decoupled, gradientScale);

    /// <summary>The parameters, if the options are in their ranges.</summary>
    internal static ParameterSet Checked(ParameterSet parameters, AdamOptions options)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        return parameters;
    }

    void Validate()
    {
        Require(Beta1 is >= 0 and < 1, nameof(Beta1), Beta1, "at least 0 and below 1");
        Require(Beta2 is >= 0 and < 1, nameof(Beta2), Beta2, "at least 0 and below 1");
        Require(Epsilon is > 0 and < double.PositiveInfinity, nameof(Epsilon), Epsilon, "above 0 and finite");
        Require(WeightDecay is >= 0 and < double.PositiveInfinity, nameof(WeightDecay), WeightDecay, "at least 0 and finite");
        Require(MaxGradientNorm is >= 0 and < double.PositiveInfinity, nameof(MaxGradientNorm), MaxGradientNorm, "at least 0 (0 for no limit) and finite");
    }

    static void Require(bool holds, string name, double value, string range)
    {
        if (!holds) throw new ArgumentException($"Adam: {name} is {value}; it must be {range}.");
    }
}
