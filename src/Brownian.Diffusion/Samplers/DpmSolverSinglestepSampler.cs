using Brownian.Tensors;

namespace Brownian;

/// <summary>
/// DPM-Solver++ as a single-step method (Lu et al. 2022, arXiv:2211.01095, algorithm 1, and DPM-Solver-3 of arXiv:2206.00927 in its x̂_0
/// form). The levels are cut into groups of as many as the order; each group starts anew, first to its second level, then from its first
/// to its third with both slopes, and so on. One evaluation a level.
/// </summary>
public sealed record DpmSolverSinglestepSampler : LevelSampler
{
    /// <summary>Order 2 over 20 levels.</summary>
    public DpmSolverSinglestepSampler() => Levels = LevelSelection.AboveZero;

    /// <summary>The order, 1 to 3: so many levels, and evaluations, make up one step of the method.</summary>
    [Key("solver_order")] public int Order { get; init; } = 2;

    /// <inheritdoc/>
    public override IEnumerable<Rule> Rules() => [.. base.Rules(), new(nameof(Order), Order is >= 1 and <= 3, $"is {Order}; use 1, 2 or 3")];

    /// <inheritdoc/>
    protected override void Walk(SamplingRun run)
    {
        IReadOnlyList<NoiseLevel> levels = run.OwnLevels(Levels);
        int[] orders = Orders(levels.Count - 1, Order);
        History start = run.Remember(1), m = run.Remember(3);
        foreach (LevelStep step in run.Along(levels))
        {
            int i = step.Index, order = orders[i];
            m.Push(run.Predict(step.From).X0);
            // A group that starts at pure noise, λ = −∞, has no slope in λ: its levels are steps of their own.
            if (double.IsInfinity(levels[i - order + 1].Lambda)) order = 1;
            if (order == 1) start.Push(run.X);
            NoiseLevel first = levels[i - order + 1];
            ExponentialStep e = ExponentialStep.OfImage(first, step.To);
            Tensor next = LinearCombination.Of((e.Keep, start[0]), (e.Zeroth, m[order - 1]));
            if (order > 1)
            {
                // The slope from the group's first level to the newest; r is how much of the step lies between them.
                double r = (step.From.Lambda - first.Lambda) / (step.To.Lambda - first.Lambda);
                double slope = (order == 2 ? e.FirstByMidpoint : e.First) / r;
                next = LinearCombination.Of((1, next), (slope, m[0]), (-slope, m[order - 1]));
            }
            run.X = next;
        }
    }

    /// <summary>1, 2, …, order, again and again; the last step is of order 1, as it goes to σ = 0.</summary>
    internal static int[] Orders(int steps, int order)
    {
        int[] orders = [.. Enumerable.Range(0, steps).Select(i => i % order + 1)];
        orders[^1] = 1;
        return orders;
    }
}
