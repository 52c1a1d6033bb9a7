using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Brownian;

/// <summary>One scheduler's configuration on its way from diffusers' keys to ours.</summary>
sealed class SchedulerTranslation
{
    readonly string _path;
    readonly SchedulerClass _class;
    readonly JsonObject _theirs;
    readonly Dictionary<string, JsonNode> _said = [];

    /// <param name="path">The file, for messages.</param>
    /// <param name="scheduler">The class that it configures.</param>
    /// <param name="file">What the file says; the rest is as the Python class has it.</param>
    public SchedulerTranslation(string path, SchedulerClass scheduler, JsonObject file)
    {
        (_path, _class, Sampler) = (path, scheduler, scheduler.Sampler);
        _theirs = (JsonObject)scheduler.Keys.DeepClone();
        foreach ((string key, JsonNode? value) in file)
        {
            if (value is null || !_theirs.ContainsKey(key)) continue;
            _theirs[key] = value.DeepClone();
            RequireKind(key, scheduler.Keys[key], value);
        }
        if (Shown("lambda_min_clipped") == "-Infinity") _theirs["lambda_min_clipped"] = null;       // what Python's JSON calls none
        // None of these has a counterpart here, and none is met with networks of images; each changes the result where it is another.
        Only("use_dynamic_shifting", "false");
        Only("shift_terminal", "null");
        Only("invert_sigmas", "false");
        Only("interpolation_type", "linear");
        Only("timestep_type", "discrete");
        // Names that are ours alone would be read, too; Python knows them not.
        if (_theirs["trained_betas"] is null) Only("beta_schedule", "linear", "scaled_linear", "squaredcos_cap_v2", "sigmoid", "exp", "laplace");
        scheduler.Translate(this);
    }

    /// <summary>What it is called here.</summary>
    public string Sampler { get; set; }

    /// <summary>Section <c>diffusion_params</c>.</summary>
    public JsonObject ToDiffusion()
    {
        JsonObject ours = Renamed(_class.Diffusion);
        foreach (string key in (string[])["process", "sigma_min", "sigma_max", "sigma_data", "shift", "prediction_type"])
        {
            if (_said.TryGetValue(key, out JsonNode? value)) ours[key] = value.DeepClone();
        }
        if (ours.ContainsKey("trained_betas")) ours["beta_schedule"] = Names.Of(BetaSchedule.Custom);
        ours.TryAdd("clip_sample", false);
        if (_class.Process != ProcessKind.Ddpm) return ours;
        Only("prediction_type", "epsilon", "sample", "original_sample", "v_prediction");
        ours["prediction_type"] = Text("prediction_type") == "original_sample" ? Names.Of(PredictionType.Sample) : Text("prediction_type");
        return ours;
    }

    /// <summary>Section <c>sample_params</c>: what differs from the sampler's own choice.</summary>
    public JsonObject ToSampling()
    {
        SamplerType type = SamplerType.Named(Sampler);
        var ours = new JsonObject { ["sampler"] = Sampler };
        foreach ((string key, JsonNode? value) in Renamed(_class.Sampling)) _said.TryAdd(key, value!);
        foreach (SettingKey key in type.Keys)
        {
            if (_said.TryGetValue(key.Name, out JsonNode? value) && !IsUsual(type, key, value)) ours[key.Name] = value.DeepClone();
        }
        return ours;
    }

    bool IsUsual(SamplerType type, SettingKey key, JsonNode value)
    {
        // A schedule without signal at its end is walked in other steps here unless told which.
        if (key.Name == "timestep_spacing" && Is("rescale_betas_zero_snr")) return false;
        JsonNode? usual = key.Of(type.Initial) is { } own ? ConfigText.Json(own) : null;
        return value.GetValueKind() == JsonValueKind.Number && usual?.GetValueKind() == JsonValueKind.Number
            ? AsNumber(value) == AsNumber(usual)
            : JsonNode.DeepEquals(value, usual);
    }

    /// <summary>Sets a key of ours, whatever the renamed ones say.</summary>
    public void Say(string key, JsonNode value) => _said[key] = value;

    /// <summary>Whether a key of theirs is true.</summary>
    public bool Is(string key) => Shown(key) switch
    {
        "true" => true,
        "false" or "null" or "" => false,
        _ => throw Wrong(key, "it must be true or false"),
    };

    /// <summary>A key of theirs as text.</summary>
    public string Text(string key) =>
        _theirs[key] is JsonValue value && value.TryGetValue(out string? text) ? text : throw Wrong(key, "it must be a text");

    /// <summary>A key of theirs as a number.</summary>
    public double Number(string key) =>
        _theirs[key] is { } value && value.GetValueKind() == JsonValueKind.Number ? AsNumber(value) : throw Wrong(key, "it must be a number");

    /// <summary>A key of theirs as a whole number.</summary>
    public int Whole(string key) => Number(key) is var number && number == (int)number ? (int)number : throw Wrong(key, "it must be a whole number");

    /// <summary>Refuses what is not read: a key that the class has must hold one of these.</summary>
    public void Only(string key, params ReadOnlySpan<string> values)
    {
        if (_theirs.ContainsKey(key) && !values.Contains(Shown(key)))
            throw Wrong(key, $"for a {_class.Name} there is {string.Join(" or ", values.ToArray())}");
    }

    /// <summary>The curve that the sigmas follow.</summary>
    /// <param name="within">It runs between the first and the last timestep; otherwise over the whole schedule.</param>
    /// <param name="rounds">On Karras' curve the network is told whole timesteps.</param>
    public void Curve(bool within, bool rounds = false)
    {
        string[] curves = [.. ((string[])["use_karras_sigmas", "use_exponential_sigmas", "use_beta_sigmas"]).Where(Is)];
        if (curves.Length > 1) throw Wrong(curves[1], $"and so is '{curves[0]}', but the sigmas follow one curve: make one of them false");
        SigmaCurve curve = Is("use_karras_sigmas") ? SigmaCurve.Karras
            : Is("use_exponential_sigmas") || Is("use_lu_lambdas") ? SigmaCurve.Exponential
            : Is("use_beta_sigmas") ? SigmaCurve.Beta
            : SigmaCurve.Native;
        if (curve == SigmaCurve.Native) return;
        Only("sigma_min", "null");
        Only("sigma_max", "null");
        Say("sigma_curve", Names.Of(curve));
        if (within) Say("curve_within_timesteps", true);
        bool truncates = !within && (Is("use_exponential_sigmas") || Is("use_beta_sigmas"));
        if (truncates) Say("timestep_rounding", Names.Of(TimestepRounding.Down));
        else if (rounds && curve == SigmaCurve.Karras) Say("timestep_rounding", Names.Of(TimestepRounding.Nearest));
    }

    /// <summary>The spacing with the step from its last timestep to the image counted in.</summary>
    public void SpacingAboveZero()
    {
        if (!_theirs.ContainsKey("timestep_spacing")) return;
        Say("timestep_spacing", Text("timestep_spacing") switch
        {
            "linspace" => Names.Of(TimestepSpacing.LinspaceAboveZero),
            "leading" => Names.Of(TimestepSpacing.LeadingAboveZero),
            string other => other,
        });
    }

    /// <summary>Which solver; names of other classes' solvers mean <paramref name="otherwise"/>, as in Python.</summary>
    public void Solver(string one, string two, string otherwise)
    {
        Only("solver_type", "midpoint", "heun", "logrho", "bh1", "bh2");
        string type = Text("solver_type");
        Say("solver_type", type == one || type == two ? type : otherwise);
    }

    /// <summary>DPM-Solver, DPM-Solver++ and its stochastic form as multistep methods.</summary>
    public void Multistep()
    {
        Solver("midpoint", "heun", otherwise: "midpoint");
        Only("algorithm_type", "dpmsolver++", "deis", "dpmsolver", "sde-dpmsolver++");
        string three = Whole("solver_order") == 3 ? "dpmpp_3m" : "dpmpp_2m";
        Sampler = Text("algorithm_type") switch { "dpmsolver" => "dpm_solver_2m", "sde-dpmsolver++" => three + "_sde", _ => three };
    }

    /// <summary>The continuum of σ of Karras et al. 2022.</summary>
    public void Karras()
    {
        Only("sigma_schedule", "karras", "exponential");
        Only("prediction_type", "epsilon", "v_prediction");
        Say("process", Names.Of(ProcessKind.Edm));
        foreach (string key in (string[])["sigma_min", "sigma_max", "sigma_data"]) Say(key, Number(key));
        if (Text("sigma_schedule") == "exponential") Say("sigma_curve", Names.Of(SigmaCurve.Exponential));
        if (Number("rho") == 7 || Text("sigma_schedule") == "exponential") _theirs.Remove("rho");
        if (Text("prediction_type") == "epsilon") return;       // F of EDM, whatever it is called
        if (Number("sigma_data") != 1) throw Wrong("prediction_type", "with a sigma_data other than 1 only epsilon is read");
        Say("prediction_type", Names.Of(PredictionType.VPrediction));
    }

    /// <summary>Straight paths between images and noise. The times run down to 1/1000, which is shifted like every time, and once more.</summary>
    public void Straight()
    {
        foreach (string curve in (string[])["use_karras_sigmas", "use_exponential_sigmas", "use_beta_sigmas"]) Only(curve, "false");
        if (Number("num_train_timesteps") != 1000) throw Wrong("num_train_timesteps", "1000 is read");
        if (Number("shift") is not (> 0 and <= 1000)) throw Wrong("shift", "it must be above 0, and 1 changes nothing");
        Say("process", Names.Of(ProcessKind.Flow));
        Say("shift", Number("shift"));
        Say("smallest_time", RectifiedFlow.Shifted([0.001], Number("shift"))[0]);
    }

    // A text "false" is true in Python, and 1 is no flag.
    void RequireKind(string key, JsonNode? usual, JsonNode value)
    {
        string? kind = usual?.GetValueKind() switch
        {
            JsonValueKind.True or JsonValueKind.False when value.GetValueKind() is not (JsonValueKind.True or JsonValueKind.False) => "true or false",
            JsonValueKind.Number when value.GetValueKind() != JsonValueKind.Number => "a number",
            JsonValueKind.String when value.GetValueKind() != JsonValueKind.String => "a text",
            _ => null,
        };
        if (kind is not null) throw new InvalidDataException($"{_path}: '{key}' is {value.ToJsonString()}; it must be {kind}.");
    }

    JsonObject Renamed(IEnumerable<(string Theirs, string Ours)> keys)
    {
        var ours = new JsonObject();
        foreach ((string theirs, string own) in keys)
        {
            if (_theirs[theirs] is { } value) ours[own] = value.DeepClone();
        }
        return ours;
    }

    string Shown(string key) => !_theirs.TryGetPropertyValue(key, out JsonNode? value) ? ""
        : value is JsonValue text && text.TryGetValue(out string? plain) ? plain
        : value?.ToJsonString() ?? "null";

    static double AsNumber(JsonNode value) => double.Parse(value.ToJsonString(), CultureInfo.InvariantCulture);

    InvalidDataException Wrong(string key, string mend) => new($"{_path}: '{key}' is {Shown(key)}; {mend}.");
}
