using Brownian.Diffusion;

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

    /// <summary>A name of <see cref="SamplerCatalog"/>. Another than the model's own starts from its own usual settings.</summary>
    public string? Sampler { get; init; }

    /// <summary>How many steps to take from noise to image.</summary>
    public int? Steps { get; init; }

    /// <summary>η: the noise added in each step, from 0, none, to 1, as much as ddpm; for samplers that leave it open.</summary>
    public double? Eta { get; init; }

    /// <summary>How the steps are spread over the timesteps.</summary>
    public TimestepSpacing? Spacing { get; init; }

    /// <summary>How σ falls, for samplers that walk along noise levels.</summary>
    public SigmaCurve? Curve { get; init; }

    /// <summary>The order, for lms, deis and unipc.</summary>
    public int? Order { get; init; }

    /// <summary>Noise added before each step and removed in it (S_churn), for euler, heun, edm and dpm_2.</summary>
    public double? Churn { get; init; }

    /// <summary>The variance of a reverse step.</summary>
    public ReverseVariance? Variance { get; init; }

    /// <summary>Limit the predicted x̂0 to [−1, 1] in each step.</summary>
    public bool? ClipSample { get; init; }

    /// <summary>Limit it by dynamic thresholding instead, to at most this, at least 1.</summary>
    public double? Thresholding { get; init; }

    /// <summary>The classes to draw for a conditional model: an image is of that at its seed modulo their number. Null for all in turn.</summary>
    public IReadOnlyList<int>? Classes { get; init; }

    /// <summary>How strongly images are driven towards their class: 1 for as trained, 1.5 to 8 for more. At least 0.</summary>
    public double? Guidance { get; init; }

    internal SampleParams Over(SampleParams own)
    {
        // Steps, eta and the like of one sampler mean little to another.
        if (Sampler is not null && Sampler != own.Sampler)
            own = new SampleParams { Sampler = Sampler, GuidanceScale = own.GuidanceScale, GuidanceRescale = own.GuidanceRescale };
        return own with
        {
            Steps = Steps ?? own.Steps,
            Eta = Eta ?? own.Eta,
            Spacing = Spacing ?? own.Spacing,
            Curve = Curve ?? own.Curve,
            SolverOrder = Order ?? own.SolverOrder,
            Churn = Churn ?? own.Churn,
            GuidanceScale = Guidance ?? own.GuidanceScale,
        };
    }

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
