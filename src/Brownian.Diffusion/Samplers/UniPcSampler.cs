using Brownian.Tensors;

namespace Brownian.Diffusion;

/// <summary>The choices that <see cref="UniPcSampler"/> leaves open.</summary>
public sealed record UniPcOptions : SolverOptions
{
    /// <summary>Order 2 over 20 steps.</summary>
    public UniPcOptions() => Levels = LevelSelection.AboveZero;

    /// <summary>The order of the predictor, 1 to 3; the corrector adds one.</summary>
    public int Order { get; init; } = 2;

    /// <summary>B(h) = h, the paper's B_1, instead of e^h − 1, its B_2: for few steps without guidance.</summary>
    public bool PlainB { get; init; }

    /// <summary>Integrate ε̂ instead of x̂_0.</summary>
    public bool IntegratesNoise { get; init; }

    /// <summary>Lower the order towards the last step.</summary>
    public bool LowerOrderAtEnd { get; init; } = true;

    /// <summary>The steps, from 0, whose result is not corrected: the first ones, where strong guidance makes slopes unreliable.</summary>
    public IReadOnlyList<int> Uncorrected { get; init; } = [];
}

/// <summary>
/// UniPC (Zhao et al. 2023, algorithms 5 to 8): a predictor of any order whose result is corrected by the next step's evaluation, which is
/// needed anyway. One evaluation a step.
/// </summary>
/// <param name="options">What the algorithm leaves open.</param>
public sealed class UniPcSampler(UniPcOptions options) : Sampler
{
    /// <inheritdoc/>
    protected override X0Limit Limit => options.Limit;

    /// <inheritdoc/>
    protected override void Walk(SamplingRun run)
    {
        ArgumentNullException.ThrowIfNull(run);
        if (options.Order is < 1 or > 3) throw new ArgumentException($"The order of unipc is {options.Order}; use 1, 2 or 3.");
        IReadOnlyList<NoiseLevel> levels = SolverLevels.Of(run, options.Levels);
        History m = run.Remember(options.Order + 1), before = run.Remember(1);
        int steps = levels.Count - 1, order = 0;
        foreach (LevelStep step in run.Along(levels))
        {
            int i = step.Index;
            Prediction prediction = run.Predict(step.From);
            m.Push(options.IntegratesNoise ? prediction.Eps : prediction.X0);
            if (i > 0 && !options.Uncorrected.Contains(i - 1)) run.X = Step(before[0], m, levels, i, order, corrects: true);

            order = Math.Min(options.Order, options.LowerOrderAtEnd ? steps - i : steps);
            order = step.To.Sigma == 0 ? 1 : Math.Min(order, i + 1);
            before.Push(run.X);
            run.X = options.IntegratesNoise && step.To.Sigma == 0
                ? prediction.X0
                : Step(run.X, m, levels, i + 1, order, corrects: false);
        }
    }

    /// <summary>
    /// From level <paramref name="to"/> − 1 to <paramref name="to"/>. The corrector also knows m at the level it goes to: it is m[0] then.
    /// </summary>
    Tensor Step(Tensor x, History m, IReadOnlyList<NoiseLevel> levels, int to, int order, bool corrects)
    {
        NoiseLevel from = levels[to - 1];
        ExponentialStep e = options.IntegratesNoise ? ExponentialStep.OfNoise(from, levels[to]) : ExponentialStep.OfImage(from, levels[to]);
        int now = corrects ? 1 : 0;                     // the age of m at the level where the step starts
        Tensor next = LinearCombination.Of((e.Keep, x), (e.Zeroth, m[now]));
        double h = levels[to].Lambda - from.Lambda;
        List<double> ratios = [.. Enumerable.Range(1, order - 1).Select(k => (levels[to - 1 - k].Lambda - from.Lambda) / h)];
        if (corrects) ratios.Add(1);
        if (ratios.Count == 0) return next;
        double b = options.PlainB ? e.Z : e.ExpM1;
        double[] rhos = Rhos(e.Z, b, ratios);
        for (int k = 0; k < ratios.Count; k++)
        {
            int age = corrects && k == ratios.Count - 1 ? 0 : now + 1 + k;
            double weight = -e.Add * b * rhos[k] / ratios[k];
            next = LinearCombination.Of((1, next), (weight, m[age]), (-weight, m[now]));
        }
        return next;
    }

    /// <summary>
    /// The solution of Σ_k r_k^{n−1}·ρ_k = n!·φ_{n+1}(z)·z/B, n = 1, 2, … (theorem 3.1), φ_1 = (e^z − 1)/z, φ_{n+1} = (φ_n − 1/n!)/z.
    /// With a single unknown the paper takes ½ for it, the limit for small steps.
    /// </summary>
    static double[] Rhos(double z, double b, List<double> ratios)
    {
        int n = ratios.Count;
        if (n == 1) return [0.5];
        double[,] system = new double[n, n + 1];
        double phi = (Math.Exp(z) - 1) / z - 1, factorial = 1;      // φ_2·z
        for (int row = 0; row < n; row++)
        {
            for (int k = 0; k < n; k++) system[row, k] = Math.Pow(ratios[k], row);
            system[row, n] = phi * factorial / b;
            factorial *= row + 2;
            phi = phi / z - 1 / factorial;
        }
        return LinearSystem.Solve(system);
    }
}
