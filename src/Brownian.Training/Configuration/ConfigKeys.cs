using Brownian.Diffusion;
using Brownian.Imaging;

namespace Brownian.Training;

/// <summary>
/// Every key there is, those of networks excepted, which stand beside their records. Reading, writing, overriding and the list of valid
/// names all follow these tables.
/// </summary>
static class ConfigKeys
{
    static readonly (string, BetaSchedule)[] BetaAliases =
        [("squaredcos_cap_v2", BetaSchedule.Cosine), ("quadratic", BetaSchedule.ScaledLinear), ("exp", BetaSchedule.Exponential)];

    static readonly (string, VarianceKind)[] VarianceAliases =
    [
        ("fixed_small", VarianceKind.Small), ("fixed_large", VarianceKind.Large),
        ("fixed_small_log", VarianceKind.SmallLog), ("fixed_large_log", VarianceKind.LargeLog),
    ];

    public static readonly ConfigKey<DatasetParams>[] Dataset =
    [
        new("im_path", (s, v) => s with { ImagePath = v.IsNull ? DatasetParams.Digits : v.Text() }, s => s.ImagePath, MayBeNull: true),
        new("im_channels", (s, v) => s with { ImageChannels = v.IsNull ? null : v.Integer() }, s => s.ImageChannels, MayBeNull: true),
        new("count", (s, v) => s with { Count = v.Integer() }, s => s.IsBuiltIn ? s.Count : null),
        new("limit", (s, v) => s with { Limit = v.IsNull ? null : v.Integer() }, s => s.Limit, MayBeNull: true),
        new("resize", (s, v) => s with { Resize = v.OneOf<ResizeMode>() }, s => s.Resize),
        new("interpolation", (s, v) => s with { Interpolation = v.OneOf<ResizeFilter>() }, s => s.Interpolation),
        new("crop", (s, v) => s with { Crop = v.OneOf<CropMode>() }, s => s.Crop),
        new("horizontal_flip", (s, v) => s with { HorizontalFlip = v.IsNull ? null : v.Flag() }, s => s.HorizontalFlip, MayBeNull: true),
        new("cache", (s, v) => s with { Cache = v.OneOf<CacheMode>() }, s => s.Cache),
        new("strict", (s, v) => s with { Strict = v.Flag() }, s => s.Strict),
    ];

    // What came after the first release is written only where it says something: older files, and their hashes, stay as they are.
    public static readonly ConfigKey<DiffusionParams>[] Diffusion =
    [
        new("process", (s, v) => s with { Process = v.OneOf<ProcessKind>() }, s => Unless(s.Process, ProcessKind.Ddpm)),
        new("num_timesteps", (s, v) => s with { Timesteps = v.Integer() }, s => s.Timesteps),
        new("beta_start", (s, v) => s with { BetaStart = v.Number() }, s => s.BetaStart),
        new("beta_end", (s, v) => s with { BetaEnd = v.Number() }, s => s.BetaEnd),
        new("beta_schedule", (s, v) => s with { BetaSchedule = v.OneOf(BetaAliases) }, s => s.BetaSchedule),
        new("trained_betas", (s, v) => s with { TrainedBetas = v.IsNull ? [] : v.List(i => i.Number()) },
            s => s.TrainedBetas.Count == 0 ? null : s.TrainedBetas, MayBeNull: true),
        new("scale_betas", (s, v) => s with { ScaleBetas = v.Flag() }, s => s.ScaleBetas),
        new("rescale_betas_zero_snr", (s, v) => s with { RescaleToZeroSnr = v.Flag() }, s => Unless(s.RescaleToZeroSnr, false)),
        new("shift", (s, v) => s with { Shift = v.Number() }, s => Unless(s.Shift, 1)),
        new("sigma_min", (s, v) => s with { SigmaMin = v.Number() }, s => Unless(s.SigmaMin, 0.002)),
        new("sigma_max", (s, v) => s with { SigmaMax = v.Number() }, s => Unless(s.SigmaMax, 80)),
        new("sigma_data", (s, v) => s with { SigmaData = v.Number() }, s => Unless(s.SigmaData, 0.5)),
        new("prediction_type", (s, v) => s with { PredictionType = v.IsNull ? null : v.OneOf([("flow", PredictionType.FlowPrediction)]) },
            s => s.PredictionType, MayBeNull: true),
        new("variance", (s, v) => s with { Variance = v.OneOf(VarianceAliases) }, s => s.Variance),
        new("clip_sample", (s, v) => s with { ClipSample = v.Flag() }, s => s.ClipSample),
        new("clip_sample_range", (s, v) => s with { ClipSampleRange = v.Number() }, s => Unless(s.ClipSampleRange, 1)),
        new("thresholding", (s, v) => s with { Thresholding = v.Flag() }, s => Unless(s.Thresholding, false)),
        new("dynamic_thresholding_ratio", (s, v) => s with { ThresholdingRatio = v.Number() }, s => Unless(s.ThresholdingRatio, 0.995)),
        new("sample_max_value", (s, v) => s with { SampleMaxValue = v.Number() }, s => Unless(s.SampleMaxValue, 1)),
    ];

    public static readonly ConfigKey<SampleParams>[] Sample =
    [
        new("sampler", (s, v) => s with { Sampler = v.IsNull ? null : v.Text() }, s => s.Sampler, MayBeNull: true),
        new("steps", (s, v) => s with { Steps = v.IsNull ? null : v.Integer() }, s => s.Steps, MayBeNull: true),
        new("eta", (s, v) => s with { Eta = v.IsNull ? null : v.Number() }, s => s.Eta, MayBeNull: true),
        new("timestep_spacing", (s, v) => s with { Spacing = v.IsNull ? null : v.OneOf<TimestepSpacing>() }, s => s.Spacing, MayBeNull: true),
        new("steps_offset", (s, v) => s with { StepsOffset = v.Integer() }, s => Unless(s.StepsOffset, 0)),
        new("set_alpha_to_one", (s, v) => s with { SetAlphaToOne = v.Flag() }, s => Unless(s.SetAlphaToOne, true)),
        new("sigma_curve", (s, v) => s with { Curve = v.IsNull ? null : v.OneOf<SigmaCurve>() }, s => s.Curve, MayBeNull: true),
        new("solver_order", (s, v) => s with { SolverOrder = v.IsNull ? null : v.Integer() }, s => s.SolverOrder, MayBeNull: true),
        new("s_churn", (s, v) => s with { Churn = v.IsNull ? null : v.Number() }, s => s.Churn, MayBeNull: true),
        new("guidance_scale", (s, v) => s with { GuidanceScale = v.IsNull ? null : v.Number() }, s => s.GuidanceScale, MayBeNull: true),
        new("guidance_rescale", (s, v) => s with { GuidanceRescale = v.Number() }, s => Unless(s.GuidanceRescale, 0)),
    ];

    public static readonly ConfigKey<TrainParams>[] Train =
    [
        new("task_name", (s, v) => s with { TaskName = v.Text() }, s => s.TaskName),
        new("batch_size", (s, v) => s with { BatchSize = v.Integer() }, s => s.BatchSize),
        new("num_epochs", (s, v) => s with { Epochs = v.IsNull ? null : v.Integer() },
            s => s.Steps is null ? s.EpochsOrDefault : null, MayBeNull: true),
        new("num_steps", (s, v) => s with { Steps = v.IsNull ? null : v.Long() }, s => s.Steps, MayBeNull: true),
        new("num_samples", (s, v) => s with { Samples = v.Integer() }, s => s.Samples),
        new("num_grid_rows", (s, v) => s with { GridColumns = v.Integer() }, s => s.GridColumns),
        new("lr", (s, v) => s with { LearningRate = v.Number() }, s => s.LearningRate),
        new("ckpt_name", (s, v) => s with { CheckpointName = v.Text() }, s => s.CheckpointName),
        new("optimizer", (s, v) => s with { Optimizer = v.OneOf<OptimizerKind>() }, s => s.Optimizer),
        new("betas", (s, v) => s with { Betas = v.List(i => i.Number()) }, s => s.Betas),
        new("eps", (s, v) => s with { Epsilon = v.Number() }, s => s.Epsilon),
        new("weight_decay", (s, v) => s with { WeightDecay = v.Number() }, s => s.WeightDecay),
        new("clip_grad_norm", (s, v) => s with { ClipGradNorm = v.Number() }, s => s.ClipGradNorm),
        new("lr_schedule", (s, v) => s with { LearningRateSchedule = v.OneOf<LearningRateKind>() }, s => s.LearningRateSchedule),
        new("lr_warmup_steps", (s, v) => s with { WarmupSteps = v.Integer() }, s => s.WarmupSteps),
        new("gradient_accumulation", (s, v) => s with { GradientAccumulation = v.Integer() }, s => s.GradientAccumulation),
        new("ema_decay", (s, v) => s with { EmaDecay = v.Number() }, s => s.EmaDecay),
        new("ema_warmup", (s, v) => s with { EmaWarmup = v.Flag() }, s => s.EmaWarmup),
        new("checkpoint_steps", (s, v) => s with { CheckpointSteps = v.Integer() }, s => s.CheckpointSteps),
        new("keep_checkpoints", (s, v) => s with { KeepCheckpoints = v.Integer() }, s => s.KeepCheckpoints),
        new("sample_steps", (s, v) => s with { SampleSteps = v.Integer() }, s => s.SampleSteps),
        new("sample_timesteps", (s, v) => s with { SampleTimesteps = v.IsNull ? null : v.Integer() },
            s => s.SampleTimesteps, MayBeNull: true),
        new("sample_epochs", (s, v) => s with { SampleEpochs = v.Integer() }, s => s.SampleEpochs),
        new("loss", (s, v) => s with { Loss = v.OneOf<LossKind>() }, s => Unless(s.Loss, LossKind.L2)),
        new("huber_delta", (s, v) => s with { HuberDelta = v.IsNull ? null : v.Number() }, s => s.HuberDelta, MayBeNull: true),
        new("loss_weighting", (s, v) => s with { LossWeighting = v.OneOf<WeightingKind>() }, s => Unless(s.LossWeighting, WeightingKind.None)),
        new("snr_gamma", (s, v) => s with { SnrGamma = v.Number() }, s => Unless(s.SnrGamma, 5)),
        new("p2_gamma", (s, v) => s with { P2Gamma = v.Number() }, s => Unless(s.P2Gamma, 1)),
        new("p2_k", (s, v) => s with { P2K = v.Number() }, s => Unless(s.P2K, 1)),
        new("vlb", (s, v) => s with { Bound = v.IsNull ? null : v.OneOf<BoundKind>() }, s => s.Bound, MayBeNull: true),
        new("vlb_weight", (s, v) => s with { BoundWeight = v.IsNull ? null : v.Number() }, s => s.BoundWeight, MayBeNull: true),
        new("time_distribution", (s, v) => s with { Times = v.IsNull ? null : v.OneOf<TimeKind>() }, s => s.Times, MayBeNull: true),
        new("time_mean", (s, v) => s with { TimeMean = v.IsNull ? null : v.Number() }, s => s.TimeMean, MayBeNull: true),
        new("time_std", (s, v) => s with { TimeDeviation = v.IsNull ? null : v.Number() }, s => s.TimeDeviation, MayBeNull: true),
        new("first_sample_step", (s, v) => s with { FirstSampleStep = v.Integer() }, s => Unless(s.FirstSampleStep, 0)),
        new("class_conditional", (s, v) => s with { ClassConditional = v.Flag() }, s => Unless(s.ClassConditional, false)),
        new("label_dropout", (s, v) => s with { LabelDropout = v.Number() }, s => Unless(s.LabelDropout, 0)),
        new("seed", (s, v) => s with { Seed = v.Seed() }, s => s.Seed),
        new("threads", (s, v) => s with { Threads = v.Integer() }, s => s.Threads),
    ];

    static object? Unless<T>(T value, T usual) where T : notnull => value.Equals(usual) ? null : value;
}
