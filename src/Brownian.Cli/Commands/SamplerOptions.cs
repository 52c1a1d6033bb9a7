using System.CommandLine;
using System.Globalization;
using Brownian.Diffusion;
using Brownian.Training;

namespace Brownian.Cli;

/// <summary>The options that choose a sampler and its settings. What is not given is as the model carries it.</summary>
sealed class SamplerOptions
{
    static readonly (string Word, ReverseVariance Value)[] Variances =
    [
        ("small", ReverseVariance.Small), ("large", ReverseVariance.Large), ("small_log", ReverseVariance.SmallLog), ("large_log", ReverseVariance.LargeLog),
        ("learned", ReverseVariance.Learned), ("learned_range", ReverseVariance.LearnedRange),
    ];

    static readonly (string Word, TimestepSpacing Value)[] Spacings =
    [
        ("leading", TimestepSpacing.Leading), ("trailing", TimestepSpacing.Trailing), ("linspace", TimestepSpacing.Linspace),
        ("leading_above_zero", TimestepSpacing.LeadingAboveZero), ("linspace_above_zero", TimestepSpacing.LinspaceAboveZero),
    ];

    static readonly (string Word, SigmaCurve Value)[] Curves =
        [("native", SigmaCurve.Native), ("karras", SigmaCurve.Karras), ("exponential", SigmaCurve.Exponential), ("beta", SigmaCurve.Beta)];

    readonly Option<string?> _sampler = OptionOf.Text("--sampler", "NAME", "One of the list above. Default: as the model was trained to, or ddpm");
    readonly Option<int?> _steps = OptionOf.Number("--steps", 1, "Steps from noise to image. Default: the model's or the sampler's");
    readonly Option<double?> _eta = OptionOf.Real("--eta", 0, "Noise added in each step, from 0, none, to 1, as much as ddpm.");
    readonly Option<string?> _spacing = OptionOf.Choice("--spacing", Words(Spacings), "How steps are spread over the timesteps.");
    readonly Option<string?> _curve = OptionOf.Choice("--curve", Words(Curves), "How sigma falls; not for ddpm, ddim, pndm, plms.");
    readonly Option<int?> _order = OptionOf.Number("--order", 1, "The order of lms, deis or unipc.");
    readonly Option<double?> _churn =
        OptionOf.Real("--churn", 0, "Noise added before each step and removed in it (S_churn of Karras et al.), such as 40.");
    readonly Option<string?> _variance =
        OptionOf.Choice("--variance", Words(Variances), "Variance of a step of ddpm. Default: as the model was configured");
    readonly Option<bool> _clip = OptionOf.Flag("--clip", "Limit the predicted image to [-1, 1] in each step.");
    readonly Option<bool> _noClip = OptionOf.Flag("--no-clip", "Do not.");
    readonly Option<double?> _thresholding =
        OptionOf.Real("--thresholding", 1, "Limit it by dynamic thresholding instead, to at most this; 1 is a plain clip.", "MAX");

    public Option[] All => [_sampler, _steps, _eta, _spacing, _curve, _order, _churn, _variance, _clip, _noClip, _thresholding];

    /// <summary>Every sampler in a line.</summary>
    public static string List() => "Samplers, with the steps they take unless told otherwise:\n" + string.Join('\n', SamplerCatalog.All.Select(entry =>
    {
        string steps = entry.Steps?.ToString(CultureInfo.InvariantCulture) ?? "all";
        string twice = entry.Evaluations == 1 ? "" : ", two evaluations a step";
        string takes = entry switch { { HasEta: true } => " (--eta)", { HasOrder: true } => " (--order)", { HasChurn: true } => " (--churn)", _ => "" };
        return $"  {entry.Name,-14}{steps,4}  {entry.Description}{twice}{takes}";
    }));

    public SampleOptions Apply(ParseResult parsed, SampleOptions options)
    {
        Option[] limits = [.. ((Option[])[_clip, _noClip, _thresholding]).Where(option => parsed.GetResult(option) is { Implicit: false })];
        if (limits.Length > 1) throw new ArgumentException($"{limits[0].Name} and {limits[1].Name} contradict each other; use one.");
        return options with
        {
            Sampler = parsed.GetValue(_sampler),
            Steps = parsed.GetValue(_steps),
            Eta = parsed.GetValue(_eta),
            Spacing = Of(Spacings, parsed.GetValue(_spacing)),
            Curve = Of(Curves, parsed.GetValue(_curve)),
            Order = parsed.GetValue(_order),
            Churn = parsed.GetValue(_churn),
            Variance = Of(Variances, parsed.GetValue(_variance)),
            ClipSample = parsed.GetValue(_clip) ? true : parsed.GetValue(_noClip) ? false : null,
            Thresholding = parsed.GetValue(_thresholding),
        };
    }

    static string[] Words<T>((string Word, T Value)[] table) => [.. table.Select(entry => entry.Word)];

    static T? Of<T>((string Word, T Value)[] table, string? word) where T : struct =>
        word is null ? null : table.First(entry => entry.Word == word).Value;
}
