namespace Brownian;

/// <summary>
/// Section <c>diffusion_params</c>: the forward process, what the network predicts about it, and how a reverse step is formed from that. Keys
/// have diffusers' names where it has them.
/// </summary>
public sealed record DiffusionParams : Settings
{
    const int StepsOfContinuum = 100_000;

    /// <summary>How images become noise: by a schedule of β (ddpm), along straight lines (flow), or by noise of growing σ (edm).</summary>
    [Key("process", Quiet = true)] public ProcessKind Process { get; init; } = ProcessKind.Ddpm;

    /// <summary>T, the number of noise levels of ddpm; the others have a continuum of them.</summary>
    [Key("num_timesteps")] public int Timesteps { get; init; } = 1000;

    /// <summary>The first β, that of timestep 0.</summary>
    [Key("beta_start")] public double BetaStart { get; init; } = 1e-4;

    /// <summary>The last β, that of timestep T − 1.</summary>
    [Key("beta_end")] public double BetaEnd { get; init; } = 0.02;

    /// <summary>How β runs from the first to the last.</summary>
    [Key("beta_schedule")] public BetaSchedule BetaSchedule { get; init; } = BetaSchedule.Linear;

    /// <summary>Every β, one for each timestep, where <c>beta_schedule</c> is custom; otherwise empty.</summary>
    [Key("trained_betas", Quiet = true, MayBeEmpty = true)] public Values<double> TrainedBetas { get; init; } = [];

    /// <summary>Multiply both ends by 1000/T, so that few timesteps reach as much noise as a thousand; for linear.</summary>
    [Key("scale_betas")] public bool ScaleBetas { get; init; }

    /// <summary>Stretch the schedule so that timestep T − 1 is noise alone (Lin et al. 2024).</summary>
    [Key("rescale_betas_zero_snr", Quiet = true)] public bool RescaleToZeroSnr { get; init; }

    /// <summary>Sampling times of flow are moved towards noise by t → s·t/(1 + (s − 1)·t) (Esser et al. 2024, eq. 23).</summary>
    [Key("shift", Quiet = true)] public double Shift { get; init; } = 1;

    /// <summary>The least noise of edm.</summary>
    [Key("sigma_min", Quiet = true)] public double SigmaMin { get; init; } = 0.002;

    /// <summary>The most noise of edm.</summary>
    [Key("sigma_max", Quiet = true)] public double SigmaMax { get; init; } = 80;

    /// <summary>The standard deviation of the pixels of the data, for edm.</summary>
    [Key("sigma_data", Quiet = true)] public double SigmaData { get; init; } = 0.5;

    /// <summary>What the network predicts; null for the process's own: epsilon, flow_prediction or edm.</summary>
    [Key("prediction_type")] public PredictionType? PredictionType { get; init; }

    /// <summary>The variance of a reverse step.</summary>
    [Key("variance")] public ReverseVariance Variance { get; init; } = ReverseVariance.Small;

    /// <summary>Limit the predicted image x̂_0 to [−range, range] in each reverse step; the range is <see cref="ClipSampleRange"/>.</summary>
    [Key("clip_sample")] public bool ClipSample { get; init; } = true;

    /// <summary>The largest absolute value that <see cref="ClipSample"/> leaves: 1, as images fill [−1, 1].</summary>
    [Key("clip_sample_range", Quiet = true)] public double ClipSampleRange { get; init; } = 1;

    /// <summary>Limit x̂_0 by dynamic thresholding instead (Saharia et al. 2022, §2.3).</summary>
    [Key("thresholding", Quiet = true)] public bool Thresholding { get; init; }

    /// <summary>The quantile of the absolute values of x̂_0 that becomes the limit.</summary>
    [Key("dynamic_thresholding_ratio", Quiet = true)] public double ThresholdingRatio { get; init; } = 0.995;

    /// <summary>The largest such limit; 1 makes it a plain clip.</summary>
    [Key("sample_max_value", Quiet = true)] public double SampleMaxValue { get; init; } = 1;

    /// <summary>What the network predicts.</summary>
    public Parameterization Predicts => Parameterization.Of(PredictionType ?? Process switch
    {
        ProcessKind.Flow => Brownian.PredictionType.FlowPrediction,
        ProcessKind.Edm => Brownian.PredictionType.Edm,
        _ => Brownian.PredictionType.Epsilon,
    }, SigmaData);

    /// <summary>What keeps x̂0 in range.</summary>
    public X0Limit Limit =>
        Thresholding ? X0Limit.Dynamic(ThresholdingRatio, SampleMaxValue)
        : ClipSample ? X0Limit.Clip((float)ClipSampleRange)
        : X0Limit.None;

    /// <summary>True where the network predicts the variance of a reverse step too.</summary>
    public bool LearnsVariance => Variance is ReverseVariance.Learned or ReverseVariance.LearnedRange;

    /// <summary>The most steps that a sampler can take.</summary>
    internal int MostSteps => Process == ProcessKind.Ddpm ? Timesteps : StepsOfContinuum;

    /// <summary>The noise levels.</summary>
    /// <exception cref="ArgumentException">The numbers make none.</exception>
    public INoiseProcess ToProcess() => Process switch
    {
        ProcessKind.Flow => new RectifiedFlow { Shift = Shift },
        ProcessKind.Edm => new VarianceExploding(SigmaMin, SigmaMax),
        _ => ToSchedule(),
    };

    /// <summary>The noise levels of ddpm.</summary>
    /// <exception cref="ArgumentException">The numbers make no schedule.</exception>
    public NoiseSchedule ToSchedule()
    {
        NoiseSchedule schedule = BetaSchedule switch
        {
            BetaSchedule.Custom => NoiseSchedule.FromBetas([.. TrainedBetas]),
            BetaSchedule.Linear => NoiseSchedule.Linear(Timesteps, BetaStart, BetaEnd, ScaleBetas),
            _ => NoiseSchedule.Of(BetaSchedule, Timesteps, BetaStart, BetaEnd),
        };
        return RescaleToZeroSnr ? schedule.RescaledToZeroTerminalSnr() : schedule;
    }

    /// <inheritdoc/>
    public override IEnumerable<Rule> Rules()
    {
        foreach (Rule rule in Process == ProcessKind.Ddpm ? OfSchedule() : OfContinuum()) yield return rule;
        yield return (nameof(ClipSampleRange), ClipSampleRange is > 0 and <= 1e6, $"is {ClipSampleRange}; it must be above 0, and images fill 1");
        yield return (nameof(ThresholdingRatio), ThresholdingRatio is > 0 and <= 1, $"is {ThresholdingRatio}; it must be above 0 and at most 1");
        yield return (nameof(SampleMaxValue), SampleMaxValue >= 1, $"is {SampleMaxValue}; it must be at least 1");
    }

    /// <summary>What they may be together with a network.</summary>
    internal IEnumerable<Rule> RulesFor(NetworkOptions model)
    {
        int needed = 2 * model.Channels;
        string mend = model.ChannelProperties.Count == 2
            ? $"set model_params.{model.KeyOf(model.ChannelProperties[1])} to {needed}"
            : $"a {model.Type} cannot do that; use unet2d, or a variance of small or large";
        yield return (nameof(Variance), !LearnsVariance || model.OutputChannels == needed,
            $"is {Names.Of(Variance)}, which takes {Counted.Of(needed, "channel")} of the network's answer instead of {model.OutputChannels}; {mend}");
        if (model.TimestepLimit is not (string property, int most)) yield break;
        yield return (nameof(Process), Process == ProcessKind.Ddpm,
            $"is {Names.Of(Process)}, whose times go beyond the {Counted.Of(most, "timestep")} that the network knows; use ddpm, or another model_params.type");
        yield return (nameof(Timesteps), Timesteps <= most,
            $"is {Timesteps}, but the network knows {most}; raise model_params.{model.KeyOf(property)}, or lower num_timesteps");
    }

    IEnumerable<Rule> OfSchedule()
    {
        double scale = ScaleBetas ? 1000.0 / Timesteps : 1;
        bool custom = BetaSchedule == BetaSchedule.Custom;
        yield return (nameof(Timesteps), Timesteps is >= 2 and <= 100_000, $"is {Timesteps}; it must be 2 to 100000");
        yield return (nameof(BetaStart), BetaStart is > 0 and < 1, $"is {BetaStart}; it must be above 0 and below 1");
        yield return (nameof(BetaEnd), BetaEnd is > 0 and < 1, $"is {BetaEnd}; it must be above 0 and below 1");
        yield return (nameof(BetaEnd), BetaEnd >= BetaStart, $"is {BetaEnd}, below beta_start, which is {BetaStart}; noise must grow");
        yield return (nameof(ScaleBetas), !ScaleBetas || BetaSchedule == BetaSchedule.Linear,
            "applies to beta_schedule linear only; set it to false");
        yield return (nameof(ScaleBetas), BetaEnd * scale < 1,
            $"makes the last beta {BetaEnd * scale:R}, which must be below 1; raise num_timesteps or lower beta_end");
        yield return (nameof(TrainedBetas), custom || TrainedBetas.Count == 0,
            $"is given, but beta_schedule is {Names.Of(BetaSchedule)}; set that to custom, or remove the list");
        yield return (nameof(TrainedBetas), !custom || TrainedBetas.Count == Timesteps,
            $"has {Counted.Of(TrainedBetas.Count, "entry", "entries")}, but num_timesteps is {Timesteps}; give one for each timestep");
        yield return (nameof(Shift), Shift == 1, $"is {Shift}, but belongs to process flow; remove it");
        (double? signal, bool recoverable, string? problem) = LastTimestep();
        yield return (custom ? nameof(TrainedBetas) : nameof(BetaSchedule), problem is null, $"makes no schedule: {problem}");
        yield return (nameof(PredictionType), signal is not 0 || recoverable,
            $"is {Predicts.Name}, from which no image can be told at the last timestep, where this schedule leaves no signal; "
            + $"use v_prediction or sample{(RescaleToZeroSnr ? ", or set rescale_betas_zero_snr to false" : "")}");
    }

    IEnumerable<Rule> OfContinuum()
    {
        string process = Names.Of(Process);
        yield return (nameof(BetaSchedule), BetaSchedule == BetaSchedule.Linear, $"is {Names.Of(BetaSchedule)}, but process {process} has no betas; set process to ddpm, or remove the key");
        yield return (nameof(ScaleBetas), !ScaleBetas, $"is true, but process {process} has no betas; set process to ddpm, or remove the key");
        yield return (nameof(RescaleToZeroSnr), !RescaleToZeroSnr, $"is true, but process {process} has no betas; remove it");
        yield return (nameof(TrainedBetas), TrainedBetas.Count == 0, $"is given, but process {process} has no betas; remove it");
        yield return (nameof(Variance), !LearnsVariance, $"is {Names.Of(Variance)}, which needs process ddpm, not {process}; use small");
        yield return (nameof(Shift), Shift is > 0 and <= 1000, $"is {Shift}; it must be above 0, and 1 changes nothing");
        yield return (nameof(Shift), Shift == 1 || Process == ProcessKind.Flow, $"is {Shift}, but belongs to process flow; remove it");
        yield return (nameof(SigmaMin), SigmaMin > 0, $"is {SigmaMin}; it must be above 0");
        yield return (nameof(SigmaMax), SigmaMax > SigmaMin && SigmaMax <= 1e6, $"is {SigmaMax}; it must be above sigma_min, {SigmaMin}");
        yield return (nameof(SigmaData), SigmaData is > 0 and <= 1e6, $"is {SigmaData}; it must be above 0, such as 0.5");
        bool fits = Process == ProcessKind.Flow
            ? PredictionType is null or Brownian.PredictionType.FlowPrediction or Brownian.PredictionType.VPrediction or Brownian.PredictionType.Sample
            : PredictionType is null or Brownian.PredictionType.Edm || (PredictionType == Brownian.PredictionType.VPrediction && SigmaData == 1);
        yield return (nameof(PredictionType), fits, $"is {Predicts.Name}, which process {process} is not trained with; remove the key");
    }

    (double? Signal, bool Recoverable, string? Problem) LastTimestep()
    {
        try
        {
            NoiseSchedule schedule = ToSchedule();
            NoiseLevel last = schedule.At(schedule.Timesteps - 1);
            return (last.Alpha, Predicts.X0(last).IsFinite, null);
        }
        catch (ArgumentException e)
        {
            return (null, false, e.Message.TrimEnd('.'));
        }
    }
}
