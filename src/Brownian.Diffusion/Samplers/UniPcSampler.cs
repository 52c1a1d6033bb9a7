using Brownian.Tensors;

namespace Brownian;

/// <summary>
/// UniPC (Zhao et al. 2023, algorithms 5 to 8): a predictor of any order whose result is corrected by the next step's evaluation, which is
/// needed anyway. One evaluation a step.
/// </summary>
public sealed record UniPcSampler : LevelSampler
{
    /// <summary>Order 2 over 20 steps.</summary>
    public UniPcSampler() => Levels = LevelSelection.AboveZero;

    /// <summary>The order of the predictor, 1 to 3; the corrector adds one.</summary>
    [Key("solver_order")] public int Order { get; init; } = 2;

    /// <summary>B(h): e^h − 1, the paper's B_2, or h, its B_1, for few steps without guidance.</summary>
    [Key("solver_type")] public SolverType Solver { get; init; } = SolverType.Bh2;

    /// <summary>Integrate x̂_0; otherwise ε̂.</summary>
    [Key("predict_x0")] public bool IntegratesImage { get; init; } = true;

    /// <summary>Lower the order towards the last step.</summary>
    [Key("lower_order_final")] public bool LowerOrderAtEnd { get; init; } = true;

    /// <summary>The steps, from 0, whose result is not corrected: the first ones, where strong guidance makes slopes unreliable.</summary>
    [Key("disable_corrector")] public Values<int> Uncorrected { get; init; } = [];

    /// <inheritdoc/>
    public override IEnumerable<Rule> Rules()
    {
        foreach (Rule rule in base.Rules()) yield return rule;
        yield return (nameof(Order), Order is >= 1 and <= 3, $"is {Order}; use 1, 2 or 3");
        yield return (nameof(Solver), Solver is SolverType.Bh1 or SolverType.Bh2, $"is {Names.Of(Solver)}; use bh1 or bh2");
    }

    /// <inheritdoc/>
    protected override void Walk(SamplingRun run)
    {
        IReadOnlyList<NoiseLevel> levels = run.OwnLevels(Levels);
        History m = run.Remember(Order + 1), before = run.Remember(1);
        int steps = levels.Count - 1, order = 0;
        foreach (LevelStep step in run.Along(levels))
        {
            int i = step.Index;
            Prediction prediction = run.Predict(step.From);
            m.Push(IntegratesImage ? prediction.X0 : prediction.Eps);
            if (i > 0 && !Uncorrected.Contains(i - 1)) run.X = Step(before[0], m, levels, i, order, corrects: true);

            order = Math.Min(Order, LowerOrderAtEnd ? steps - i : steps);
            order = step.To.Sigma == 0 ? 1 : Math.Min(order, i + 1);
            before.Push(run.X);
            run.X = IntegratesImage || step.To.Sigma > 0
                ? Step(run.X, m, levels, i + 1, order, corrects: false)
                : prediction.X0;
        }
    }

    /// <summary>
    /// From level <paramref name="to"/> − 1 to <paramref name="to"/>. The corrector also knows m at the level it goes to: it is m[0] then.
    /// </summary>
    Tensor Step(Tensor x, History m, IReadOnlyList<NoiseLevel> levels, int to, int order, bool corrects)
    {
        NoiseLevel from = levels[to - 1];
        ExponentialStep e = IntegratesImage ? ExponentialStep.OfImage(from, levels[to]) : ExponentialStep.OfNoise(from, levels[to]);
        int now = corrects ? 1 : 0;                     // the age of m at the level where the step starts
        Tensor next = LinearCombination.Of((e.Keep, x), (e.Zeroth, m[now]));
        double h = levels[to].Lambda - from.Lambda;
        List<double> ratios = [.. Enumerable.Range(1, order - 1).Select(k => (levels[to - 1 - k].Lambda - from.Lambda) / h)];
        if (corrects) ratios.Add(1);
        if (ratios.Count == 0) return next;
        double b = Solver == SolverType.Bh1 ? e.Z : e.ExpM1;
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
        return Solve(system);
    }

    // Gauss's elimination with pivots. The matrix n×(n+1) holds the right-hand side in its last column and is used up.
    static double[] Solve(double[,] a)
    {
        int n = a.GetLength(0);
        for (int column = 0; column < n; column++)
        {
            int pivot = column;
            for (int row = column + 1; row < n; row++)
            {
                if (Math.Abs(a[row, column]) > Math.Abs(a[pivot, column])) pivot = row;
            }
            for (int k = column; k <= n; k++) (a[column, k], a[pivot, k]) = (a[pivot, k], a[column, k]);
            for (int row = 0; row < n; row++)
            {
                if (row == column) continue;
                double factor = a[row, column] / a[column, column];
                for (int k = column; k <= n; k++) a[row, k] -= factor * a[column, k];
            }
        }
        return [.. Enumerable.Range(0, n).Select(i => a[i, n] / a[i, i])];
    }
}
