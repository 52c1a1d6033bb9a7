using System.Globalization;

namespace Brownian;

/// <summary>
/// Section <c>sample_params</c>: how images are drawn. It holds the name of a sampler and those of its settings that were given, under the
/// keys that the samplers declare; what was not given is the sampler's own choice. A model folder carries it.
/// </summary>
public sealed record SampleParams : Settings
{
    const string GuidanceHelp =
        "Classifier-free guidance scale, e.g. 1.5 to 8; for models trained with label_dropout. Default: the model's, or 1";

    static readonly IReadOnlyList<SettingKey> Own = KeysOf(typeof(SampleParams));

    static readonly SettingKey[] All =
    [
        Own[0],
        .. SamplerType.AllKeys.Select(key => key.HeldBy<SampleParams>(held => held[key.Name], (held, value) => held.With(key.Name, value))),
        .. Own.Skip(1),
    ];

    /// <summary>The sampler, by a name that <c>sample --help</c> lists; null for ddpm, or euler for flow and edm for edm.</summary>
    [Key("sampler", Option = "--sampler", Help = "A sampler from the list above. Default: the model's, or ddpm")]
    public string? Sampler { get; init; }

    /// <summary>How many steps to take (diffusers' num_inference_steps).</summary>
    public int? Steps { get => (int?)this["steps"]; init => Given = GivenWith("steps", value); }

    /// <summary>How strongly images are driven towards their class; 1, not at all, where it is null.</summary>
    [Key("guidance_scale", Option = "--guidance", Help = GuidanceHelp)] public double? GuidanceScale { get; init; }

    /// <summary>How far guided images are brought back to the contrast of unguided ones, 0 to 1.</summary>
    [Key("guidance_rescale", Quiet = true)] public double GuidanceRescale { get; init; }

    /// <summary>
    /// The names of the classes, in the order of the network's labels, for a folder that has no other place for them. A network with a
    /// label more than there are names was trained without labels, too: the last one stands for "any image".
    /// </summary>
    [Key("class_names", Quiet = true)] public Values<string> ClassNames { get; init; } = [];

    /// <inheritdoc/>
    public override IReadOnlyList<SettingKey> Keys => All;

    /// <summary>A setting of the sampler by its key, such as <c>eta</c>; null where it was not given.</summary>
    /// <exception cref="ArgumentException">No sampler has such a key, or the value is of another type.</exception>
    public object? this[string key]
    {
        get => Given.FirstOrDefault(given => given.Key == key).Value;
        init => Given = GivenWith(key, value);
    }

    /// <summary>The name and the settings of a sampler: <c>SampleParams.Of(new HeunSampler { Steps = 18, Churn = 5 })</c>.</summary>
    /// <param name="sampler">One of the samplers that have a name, with any of its settings that have a key.</param>
    /// <exception cref="ArgumentException">It has another setting, such as a limit or a variance, which <see cref="DiffusionParams"/> hold, or no name.</exception>
    public static SampleParams Of(Sampler sampler)
    {
        ArgumentNullException.ThrowIfNull(sampler);
        foreach (SamplerType type in SamplerType.All.Where(type => type.Initial.GetType() == sampler.GetType()))
        {
            (string Name, object Value)[] given =
            [
                .. type.Keys.Select(key => (key.Name, Value: key.Of(sampler), Usual: key.Of(type.Initial)))
                    .Where(key => key.Value is not null && !key.Value.Equals(key.Usual)).Select(key => (key.Name, key.Value!)),
            ];
            if (type.With(given) == sampler) return given.Aggregate(new SampleParams { Sampler = type.Name }, (made, key) => made.With(key.Name, key.Value));
        }
        throw new ArgumentException(
            $"No name stands for {sampler}; take one of {string.Join(", ", SamplerType.All.Select(type => type.Name))}, and leave limit and variance to DiffusionParams.", nameof(sampler));
    }

    internal bool IsGuided => GuidanceScale is not (null or 1);

    // In the order of the keys, so that the same settings are equal however they were given.
    Values<(string Key, object Value)> Given { get; init; } = [];

    /// <summary>The same with another setting of the sampler; null to leave it to the sampler.</summary>
    /// <inheritdoc cref="this[string]"/>
    public SampleParams With(string key, object? value) => this with { Given = GivenWith(key, value) };

    /// <summary>These settings, and where they say nothing, those of <paramref name="own"/>.</summary>
    internal SampleParams Over(SampleParams own)
    {
        // Steps, eta and the like of one sampler mean little to another.
        if (Sampler is not null && Sampler != own.Sampler) own = own with { Given = [] };
        // So does rho of one curve to another.
        if (this["sigma_curve"] is { } curve && !curve.Equals(own["sigma_curve"])) own = own.With("rho", null);
        if (Steps is not null) own = own.With("timesteps", null);
        if (this["timesteps"] is not null) own = own with { Steps = null };
        foreach (SettingKey key in Keys)
        {
            if (key.Of(this) is { } value && !value.Equals(key.Default)) own = key.Set(own, value);
        }
        return own;
    }

    /// <summary>The same in another number of steps; null for these.</summary>
    internal SampleParams In(int? steps) => steps is null ? this : new SampleParams { Steps = steps }.Over(this);

    /// <summary>The sampler for a model, with every choice made: by these settings, by the model's process or by the sampler itself.</summary>
    /// <exception cref="ArgumentException">There is no such sampler, or it has not what was given.</exception>
    internal Sampler For(DiffusionParams diffusion)
    {
        (SamplerType type, SampleParams made) = Resolve(diffusion);
        Sampler sampler = type.With(made.Given) with { Limit = diffusion.Limit };
        return sampler is DdpmSampler ddpm ? ddpm with { Variance = diffusion.Variance } : sampler;
    }

    /// <summary>The steps from noise to image.</summary>
    internal int StepsFor(DiffusionParams diffusion) => For(diffusion).Steps ?? diffusion.Timesteps;

    /// <summary>About how often an image passes through the network.</summary>
    internal long EvaluationsFor(DiffusionParams diffusion) => (long)StepsFor(diffusion) * For(diffusion).Evaluations;

    /// <summary>What a picture's file says about how it was drawn.</summary>
    internal IEnumerable<KeyValuePair<string, string>> NotesFor(DiffusionParams diffusion)
    {
        (SamplerType type, SampleParams made) = Resolve(diffusion);
        yield return new("Sampler", type.Name);
        yield return new("Steps", StepsFor(diffusion).ToString(CultureInfo.InvariantCulture));
        if (type.Initial is DdpmSampler) yield return new("Variance", Names.Of(diffusion.Variance));
        yield return new("Clip sample", ConfigText.Yaml(diffusion.ClipSample));
        if (diffusion.ClipSample && diffusion.ClipSampleRange != 1) yield return new("Clip sample range", ConfigText.Yaml(diffusion.ClipSampleRange));
        if (diffusion.Thresholding)
            yield return new("Thresholding", $"{ConfigText.Yaml(diffusion.ThresholdingRatio)}, at most {ConfigText.Yaml(diffusion.SampleMaxValue)}");
        foreach ((string key, object value) in made.Given.Where(given => given.Key != "steps"))
        {
            // s_churn is Karras' S_churn.
            string words = (key.StartsWith("s_", StringComparison.Ordinal) ? key[2..] : key).Replace('_', ' ');
            yield return new(char.ToUpperInvariant(words[0]) + words[1..], ConfigText.Yaml(value));
        }
    }

    /// <summary>What they may say of a network.</summary>
    internal Rule RuleFor(NetworkOptions model) =>
        (nameof(ClassNames), ClassNames.Count <= model.Classes, $"names {Counted.Of(ClassNames.Count, "class", "classes")}, but the network is told {model.Classes}; remove some, or the key");

    /// <summary>What values the settings may have for a process.</summary>
    internal IEnumerable<Rule> RulesFor(DiffusionParams diffusion)
    {
        string[] names = [.. SamplerType.All.Select(type => type.Name)];
        yield return (nameof(Sampler), Sampler is null || names.Contains(Sampler), $"is '{Sampler}'{Suggestion.For(Sampler ?? "", names)}");
        yield return (nameof(Steps), Steps is null || Steps <= diffusion.MostSteps,
            $"is {Steps}, but there {(diffusion.MostSteps == 1 ? "is" : "are")} {Counted.Of(diffusion.MostSteps, "timestep")} to visit; lower it");
        yield return (nameof(GuidanceScale), GuidanceScale is null or (>= 0 and <= 1e6), $"is {GuidanceScale}; it must be at least 0, such as 3");
        yield return (nameof(GuidanceRescale), GuidanceRescale is >= 0 and <= 1, $"is {GuidanceRescale}; it must be from 0 to 1");
        var listed = (Values<int>?)this["timesteps"];
        yield return (nameof(Steps), Steps is null || listed is null, $"is {Steps}, but timesteps lists them one by one; give one of the two");
        yield return (nameof(Brownian.Sampler.Custom), listed is not { Count: > 0 } || listed[0] < diffusion.MostSteps,
            $"is {listed}; the timesteps go up to {diffusion.MostSteps - 1}");
        SamplerType type = SamplerType.Named(Sampler ?? UsualFor(diffusion.Process));
        foreach ((string name, object value) in Given)
        {
            yield return (Keys.First(key => key.Name == name).Property, type.Has(name),
                $"is {ConfigText.Yaml(value)}, but the sampler {type.Name} has no such setting; remove it, or use one of {SamplerType.NamesWith(name)}");
        }
        (Sampler? sampler, string problem) = Try(diffusion);
        yield return (nameof(Sampler), sampler is not null, $"cannot be used as configured: {problem}");
        foreach (Rule rule in sampler!.Rules()) yield return rule;
    }

    (Sampler? Sampler, string Problem) Try(DiffusionParams diffusion)
    {
        try
        {
            return (For(diffusion), "");
        }
        catch (ArgumentException e)
        {
            return (null, e.Message.TrimEnd('.'));
        }
    }

    static string UsualFor(ProcessKind process) => process switch { ProcessKind.Flow => "euler", ProcessKind.Edm => "edm", _ => "ddpm" };

    (SamplerType Type, SampleParams Made) Resolve(DiffusionParams diffusion)
    {
        SamplerType type = SamplerType.Named(Sampler ?? UsualFor(diffusion.Process));
        bool timesteps = type.Initial is TimestepSampler;
        if (timesteps && diffusion.Process != ProcessKind.Ddpm)
            throw new ArgumentException($"The sampler {type.Name} needs timesteps, which process {Names.Of(diffusion.Process)} has not; use euler or heun.");
        if (diffusion.Process == ProcessKind.Flow && this["sigma_curve"] is SigmaCurve curve and not SigmaCurve.Native)
            throw new ArgumentException($"Process flow takes no curve of sigma, as it starts at sigma/alpha = infinity; leave {Names.Of(curve)} out.");
        if (diffusion.Process != ProcessKind.Flow && this["smallest_time"] is not null)
            throw new ArgumentException($"smallest_time belongs to process flow, not {Names.Of(diffusion.Process)}; leave it out.");
        if (this["rho"] is not null && !BendsByRho(type, diffusion.Process))
        {
            throw new ArgumentException(
                $"rho bends the curves karras and polyexponential, not {Names.Of(CurveOf(type))}; leave it out, or choose one of the two.");
        }
        SampleParams made = this;
        // Samplers that walk along noise levels leave out one timestep of a short schedule: from there to the image is a step of its own.
        int most = timesteps ? diffusion.MostSteps : Math.Max(1, diffusion.MostSteps - 1);
        if (Steps is null && type.Initial.Steps > most) made = made with { Steps = most };
        // Leading spacing never visits T − 1, the one timestep that zero terminal SNR is about (Lin et al. 2024, §3.3).
        if (timesteps && diffusion.RescaleToZeroSnr && this["timestep_spacing"] is null)
            made = made.With("timestep_spacing", TimestepSpacing.Trailing);
        return (type, made);
    }

    SigmaCurve CurveOf(SamplerType type) =>
        this["sigma_curve"] is SigmaCurve given ? given : type.Initial is LevelSampler { Curve: var own } ? own : SigmaCurve.Native;

    // The levels of an edm are Karras' unless another curve is given.
    bool BendsByRho(SamplerType type, ProcessKind process) => CurveOf(type) switch
    {
        SigmaCurve.Karras or SigmaCurve.Polyexponential => true,
        SigmaCurve.Native => process == ProcessKind.Edm || !type.Has("rho"),
        _ => false,
    };

    Values<(string Key, object Value)> GivenWith(string name, object? value)
    {
        SettingKey key = SamplerType.AllKeys.FirstOrDefault(known => known.Name == name)
            ?? throw new ArgumentException($"No sampler has a setting '{name}'{Suggestion.For(name, SamplerType.AllKeys.Select(known => known.Name))}");
        object? accepted = value is null ? null : key.Accept(value);
        // To give the default of a quiet key is to say nothing: files have it only where it is another.
        if (key.IsQuiet && Equals(accepted, key.Default)) accepted = null;
        return
        [
            .. SamplerType.AllKeys
                .Select(known => (known.Name, Value: known == key ? accepted : this[known.Name]))
                .Where(given => given.Value is not null).Select(given => (given.Name, given.Value!)),
        ];
    }
}
