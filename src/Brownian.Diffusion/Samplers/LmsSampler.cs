using Brownian.Tensors;

namespace Brownian.Diffusion;

/// <summary>The choices that <see cref="LmsSampler"/> leaves open.</summary>
public sealed record LmsOptions : SolverOptions
{
    /// <summary>How many past slopes a step uses, from 1, which is Euler's method, to 4.</summary>
    public int Order { get; init; } = 4;
}

/// <summary>
/// Linear multistep (Adams–Bashforth on uneven steps; k-diffusion's <c>sample_lms</c>): the polynomial through the last slopes dx/dσ = ε̂ is
/// integrated over the step. One evaluation a step.
/// </summary>
/// <param name="options">What the algorithm leaves open.</param>
public sealed class LmsSampler(LmsOptions options) : Sampler
{
    /// <inheritdoc/>
    protected override X0Limit Limit => options.Limit;

    /// <inheritdoc/>
    protected override void Walk(SamplingRun run)
    {
        ArgumentNullException.ThrowIfNull(run);
        if (options.Order is < 1 or > 4) throw new ArgumentException($"The order of lms is {options.Order}; use 1 to 4.");
        NoiseLevel[] levels = run.UnitSignalLevels(options.Levels, "lms");
        History slopes = run.Remember(options.Order);
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
