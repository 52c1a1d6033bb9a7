namespace Brownian.Training;

/// <summary>What values the loss and the labels of <see cref="TrainParams"/> may have.</summary>
static class LossRules
{
    public static IEnumerable<(string Key, bool Good, string Message)> Of(TrainParams s, DiffusionParams diffusion, ModelParams model) =>
        [.. OfLoss(s), .. OfBound(s, diffusion), .. OfTimes(s, diffusion), .. OfLabels(s, model)];

    static IEnumerable<(string Key, bool Good, string Message)> OfLoss(TrainParams s)
    {
        yield return ("loss", Enum.IsDefined(s.Loss), $"is {s.Loss}, which does not exist");
        yield return ("huber_delta", s.HuberDelta is null or (> 0 and <= 1e6), $"is {s.HuberDelta}; it must be above 0");
        yield return ("huber_delta", s.HuberDelta is null || s.Loss is LossKind.Huber or LossKind.PseudoHuber,
            $"is {s.HuberDelta}, but loss is {ConfigText.Of(s.Loss)}; set that to huber, or remove the key");
        yield return ("loss_weighting", Enum.IsDefined(s.LossWeighting), $"is {s.LossWeighting}, which does not exist");
        yield return ("snr_gamma", s.SnrGamma is > 0 and <= 1e9, $"is {s.SnrGamma}; it must be above 0, such as 5");
        yield return ("p2_gamma", s.P2Gamma is >= 0 and <= 100, $"is {s.P2Gamma}; it must be at least 0, such as 1");
        yield return ("p2_k", s.P2K is > 0 and <= 1e9, $"is {s.P2K}; it must be above 0, such as 1");
    }

    static IEnumerable<(string Key, bool Good, string Message)> OfBound(TrainParams s, DiffusionParams diffusion)
    {
        string variance = ConfigText.Of(diffusion.Variance);
        yield return ("vlb", s.Bound is not { } bound || Enum.IsDefined(bound), $"is {s.Bound}, which does not exist");
        yield return ("vlb", s.Bound is null or BoundKind.None || diffusion.Process == ProcessKind.Ddpm,
            $"needs process ddpm, not {ConfigText.Of(diffusion.Process)}; remove it");
        yield return ("vlb", s.Bound != BoundKind.Hybrid || diffusion.LearnsVariance,
            $"is hybrid, which trains a learned variance, but diffusion_params.variance is {variance}; set that to learned_range, or vlb to only");
        yield return ("vlb", s.Bound != BoundKind.None || !diffusion.LearnsVariance,
            $"is none, but diffusion_params.variance is {variance}, which nothing else trains; remove the key");
        bool only = s.Bound == BoundKind.Only;
        yield return ("loss", !only || s.Loss == LossKind.L2, $"is {ConfigText.Of(s.Loss)}, but vlb is only, which leaves no other loss; remove one");
        yield return ("loss_weighting", !only || s.LossWeighting == WeightingKind.None,
            $"is {ConfigText.Of(s.LossWeighting)}, but vlb is only, which leaves no other loss; remove one");
        yield return ("vlb_weight", s.BoundWeight is null or (> 0 and <= 1e6), $"is {s.BoundWeight}; it must be above 0, such as 0.001");
        yield return ("vlb_weight", s.BoundWeight is null || only || diffusion.LearnsVariance,
            $"is {s.BoundWeight}, but the bound is no part of the loss; set diffusion_params.variance to learned_range, or remove the key");
    }

    static IEnumerable<(string Key, bool Good, string Message)> OfTimes(TrainParams s, DiffusionParams diffusion)
    {
        yield return ("time_distribution", s.Times is not { } times || Enum.IsDefined(times), $"is {s.Times}, which does not exist");
        yield return ("time_distribution", diffusion.Process != ProcessKind.Edm || s.Times is null or TimeKind.LogNormal,
            "must be log_normal for process edm, whose noise has no uniform measure; remove the key");
        bool bound = s.Bound == BoundKind.Only || diffusion.LearnsVariance;
        yield return ("time_distribution", s.Times != TimeKind.LogNormal || !bound,
            "is log_normal, which lies between timesteps, but the variational bound needs whole ones; use uniform or logit_normal");
        bool normal = s.Times is TimeKind.LogitNormal or TimeKind.LogNormal || diffusion.Process == ProcessKind.Edm;
        yield return ("time_mean", s.TimeMean is null || normal, "belongs to time_distribution logit_normal or log_normal; remove it");
        yield return ("time_mean", s.TimeMean is null or (>= -100 and <= 100), $"is {s.TimeMean}; it must be -100 to 100");
        yield return ("time_std", s.TimeDeviation is null || normal, "belongs to time_distribution logit_normal or log_normal; remove it");
        yield return ("time_std", s.TimeDeviation is null or (> 0 and <= 100), $"is {s.TimeDeviation}; it must be above 0, such as 1");
    }

    static IEnumerable<(string Key, bool Good, string Message)> OfLabels(TrainParams s, ModelParams model)
    {
        yield return ("class_conditional", !s.ClassConditional || model.Classes > 0 || model.WithClasses(1) is not null,
            $"is true, but a {model.Type} cannot be told classes; set model_params.type to unet2d, as the preset mnist-classes does");
        yield return ("label_dropout", s.LabelDropout is >= 0 and < 1, $"is {s.LabelDropout}; it must be from 0 to below 1, such as 0.1");
        yield return ("label_dropout", s.LabelDropout == 0 || s.ClassConditional || model.Classes > 0,
            $"is {s.LabelDropout}, but the network is told no labels; set class_conditional to true");
    }
}
