using System.Text.Json.Nodes;
using Brownian.Tensors;

namespace Brownian.Tests;

/// <summary>
/// DDIM and PNDM where the steps do not divide T, from a folder of diffusers: they step by T/steps whatever is visited next. The recordings have no
/// such case, so a slow twin stands in: the call of <c>step</c> as a counter, one number at a time, in double.
/// </summary>
public sealed class FixedStrideTests : IDisposable
{
    const int Trained = 1000;

    static readonly NoiseSchedule Schedule = NoiseSchedule.Linear();

    readonly ScratchFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    public static TheoryData<string, string, int, string, bool> Cases => new()
    {
        { "DDIMScheduler", "linspace", 7, "epsilon", true },
        { "DDIMScheduler", "trailing", 7, "epsilon", true },
        { "DDIMScheduler", "trailing", 30, "v_prediction", false },
        { "DDIMScheduler", "leading", 30, "epsilon", true },
        { "PNDMScheduler", "trailing", 7, "epsilon", false },
        { "PNDMScheduler", "leading", 40, "epsilon", false },
        { "PNDMScheduler", "linspace", 9, "epsilon", true },
        { "PNDMScheduler", "trailing", 13, "v_prediction", false },
        { "PNDMScheduler, skip", "trailing", 7, "epsilon", false },
        { "PNDMScheduler, skip", "linspace", 13, "epsilon", true },
        { "PNDMScheduler, skip", "trailing", 30, "v_prediction", true },
    };

    [Theory, MemberData(nameof(Cases))]
    public void A_folder_of_diffusers_is_sampled_as_diffusers_does(string scheduler, string spacing, int steps, string predicts, bool toImage)
    {
        using Device device = Device.Cpu(1);
        float[] start = [1.3f, -0.4f, 0.2f, -1.9f, 0.8f, 0f, 2.2f, -0.7f];
        double[] expected = [.. start.Select(x => Twin(scheduler, spacing, steps, predicts, toImage, x))];
        Close.Relative(expected, Sampled(Folder(scheduler, spacing, predicts, toImage, device), steps, start, device), 1e-5, "the image");
    }

    [Fact]
    public void Our_own_runs_go_to_the_next_timestep_unless_told_otherwise()
    {
        using Device device = Device.Cpu(1);
        float[] start = [1.3f, -0.4f];
        string folder = Folder("PNDMScheduler", "trailing", "epsilon", toImage: false, device);
        float[] theirs = Sampled(folder, 7, start, device), ours = Sampled(folder, 7, start, device, fixedStride: false);
        Assert.InRange(Math.Abs(theirs[0] / ours[0] - 1), 0.001, 0.1);
        Assert.Null(new SampleParams { Sampler = "pndm" }["fixed_stride"]);
        Assert.False(((PndmSampler)SamplerType.Named("pndm").Initial).FixedStride);
        Assert.False(((DdimSampler)SamplerType.Named("ddim").Initial).FixedStride);
    }

    [Theory]
    [InlineData(7, "leading")]
    [InlineData(10, "trailing")]
    public void Where_the_next_timestep_is_the_stride_away_both_are_the_same(int steps, string spacing)
    {
        using Device device = Device.Cpu(1);
        string folder = Folder("DDIMScheduler", spacing, "epsilon", toImage: true, device);
        Assert.Equal(Sampled(folder, steps, [0.7f], device), Sampled(folder, steps, [0.7f], device, fixedStride: false));
    }

    string Folder(string scheduler, string spacing, string predicts, bool toImage, Device device) => SchedulerFolder.With(
        new JsonObject
        {
            ["_class_name"] = scheduler.Split(',')[0],
            ["timestep_spacing"] = spacing,
            ["prediction_type"] = predicts,
            ["set_alpha_to_one"] = toImage,
            ["clip_sample"] = false,
            ["skip_prk_steps"] = scheduler.EndsWith("skip", StringComparison.Ordinal),
        }.ToJsonString(), _folder, device);

    static float[] Sampled(string folder, int steps, float[] start, Device device, bool? fixedStride = null)
    {
        DiffusionModel model = ModelFolder.Open(folder, device);
        StubNetwork network = new(device, Shape.Of(1, 1, 1), StubNetwork.Analytic);
        SampleOptions options = new() { Steps = steps };
        if (fixedStride is { } given) options = options with { Sampling = options.Sampling.With("fixed_stride", given) };
        RecordedNoise noise = new(start.Length, Array.ConvertAll(start, x => (double)x), 1, [], (_, _) => throw new InvalidOperationException("draws noise"));
        return new ImageSampler(model).SamplerFor(options)
            .Sample(new Denoiser(network, model.Process, model.Predicts), noise, cancel: TestContext.Current.CancellationToken).ToArray();
    }

    static double Twin(string scheduler, string spacing, int steps, string predicts, bool toImage, double x)
    {
        bool skip = scheduler.EndsWith("skip", StringComparison.Ordinal), velocity = predicts == "v_prediction";
        int stride = Trained / steps, half = stride / 2;
        int[] rising = [.. Enumerable.Range(0, steps).Select(i => spacing switch
        {
            "leading" => i * stride,
            "linspace" => (int)Math.Round(i * 999.0 / (steps - 1)),
            _ => (int)Math.Round(Trained - (steps - 1 - i) * (Trained / (double)steps)) - 1,
        })];
        if (scheduler == "DDIMScheduler")
        {
            foreach (int t in rising.Reverse()) x = Moved(x, StubNetwork.Analytic(x, t), t, t - stride);
            return x;
        }
        List<int> visits = skip ? [rising[^1], rising[^2], rising[^2]] : [];
        if (!skip)
        {
            for (int k = 1; k <= 3; k++) visits.AddRange([rising[^k], rising[^(k + 1)] + half, rising[^(k + 1)] + half, rising[^(k + 1)]]);
        }
        int warmUp = skip ? 0 : visits.Count;
        visits.AddRange(rising[..^(skip ? 2 : 3)].Reverse());
        List<double> past = [];
        double sum = 0, kept = x;
        for (int counter = 0; counter < visits.Count; counter++)
        {
            int t = visits[counter];
            double answer = StubNetwork.Analytic(x, t);
            if (counter < warmUp)
            {
                int to = counter % 2 == 0 ? t - half : t, from = visits[counter / 4 * 4];
                if (counter % 4 == 0) (kept, sum) = (x, 0);
                if (counter % 4 == 0) past.Add(answer);
                sum += answer / (counter % 4 is 0 or 3 ? 6 : 3);
                // The last of the four leads to its own timestep with the mean of all.
                x = Moved(kept, counter % 4 == 3 ? sum : answer, from, to);
                continue;
            }
            (int at, int next) = (t, t - stride);
            if (skip && counter == 1) (at, next) = (t + stride, t);
            else past.Add(answer);
            double mixed = past switch
            {
                [var e] when counter == 1 => (answer + e) / 2,
                [_] => answer,
                [var b, var a] => (3 * a - b) / 2,
                [var c, var b, var a] => (23 * a - 16 * b + 5 * c) / 12,
                [.., var d, var c, var b, var a] => (55 * a - 59 * b + 37 * c - 9 * d) / 24,
                _ => throw new InvalidOperationException(),
            };
            if (skip && counter == 0) kept = x;
            x = Moved(skip && counter == 1 ? kept : x, mixed, at, next);
        }
        return x;

        // Formula (9) of the paper is DDIM's step.
        double Moved(double from, double output, int t, int s)
        {
            double a = AlphaBar(t), b = s >= 0 ? AlphaBar(s) : toImage ? 1 : AlphaBar(0);
            double eps = velocity ? Math.Sqrt(a) * output + Math.Sqrt(1 - a) * from : output;
            return Math.Sqrt(b) * (from - Math.Sqrt(1 - a) * eps) / Math.Sqrt(a) + Math.Sqrt(1 - b) * eps;
        }
    }

    static double AlphaBar(int t) => Schedule.AlphasCumprod[t];
}
