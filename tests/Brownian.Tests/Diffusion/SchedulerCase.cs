using System.Text.Json;
using Brownian.Tensors;

namespace Brownian.Tests;

/// <summary>
/// A recorded scheduler as a user meets it: a folder of diffusers with the recorded configuration as its <c>scheduler_config.json</c>, opened
/// and sampled by the code of <c>sample</c>; only the network is the recording's formula.
/// </summary>
/// <param name="Sampler">What the folder and the arguments of the recorded call lead to.</param>
/// <param name="Process">The noise levels of the network.</param>
/// <param name="Predicts">What the network predicts.</param>
sealed record SchedulerCase(Sampler Sampler, INoiseProcess Process, Parameterization Predicts)
{
    const string NotOfAFile = "an argument of a call in Python, which no file holds";

    /// <summary>
    /// Recordings that no folder leads to, with the reason: the key that is refused, or where it is no key at all. Their levels are given one by
    /// one, as a program may do.
    /// </summary>
    public static IReadOnlyDictionary<string, string> WithoutFile { get; } = new Dictionary<string, string>
    {
        ["euler_loglinear"] = "'interpolation_type' is log_linear",
        ["flow_euler_karras"] = "'use_karras_sigmas' is true",
        ["flow_euler_shift_terminal"] = "'shift_terminal' is 0.1",
        ["flow_euler_dynamic_shift"] = "'use_dynamic_shifting' is true",
        ["flow_euler_dynamic_shift_linear"] = "'use_dynamic_shifting' is true",
        ["flow_euler_custom_sigmas"] = NotOfAFile,
    };

    /// <summary>Whether the file of a case without a folder can be opened, as what cannot be said in it is not in it.</summary>
    public static bool HasFile(string name) => !WithoutFile.TryGetValue(name, out string? reason) || reason == NotOfAFile;

    /// <summary>The iteration of the reference's loop whose result is that of our step; it counts evaluations.</summary>
    public Func<int, int> IterationAfter { get; private init; } = step => step;

    /// <summary>The iteration that evaluates the network at the start of our step.</summary>
    public Func<int, int> IterationAt { get; private init; } = step => step;

    /// <summary>The reference adds churn after its evaluation instead of before.</summary>
    public bool ChurnsLate { get; private init; }

    public static SchedulerCase Of(SchedulerGolden golden, string name, ScratchFolder folder, Device device)
    {
        SchedulerCase made = WithoutFile.ContainsKey(name) ? ByHand(golden, name) : Opened(golden, folder, device);
        return golden.Class switch
        {
            "HeunDiscreteScheduler" or "KDPM2DiscreteScheduler" or "FlowMatchHeunDiscreteScheduler" => made with
            {
                IterationAfter = step => Math.Min(2 * step + 1, golden.Iterations - 1),
                IterationAt = step => 2 * step,
            },
            "PNDMScheduler" when golden.Flag("skip_prk_steps") => made with
            {
                IterationAfter = step => step + 1,
                IterationAt = step => step == 0 ? 0 : step + 1,
            },
            "PNDMScheduler" => made with
            {
                IterationAfter = step => step < 3 ? 4 * step + 3 : step + 9,
                IterationAt = step => step < 3 ? 4 * step : step + 9,
            },
            _ => made with { ChurnsLate = golden.StepArgument("s_churn", 0) > 0 },
        };
    }

    static SchedulerCase Opened(SchedulerGolden golden, ScratchFolder folder, Device device)
    {
        DiffusionModel model = ModelFolder.Open(SchedulerFolder.With(golden.ConfigFile, folder, device, golden.OutputChannels), device);
        return new(new ImageSampler(model).SamplerFor(OptionsOf(golden)), model.Process, model.Predicts);
    }

    // What the recorded calls of set_timesteps and step were given, as options of sampling.
    static SampleOptions OptionsOf(SchedulerGolden golden)
    {
        SampleOptions options = new();
        if (golden.Steps is { } steps) options = options with { Steps = steps };
        SampleParams sampling = options.Sampling;
        if (golden.Argument("set_timesteps_kwargs", "timesteps") is { } custom)
            sampling = sampling.With("timesteps", Values.Of<int>([.. custom.EnumerateArray().Select(t => t.GetInt32())]));
        foreach (JsonProperty argument in golden.StepArguments)
            sampling = sampling.With(argument.Name, argument.Value.ValueKind == JsonValueKind.True ? true : argument.Value.GetDouble());
        return options with { Sampling = sampling };
    }

    static SchedulerCase ByHand(SchedulerGolden golden, string name) => name == "euler_loglinear"
        ? new(new EulerSampler { Levels = LogLinear(golden) }, golden.Schedule, golden.Predicts)
        : new(new EulerSampler { Levels = FlowTimes(golden) }, new RectifiedFlow(), Parameterization.Flow);

    // The reference spreads n + 1 sigmas beside n timesteps, stops at the n-th, and so tells the network of other levels than there are.
    static LevelSelection LogLinear(SchedulerGolden golden)
    {
        NoiseSchedule schedule = golden.Schedule;
        double[] times = (golden.Timesteps with { Fractional = true }).Times(schedule.Timesteps);
        double[] sigmas = SigmaCurves.Exponential(times.Length + 1, schedule.At(times[0]).Ratio, schedule.At(times[^1]).Ratio);
        return new() { Explicit = [.. sigmas.Select((sigma, i) => new NoiseLevel(1, sigma, i < times.Length ? times[i] : 0))] };
    }

    static LevelSelection FlowTimes(SchedulerGolden golden)
    {
        double shift = golden.Number("shift"), last = RectifiedFlow.Shifted([0.001], shift)[0];
        JsonElement? custom = golden.Argument("set_timesteps_kwargs", "sigmas"), mu = golden.Argument("set_timesteps_kwargs", "mu");
        double[] times = custom is { } given
            ? [.. given.EnumerateArray().Select(t => t.GetDouble())]
            : golden.Flag("use_karras_sigmas") ? SigmaCurves.Karras(golden.Steps!.Value, 1, last)
            : [.. Enumerable.Range(0, golden.Steps!.Value).Select(i => 1 + i / (golden.Steps.Value - 1.0) * (last - 1))];
        times = RectifiedFlow.Shifted(times, mu is { } m ? golden.Text("time_shift_type") == "linear" ? m.GetDouble() : Math.Exp(m.GetDouble()) : shift);
        // LTX-Video stretches the times around t = 1 so that the last becomes shift_terminal (HaCohen et al. 2024).
        if (golden.Has("shift_terminal")) times = Array.ConvertAll(times, t => 1 - (1 - t) * (1 - golden.Number("shift_terminal")) / (1 - times[^1]));
        return new() { Explicit = [.. times.Select(RectifiedFlow.AtTime), NoiseLevel.Clean] };
    }
}

/// <summary>A folder of diffusers with a tiny network of 4×4 pixels, to hold any scheduler.</summary>
static class SchedulerFolder
{
    /// <summary>The folder with this text as its scheduler's configuration.</summary>
    public static string With(string scheduler, ScratchFolder folder, Device device, int outputs = 3)
    {
        string path = folder.Path($"pipeline-{outputs}");
        if (!Directory.Exists(path))
        {
            UNet2DOptions network = new()
            {
                ImageSize = [4],
                OutChannels = outputs,
                BlockOutChannels = [4],
                NormNumGroups = 2,
                LayersPerBlock = 1,
                AddAttention = false,
                DownBlockTypes = ["DownBlock2D"],
                UpBlockTypes = ["UpBlock2D"],
            };
            ModelDescription description = new() { Model = network, Diffusion = new() };
            ModelFolder.Export(path, new DiffusionModel(description, network.CreateNetwork(device), device, ""), "diffusers");
        }
        File.WriteAllText(Path.Combine(path, "scheduler", "scheduler_config.json"), scheduler);
        return path;
    }
}
