using System.Text.Json;
using Brownian.Diffusion;
using Brownian.Nn;

namespace Brownian.Tests;

/// <summary>
/// One recorded run of a reference scheduler: its configuration (json) and its numbers (safetensors), images turned to N×H×W×C.
/// </summary>
sealed class SchedulerGolden : IDisposable
{
    readonly JsonElement _description;
    readonly SafetensorsFile _file;

    public SchedulerGolden(string name)
    {
        _description = JsonDocument.Parse(File.ReadAllText(Shared.Golden($"schedulers/{name}.json"))).RootElement;
        _file = SafetensorsFile.Read(Shared.Golden($"schedulers/{name}.safetensors"));
    }

    public IReadOnlyList<string> Names => _file.Names;

    JsonElement Config => _description.GetProperty("config");

    public NoiseSchedule Schedule
    {
        get
        {
            int timesteps = Config.GetProperty("num_train_timesteps").GetInt32();
            double start = Number("beta_start"), end = Number("beta_end");
            NoiseSchedule schedule = Config.GetProperty("trained_betas").ValueKind == JsonValueKind.Array
                ? NoiseSchedule.FromBetas([.. Config.GetProperty("trained_betas").EnumerateArray().Select(b => b.GetDouble())])
                : Text("beta_schedule") switch
                {
                    "linear" => NoiseSchedule.Linear(timesteps, start, end),
                    "scaled_linear" => NoiseSchedule.ScaledLinear(timesteps, start, end),
                    "squaredcos_cap_v2" => NoiseSchedule.Cosine(timesteps),
                    "sigmoid" => NoiseSchedule.Sigmoid(timesteps, start, end),
                    "laplace" => NoiseSchedule.Laplace(timesteps),
                    string other => throw new InvalidDataException($"beta_schedule {other}"),
                };
            return Flag("rescale_betas_zero_snr") ? schedule.RescaledToZeroTerminalSnr() : schedule;
        }
    }

    public Parameterization Predicts => Parameterization.Named(Text("prediction_type"));

    public DdpmOptions DdpmOptions => new()
    {
        Timesteps = Timesteps,
        Variance = Text("variance_type") switch
        {
            "fixed_small" => ReverseVariance.FixedSmall,
            "fixed_small_log" => ReverseVariance.FixedSmallLog,
            "fixed_large" => ReverseVariance.FixedLarge,
            "learned_range" => ReverseVariance.LearnedRange,
            string other => throw new InvalidDataException($"variance_type {other}"),
        },
        Limit = Flag("thresholding") ? X0Limit.Dynamic(Number("dynamic_thresholding_ratio"), Number("sample_max_value"))
            : Flag("clip_sample") ? X0Limit.Clip((float)Number("clip_sample_range"))
            : X0Limit.None,
    };

    TimestepSelection Timesteps
    {
        get
        {
            if (_description.GetProperty("set_timesteps_kwargs").TryGetProperty("timesteps", out JsonElement custom))
                return new() { Custom = [.. custom.EnumerateArray().Select(t => t.GetInt32())] };
            return new()
            {
                Count = _description.GetProperty("num_inference_steps").GetInt32(),
                Spacing = Enum.Parse<TimestepSpacing>(Text("timestep_spacing"), ignoreCase: true),
                Offset = Config.GetProperty("steps_offset").GetInt32(),
            };
        }
    }

    public double[] Doubles(string name) => _file.ReadDoubles(name);

    public int[] Integers(string name) => Array.ConvertAll(_file.ReadIntegers(name), i => (int)i);

    /// <summary>A tensor of images …×N×C×H×W as floats, its last four axes turned to N×H×W×C.</summary>
    public float[] Images(string name) => Nhwc.From(_file.ReadFloats(name), _file[name].Shape);

    /// <summary>The same in double.</summary>
    public double[] ImagesInDouble(string name) => Nhwc.From(_file.ReadDoubles(name), _file[name].Shape);

    public long[] ShapeOf(string name) => _file[name].Shape;

    public void Dispose() => _file.Dispose();

    string Text(string key) => Config.GetProperty(key).GetString()!;

    double Number(string key) => Config.GetProperty(key).GetDouble();

    bool Flag(string key) => Config.GetProperty(key).GetBoolean();
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

/// <summary>Noise from a recording, in the order it was drawn.</summary>
sealed class RecordedNoise(int images, float[] start, float[] noises) : INoiseSource
{
    public int Images => images;

    /// <summary>The steps that asked for noise.</summary>
    public List<int> Steps { get; } = [];

    public void Start(Span<float> x) => start.CopyTo(x);

    public void Step(int step, Span<float> z)
    {
        noises.AsSpan(Steps.Count * z.Length, z.Length).CopyTo(z);
        Steps.Add(step);
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

    public static void Relative(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual, double tolerance, string what) =>
        Relative(Array.ConvertAll(expected.ToArray(), v => (double)v), Array.ConvertAll(actual.ToArray(), v => (double)v), tolerance, what);
}
