using Brownian.Tensors;

namespace Brownian;

/// <summary>
/// Diffusion exponential integrator sampler (Zhang &amp; Chen 2023, DEIS, eq. 14) with polynomials in log ρ, ρ = σ/α: the straight line in
/// log ρ through the present and the last ε̂ is integrated over ρ. One evaluation a step.
/// </summary>
public sealed record DeisSampler : LevelSampler
{
    /// <summary>Order 2 over 20 steps, down to the smallest noise of the schedule.</summary>
    public DeisSampler() => Levels = LevelSelection.AboveZero with { Final = FinalSigma.SigmaMin };

    /// <summary>The order: 1, which is DDIM, or 2.</summary>
    [Key("solver_order")] public int Order { get; init; } = 2;

    /// <summary>The first order in the last step of a run of fewer than 15.</summary>
    [Key("lower_order_final")] public bool LowerOrderAtEnd { get; init; } = true;

    /// <inheritdoc/>
    public override IEnumerable<Rule> Rules() => [.. base.Rules(), new(nameof(Order), Order is 1 or 2, $"is {Order}; use 1 or 2")];

    /// <inheritdoc/>
    protected override void Walk(SamplingRun run)
    {
        IReadOnlyList<NoiseLevel> levels = run.OwnLevels(Levels);
        History eps = run.Remember(Order);
        foreach (LevelStep step in run.Along(levels))
        {
            (NoiseLevel from, NoiseLevel to) = (step.From, step.To);
            Prediction prediction = run.Predict(from);
            eps.Push(prediction.Eps);
            bool last = step.Index == levels.Count - 2;
            if (Order == 1 || eps.Count == 1 || to.Sigma == 0 || (last && LowerOrderAtEnd && levels.Count <= 15))
            {
                run.X = LinearCombination.Of((to.Alpha, prediction.X0), (to.Sigma, prediction.Eps));
                continue;
            }
            double before = levels[step.Index - 1].Ratio;
            run.X = LinearCombination.Of(
                (to.Alpha / from.Alpha, run.X),
                (to.Alpha * Integral(from.Ratio, to.Ratio, from.Ratio, before), eps[0]),
                (to.Alpha * Integral(from.Ratio, to.Ratio, before, from.Ratio), eps[1]));
        }
    }

    /// <summary>∫ (log ρ − log other)/(log node − log other) dρ.</summary>
    static double Integral(double from, double to, double node, double other)
    {
        return (At(to) - At(from)) / (Math.Log(node) - Math.Log(other));

        double At(double rho) => rho * (Math.Log(rho) - 1 - Math.Log(other));
    }
}
