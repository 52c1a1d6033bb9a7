using System.CommandLine;
using System.Globalization;

namespace Brownian.Cli;

/// <summary>The options that choose a sampler and its settings, as the samplers declare them. What is not given is as the model carries it.</summary>
sealed class SamplerOptions
{
    readonly (SettingKey Key, Option Option)[] _sampling =
        [.. new SampleParams().Keys.Where(key => key.Option is not null).Select(key => (key, OptionOf.Setting(key)))];

    readonly Option<string?> _variance = OptionOf.Choice(
        "--variance", [.. Names.All(typeof(ReverseVariance))], "Variance of the ddpm sampler's steps. Default: the model's setting");
    readonly Option<bool> _clip = OptionOf.Flag("--clip", "Clip the predicted image x̂_0 to [-1, 1] in each step.");
    readonly Option<bool> _noClip = OptionOf.Flag("--no-clip", "Do not clip x̂_0.");
    readonly Option<double?> _thresholding =
        OptionOf.Real("--thresholding", 1, "Use dynamic thresholding instead, up to MAX; 1 is plain clipping.", "MAX");

    public Option[] All => [.. _sampling.Select(setting => setting.Option), _variance, _clip, _noClip, _thresholding];

    /// <summary>Every sampler in a line.</summary>
    public static string List() => "Samplers, with the steps they take unless told otherwise:\n" + string.Join('\n', SamplerType.All.Select(type =>
    {
        string steps = type.Initial.Steps?.ToString(CultureInfo.InvariantCulture) ?? "all";
        string twice = type.Initial.Evaluations == 1 ? "" : ", two evaluations a step";
        string[] own = [.. type.Keys.Where(key => !SamplerType.All.All(other => other.Has(key.Name))).Select(OptionNamed).OfType<string>()];
        return $"  {type.Name,-14}{steps,4}  {type.Description}{twice}{(own.Length == 0 ? "" : $" ({string.Join(", ", own)})")}";
    }));

    public SampleOptions Apply(ParseResult parsed, SampleOptions options)
    {
        Option[] limits = [.. ((Option[])[_clip, _noClip, _thresholding]).Where(option => parsed.GetResult(option) is { Implicit: false })];
        if (limits.Length > 1) throw new ArgumentException($"{limits[0].Name} and {limits[1].Name} contradict each other; use one.");
        SampleParams sampling = options.Sampling;
        foreach ((SettingKey key, Option option) in _sampling)
        {
            if (OptionOf.Given(parsed, option) is { } value) sampling = key.Set(sampling, key.Accept(value));
        }
        return options with
        {
            Sampling = sampling,
            Variance = parsed.GetValue(_variance) is { } variance ? Names.Named<ReverseVariance>(variance, "variance") : null,
            ClipSample = parsed.GetValue(_clip) ? true : parsed.GetValue(_noClip) ? false : null,
            Thresholding = parsed.GetValue(_thresholding),
        };
    }

    // One of the samplers that have a key declares its option for all of them.
    static string? OptionNamed(SettingKey key) => SamplerType.AllKeys.First(known => known.Name == key.Name).Option;
}
