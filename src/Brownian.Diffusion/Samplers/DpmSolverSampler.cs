using Brownian.Tensors;

namespace Brownian.Diffusion;

/// <summary>The choices that <see cref="DpmSolverSampler"/> leaves open.</summary>
public sealed record DpmSolverOptions : SolverOptions
{
    /// <summary>DPM-Solver++ of order 2 over 20 steps.</summary>
    public DpmSolverOptions() => Levels = LevelSelection.AboveZero;

    /// <summary>The order, from 1, which is DDIM, to 3. 2 is best with guidance, 3 without.</summary>
    public int Order { get; init; } = 2;

    /// <summary>Integrate ε̂ (DPM-Solver) instead of x̂_0 (DPM-Solver++).</summary>
    public bool IntegratesNoise { get; init; }

    /// <summary>η: 0 solves the ODE, 1 the SDE, which adds noise in every step. Only for x̂_0. At least 0.</summary>
    public double Eta { get; init; }

    /// <summary>The standard deviation of the SDE's noise, in units of the right one.</summary>
    public double Noise { get; init; } = 1;

    /// <summary>The second order by integration (<c>heun</c>) instead of the midpoint rule.</summary>
    public bool SecondByIntegration { get; init; }

    /// <summary>Lower the order in the last steps of a run of fewer than 15, where it would overshoot.</summary>
    public bool LowerOrderAtEnd { get; init; } = true;

    /// <summary>The first order in the last step of any run.</summary>
    public bool FirstOrderAtEnd { get; init; }

    internal void Check()
    {
        if (Order is < 1 or > 3) throw new ArgumentException($"The order of DPM-Solver is {Order}; use 1, 2 or 3.");
        if (!(Eta >= 0 && double.IsFinite(Eta))) throw new ArgumentException($"Eta of DPM-Solver is {Eta}; it must be at least 0, such as 1.");
        if (Eta > 0 && IntegratesNoise) throw new ArgumentException("Eta above 0 needs DPM-Solver++, which integrates x0; set IntegratesNoise to false.");
    }

    internal int OrderOf(int step, int steps, int known, NoiseLevel to)
    {
        int left = steps - step, order = Math.Min(Order, known);
        if (LowerOrderAtEnd && steps < 15) order = Math.Min(order, left);
        return left == 1 && (FirstOrderAtEnd || to.Sigma == 0) ? 1 : order;
    }
}

/// <summary>
/// DPM-Solver++ (Lu et al. 2022, arXiv:2211.01095, algorithm 2 and its third order), its stochastic form (SDE-DPM-Solver++, k-diffusion's
/// dpmpp_2m_sde and dpmpp_3m_sde) and DPM-Solver (arXiv:2206.00927), all as multistep methods: one evaluation a step, slopes from the
/// steps before.
/// </summary>
/// <param name="options">What the algorithm leaves open.</param>
public sealed class DpmSolverSampler(DpmSolverOptions options) : Sampler
{
    /// <inheritdoc/>
    protected override X0Limit Limit => options.Limit;

    /// <inheritdoc/>
    protected override void Walk(SamplingRun run)
    {
        ArgumentNullException.ThrowIfNull(run);
        options.Check();
        IReadOnlyList<NoiseLevel> levels = SolverLevels.Of(run, options.Levels);
        History m = run.Remember(options.Order);
        foreach (LevelStep step in run.Along(levels))
        {
            Prediction prediction = run.Predict(step.From);
            m.Push(options.IntegratesNoise ? prediction.Eps : prediction.X0);
            if (options.IntegratesNoise && step.To.Sigma == 0)
            {
                run.X = prediction.X0;      // the limit of the first order
                continue;
            }
            ExponentialStep e = options.IntegratesNoise
                ? ExponentialStep.OfNoise(step.From, step.To)
                : ExponentialStep.OfImage(step.From, step.To, options.Eta);
            Tensor next = LinearCombination.Of((e.Keep, run.X), (e.Zeroth, m[0]));
            next = AddSlopes(next, e, m, levels, step.Index, options.OrderOf(step.Index, levels.Count - 1, m.Count, step.To));
            double noise = ExponentialStep.Noise(step.From, step.To, options.Eta);
            run.X = noise > 0 ? LinearCombination.Of((1, next), (noise * options.Noise, run.Noise())) : next;
        }
    }

    Tensor AddSlopes(Tensor x, ExponentialStep e, History m, IReadOnlyList<NoiseLevel> levels, int i, int order)
    {
        if (order == 1) return x;
        double h = levels[i + 1].Lambda - levels[i].Lambda, r0 = (levels[i].Lambda - levels[i - 1].Lambda) / h;
        if (order == 2)
        {
            double first = (options.SecondByIntegration ? e.First : e.FirstByMidpoint) / r0;
            return LinearCombination.Of((1, x), (first, m[0]), (-first, m[1]));
        }
        // Newton's divided differences: D1_0 = (m0 − m1)/r0, D1_1 = (m1 − m2)/r1, D2 = (D1_0 − D1_1)/(r0 + r1), D1 = D1_0 + r0·D2.
        double r1 = (levels[i - 1].Lambda - levels[i - 2].Lambda) / h;
        double d2 = (e.Second + r0 * e.First) / (r0 + r1);
        double a = (e.First + d2) / r0, b = -d2 / r1;
        return LinearCombination.Of((1, x), (a, m[0]), (b - a, m[1]), (-b, m[2]));
    }
}

/// <summary>The levels of exponential integrators, in the process's own coordinates.</summary>
static class SolverLevels
{
    // ᾱ = 0 has λ = −∞: a level of almost no signal stands in for it, as in the process's straight coordinates.
    public static IReadOnlyList<NoiseLevel> Of(SamplingRun run, LevelSelection selection)
    {
        IReadOnlyList<NoiseLevel> levels = run.Process.Levels(selection);
        if (levels[0].Alpha > 0 || run.Process is not NoiseSchedule schedule) return levels;
        NoiseLevel first = schedule.Straight(levels[0]);
        return [first.Scaled(1 / Math.Sqrt(first.Power)), .. levels.Skip(1)];
    }
}
