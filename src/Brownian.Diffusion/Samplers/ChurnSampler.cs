using Brownian.Tensors;

namespace Brownian;

/// <summary>
/// A sampler of the ODE that can add noise before a step, which the step then removes (Karras et al. 2022, algorithm 2): that corrects errors
/// of earlier steps.
/// </summary>
public abstract record ChurnSampler : LevelSampler
{
    /// <summary>S_churn, spread over all steps; 0 for deterministic sampling. A step raises σ by at most √2.</summary>
    [Key("s_churn", Option = "--churn", Help = "Noise added before each step and removed in it (S_churn of Karras et al. 2022), e.g. 40.")]
    public double Churn { get; init; }

    /// <summary>S_tmin: steps at smaller σ add none.</summary>
    [Key("s_tmin")] public double ChurnFrom { get; init; }

    /// <summary>S_tmax: steps at larger σ add none.</summary>
    [Key("s_tmax")] public double ChurnUpTo { get; init; } = double.PositiveInfinity;

    /// <summary>S_noise: the standard deviation of the noise; slightly above 1 makes up for networks that remove too much.</summary>
    [Key("s_noise")] public double NoiseScale { get; init; } = 1;

    /// <inheritdoc/>
    public override IEnumerable<Rule> Rules()
    {
        foreach (Rule rule in base.Rules()) yield return rule;
        yield return (nameof(Churn), Churn is >= 0 and <= 1e6, $"is {Churn}; it must be at least 0, such as 40");
        yield return (nameof(ChurnUpTo), ChurnUpTo > ChurnFrom, $"is {ChurnUpTo}; it must be above {nameof(ChurnFrom)}, {ChurnFrom}");
        yield return (nameof(NoiseScale), NoiseScale >= 0, $"is {NoiseScale}; it must be at least 0, such as 1");
    }

    /// <summary>Lines 4 to 6: raises x to a noisier level, σ̂ = σ + γ·σ.</summary>
    private protected (Tensor X, NoiseLevel Level) Raise(SamplingRun run, NoiseLevel level, int steps)
    {
        double gamma = level.Ratio >= ChurnFrom && level.Ratio <= ChurnUpTo ? Math.Min(Churn / steps, Math.Sqrt(2) - 1) : 0;
        if (gamma == 0 || double.IsInfinity(level.Ratio)) return (run.X, level);
        NoiseLevel raised = run.Process.Straight(run.Process.AtRatio(level.Ratio * (1 + gamma)));
        double keep = raised.Alpha / level.Alpha;
        double added = Math.Sqrt(raised.Sigma * raised.Sigma - keep * keep * level.Sigma * level.Sigma);
        return (LinearCombination.Of((keep, run.X), (added * NoiseScale, run.Noise())), raised);
    }
}
