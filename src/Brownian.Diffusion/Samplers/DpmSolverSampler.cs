using Brownian.Tensors;

namespace Brownian;

/// <summary>How an exponential integrator turns slopes into a step. The names are diffusers'.</summary>
public enum SolverType
{
    /// <summary>DPM-Solver's second order by the midpoint rule.</summary>
    Midpoint,

    /// <summary>DPM-Solver's second order by integration.</summary>
    Heun,

    /// <summary>UniPC with B(h) = h.</summary>
    Bh1,

    /// <summary>UniPC with B(h) = e^h − 1.</summary>
    Bh2,
}

/// <summary>
/// DPM-Solver++ (Lu et al. 2022, arXiv:2211.01095, algorithm 2 and its third order), its stochastic form (SDE-DPM-Solver++, k-diffusion's
/// dpmpp_2m_sde and dpmpp_3m_sde) and DPM-Solver (arXiv:2206.00927), all as multistep methods: one evaluation a step, slopes from the
/// steps before.
/// </summary>
public sealed record DpmSolverSampler : LevelSampler
{
    /// <summary>DPM-Solver++ of order 2 over 20 steps.</summary>
    public DpmSolverSampler() => Levels = LevelSelection.AboveZero;

    /// <summary>The order, from 1, which is DDIM, to 3. 2 is best with guidance, 3 without.</summary>
    [Key("solver_order")] public int Order { get; init; } = 2;

    /// <summary>Integrate x̂_0 (DPM-Solver++); otherwise ε̂ (DPM-Solver).</summary>
    public bool IntegratesImage { get; init; } = true;

    /// <summary>η: 0 solves the ODE, 1 the SDE, which adds noise in every step. Only for x̂_0.</summary>
    [Key("eta")] public double Eta { get; init; }

    /// <summary>The standard deviation of the SDE's noise, in units of the right one.</summary>
    [Key("s_noise")] public double NoiseScale { get; init; } = 1;

    /// <summary>The second order by the midpoint rule or, as <c>heun</c>, by integration.</summary>
    [Key("solver_type")] public SolverType Solver { get; init; } = SolverType.Midpoint;

    /// <summary>Lower the order in the last steps of a run of fewer than 15, where it would overshoot.</summary>
    [Key("lower_order_final")] public bool LowerOrderAtEnd { get; init; } = true;

    /// <summary>The first order in the last step of any run.</summary>
    [Key("euler_at_final")] public bool FirstOrderAtEnd { get; init; }

    /// <inheritdoc/>
    public override IEnumerable<Rule> Rules()
    {
        foreach (Rule rule in base.Rules()) yield return rule;
        yield return (nameof(Order), Order is >= 1 and <= 3, $"is {Order}; use 1, 2 or 3");
        yield return (nameof(Eta), Eta >= 0 && double.IsFinite(Eta), $"is {Eta}; it must be at least 0, such as 1");
        yield return (nameof(Eta), Eta == 0 || IntegratesImage, $"is {Eta}, which needs DPM-Solver++; set IntegratesImage to true");
        yield return (nameof(NoiseScale), NoiseScale >= 0, $"is {NoiseScale}; it must be at least 0, such as 1");
        yield return (nameof(Solver), Solver is SolverType.Midpoint or SolverType.Heun, $"is {Names.Of(Solver)}; use midpoint or heun");
    }

    /// <inheritdoc/>
    protected override void Walk(SamplingRun run)
    {
        IReadOnlyList<NoiseLevel> levels = run.OwnLevels(Levels);
        History m = run.Remember(Order);
        foreach (LevelStep step in run.Along(levels))
        {
            Prediction prediction = run.Predict(step.From);
            m.Push(IntegratesImage ? prediction.X0 : prediction.Eps);
            if (!IntegratesImage && step.To.Sigma == 0)
            {
                run.X = prediction.X0;      // the limit of the first order
                continue;
            }
            ExponentialStep e = IntegratesImage
                ? ExponentialStep.OfImage(step.From, step.To, Eta)
                : ExponentialStep.OfNoise(step.From, step.To);
            Tensor next = LinearCombination.Of((e.Keep, run.X), (e.Zeroth, m[0]));
            next = AddSlopes(next, e, m, levels, step.Index, OrderOf(step.Index, levels.Count - 1, m.Count, step.To));
            double noise = ExponentialStep.Noise(step.From, step.To, Eta);
            run.X = noise > 0 ? LinearCombination.Of((1, next), (noise * NoiseScale, run.Noise())) : next;
        }
    }

    int OrderOf(int step, int steps, int known, NoiseLevel to)
    {
        int left = steps - step, order = Math.Min(Order, known);
        if (LowerOrderAtEnd && steps < 15) order = Math.Min(order, left);
        return left == 1 && (FirstOrderAtEnd || to.Sigma == 0) ? 1 : order;
    }

    Tensor AddSlopes(Tensor x, ExponentialStep e, History m, IReadOnlyList<NoiseLevel> levels, int i, int order)
    {
        if (order == 1) return x;
        double h = levels[i + 1].Lambda - levels[i].Lambda, r0 = (levels[i].Lambda - levels[i - 1].Lambda) / h;
        if (order == 2)
        {
            double first = (Solver == SolverType.Heun ? e.First : e.FirstByMidpoint) / r0;
            return LinearCombination.Of((1, x), (first, m[0]), (-first, m[1]));
        }
        // Newton's divided differences: D1_0 = (m0 − m1)/r0, D1_1 = (m1 − m2)/r1, D2 = (D1_0 − D1_1)/(r0 + r1), D1 = D1_0 + r0·D2.
        double r1 = (levels[i - 1].Lambda - levels[i - 2].Lambda) / h;
        double d2 = (e.Second + r0 * e.First) / (r0 + r1);
        double a = (e.First + d2) / r0, b = -d2 / r1;
        return LinearCombination.Of((1, x), (a, m[0]), (b - a, m[1]), (-b, m[2]));
    }
}
