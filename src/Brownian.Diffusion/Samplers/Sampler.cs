using Brownian.Tensors;

namespace Brownian;

/// <summary>
/// Turns noise into images with the help of a denoiser. A sampler is a record of its settings and its <see cref="Walk"/>: a loop over noise
/// levels that asks the denoiser and moves x. It has no state of its own, so one sampler may serve many runs. A setting with a
/// <see cref="KeyAttribute"/> can be given in configurations; <see cref="SamplerType"/> lists the samplers by name.
/// </summary>
public abstract record Sampler : Settings
{
    /// <summary>The timesteps to visit.</summary>
    public abstract TimestepSelection Timesteps { get; init; }

    /// <summary>The number of steps; null for all timesteps.</summary>
    [Key("steps", Option = "--steps", Least = 1, Help = "Number of sampling steps. Default: the model's or the sampler's own")]
    public int? Steps
    {
        get => Timesteps.Custom?.Count ?? Timesteps.Count;
        init => Timesteps = Timesteps with { Count = value };
    }

    /// <summary>How the steps are spread over the timesteps.</summary>
    [Key("timestep_spacing", Option = "--spacing", Help = "Spacing of the steps over the timesteps.")]
    public TimestepSpacing Spacing { get => Timesteps.Spacing; init => Timesteps = Timesteps with { Spacing = value }; }

    /// <inheritdoc cref="TimestepSelection.Offset"/>
    [Key("steps_offset", Quiet = true)]
    public int Offset { get => Timesteps.Offset; init => Timesteps = Timesteps with { Offset = value }; }

    /// <inheritdoc cref="TimestepSelection.Custom"/>
    [Key("timesteps")]
    public Values<int>? Custom { get => Timesteps.Custom; init => Timesteps = Timesteps with { Custom = value }; }

    /// <summary>What keeps x̂_0 in range in every prediction of a run.</summary>
    public X0Limit Limit { get; init; } = X0Limit.None;

    /// <summary>How often a step asks the network, the first and the last steps excepted.</summary>
    public virtual int Evaluations => 1;

    /// <inheritdoc/>
    protected override string Title => SamplerType.NameOf(this);

    /// <summary>Images made from the given noise, N×H×W×C, nominally in [−1, 1].</summary>
    /// <param name="denoiser">What tells images from noise.</param>
    /// <param name="noise">The start and the noise of each step.</param>
    /// <param name="onStep">Called after each step, on this thread, while others may have the device.</param>
    /// <param name="progress">Told after each step.</param>
    /// <param name="cancel">Checked before each step, and while another thread has the device.</param>
    /// <exception cref="ArgumentException">A setting is out of range, or does not fit the denoiser's noise levels or its network.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancel"/> was cancelled.</exception>
    public Tensor Sample(
        IDenoiser denoiser,
        INoiseSource noise,
        Action<SampleStep>? onStep = null,
        IProgress<SampleProgress>? progress = null,
        CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(denoiser);
        ArgumentNullException.ThrowIfNull(noise);
        Validate();
        using NoGrad noGrad = denoiser.Device.NoGrad();
        SamplingRun run = new(this, denoiser, noise, cancel) { OnStep = onStep, Progress = progress };
        Walk(run);
        return run.X;
    }

    /// <summary>One image for each seed; an image depends on its own seed alone, whatever the batch.</summary>
    /// <inheritdoc cref="Sample(IDenoiser, INoiseSource, Action{SampleStep}?, IProgress{SampleProgress}?, CancellationToken)"/>
    public Tensor Sample(
        IDenoiser denoiser,
        ReadOnlySpan<ulong> seeds,
        Action<SampleStep>? onStep = null,
        IProgress<SampleProgress>? progress = null,
        CancellationToken cancel = default) =>
        Sample(denoiser, new SeededNoise(seeds), onStep, progress, cancel);

    /// <inheritdoc/>
    public override IEnumerable<Rule> Rules()
    {
        yield return (nameof(Custom), Custom is null || (Custom.Count > 0 && Custom[^1] >= 0 && Custom.Zip(Custom.Skip(1)).All(pair => pair.First > pair.Second)),
            $"is {Custom}; give at least one timestep, each below the one before and none below 0");
        yield return (nameof(Steps), Steps is null or >= 1, $"is {Steps}; it must be at least 1");
        yield return (nameof(Offset), Offset >= 0, $"is {Offset}; it must be at least 0, such as 1");
    }

    /// <summary>
    /// The algorithm: visits noise levels with <see cref="SamplingRun.Along(IReadOnlyList{NoiseLevel})"/> and sets
    /// <see cref="SamplingRun.X"/> in each step.
    /// </summary>
    protected abstract void Walk(SamplingRun run);
}

/// <summary>A sampler that visits timesteps of a <see cref="NoiseSchedule"/>.</summary>
public abstract record TimestepSampler : Sampler
{
    /// <inheritdoc/>
    public override TimestepSelection Timesteps { get; init; } = TimestepSelection.All;

    /// <summary>One step from each timestep visited.</summary>
    /// <param name="schedule">The levels.</param>
    /// <param name="fixedStride">To t − ⌊T/steps⌋ whatever is visited next; otherwise to what is.</param>
    /// <param name="endsAtImage">Below timestep 0 is the image; otherwise the noise of timestep 0.</param>
    private protected LevelStep[] StepsOf(NoiseSchedule schedule, bool fixedStride, bool endsAtImage)
    {
        int[] timesteps = Timesteps.Of(schedule.Timesteps);
        int stride = schedule.Timesteps / timesteps.Length;
        NoiseLevel last = endsAtImage ? NoiseLevel.Clean : schedule.At(0);
        return [.. timesteps.Select((t, i) =>
        {
            int s = fixedStride ? t - stride : i + 1 < timesteps.Length ? timesteps[i + 1] : -1;
            return new LevelStep(i, schedule.At(t), s < 0 ? last : schedule.At(s));
        })];
    }
}

/// <summary>A sampler that walks along the noise levels of any process.</summary>
public abstract record LevelSampler : Sampler
{
    /// <summary>The noise levels to visit.</summary>
    public LevelSelection Levels { get; init; } = new();

    /// <inheritdoc/>
    public override TimestepSelection Timesteps { get => Levels.Timesteps; init => Levels = Levels with { Timesteps = value }; }

    /// <inheritdoc cref="LevelSelection.Curve"/>
    [Key("sigma_curve", Option = "--curve", Help = "Curve of the noise levels.")]
    public SigmaCurve Curve { get => Levels.Curve; init => Levels = Levels with { Curve = value }; }

    /// <inheritdoc cref="LevelSelection.Rho"/>
    [Key("rho", Option = "--rho", Help = "How far the curves karras and polyexponential bend. Default: 7 and 1")]
    public double? Rho { get => Levels.Rho; init => Levels = Levels with { Rho = value }; }

    /// <inheritdoc cref="LevelSelection.CurveWithinTimesteps"/>
    [Key("curve_within_timesteps", Quiet = true)]
    public bool CurveWithinTimesteps { get => Levels.CurveWithinTimesteps; init => Levels = Levels with { CurveWithinTimesteps = value }; }

    /// <inheritdoc cref="LevelSelection.Rounding"/>
    [Key("timestep_rounding")]
    public TimestepRounding Rounding { get => Levels.Rounding; init => Levels = Levels with { Rounding = value }; }

    /// <inheritdoc cref="LevelSelection.Final"/>
    [Key("final_sigmas_type")]
    public FinalSigma Final { get => Levels.Final; init => Levels = Levels with { Final = value }; }

    /// <inheritdoc cref="LevelSelection.SmallestLambda"/>
    [Key("lambda_min_clipped")]
    public double? SmallestLambda { get => Levels.SmallestLambda; init => Levels = Levels with { SmallestLambda = value }; }

    /// <inheritdoc cref="LevelSelection.SmallestTime"/>
    [Key("smallest_time")]
    public double? SmallestTime { get => Levels.SmallestTime; init => Levels = Levels with { SmallestTime = value }; }

    /// <inheritdoc/>
    public override IEnumerable<Rule> Rules()
    {
        foreach (Rule rule in base.Rules()) yield return rule;
        yield return (nameof(Rho), Rho is null or > 0, $"is {Rho}; it must be above 0, such as 7");
        yield return (nameof(SmallestTime), SmallestTime is null or (> 0 and < 1), $"is {SmallestTime}; it must be above 0 and below 1, such as 0.001");
    }
}
