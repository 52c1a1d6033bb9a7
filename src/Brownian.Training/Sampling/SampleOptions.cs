namespace Brownian.Training;

/// <summary>What to sample, and how. What is null is as the model was trained to.</summary>
public sealed record SampleOptions
{
    /// <summary>How many images, where <see cref="Seeds"/> does not say which.</summary>
    public int Count { get; init; } = 16;

    /// <summary>The seed of the first image, where <see cref="Seeds"/> does not say; the next has the next.</summary>
    public ulong FirstSeed { get; init; }

    /// <summary>The seed of every image: it alone decides the image.</summary>
    public IReadOnlyList<ulong>? Seeds { get; init; }

    /// <summary>Images computed together; changes time and memory only.</summary>
    public int BatchSize { get; init; } = 64;

    /// <summary>How many of the timesteps to visit; null for all.</summary>
    public int? Steps { get; init; }

    /// <summary>The variance of a reverse step.</summary>
    public VarianceKind? Variance { get; init; }

    /// <summary>Limit the predicted x̂0 to [−1, 1] in each step.</summary>
    public bool? ClipSample { get; init; }

    internal ulong[] ResolveSeeds()
    {
        if (BatchSize < 1) throw new ArgumentException($"Sampling in batches of {BatchSize}; a batch has at least 1 image.");
        if (Seeds is { Count: 0 }) throw new ArgumentException("Sampling needs at least one seed; there are none.");
        if (Seeds is not null) return [.. Seeds];
        if (Count < 1) throw new ArgumentException($"Cannot sample {Count} images; ask for at least 1.");
        if (FirstSeed > ulong.MaxValue - (ulong)Count + 1) throw new ArgumentException($"{Count} seeds from {FirstSeed} on pass 2^64-1.");
        ulong[] seeds = new ulong[Count];
        for (int i = 0; i < Count; i++) seeds[i] = FirstSeed + (ulong)i;
        return seeds;
    }
}
