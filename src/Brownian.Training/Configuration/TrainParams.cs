using System.Globalization;
using Brownian.Evaluation;
using Brownian.Nn;

namespace Brownian;

/// <summary>
/// Section <c>train_params</c>: how to train. The initial values are those of the tutorial's default.yaml (Adam at 1e-4 for 40 epochs
/// of batches of 64, nothing else), plus an average of the weights that the tutorial does not have: it changes no weight in training.
/// </summary>
public sealed record TrainParams : Settings
{
    /// <summary>The range of <see cref="Minutes"/>.</summary>
    public const double LeastMinutes = 0.1, MostMinutes = 10_000;

    const int LeastEvaluated = 8;

    /// <summary>Names the run's folder.</summary>
    [Key("task_name")] public string TaskName { get; init; } = "default";

    /// <summary>Images per forward pass.</summary>
    [Key("batch_size")] public int BatchSize { get; init; } = 64;

    /// <summary>How often the images are passed. Give this, <see cref="Steps"/> or <see cref="Minutes"/>; 40 when none is given.</summary>
    [Key("num_epochs")] public int? Epochs { get; init; }

    /// <summary>How many optimiser steps to take.</summary>
    [Key("num_steps")] public long? Steps { get; init; }

    /// <summary>How long to train: the machine is measured, and this becomes <see cref="Steps"/> before training begins.</summary>
    [Key("num_minutes")] public double? Minutes { get; init; }

    /// <summary>Images in a grid of samples.</summary>
    [Key("num_samples")] public int Samples { get; init; } = 100;

    /// <summary>Images per row of that grid (torchvision's <c>nrow</c>).</summary>
    [Key("num_grid_rows")] public int GridColumns { get; init; } = 10;

    /// <summary>The learning rate, after warm-up.</summary>
    [Key("lr")] public double LearningRate { get; init; } = 1e-4;

    /// <summary>Accepted so that the tutorial's files load; checkpoints are named by their step.</summary>
    [Key("ckpt_name")] public string CheckpointName { get; init; } = "ddpm_ckpt.pth";

    /// <summary>adam, adamw, muon or schedule_free.</summary>
    [Key("optimizer")] public OptimizerKind Optimizer { get; init; } = OptimizerKind.Adam;

    /// <summary>The decay of Adam's two moments.</summary>
    [Key("betas")] public Values<double> Betas { get; init; } = [0.9, 0.999];

    /// <summary>Added to the root of Adam's second moment.</summary>
    [Key("eps")] public double Epsilon { get; init; } = 1e-8;

    /// <summary>Added to the gradient by adam, applied to the weights by the others.</summary>
    [Key("weight_decay")] public double WeightDecay { get; init; }

    /// <summary>
    /// The learning rate that muon has for matrices, after warm-up; null for <see cref="LearningRate"/>, which suits both, as the updates of
    /// matrices are scaled to the size that those of adamw have. It follows the same schedule.
    /// </summary>
    [Key("muon_lr")] public double? MuonLearningRate { get; init; }

    /// <summary>The decay of muon's momentum.</summary>
    [Key("muon_momentum", Quiet = true)] public double MuonMomentum { get; init; } = 0.95;

    /// <summary>The largest norm of the whole gradient; 0 for no limit.</summary>
    [Key("clip_grad_norm")] public double ClipGradNorm { get; init; }

    /// <summary>What the learning rate does after the warm-up.</summary>
    [Key("lr_schedule")] public RateDecay LearningRateSchedule { get; init; } = RateDecay.Constant;

    /// <summary>Steps over which the learning rate rises evenly from 0.</summary>
    [Key("lr_warmup_steps")] public int WarmupSteps { get; init; }

    /// <summary>How often cosine_with_restarts starts.</summary>
    [Key("lr_cycles", Quiet = true)] public int LearningRateCycles { get; init; } = 1;

    /// <summary>The exponent of polynomial.</summary>
    [Key("lr_power", Quiet = true)] public double LearningRatePower { get; init; } = 1;

    /// <summary>The share of the steps at the end in which wsd falls.</summary>
    [Key("lr_decay_fraction", Quiet = true)] public double LearningRateDecayFraction { get; init; } = 0.2;

    /// <summary>How wsd falls.</summary>
    [Key("lr_decay_shape", Quiet = true)] public RateCooldown LearningRateCooldown { get; init; } = RateCooldown.Linear;

    /// <summary>Batches whose mean gradient makes one step.</summary>
    [Key("gradient_accumulation")] public int GradientAccumulation { get; init; } = 1;

    /// <summary>
    /// Keep only a few of the network's results for the backward pass and compute the others again: less memory, about a third more time,
    /// the same weights to the bit (Chen et al. 2016).
    /// </summary>
    [Key("gradient_checkpointing", Quiet = true)] public bool GradientCheckpointing { get; init; }

    /// <summary>How slowly the averaged weights follow; 0 keeps no average.</summary>
    [Key("ema_decay")] public double EmaDecay { get; init; } = 0.999;

    /// <summary>Begin with a faster average, of decay (1 + n)/(10 + n) after n steps.</summary>
    [Key("ema_warmup")] public bool EmaWarmup { get; init; } = true;

    /// <summary>p of another warm-up, of decay 1 − (1 + n/γ⁻¹)^−p (diffusers' <c>ema_power</c>); null for the usual one.</summary>
    [Key("ema_power")] public double? EmaPower { get; init; }

    /// <summary>γ⁻¹ of it (diffusers' <c>ema_inv_gamma</c>).</summary>
    [Key("ema_inv_gamma", Quiet = true)] public double EmaInverseGamma { get; init; } = 1;

    /// <summary>The least decay of a warm-up.</summary>
    [Key("ema_min_decay", Quiet = true)] public double EmaMinDecay { get; init; }

    /// <summary>The average is a copy of the weights for so many steps, before the warm-up begins.</summary>
    [Key("ema_update_after_step", Quiet = true)] public long EmaUpdateAfterStep { get; init; }

    /// <summary>
    /// Also track an average of each of <see cref="EmaWidths"/>, and keep so many snapshots of them, evenly over the training: averages of other
    /// widths are made from these afterwards (Karras et al. 2024). 0 for none; 16 allow widths of 0.025 to 0.25.
    /// </summary>
    [Key("ema_snapshots", Quiet = true)] public int EmaSnapshots { get; init; }

    /// <summary>σ_rel of each tracked average: the standard deviation of what it remembers, as a share of the training so far.</summary>
    [Key("ema_widths", Quiet = true)] public Values<double> EmaWidths { get; init; } = [0.05, 0.1];

    /// <summary>The model whose weights training starts from, any that can be sampled from; empty for fresh weights.</summary>
    [Key("from", Quiet = true, MayBeEmpty = true)] public string From { get; init; } = "";

    /// <summary>SHA-256 of those weights; empty where they were not read yet. Training refuses to start from others.</summary>
    [Key("from_hash", Quiet = true, MayBeEmpty = true)] public string FromHash { get; init; } = "";

    /// <summary>Steps between checkpoints; there is one at the end in any case.</summary>
    [Key("checkpoint_steps")] public int CheckpointSteps { get; init; } = 500;

    /// <summary>How many of the newest to keep; the best is kept as well.</summary>
    [Key("keep_checkpoints")] public int KeepCheckpoints { get; init; } = 2;

    /// <summary>What makes a checkpoint the best.</summary>
    [Key("best", Quiet = true)] public BestBy Best { get; init; } = BestBy.Loss;

    /// <summary>Steps between grids of samples; 0 for none by steps.</summary>
    [Key("sample_steps")] public int SampleSteps { get; init; }

    /// <summary>
    /// How many of the timesteps the grids made while training visit; null for all, which can take longer than
    /// the training between two grids.
    /// </summary>
    [Key("sample_timesteps")] public int? SampleTimesteps { get; init; }

    /// <summary>Epochs between grids of samples; 0 for none by epochs.</summary>
    [Key("sample_epochs")] public int SampleEpochs { get; init; } = 10;

    /// <summary>How the network's answer is compared with its target.</summary>
    [Key("loss", Quiet = true)] public LossOp Loss { get; init; } = LossOp.Squared;

    /// <summary>Where huber turns from square to straight, or the scale of pseudo_huber; null for 1, or 0.03.</summary>
    [Key("huber_delta")] public double? HuberDelta { get; init; }

    /// <summary>How much each noise level counts.</summary>
    [Key("loss_weighting", Quiet = true)] public WeightingKind LossWeighting { get; init; } = WeightingKind.None;

    /// <summary>γ of min_snr and soft_min_snr (diffusers' name).</summary>
    [Key("snr_gamma", Quiet = true)] public double SnrGamma { get; init; } = 5;

    /// <summary>γ of the loss weight p2.</summary>
    [Key("p2_gamma", Quiet = true)] public double P2Gamma { get; init; } = 1;

    /// <summary>k of the loss weight p2.</summary>
    [Key("p2_k", Quiet = true)] public double P2K { get; init; } = 1;

    /// <summary>Learn how large losses are at each noise level, and divide by that (Karras et al. 2024, EDM2, eq. 14 and 15).</summary>
    [Key("uncertainty_weighting", Quiet = true)] public bool LearnsUncertainty { get; init; }

    /// <summary>The part of the variational bound; null for hybrid with a learned variance, and none otherwise.</summary>
    [Key("vlb")] public BoundKind? Bound { get; init; }

    /// <summary>λ, as a share of the bound over all timesteps; null for 0.001 with hybrid and 1 with only.</summary>
    [Key("vlb_weight")] public double? BoundWeight { get; init; }

    /// <summary>Which noise levels are trained how often; null for the process's own: uniform, or log_normal for edm.</summary>
    [Key("time_distribution")] public TimeKind? Times { get; init; }

    /// <summary>The middle: of the logit of t with logit_normal (null for 0), of ln(σ/α) with log_normal (−1.2), of ln SNR with laplace (0).</summary>
    [Key("time_mean")] public double? TimeMean { get; init; }

    /// <summary>The width: the deviation of logit_normal (null for 1) or log_normal (1.2), the scale of laplace (0.5).</summary>
    [Key("time_std")] public double? TimeDeviation { get; init; }

    /// <summary>Which noise an image becomes: any, the nearest of a few, or those of the batch dealt out at the least distance.</summary>
    [Key("noise_assignment", Quiet = true)] public NoiseAssignment NoiseAssignment { get; init; } = NoiseAssignment.None;

    /// <summary>How many noises nearest has to choose from.</summary>
    [Key("noise_candidates", Quiet = true)] public int NoiseCandidates { get; init; } = 4;

    /// <summary>The deviation of a constant added to each channel of an image's noise (Guttenberg 2023); 0 for none.</summary>
    [Key("offset_noise", Quiet = true)] public double OffsetNoise { get; init; }

    /// <summary>γ: so much more noise is shown than is to be told (Ning et al. 2023); 0 for none.</summary>
    [Key("input_perturbation", Quiet = true)] public double InputPerturbation { get; init; }

    /// <summary>
    /// The share of the images that training never sees, chosen by the seed. The loss of the averaged weights on them is measured with each
    /// checkpoint, with the same noise each time; 0 for none.
    /// </summary>
    [Key("validation_fraction", Quiet = true)] public double ValidationFraction { get; init; }

    /// <summary>Steps between evaluations of the averaged weights against the images that are learned from; 0 for none.</summary>
    [Key("evaluate_steps", Quiet = true)] public int EvaluateSteps { get; init; }

    /// <summary>Images drawn for an evaluation. Distances of so few say which of two evaluations is the better one, not how good it is.</summary>
    [Key("evaluate_count", Quiet = true)] public int EvaluateCount { get; init; } = 512;

    /// <summary>The features that evaluations compare in, as <c>evaluate --features</c>; empty for those that suit the images best.</summary>
    [Key("evaluate_features", Quiet = true, MayBeEmpty = true)] public string EvaluateFeatures { get; init; } = "";

    /// <summary>Print a line after every so many steps, and one after every epoch; 0 for a line from time to time.</summary>
    [Key("log_steps", Quiet = true)] public int LogSteps { get; init; }

    /// <summary>Also write losses, rates, evaluations and grids as an event file for TensorBoard, into the run's folder tensorboard.</summary>
    [Key("tensorboard", Quiet = true)] public bool TensorBoard { get; init; }

    /// <summary>A grid of samples after this step as well, to see early what is coming; 0 for none.</summary>
    [Key("first_sample_step", Quiet = true)] public int FirstSampleStep { get; init; }

    /// <summary>
    /// Tell the network the class of each image; it is given as many classes as the images have, and one more with
    /// <see cref="LabelDropout"/>. A network that says itself how many it has is told in any case.
    /// </summary>
    [Key("class_conditional", Quiet = true)] public bool ClassConditional { get; init; }

    /// <summary>
    /// The share of images whose label is replaced by "any image", an extra class, so that sampling can be guided
    /// (Ho &amp; Salimans 2022; 0.1 to 0.2).
    /// </summary>
    [Key("label_dropout", Quiet = true)] public double LabelDropout { get; init; }

    /// <summary>Decides the initial weights, the order of the images, the noise and the samples.</summary>
    [Key("seed")] public ulong Seed { get; init; }

    /// <summary>How many compute; 0 for one per physical core. The result does not depend on it.</summary>
    [Key("threads")] public int Threads { get; init; }

    /// <summary>The constants of Adam.</summary>
    internal AdamOptions OptimizerOptions => new()
    {
        Beta1 = Betas[0],
        Beta2 = Betas[1],
        Epsilon = Epsilon,
        WeightDecay = WeightDecay,
        Decoupled = Optimizer == OptimizerKind.AdamW,
        MaxGradientNorm = ClipGradNorm,
    };

    /// <summary>The range of <see cref="Minutes"/> in words.</summary>
    internal static string MinutesRange { get; } = string.Create(CultureInfo.InvariantCulture, $"{LeastMinutes} to {MostMinutes:N0} minutes");

    /// <summary>The keys that say how long to train: whoever gives one takes the place of the others.</summary>
    public static IReadOnlyList<string> LengthKeys { get; } =
        [.. ((string[])[nameof(Steps), nameof(Epochs), nameof(Minutes)]).Select(new TrainParams().KeyOf)];

    /// <summary>The same with another length.</summary>
    /// <param name="steps">The length; null for none, in any unit.</param>
    public TrainParams Lasting(long? steps) => this with { Steps = steps, Epochs = null, Minutes = null };

    /// <summary>Whether there are grids of samples at all.</summary>
    internal bool HasGrids => SampleSteps > 0 || SampleEpochs > 0 || FirstSampleStep > 0;

    /// <summary>The epochs to train, where the length is not given in steps.</summary>
    public int EpochsOrDefault => Epochs ?? 40;

    /// <summary>What values the settings may have beside the other sections.</summary>
    internal IEnumerable<Rule> RulesFor(DiffusionParams diffusion, NetworkOptions model) =>
        [.. OfTraining(diffusion.MostSteps), .. OfOptimizer(), .. OfLoss(), .. OfBound(diffusion), .. OfTimes(diffusion), .. OfNoise(), .. OfLabels(model)];

    /// <inheritdoc/>
    protected override object? Written(string property, object? value) =>
        property == nameof(Epochs) ? (Steps is null && Minutes is null ? EpochsOrDefault : null) : value;

    IEnumerable<Rule> OfTraining(int timesteps)
    {
        yield return (nameof(TaskName), IsName(TaskName), $"is '{TaskName}'; use letters, digits, '.', '-' and '_', at most 100 of them");
        yield return (nameof(BatchSize), BatchSize >= 1, $"is {BatchSize}; it must be at least 1");
        yield return (nameof(Steps), Steps is null || Epochs is null, "and num_epochs are both given; give one");
        yield return (nameof(Minutes), Minutes is null || (Steps is null && Epochs is null), $"and {(Steps is null ? "num_epochs" : "num_steps")} are both given; give one");
        yield return (nameof(Minutes), Minutes is null or (>= LeastMinutes and <= MostMinutes), $"is {Minutes}; it must be {MinutesRange}");
        yield return (nameof(Epochs), Epochs is null or >= 1, $"is {Epochs}; it must be at least 1");
        yield return (nameof(Steps), Steps is null or >= 1, $"is {Steps}; it must be at least 1");
        yield return (nameof(Samples), Samples is >= 1 and <= 10_000, $"is {Samples}; it must be 1 to 10000");
        yield return (nameof(GridColumns), GridColumns >= 1, $"is {GridColumns}; it must be at least 1");
        yield return (nameof(LearningRate), LearningRate is > 0 and < 100, $"is {LearningRate}; it must be above 0 and below 100, such as 1e-3");
        yield return (nameof(Betas), Betas.Count == 2 && Betas.All(b => b is >= 0 and < 1),
            $"is {Betas}; give two numbers from 0 to below 1");
        yield return (nameof(Epsilon), Epsilon is > 0 and < 1, $"is {Epsilon}; it must be above 0 and below 1, such as 1e-8");
        yield return (nameof(WeightDecay), WeightDecay is >= 0 and < 1, $"is {WeightDecay}; it must be from 0 to below 1");
        yield return (nameof(ClipGradNorm), ClipGradNorm >= 0, $"is {ClipGradNorm}; it must be above 0, or 0 for no limit");
        yield return (nameof(WarmupSteps), WarmupSteps >= 0, $"is {WarmupSteps}; it must be at least 0");
        yield return (nameof(LearningRateCycles), LearningRateCycles >= 1, $"is {LearningRateCycles}; it must be at least 1");
        yield return (nameof(LearningRateCycles), LearningRateCycles == 1 || LearningRateSchedule == RateDecay.CosineWithRestarts,
            $"is {LearningRateCycles}, but lr_schedule is {Names.Of(LearningRateSchedule)}; set that to cosine_with_restarts, or remove the key");
        yield return (nameof(LearningRatePower), LearningRatePower is > 0 and <= 100, $"is {LearningRatePower}; it must be above 0 and at most 100, such as 1");
        yield return (nameof(LearningRatePower), LearningRatePower == 1 || LearningRateSchedule == RateDecay.Polynomial,
            $"is {LearningRatePower}, but lr_schedule is {Names.Of(LearningRateSchedule)}; set that to polynomial, or remove the key");
        yield return (nameof(GradientAccumulation), GradientAccumulation >= 1, $"is {GradientAccumulation}; it must be at least 1");
        yield return (nameof(EmaDecay), EmaDecay is >= 0 and < 1, $"is {EmaDecay}; it must be from 0 to below 1");
        yield return (nameof(EmaPower), EmaPower is null or (> 0 and <= 100), $"is {EmaPower}; it must be above 0 and at most 100, such as 0.6667");
        yield return (nameof(EmaPower), EmaPower is null || EmaWarmup, $"is {EmaPower}, but ema_warmup is false; set that to true, or remove the key");
        yield return (nameof(EmaInverseGamma), EmaInverseGamma is > 0 and <= 1e9, $"is {EmaInverseGamma}; it must be above 0 and at most 1e9, such as 1");
        yield return (nameof(EmaInverseGamma), EmaInverseGamma == 1 || EmaPower is not null, $"is {EmaInverseGamma}, but belongs to ema_power; give that too, or remove the key");
        yield return (nameof(EmaMinDecay), EmaMinDecay >= 0 && EmaMinDecay <= EmaDecay, $"is {EmaMinDecay}; it must be from 0 to ema_decay, {EmaDecay}");
        yield return (nameof(EmaMinDecay), EmaMinDecay == 0 || EmaWarmup, $"is {EmaMinDecay}, but ema_warmup is false; set that to true, or remove the key");
        yield return (nameof(EmaUpdateAfterStep), EmaUpdateAfterStep >= 0, $"is {EmaUpdateAfterStep}; it must be at least 0");
        yield return (nameof(EmaUpdateAfterStep), EmaUpdateAfterStep == 0 || EmaWarmup,
            $"is {EmaUpdateAfterStep}, but ema_warmup is false; set that to true, or remove the key");
        yield return (nameof(EmaSnapshots), EmaSnapshots is >= 0 and <= 256, $"is {EmaSnapshots}; it must be 1 to 256, or 0 for none");
        yield return (nameof(EmaSnapshots), EmaSnapshots == 0 || Optimizer != OptimizerKind.ScheduleFree,
            $"is {EmaSnapshots}, but optimizer is schedule_free, whose average is the model; remove one");
        yield return (nameof(EmaWidths), EmaWidths.Count is >= 1 and <= 8 && EmaWidths.Distinct().Count() == EmaWidths.Count
            && EmaWidths.All(width => width is >= PowerProfile.LeastWidth and <= PowerProfile.MostWidth),
            $"is {EmaWidths}; give different numbers of {PowerProfile.LeastWidth} to {PowerProfile.MostWidth}, such as [0.05, 0.1]");
        yield return (nameof(FromHash), FromHash == "" || From != "", "is given, but from is not; remove the key");
        yield return (nameof(CheckpointSteps), CheckpointSteps >= 1, $"is {CheckpointSteps}; it must be at least 1");
        yield return (nameof(KeepCheckpoints), KeepCheckpoints >= 1, $"is {KeepCheckpoints}; it must be at least 1");
        yield return (nameof(SampleSteps), SampleSteps >= 0, $"is {SampleSteps}; it must be at least 0");
        yield return (nameof(LogSteps), LogSteps >= 0, $"is {LogSteps}; it must be at least 0");
        yield return (nameof(FirstSampleStep), FirstSampleStep >= 0, $"is {FirstSampleStep}; it must be at least 0");
        yield return (nameof(SampleEpochs), SampleEpochs >= 0, $"is {SampleEpochs}; it must be at least 0");
        yield return (nameof(ValidationFraction), ValidationFraction is >= 0 and < 0.5, $"is {ValidationFraction}; it must be from 0 to below 0.5, such as 0.05");
        yield return (nameof(EvaluateSteps), EvaluateSteps >= 0, $"is {EvaluateSteps}; it must be at least 0");
        yield return (nameof(Best), Best != BestBy.Evaluation || EvaluateSteps > 0, "is evaluation, but evaluate_steps is 0; set that too, such as to checkpoint_steps");
        yield return (nameof(EvaluateCount), EvaluateCount is >= LeastEvaluated and <= 1_000_000, $"is {EvaluateCount}; it must be {LeastEvaluated} to 1000000");
        yield return (nameof(EvaluateFeatures), EvaluateFeatures == "" || FeatureNetworks.All.Any(type => type.Name == EvaluateFeatures),
            $"is '{EvaluateFeatures}'{Suggestion.For(EvaluateFeatures, FeatureNetworks.All.Select(type => type.Name))}");
        yield return (nameof(SampleTimesteps), SampleTimesteps is null || (SampleTimesteps >= 1 && SampleTimesteps <= timesteps),
            $"is {SampleTimesteps}; it must be 1 to num_timesteps, {timesteps}");
        yield return (nameof(Threads), Threads is >= 0 and <= 1024, $"is {Threads}; it must be 0 (one per physical core) to 1024");
    }

    IEnumerable<Rule> OfOptimizer()
    {
        bool muon = Optimizer == OptimizerKind.Muon, cools = LearningRateSchedule == RateDecay.WarmupStableDecay;
        string optimizer = Names.Of(Optimizer), schedule = Names.Of(LearningRateSchedule);
        yield return (nameof(MuonLearningRate), MuonLearningRate is null or (> 0 and < 100), $"is {MuonLearningRate}; it must be above 0 and below 100, such as 1e-3");
        yield return (nameof(MuonLearningRate), MuonLearningRate is null || muon, $"is {MuonLearningRate}, but optimizer is {optimizer}; set that to muon, or remove the key");
        yield return (nameof(MuonMomentum), MuonMomentum is >= 0 and < 1, $"is {MuonMomentum}; it must be from 0 to below 1, such as 0.95");
        yield return (nameof(MuonMomentum), muon || MuonMomentum == 0.95, $"is {MuonMomentum}, but optimizer is {optimizer}; set that to muon, or remove the key");
        yield return (nameof(LearningRateDecayFraction), LearningRateDecayFraction is > 0 and <= 1, $"is {LearningRateDecayFraction}; it must be above 0 and at most 1, such as 0.2");
        yield return (nameof(LearningRateDecayFraction), cools || LearningRateDecayFraction == 0.2,
            $"is {LearningRateDecayFraction}, but lr_schedule is {schedule}; set that to wsd, or remove the key");
        yield return (nameof(LearningRateCooldown), cools || LearningRateCooldown == default,
            $"is {Names.Of(LearningRateCooldown)}, but lr_schedule is {schedule}; set that to wsd, or remove the key");
        yield return (nameof(LearningRateSchedule), Optimizer != OptimizerKind.ScheduleFree || LearningRateSchedule == RateDecay.Constant,
            $"is {schedule}, but optimizer is schedule_free, whose average takes the place of a falling rate; set lr_schedule to constant");
    }

    IEnumerable<Rule> OfLoss()
    {
        yield return (nameof(HuberDelta), HuberDelta is null or (> 0 and <= 1e6), $"is {HuberDelta}; it must be above 0");
        yield return (nameof(HuberDelta), HuberDelta is null || Loss is LossOp.Huber or LossOp.PseudoHuber,
            $"is {HuberDelta}, but loss is {Names.Of(Loss)}; set that to huber, or remove the key");
        yield return (nameof(SnrGamma), SnrGamma is > 0 and <= 1e9, $"is {SnrGamma}; it must be above 0, such as 5");
        yield return (nameof(P2Gamma), P2Gamma is >= 0 and <= 100, $"is {P2Gamma}; it must be at least 0, such as 1");
        yield return (nameof(P2K), P2K is > 0 and <= 1e9, $"is {P2K}; it must be above 0, such as 1");
    }

    IEnumerable<Rule> OfBound(DiffusionParams diffusion)
    {
        string variance = Names.Of(diffusion.Variance);
        yield return (nameof(Bound), Bound is null or BoundKind.None || diffusion.Process == ProcessKind.Ddpm,
            $"needs process ddpm, not {Names.Of(diffusion.Process)}; remove it");
        yield return (nameof(Bound), Bound != BoundKind.Hybrid || diffusion.LearnsVariance,
            $"is hybrid, which trains a learned variance, but diffusion_params.variance is {variance}; set that to learned_range, or vlb to only");
        yield return (nameof(Bound), Bound != BoundKind.None || !diffusion.LearnsVariance,
            $"is none, but diffusion_params.variance is {variance}, which nothing else trains; remove the key");
        bool only = Bound == BoundKind.Only;
        yield return (nameof(Loss), !only || Loss == LossOp.Squared, $"is {Names.Of(Loss)}, but vlb is only, which leaves no other loss; remove one");
        yield return (nameof(LossWeighting), !only || LossWeighting == WeightingKind.None,
            $"is {Names.Of(LossWeighting)}, but vlb is only, which leaves no other loss; remove one");
        yield return (nameof(LearnsUncertainty), !LearnsUncertainty || !(only || diffusion.LearnsVariance),
            "is true, but the loss has the variational bound in it, whose levels count as they are; remove one");
        yield return (nameof(BoundWeight), BoundWeight is null or (> 0 and <= 1e6), $"is {BoundWeight}; it must be above 0 and at most 1e6, such as 0.001");
        yield return (nameof(BoundWeight), BoundWeight is null || only || diffusion.LearnsVariance,
            $"is {BoundWeight}, but the bound is no part of the loss; set diffusion_params.variance to learned_range, or remove the key");
    }

    IEnumerable<Rule> OfTimes(DiffusionParams diffusion)
    {
        bool edm = diffusion.Process == ProcessKind.Edm;
        yield return (nameof(Times), !edm || Times is null or TimeKind.LogNormal or TimeKind.Laplace,
            "must be log_normal or laplace for process edm, whose noise has no uniform measure; remove the key");
        yield return (nameof(Times), Times != TimeKind.LossSecondMoment || diffusion.Process == ProcessKind.Ddpm,
            $"is loss_second_moment, which remembers the losses of timesteps, but process {Names.Of(diffusion.Process)} has none; use process ddpm, or remove the key");
        yield return (nameof(Times), Times != TimeKind.LossSecondMoment || !LearnsUncertainty,
            "is loss_second_moment, but uncertainty_weighting makes all losses alike; remove one");
        bool shaped = Times is TimeKind.LogitNormal or TimeKind.LogNormal or TimeKind.Laplace || edm;
        const string Remove = "belongs to time_distribution logit_normal, log_normal or laplace; remove it";
        yield return (nameof(TimeMean), TimeMean is null || shaped, Remove);
        yield return (nameof(TimeMean), TimeMean is null or (>= -100 and <= 100), $"is {TimeMean}; it must be -100 to 100");
        yield return (nameof(TimeDeviation), TimeDeviation is null || shaped, Remove);
        yield return (nameof(TimeDeviation), TimeDeviation is null or (> 0 and <= 100), $"is {TimeDeviation}; it must be above 0 and at most 100, such as 1");
    }

    IEnumerable<Rule> OfNoise()
    {
        yield return (nameof(NoiseCandidates), NoiseCandidates is >= 2 and <= 1024, $"is {NoiseCandidates}; it must be 2 to 1024, such as 4");
        yield return (nameof(NoiseCandidates), NoiseCandidates == 4 || NoiseAssignment == NoiseAssignment.Nearest,
            $"is {NoiseCandidates}, but noise_assignment is {Names.Of(NoiseAssignment)}; set that to nearest, or remove the key");
        yield return (nameof(NoiseAssignment), NoiseAssignment != NoiseAssignment.Batch || BatchSize >= 2,
            "is batch, but batch_size is 1, which leaves nothing to assign; use nearest");
        yield return (nameof(OffsetNoise), OffsetNoise is >= 0 and <= 1, $"is {OffsetNoise}; it must be 0 to 1, such as 0.1");
        yield return (nameof(InputPerturbation), InputPerturbation is >= 0 and <= 1, $"is {InputPerturbation}; it must be 0 to 1, such as 0.1");
    }

    IEnumerable<Rule> OfLabels(NetworkOptions model)
    {
        yield return (nameof(ClassConditional), !ClassConditional || model.Classes > 0 || model.WithClasses(1) is not null,
            $"is true, but a {model.Type} cannot be told classes; set model_params.type to unet2d, as the preset mnist-classes does");
        yield return (nameof(LabelDropout), LabelDropout is >= 0 and < 1, $"is {LabelDropout}; it must be from 0 to below 1, such as 0.1");
        yield return (nameof(LabelDropout), LabelDropout == 0 || ClassConditional || model.Classes > 0,
            $"is {LabelDropout}, but the network is told no labels; set class_conditional to true");
    }

    static bool IsName(string name) =>
        name.Length is >= 1 and <= 100 && name[0] != '.' && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_');
}

/// <summary>What makes a checkpoint the best of a run, which is kept however old it is.</summary>
public enum BestBy
{
    /// <summary>The least smoothed loss.</summary>
    Loss,

    /// <summary>The least <see cref="CheckpointManifest.Evaluation"/>; the least smoothed loss while no checkpoint has one.</summary>
    Evaluation,
}

/// <summary>The optimisers that the configuration names.</summary>
public enum OptimizerKind
{
    /// <summary>Kingma &amp; Ba 2015; weight decay is added to the gradient.</summary>
    Adam,

    /// <summary>Loshchilov &amp; Hutter 2019; weight decay is applied to the weights.</summary>
    AdamW,

    /// <summary>Jordan et al. 2024: orthogonal updates of matrices and convolutions, but the first and the last; adamw for the rest.</summary>
    Muon,

    /// <summary>
    /// Defazio et al. 2024: adamw at a constant rate, and an average of its steps that takes the place of a schedule and of
    /// <see cref="TrainParams.EmaDecay"/>.
    /// </summary>
    ScheduleFree,
}
