using System.Text.Json;
using Brownian.Nn;
using Brownian.Tensors;

namespace Brownian.Tests;

public sealed class OptimizationTests : IDisposable
{
    readonly Device _device = Device.Cpu(1);

    public void Dispose() => _device.Dispose();

    (ParameterSet Set, Parameter Weight) OneParameter(params float[] values)
    {
        var set = new ParameterSet();
        Parameter weight = set.Root.Declare("weight", ParameterLayout.Plain, Initialization.Zeros, values.Length);
        set.Allocate(_device, 1);
        weight.FromTorch(values);
        return (set, weight);
    }

    [Theory]
    [InlineData(0, false)]
    [InlineData(0.1, false)]
    [InlineData(0.1, true)]
    public void Adam_is_algorithm_1(double decay, bool decoupled)
    {
        var options = new AdamOptions { Beta1 = 0.8, Beta2 = 0.95, Epsilon = 1e-3, WeightDecay = decay, Decoupled = decoupled };
        (ParameterSet set, Parameter weight) = OneParameter(0.5f, -2, 3);
        var adam = new Adam(set, options);
        double[] w = [0.5, -2, 3], m = new double[3], v = new double[3];
        for (int step = 1; step <= 5; step++)
        {
            float[] gradient = [step, -0.1f * step, 0];
            weight.FromTorch(gradient, set.Gradients);
            adam.Step(0.01 * step);
            for (int i = 0; i < 3; i++)
            {
                double g = gradient[i] + (decoupled ? 0 : decay * w[i]);
                if (decoupled) w[i] -= 0.01 * step * decay * w[i];
                m[i] = 0.8 * m[i] + 0.2 * g;
                v[i] = 0.95 * v[i] + 0.05 * g * g;
                w[i] -= 0.01 * step * (m[i] / (1 - Math.Pow(0.8, step))) / (Math.Sqrt(v[i] / (1 - Math.Pow(0.95, step))) + 1e-3);
            }
        }
        Assert.Equal(5, adam.Steps);
        Assert.InRange(GoldenNetworks.LargestDifference(w, weight.ToTorch()), 0, 2e-6);
        Assert.InRange(GoldenNetworks.LargestDifference(m, weight.ToTorch(adam.FirstMoment)), 0, 2e-6);
        Assert.InRange(GoldenNetworks.LargestDifference(v, weight.ToTorch(adam.SecondMoment)), 0, 4e-6);
    }

    [Theory]
    [InlineData(1, 0.2)]     // 5 scaled down to 1
    [InlineData(10, 1)]      // already below
    [InlineData(0, 1)]       // no limit
    public void Gradients_are_clipped_by_their_global_norm(double limit, double scale)
    {
        (ParameterSet set, Parameter weight) = OneParameter(0, 0);
        weight.FromTorch([3, 4], set.Gradients);
        var adam = new Adam(set, new AdamOptions { MaxGradientNorm = limit });
        Assert.Equal(5, adam.Step(0.1).GradientNorm, 1e-9);
        Assert.Equal(0.1 * 3 * scale, weight.ToTorch(adam.FirstMoment)[0], 1e-6);
    }

    [Fact]
    public void A_step_with_a_gradient_that_is_not_finite_is_not_made()
    {
        (ParameterSet set, Parameter weight) = OneParameter(1, 2);
        weight.FromTorch([3, float.PositiveInfinity], set.Gradients);
        var adam = new Adam(set, new AdamOptions());
        OptimizerResult result = adam.Step(0.1);
        Assert.False(result.Applied);
        Assert.Same(weight, result.NonFinite);
        Assert.Equal([1, 2], weight.ToTorch());
        Assert.Equal(0, adam.Steps);
        Assert.All(adam.FirstMoment.ToArray(), m => Assert.Equal(0f, m));
    }

    [Fact]
    public void Impossible_options_are_named()
    {
        (ParameterSet set, _) = OneParameter(1);
        string Refusal(AdamOptions options) => Assert.Throws<ArgumentException>(() => new Adam(set, options)).Message;
        Assert.Equal("Adam: Beta1 is 1; it must be at least 0 and below 1.", Refusal(new AdamOptions { Beta1 = 1 }));
        Assert.Equal("Adam: Epsilon is 0; it must be above 0 and finite.", Refusal(new AdamOptions { Epsilon = 0 }));
        Assert.Equal("EMA: the decay is 1.5; it must be from 0 to 1.", Assert.Throws<ArgumentException>(() => new Ema(set, new EmaOptions { Decay = 1.5 })).Message);
        Assert.Throws<ArgumentException>(() => new Adam(set, new AdamOptions()).Step(double.NaN));
    }

    [Fact]
    public void An_average_starts_as_a_copy_and_follows_the_weights()
    {
        (ParameterSet set, Parameter weight) = OneParameter(1, 2);
        var ema = new Ema(set, new EmaOptions { Decay = 0.75, Warmup = EmaWarmup.None });
        weight.FromTorch([5, 2]);
        Assert.Equal([1, 2], weight.ToTorch(ema.Average));
        ema.Update();
        Assert.Equal([2, 2], weight.ToTorch(ema.Average));
        Assert.Equal(1, ema.Updates);
    }

    [Fact]
    public void Decays_of_averages_are_those_of_diffusers()
    {
        using JsonDocument json = JsonDocument.Parse(File.ReadAllText(Fixtures.Golden("training/ema_schedule.json")));
        foreach (JsonElement golden in json.RootElement.GetProperty("ema_decay").EnumerateArray())
        {
            JsonElement args = golden.GetProperty("args");
            var options = new EmaOptions
            {
                Decay = Argument(args, "decay", 0.9999),
                MinDecay = Argument(args, "min_decay", 0),
                UpdateAfterStep = (long)Argument(args, "update_after_step", 0),
                Warmup = args.TryGetProperty("use_ema_warmup", out JsonElement warmup) && warmup.GetBoolean() ? EmaWarmup.Power : EmaWarmup.Ratio,
                InverseGamma = Argument(args, "inv_gamma", 1),
                Power = Argument(args, "power", 2.0 / 3),
            };
            double[] expected = [.. golden.GetProperty("decay").EnumerateArray().Select(d => d.GetDouble())];
            double[] actual = [.. golden.GetProperty("optimization_step").EnumerateArray().Select(s => options.DecayAt(s.GetInt64()))];
            Assert.All(expected.Zip(actual), pair => Assert.Equal(pair.First, pair.Second, 1e-14));
        }
    }

    [Fact]
    public void Learning_rates_are_those_of_diffusers()
    {
        using JsonDocument json = JsonDocument.Parse(File.ReadAllText(Fixtures.Golden("training/ema_schedule.json")));
        foreach (JsonElement golden in json.RootElement.GetProperty("lr_schedules").EnumerateArray())
        {
            JsonElement args = golden.GetProperty("args");
            string name = golden.GetProperty("name").GetString()!;
            var schedule = new LearningRateSchedule(golden.GetProperty("base_lr").GetDouble())
            {
                WarmupSteps = (long)Argument(args, "num_warmup_steps", 0),
                TotalSteps = (long)Argument(args, "num_training_steps", 0),
                Cycles = (int)Argument(args, "num_cycles", 1),
                Power = Argument(args, "power", 1),
                Decay = name switch
                {
                    "linear" => RateDecay.Linear,
                    "cosine" => RateDecay.Cosine,
                    "cosine_with_restarts" => RateDecay.CosineWithRestarts,
                    "polynomial" => RateDecay.Polynomial,
                    _ => RateDecay.Constant,
                },
            };
            double[] expected = [.. golden.GetProperty("lr_per_step").EnumerateArray().Select(r => r.GetDouble())];
            for (int step = 0; step < expected.Length; step++)
                Assert.True(Math.Abs(expected[step] - schedule.RateAt(step)) < 1e-15, $"{name}, step {step}: {schedule.RateAt(step)}, expected {expected[step]}");
        }
    }

    /// <summary>100 steps, 10 of them rising, the last quarter falling.</summary>
    [Theory]
    [InlineData(RateCooldown.Linear, 0, 0)]
    [InlineData(RateCooldown.Linear, 5, 0.5)]
    [InlineData(RateCooldown.Linear, 10, 1)]
    [InlineData(RateCooldown.Linear, 75, 1)]
    [InlineData(RateCooldown.Linear, 76, 0.96)]
    [InlineData(RateCooldown.Linear, 99, 0.04)]
    [InlineData(RateCooldown.Linear, 100, 0)]
    [InlineData(RateCooldown.Linear, 130, 0)]
    [InlineData(RateCooldown.OneMinusSqrt, 74, 1)]
    [InlineData(RateCooldown.OneMinusSqrt, 76, 0.8)]
    [InlineData(RateCooldown.OneMinusSqrt, 84, 0.4)]
    [InlineData(RateCooldown.OneMinusSqrt, 91, 0.2)]
    [InlineData(RateCooldown.OneMinusSqrt, 100, 0)]
    public void A_stable_rate_falls_at_the_end(RateCooldown cooldown, long step, double share)
    {
        var schedule = new LearningRateSchedule(3e-4)
        {
            WarmupSteps = 10,
            TotalSteps = 100,
            Decay = RateDecay.WarmupStableDecay,
            DecayFraction = 0.25,
            Cooldown = cooldown,
        };
        Assert.Equal(3e-4 * share, schedule.RateAt(step), 1e-15);
        // A run of any length has the same rates before it falls, and one that rises until it falls loses nothing.
        Assert.Equal(3e-4, (schedule with { TotalSteps = 1000 }).RateAt(700), 1e-15);
        Assert.Equal(3e-4 * 0.5, (schedule with { DecayFraction = 1, Cooldown = RateCooldown.Linear }).RateAt(55), 1e-15);
    }

    static double Argument(JsonElement args, string name, double otherwise) =>
        args.TryGetProperty(name, out JsonElement value) ? value.GetDouble() : otherwise;
}
