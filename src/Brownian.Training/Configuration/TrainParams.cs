namespace Brownian.Training;

/// <summary>
/// Section <c>train_params</c>: how to train. The initial values are those of the tutorial's default.yaml (Adam at 1e-4 for 40 epochs
/// of batches of 64, nothing else), plus an average of the weights that the tutorial does not have: it changes no weight in training.
/// </summary>
public sealed record TrainParams
{
    /// <summary><c>task_name</c>: names the run's folder.</summary>
    public string TaskName { get; init; } = "default";

    /// <summary><c>batch_size</c>: images per forward pass.</summary>
    public int BatchSize { get; init; } = 64;

    /// <summary><c>num_epochs</c>: how often the images are passed. Give this or <see cref="Steps"/>; 40 when neither is given.</summary>
    public int? Epochs { get; init; }

    /// <summary><c>num_steps</c>: how many optimiser steps to take.</summary>
    public long? Steps { get; init; }

    /// <summary><c>num_samples</c>: images in a grid of samples.</summary>
    public int Samples { get; init; } = 100;

    /// <summary><c>num_grid_rows</c>: images per row of that grid (torchvision's <c>nrow</c>).</summary>
    public int GridColumns { get; init; } = 10;

    /// <summary><c>lr</c>: the learning rate, after warm-up.</summary>
    public double LearningRate { get; init; } = 1e-4;

    /// <summary><c>ckpt_name</c>: accepted so that the tutorial's files load; checkpoints are named by their step.</summary>
    public string CheckpointName { get; init; } = "ddpm_ckpt.pth";

    /// <summary><c>optimizer</c>: adam or adamw.</summary>
    public OptimizerKind Optimizer { get; init; } = OptimizerKind.Adam;

    /// <summary><c>betas</c>: the decay of Adam's two moments.</summary>
    public Values<double> Betas { get; init; } = [0.9, 0.999];

    /// <summary><c>eps</c>: added to the root of Adam's second moment.</summary>
    public double Epsilon { get; init; } = 1e-8;

    /// <summary><c>weight_decay</c>: added to the gradient by adam, applied to the weights by adamw.</summary>
    public double WeightDecay { get; init; }

    /// <summary><c>clip_grad_norm</c>: the largest norm of the whole gradient; 0 for no limit.</summary>
    public double ClipGradNorm { get; init; }

    /// <summary><c>lr_schedule</c>: constant, or cosine down to 0 at the last step.</summary>
    public LearningRateKind LearningRateSchedule { get; init; } = LearningRateKind.Constant;

    /// <summary><c>lr_warmup_steps</c>: steps over which the learning rate rises evenly from 0.</summary>
    public int WarmupSteps { get; init; }

    /// <summary><c>gradient_accumulation</c>: batches whose mean gradient makes one step.</summary>
    public int GradientAccumulation { get; init; } = 1;

    /// <summary><c>ema_decay</c>: how slowly the averaged weights follow; 0 keeps no average.</summary>
    public double EmaDecay { get; init; } = 0.999;

    /// <summary><c>ema_warmup</c>: begin with a faster average, of decay (1 + n)/(10 + n) after n steps.</summary>
    public bool EmaWarmup { get; init; } = true;

    /// <summary><c>checkpoint_steps</c>: steps between checkpoints; there is one at the end in any case.</summary>
    public int CheckpointSteps { get; init; } = 500;

    /// <summary><c>keep_checkpoints</c>: how many of the newest to keep; the best is kept as well.</summary>
    public int KeepCheckpoints { get; init; } = 2;

    /// <summary><c>sample_steps</c>: steps between grids of samples; 0 for none by steps.</summary>
    public int SampleSteps { get; init; }

    /// <summary><c>first_sample_step</c>: a grid of samples after this step as well, to see early what is coming; 0 for none.</summary>
    public int FirstSampleStep { get; init; }

    /// <summary><c>sample_epochs</c>: epochs between grids of samples; 0 for none by epochs.</summary>
    public int SampleEpochs { get; init; } = 10;

    /// <summary>
    /// <c>sample_timesteps</c>: how many of the timesteps the grids made while training visit; null for all, which can take longer than
    /// the training between two grids.
    /// </summary>
    public int? SampleTimesteps { get; init; }

    /// <summary><c>loss</c>: how the network's answer is compared with its target.</summary>
    public LossKind Loss { get; init; } = LossKind.L2;

    /// <summary><c>huber_delta</c>: where huber turns from square to straight, or the scale of pseudo_huber; null for 1, or 0.03.</summary>
    public double? HuberDelta { get; init; }

    /// <summary><c>loss_weighting</c>: how much each noise level counts.</summary>
    public WeightingKind LossWeighting { get; init; } = WeightingKind.None;

    /// <summary><c>snr_gamma</c>: γ of min_snr (diffusers' name).</summary>
    public double SnrGamma { get; init; } = 5;

    /// <summary><c>p2_gamma</c>: γ of p2.</summary>
    public double P2Gamma { get; init; } = 1;

    /// <summary><c>p2_k</c>: k of p2.</summary>
    public double P2K { get; init; } = 1;

    /// <summary><c>vlb</c>: the part of the variational bound; null for hybrid with a learned variance, and none otherwise.</summary>
    public BoundKind? Bound { get; init; }

    /// <summary><c>vlb_weight</c>: λ, as a share of the bound over all timesteps; null for 0.001 with hybrid and 1 with only.</summary>
    public double? BoundWeight { get; init; }

    /// <summary><c>time_distribution</c>: which noise levels are trained how often; null for the process's own: uniform, or log_normal for edm.</summary>
    public TimeKind? Times { get; init; }

    /// <summary><c>time_mean</c>: of logit_normal or log_normal; null for 0, or −1.2.</summary>
    public double? TimeMean { get; init; }

    /// <summary><c>time_std</c>: of logit_normal or log_normal; null for 1, or 1.2.</summary>
    public double? TimeDeviation { get; init; }

    /// <summary>
    /// <c>class_conditional</c>: tell the network the class of each image; it is given as many classes as the images have, and one more with
    /// <see cref="LabelDropout"/>. A network that says itself how many it has is told in any case.
    /// </summary>
    public bool ClassConditional { get; init; }

    /// <summary>
    /// <c>label_dropout</c>: the share of images whose label is replaced by "any image", an extra class, so that sampling can be guided
    /// (Ho &amp; Salimans 2022; 0.1 to 0.2).
    /// </summary>
    public double LabelDropout { get; init; }

    /// <summary><c>seed</c>: decides the initial weights, the order of the images, the noise and the samples.</summary>
    public ulong Seed { get; init; }

    /// <summary><c>threads</c>: how many compute; 0 for one per physical core. The result does not depend on it.</summary>
    public int Threads { get; init; }

    /// <summary>Whether there are grids of samples at all.</summary>
    internal bool HasGrids => SampleSteps > 0 || SampleEpochs > 0 || FirstSampleStep > 0;

    /// <summary>The epochs to train, where the length is not given in steps.</summary>
    public int EpochsOrDefault => Epochs ?? 40;
}

/// <summary>The optimisers that the configuration names.</summary>
public enum OptimizerKind
{
    /// <summary>Kingma &amp; Ba 2015; weight decay is added to the gradient.</summary>
    Adam,

    /// <summary>Loshchilov &amp; Hutter 2019; weight decay is applied to the weights.</summary>
    AdamW,
}

/// <summary>How the learning rate runs after the warm-up.</summary>
public enum LearningRateKind
{
    /// <summary>It stays.</summary>
    Constant,

    /// <summary>Half a cosine, to 0 at the last step (Loshchilov &amp; Hutter 2017).</summary>
    Cosine,
}

/// <summary>How answer and target are compared, pixel by pixel.</summary>
public enum LossKind
{
    /// <summary>Squares (Ho et al. 2020, eq. 14).</summary>
    L2,

    /// <summary>Absolute values.</summary>
    L1,

    /// <summary>Squares up to a threshold, straight beyond (Huber 1964).</summary>
    Huber,

    /// <summary>The same without a kink (Song &amp; Dhariwal 2023, eq. 8).</summary>
    PseudoHuber,
}

/// <summary>How much each noise level counts in the loss.</summary>
public enum WeightingKind
{
    /// <summary>All alike.</summary>
    None,

    /// <summary>min(SNR, γ) on the loss of x_0 (Hang et al. 2023).</summary>
    MinSnr,

    /// <summary>1/(k + SNR)^γ on the loss of ε (Choi et al. 2022).</summary>
    P2,
}

/// <summary>The part that the variational bound has in the loss.</summary>
public enum BoundKind
{
    /// <summary>None.</summary>
    None,

    /// <summary>It trains a learned variance, and the simple loss the mean (Nichol &amp; Dhariwal 2021, eq. 16).</summary>
    Hybrid,

    /// <summary>It is the whole loss.</summary>
    Only,
}

/// <summary>Which noise levels are trained how often.</summary>
public enum TimeKind
{
    /// <summary>All alike.</summary>
    Uniform,

    /// <summary>Those in the middle more often (Esser et al. 2024, §3.1).</summary>
    LogitNormal,

    /// <summary>ln(σ/α) is normal (Karras et al. 2022, table 1).</summary>
    LogNormal,
}
