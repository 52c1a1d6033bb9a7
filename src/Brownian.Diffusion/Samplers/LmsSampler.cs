using Brownian.Tensors;

namespace Brownian;

/// <summary>
/// Linear multistep (Adams–Bashforth on uneven steps; k-diffusion's <c>sample_lms</c>): the polynomial through the last slopes dx/dσ = ε̂ is
/// integrated over the step. One evaluation a step.
/// </summary>
public sealed record LmsSampler : LevelSampler
{
    /// <summary>How many past slopes a step uses, from 1, which is Euler's method, to 4.</summary>
    [Key("solver_order", Option = "--order", Least = 1, Help = "The order of the method.")] public int Order { get; init; } = 4;

    /// <inheritdoc/>
    public override IEnumerable<Rule> Rules() => [.. base.Rules(), new(nameof(Order), Order is >= 1 and <= 4, $"is {Order}; use 1 to 4")];

    /// <inheritdoc/>
    protected override void Walk(SamplingRun run)
    {
        NoiseLevel[] levels = run.UnitSignalLevels(Levels);
        History slopes = run.Remember(Order);
        foreach (LevelStep step in run.Along(levels))
        {
            slopes.Push(run.Predict(step.From).Eps);
            double[] nodes = [.. Enumerable.Range(0, slopes.Count).Select(age => levels[step.Index - age].Sigma)];
            Tensor next = run.X;
            for (int age = 0; age < nodes.Length; age++)
                next = LinearCombination.Of((1, next), (Weight(nodes, age, step.From.Sigma, step.To.Sigma), slopes[age]));
            run.X = next;
        }
    }

    /// <summary>∫ℓ_k(σ)dσ of Lagrange's k-th basis polynomial, by Gauss's two points, which are exact up to degree 3.</summary>
    static double Weight(double[] nodes, int k, double from, double to)
    {
        double middle = (from + to) / 2, half = (to - from) / 2, offset = half / Math.Sqrt(3);
        return half * (Basis(nodes, k, middle - offset) + Basis(nodes, k, middle + offset));
    }

    static double Basis(double[] nodes, int k, double at)
    {
        double product = 1;
        for (int j = 0; j < nodes.Length; j++)
        {
            if (j != k) product *= (at - nodes[j]) / (nodes[k] - nodes[j]);
        }
        return product;
    }
}
