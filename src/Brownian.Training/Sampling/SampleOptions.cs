namespace Brownian;

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

    /// <summary>Bits per sample of the images: 8, or 16 for what was trained on images of so many.</summary>
    public int BitDepth { get; init; } = 8;

    /// <summary>The sampler, its settings and guidance. Another sampler than the model's own starts from its own usual settings.</summary>
    public SampleParams Sampling { get; init; } = new();

    /// <summary>A name of <see cref="SamplerType"/>.</summary>
    public string? Sampler { get => Sampling.Sampler; init => Sampling = Sampling with { Sampler = value }; }

    /// <summary>How many steps to take from noise to image.</summary>
    public int? Steps { get => Sampling.Steps; init => Sampling = Sampling with { Steps = value }; }

    /// <summary>How strongly images are driven towards their class: 1 for as trained, 1.5 to 8 for more. At least 0.</summary>
    public double? Guidance { get => Sampling.GuidanceScale; init => Sampling = Sampling with { GuidanceScale = value }; }

    /// <inheritdoc cref="SampleParams.this[string]"/>
    public object? this[string key] { get => Sampling[key]; init => Sampling = Sampling.With(key, value); }

    /// <summary>The variance of a reverse step.</summary>
    public ReverseVariance? Variance { get; init; }

    /// <summary>Limit the predicted x̂0 to [−1, 1] in each step.</summary>
    public bool? ClipSample { get; init; }

    /// <summary>Limit it by dynamic thresholding instead, to at most this, at least 1.</summary>
    public double? Thresholding { get; init; }

    /// <summary>The classes to draw for a conditional model: an image is of that at its seed modulo their number. Null for all in turn.</summary>
    public IReadOnlyList<int>? Classes { get; init; }

    internal DiffusionParams Over(DiffusionParams own)
    {
        if (Thresholding is not (null or >= 1))
            throw new ArgumentException($"Dynamic thresholding to at most {Thresholding}; it must be at least 1, where images end.");
        return own with
        {
            Variance = Variance ?? own.Variance,
            ClipSample = ClipSample ?? own.ClipSample,
            Thresholding = Thresholding is not null || (own.Thresholding && ClipSample is null),
            SampleMaxValue = Thresholding ?? own.SampleMaxValue,
        };
    }

    internal ulong[] ResolveSeeds()
    {
        if (BitDepth is not (8 or 16)) throw new ArgumentException($"Images of {BitDepth} bits per sample; they have 8 or 16.");
        if (BatchSize < 1) throw new ArgumentException($"Sampling in batches of {BatchSize}; a batch has at least 1 image.");
        if (Seeds is { Count: 0 }) throw new ArgumentException("Sampling needs at least one seed; there are none.");
        if (Seeds is not null) return [.. Seeds];
        if (Count < 1) throw new ArgumentException($"Cannot sample {Count} images; ask for at least 1.");
        if (FirstSeed > ulong.MaxValue - (ulong)Count + 1) throw new ArgumentException($"{Counted.Of(Count, "seed")} from {FirstSeed} on pass 2^64-1.");
        ulong[] seeds = new ulong[Count];
        for (int i = 0; i < Count; i++) seeds[i] = FirstSeed + (ulong)i;
        return seeds;
    }
}
