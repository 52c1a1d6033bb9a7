namespace Brownian.Bench;

/// <summary>Every case, at the shapes of the two networks: the tutorial's (1×28×28) and ddpm-cifar10-32 (3×32×32).</summary>
static class CaseList
{
    public static IReadOnlyList<BenchCase> All { get; } =
    [
        .. ProductCases.All(),
        .. ConvolutionCases.All(),
        .. AttentionCases.All(),
        .. NormCases.All(),
        .. PointwiseCases.All(),
        .. UpdateCases.All(),
        .. LossCases.All(),
    ];

    /// <summary>The cases whose kernel or shape contains a text, whatever its case.</summary>
    /// <exception cref="ArgumentException">There is none.</exception>
    public static IReadOnlyList<BenchCase> Matching(string filter)
    {
        BenchCase[] matching = [.. All.Where(c => $"{c.Kernel} {c.Shape}".Contains(filter, StringComparison.OrdinalIgnoreCase))];
        if (matching.Length == 0) throw new ArgumentException($"no benchmark's kernel or shape contains '{filter}'; --help lists the kernels.");
        return matching;
    }
}
