using Brownian.Nn;
using Brownian.Tensors;

namespace Brownian.Tests;

/// <summary>Twenty steps of training, step by step as PyTorch makes them: network, optimiser, clipping, average and schedule together.</summary>
public sealed class TrainingTrajectoryTests : IDisposable
{
    static readonly AdamOptions Plain = new(), Decoupled = new() { WeightDecay = 1e-2, Decoupled = true };

    readonly Device _device = Device.Cpu();

    public void Dispose() => _device.Dispose();

    public static TheoryData<string, AdamOptions> Variants => new()
    {
        { "adamw", Decoupled },
        { "adamw_clip", Decoupled with { MaxGradientNorm = 1 } },
        { "adam", Plain },
        { "adam_l2", Plain with { WeightDecay = 1e-2 } },
        { "adamw_warmup_cosine", Decoupled },
    };

    [Theory]
    [MemberData(nameof(Variants))]
    public void Losses_and_weights_follow_pytorch(string variant, AdamOptions options)
    {
        using SafetensorsFile golden = SafetensorsFile.Read(Fixtures.Golden($"training/{variant}.safetensors"));
        using SafetensorsFile data = SafetensorsFile.Read(Fixtures.Golden("training/data.safetensors"));
        var network = new UNet2D(UNet2DTests.Options(Fixtures.Golden("training/model/config.json")), _device);
        ParameterSet parameters = network.Parameters;
        GoldenNetworks.Load(parameters, Fixtures.Golden("training/model/diffusion_pytorch_model.safetensors"));
        var adam = new Adam(parameters, options);
        var ema = new Ema(parameters, new EmaOptions { Decay = 0.99, Warmup = EmaWarmup.None });

        double[] losses = golden.ReadDoubles("loss_f64"), norms = golden.ReadDoubles("grad_norm_f64"), rates = golden.ReadDoubles("lr");
        LearningRateSchedule schedule = variant == "adamw_warmup_cosine"
            ? new(1e-3) { WarmupSteps = 5, TotalSteps = losses.Length, Decay = RateDecay.Cosine }
            : new(1e-3);
        for (int step = 0; step < losses.Length; step++)
        {
            using TensorScope scope = _device.OpenScope();
            parameters.ZeroGrad();
            Tensor loss = Loss(network, data, step);
            loss.Backward();
            Assert.Equal(rates[step], schedule.RateAt(step), 1e-12);
            OptimizerResult result = adam.Step(schedule.RateAt(step));
            ema.Update();
            Assert.True(Math.Abs(losses[step] - loss.Item()) < 1e-4 * losses[step], $"loss of step {step}: {loss.Item()}, expected {losses[step]}");
            Assert.True(Math.Abs(norms[step] - result.GradientNorm) < 1e-3 * norms[step], $"norm of step {step}: {result.GradientNorm}, expected {norms[step]}");
        }
        int compared = AssertClose(golden, "final.", parameters, parameters.Values, 5e-5);
        compared += AssertClose(golden, "ema.", parameters, ema.Average, 5e-5);
        compared += AssertClose(golden, "exp_avg.", parameters, adam.FirstMoment, 1e-4);
        compared += AssertClose(golden, "exp_avg_sq.", parameters, adam.SecondMoment, 1e-4);
        Assert.True(compared > 8, $"only {compared} tensors were compared");
    }

    /// <summary>Mean squared error of the predicted noise on the stored images, noises and timesteps of one step.</summary>
    Tensor Loss(UNet2D network, SafetensorsFile data, int step)
    {
        long[] shape = data["images"].Shape;
        int count = (int)data["images"].Count, batch = (int)shape[0];
        Tensor images = GoldenNetworks.Images(data, "images", _device);
        Tensor noise = GoldenNetworks.Images(data.ReadFloats("noises").AsSpan(step * count, count), shape, _device);
        float[] timesteps = GoldenNetworks.Timesteps(data, "timesteps")[(step * batch)..((step + 1) * batch)];
        float[] signal = new float[batch], sigma = new float[batch];
        for (int n = 0; n < batch; n++)
        {
            double kept = 1;   // ᾱ(t) of the linear schedule from 1e-4 to 0.02
            for (int t = 0; t <= timesteps[n]; t++) kept *= 1 - (1e-4 + (0.02 - 1e-4) * t / 999);
            (signal[n], sigma[n]) = ((float)Math.Sqrt(kept), (float)Math.Sqrt(1 - kept));
        }
        return network.Answer(TensorOps.MixPerSample(signal, images, sigma, noise), new(timesteps)).MeanSquaredError(noise);
    }

    /// <summary>Absolute for weights, relative to the largest element for moments; returns how many tensors were there to compare.</summary>
    static int AssertClose(SafetensorsFile golden, string prefix, ParameterSet parameters, Tensor buffer, double tolerance)
    {
        int compared = 0;
        foreach (Parameter parameter in parameters)
        {
            // Adam moves a parameter without gradient by its rounding noise, a full step in a random direction.
            if (parameter.Name.EndsWith("to_k.bias", StringComparison.Ordinal) || !golden.TryGet(prefix + parameter.Name, out _)) continue;
            double[] expected = golden.ReadDoubles(prefix + parameter.Name);
            float[] actual = parameter.ToTorch(buffer);
            bool moment = prefix.StartsWith("exp", StringComparison.Ordinal);
            double error = moment ? GoldenNetworks.RelativeError(expected, actual) : GoldenNetworks.LargestDifference(expected, actual);
            Assert.True(error < tolerance, $"{prefix}{parameter.Name}: error {error:E2}");
            compared++;
        }
        return compared;
    }
}
