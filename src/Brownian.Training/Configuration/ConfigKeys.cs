using Brownian.Imaging;

namespace Brownian.Training;

/// <summary>
/// Every key there is, those of networks excepted, which stand beside their records. Reading, writing, overriding and the list of valid
/// names all follow these tables.
/// </summary>
static class ConfigKeys
{
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

    public static readonly ConfigKey<DiffusionParams>[] Diffusion =
    [
        new("num_timesteps", (s, v) => s with { Timesteps = v.Integer() }, s => s.Timesteps),
        new("beta_start", (s, v) => s with { BetaStart = v.Number() }, s => s.BetaStart),
        new("beta_end", (s, v) => s with { BetaEnd = v.Number() }, s => s.BetaEnd),
        new("beta_schedule", (s, v) => s with { BetaSchedule = v.OneOf<BetaSchedule>() }, s => s.BetaSchedule),
        new("scale_betas", (s, v) => s with { ScaleBetas = v.Flag() }, s => s.ScaleBetas),
        new("variance", (s, v) => s with { Variance = v.OneOf<VarianceKind>() }, s => s.Variance),
        new("clip_sample", (s, v) => s with { ClipSample = v.Flag() }, s => s.ClipSample),
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
        new("seed", (s, v) => s with { Seed = v.Seed() }, s => s.Seed),
        new("threads", (s, v) => s with { Threads = v.Integer() }, s => s.Threads),
    ];
}
