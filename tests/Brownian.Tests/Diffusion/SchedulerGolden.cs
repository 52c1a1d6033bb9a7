using System.Text.Json;
using System.Text.Json.Nodes;
using Brownian.Nn;

namespace Brownian.Tests;

/// <summary>
/// One recorded run of a reference scheduler: its configuration (json) and its numbers (safetensors), images turned to N×H×W×C.
/// </summary>
sealed class SchedulerGolden : IDisposable
{
    readonly JsonElement _description;
    readonly SafetensorsFile _file;

    public SchedulerGolden(string name, string folder = "schedulers")
    {
        _description = JsonDocument.Parse(File.ReadAllText(Fixtures.Golden($"{folder}/{name}.json"))).RootElement;
        _file = SafetensorsFile.Read(Fixtures.Golden($"{folder}/{name}.safetensors"));
    }

    public IReadOnlyList<string> Names => _file.Names;

    public string Class => _description.GetProperty("class").GetString()!;

    public int Iterations => _description.GetProperty("num_loop_iterations").GetInt32();

    public bool IsSensitive => _description.GetProperty("sensitive").GetBoolean();

    public int? Steps => Of(_description, "num_inference_steps") is { ValueKind: JsonValueKind.Number } n ? n.GetInt32() : null;

    JsonElement Config => _description.GetProperty("config");

    /// <summary>The configuration as <c>save_pretrained</c> writes it, with Python's name for the infinity that the recording says in words.</summary>
    public string ConfigFile
    {
        get
        {
            var file = new JsonObject { ["_class_name"] = Class, ["_diffusers_version"] = "0.36.0" };
            foreach (JsonProperty entry in Config.EnumerateObject()) file[entry.Name] = JsonNode.Parse(entry.Value.GetRawText());
            return file.ToJsonString(new JsonSerializerOptions { WriteIndented = true }).Replace("\"-inf\"", "-Infinity", StringComparison.Ordinal);
        }
    }

    /// <summary>The channels of the network's answer to images of 3.</summary>
    public int OutputChannels => Has("variance_type") && Text("variance_type").StartsWith("learned", StringComparison.Ordinal) ? 6 : 3;

    /// <summary>What <c>step</c> was given besides.</summary>
    public JsonElement.ObjectEnumerator StepArguments => _description.GetProperty("step_kwargs").EnumerateObject();

    public NoiseSchedule Schedule
    {
        get
        {
            int timesteps = Config.GetProperty("num_train_timesteps").GetInt32();
            NoiseSchedule schedule = Config.GetProperty("trained_betas").ValueKind == JsonValueKind.Array
                ? NoiseSchedule.FromBetas([.. Config.GetProperty("trained_betas").EnumerateArray().Select(b => b.GetDouble())])
                : NoiseSchedule.Of(Brownian.Names.Named<BetaSchedule>(Text("beta_schedule"), "noise schedule"), timesteps, Number("beta_start"), Number("beta_end"));
            return Flag("rescale_betas_zero_snr") ? schedule.RescaledToZeroTerminalSnr() : schedule;
        }
    }

    public Parameterization Predicts => Parameterization.Of(Brownian.Names.Named<PredictionType>(Text("prediction_type"), "prediction type"));

    public X0Limit Limit => Flag("thresholding") ? X0Limit.Dynamic(Number("dynamic_thresholding_ratio"), Number("sample_max_value"))
        : Flag("clip_sample") ? X0Limit.Clip((float)Number("clip_sample_range"))
        : X0Limit.None;

    public DdpmSampler Ddpm => new()
    {
        Timesteps = Timesteps,
        Variance = Text("variance_type") switch
        {
            "fixed_small" => ReverseVariance.Small,
            "fixed_small_log" => ReverseVariance.SmallLog,
            "fixed_large" => ReverseVariance.Large,
            "learned_range" => ReverseVariance.LearnedRange,
            string other => throw new InvalidDataException($"variance_type {other}"),
        },
        Limit = Limit,
    };

    public TimestepSelection Timesteps
    {
        get
        {
            if (Argument("set_timesteps_kwargs", "timesteps") is { } custom)
                return new() { Custom = [.. custom.EnumerateArray().Select(t => t.GetInt32())] };
            return new()
            {
                Count = Steps,
                Spacing = Enum.Parse<TimestepSpacing>(Has("timestep_spacing") ? Text("timestep_spacing") : "linspace", ignoreCase: true),
                Offset = Has("steps_offset") ? Integer("steps_offset") : 0,
            };
        }
    }

    /// <summary>An argument of <c>set_timesteps</c> or <c>step</c>; null where it was not given.</summary>
    public JsonElement? Argument(string of, string key) => _description.GetProperty(of).TryGetProperty(key, out JsonElement value) ? value : null;

    /// <summary>The same as a number.</summary>
    public double StepArgument(string key, double otherwise) => Argument("step_kwargs", key)?.GetDouble() ?? otherwise;

    public double[] Doubles(string name) => _file.ReadDoubles(name);

    /// <summary>A table in double where it was recorded so, else in single precision.</summary>
    public double[] Table(string name) => _file.Names.Contains(name + "_f64") ? Doubles(name + "_f64") : [.. _file.ReadFloats(name)];

    public int[] Integers(string name) => Array.ConvertAll(_file.ReadIntegers(name), i => (int)i);

    /// <summary>A tensor of images …×N×C×H×W as floats, its last four axes turned to N×H×W×C.</summary>
    public float[] Images(string name) => Nhwc.From(_file.ReadFloats(name), _file[name].Shape);

    /// <summary>The same in double.</summary>
    public double[] ImagesInDouble(string name) => Nhwc.From(_file.ReadDoubles(name), _file[name].Shape);

    public long[] ShapeOf(string name) => _file[name].Shape;

    public void Dispose() => _file.Dispose();

    public bool Has(string key) => Config.TryGetProperty(key, out JsonElement value) && value.ValueKind != JsonValueKind.Null;

    public string Text(string key) => Config.GetProperty(key).GetString()!;

    public bool IsNumber(string key) => Config.GetProperty(key).ValueKind == JsonValueKind.Number;

    public double Number(string key) => Config.GetProperty(key).GetDouble();

    public int Integer(string key) => Config.GetProperty(key).GetInt32();

    public int[] List(string key) => [.. Config.GetProperty(key).EnumerateArray().Select(e => e.GetInt32())];

    public bool Flag(string key) => Has(key) && Config.GetProperty(key).GetBoolean();

    static JsonElement? Of(JsonElement element, string key) => element.TryGetProperty(key, out JsonElement value) ? value : null;
}

/// <summary>Turns images from PyTorch's axis order to ours.</summary>
static class Nhwc
{
    /// <summary>From …×C×H×W to …×H×W×C.</summary>
    public static T[] From<T>(T[] nchw, long[] shape)
    {
        int c = (int)shape[^3], pixels = (int)(shape[^2] * shape[^1]);
        T[] result = new T[nchw.Length];
        for (int i = 0; i < nchw.Length; i++)
        {
            int image = i / (c * pixels), channel = i / pixels % c, pixel = i % pixels;
            result[(image * pixels + pixel) * c + channel] = nchw[i];
        }
        return result;
    }
}

static class Close
{
    /// <summary>max|actual − expected| must not exceed tolerance·max|expected|.</summary>
    public static void Relative(ReadOnlySpan<double> expected, ReadOnlySpan<double> actual, double tolerance, string what)
    {
        Assert.Equal(expected.Length, actual.Length);
        double largest = 0, error = 0;
        for (int i = 0; i < expected.Length; i++)
        {
            largest = Math.Max(largest, Math.Abs(expected[i]));
            double difference = Math.Abs(expected[i] - actual[i]);
            error = double.IsNaN(difference) ? double.PositiveInfinity : Math.Max(error, difference);
        }
        Assert.True(error <= tolerance * largest, $"{what}: off by {error / largest:g3} of the largest, {largest:g6}; allowed {tolerance}");
    }

    public static void Relative(ReadOnlySpan<double> expected, ReadOnlySpan<float> actual, double tolerance, string what) =>
        Relative(expected, Array.ConvertAll(actual.ToArray(), v => (double)v), tolerance, what);

    public static void Relative(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual, double tolerance, string what) =>
        Relative(Array.ConvertAll(expected.ToArray(), v => (double)v), actual, tolerance, what);
}
