using Brownian.Tensors;

namespace Brownian.Diffusion;

/// <summary>Noise added before a step and removed in it (Karras et al. 2022, algorithm 2), which corrects errors of earlier steps.</summary>
public sealed record Churn
{
    /// <summary>No noise: deterministic sampling.</summary>
    public static Churn None { get; } = new();

    /// <summary>S_churn, spread over all steps; at least 0. A step raises σ by at most √2.</summary>
    public double Amount { get; init; }

    /// <summary>S_tmin: steps at smaller σ add none.</summary>
    public double Smallest { get; init; }

    /// <summary>S_tmax: steps at larger σ add none.</summary>
    public double Largest { get; init; } = double.PositiveInfinity;

    /// <summary>S_noise: the standard deviation of the noise; slightly above 1 makes up for networks that remove too much.</summary>
    public double Noise { get; init; } = 1;

    /// <summary>Lines 4 to 6: raises x to a noisier level, σ̂ = σ + γ·σ.</summary>
    internal (Tensor X, NoiseLevel Level) Raise(SamplingRun run, NoiseLevel level, int steps)
    {
        if (!(Amount >= 0)) throw new ArgumentException($"Churn is {Amount}; it must be at least 0.");
        double gamma = level.Ratio >= Smallest && level.Ratio <= Largest ? Math.Min(Amount / steps, Math.Sqrt(2) - 1) : 0;
        if (gamma == 0 || double.IsInfinity(level.Ratio)) return (run.X, level);
        NoiseLevel raised = run.Process.Straight(run.Process.AtRatio(level.Ratio * (1 + gamma)));
        double keep = raised.Alpha / level.Alpha;
        double added = Math.Sqrt(raised.Sigma * raised.Sigma - keep * keep * level.Sigma * level.Sigma);
        return (LinearCombination.Of((keep, run.X), (added * Noise, run.Noise())), raised);
    }
}
