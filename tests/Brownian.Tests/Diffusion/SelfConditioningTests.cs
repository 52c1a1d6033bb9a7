using Brownian.Nn;
using Brownian.Tensors;

namespace Brownian.Tests;

/// <summary>Networks that see their last x̂_0: what they are shown in training and by samplers, and the files that can say so.</summary>
public sealed class SelfConditioningTests : IDisposable
{
    static readonly Shape Image = Shape.Of(2, 3, 2);

    readonly Device _device = Device.Cpu(threads: 1);
    readonly ScratchFolder _folder = new();

    public void Dispose()
    {
        _device.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData("epsilon"), InlineData("sample"), InlineData("v_prediction"), InlineData("edm")]
    public void Every_other_image_is_trained_with_the_estimate_of_a_first_pass(string predicts)
    {
        const int Images = 5;
        INoiseProcess process = predicts == "edm" ? new VarianceExploding() : NoiseSchedule.Linear();
        TrainingObjective objective = new(process, Parameterization.Of(Names.Named<PredictionType>(predicts, "prediction type")), Seed: 3)
        {
            Times = predicts == "edm" ? TimeDistribution.LogNormalSigma() : TimeDistribution.Uniform,
        };
        Tensor x0 = Tensor.From([.. Enumerable.Range(0, Images * Image.Count).Select(i => MathF.Sin(i))], Shape.Of(Images, 2, 3, 2), _device);
        foreach (long step in (long[])[6, 7])
        {
            TwoViews network = new(_device);
            TrainingDraw drawn = objective.Draw(network, x0, step, labels: [0, 1, 2, 3, 4]);
            Assert.Equal((int)(step % 2), drawn.FirstEstimated);
            TrainingLoss loss = objective.Loss(network, x0, drawn);
            int[] asked = [.. Enumerable.Range(0, Images).Where(n => n % 2 == step % 2)];
            Assert.Equal(2, network.Seen.Count);
            Assert.Equal(asked.Length, network.Seen[0].X.Length);
            Assert.All(network.Seen[0].Estimate, estimate => Assert.All(estimate, pixel => Assert.Equal(0, pixel)));
            Assert.Equal(asked, network.Seen[0].Labels);
            Assert.False(network.Seen[0].Training);
            Assert.True(network.Seen[1].Training);
            float[] clean = x0.ToArray(), noise = drawn.Noise.ToArray();
            for (int n = 0; n < Images; n++)
            {
                NoiseLevel level = drawn.Times[n].Level;
                int first = Array.IndexOf(asked, n);
                double sum = 0;
                for (int i = 0; i < Image.Count; i++)
                {
                    int at = n * Image.Count + i;
                    double xt = level.Alpha * clean[at] + level.Sigma * noise[at], input = objective.Predicts.InputScale(level) * xt;
                    double said = TwoViews.Answer(input, 0), estimate = Math.Clamp(objective.Predicts.X0(level).Of(xt, said), -1, 1);
                    if (first < 0) estimate = 0;
                    else Assert.Equal(input, network.Seen[0].X[first][i], 1e-5);
                    Assert.Equal(estimate, network.Seen[1].Estimate[n][i], 2e-3);        // 1/α of almost pure noise magnifies a float's rounding
                    Assert.Equal(input, network.Seen[1].X[n][i], 1e-5);
                    sum += Math.Pow(TwoViews.Answer(input, network.Seen[1].Estimate[n][i]) - objective.Predicts.Target(level).Of(clean[at], noise[at]), 2);
                }
                Assert.Equal(1, loss.PerImage.Value[n] / (sum / Image.Count), 1e-4);
            }
        }
        // An image's place in the whole batch decides, whatever the parts.
        Assert.Equal(1, objective.Draw(new TwoViews(_device), x0, 6, firstImage: 3).FirstEstimated);
        Assert.Null(objective.Draw(new StubNetwork(_device, Image, StubNetwork.Analytic), x0, 6).FirstEstimated);
    }

    [Fact]
    public void A_batch_of_one_is_trained_with_and_without_in_turn()
    {
        TrainingObjective objective = new(NoiseSchedule.Linear(), Parameterization.Epsilon, Seed: 3);
        TwoViews network = new(_device);
        for (long step = 0; step < 4; step++) objective.Loss(network, Tensor.Zeros(Shape.Of(1, 2, 3, 2), _device), step, labels: [0]);
        Assert.Equal([false, true, true, false, true, true], network.Seen.Select(seen => seen.Training));
    }

    public static TheoryData<string> Samplers => [.. SamplerType.All.Select(type => type.Name)];

    [Theory, MemberData(nameof(Samplers))]
    public void Every_sampler_shows_the_latest_estimate(string name)
    {
        foreach (bool guided in (bool[])[false, true])
        {
            TwoViews network = new(_device);
            Denoiser denoiser = new(network, NoiseSchedule.Linear(), Parameterization.Epsilon) { Labels = [1, 2] };
            IDenoiser asked = guided ? new GuidedDenoiser(denoiser, [1, 2], new GuidanceOptions { Scale = 2 }) : denoiser;
            Watching watched = new(asked);
            Sampler sampler = SamplerType.Named(name).With([("steps", 5)]);
            float[] once = sampler.Sample(watched, [7, 8], cancel: TestContext.Current.CancellationToken).ToArray();
            Assert.True(network.Seen.Count >= 5);
            Assert.All(watched.Given[0], pixel => Assert.Equal(0, pixel));
            for (int call = 1; call < network.Seen.Count; call++)
            {
                Assert.Equal(watched.Said[call - 1], watched.Given[call]);
                Assert.Contains(watched.Given[call], pixel => pixel != 0);
            }
            for (int call = 0; call < network.Seen.Count; call++)
            {
                float[][] given = [.. watched.Given[call].Chunk(Image.Count)];
                Assert.Equal(guided ? [.. given, .. given] : given, network.Seen[call].Estimate);
            }
            Assert.Equal(once, sampler.Sample(asked, [7, 8], cancel: TestContext.Current.CancellationToken).ToArray());        // a run begins without one
        }
    }

    [Theory]
    [InlineData("tutorial_unet", "down_channels=[8,16]", "mid_channels=[16,8]", "down_sample=[true]", "time_emb_dim=8")]
    [InlineData("unet2d", "in_channels=1", "out_channels=1", "block_out_channels=[8,8]", "down_block_types=[DownBlock2D,DownBlock2D]", "up_block_types=[UpBlock2D,UpBlock2D]", "norm_num_groups=4")]
    [InlineData("plain_unet", "in_ch=1", "w=4", "time_dim=8")]
    [InlineData("residual_unet", "base_channels=8")]
    [InlineData("simple_unet", "image_channels=1")]
    public void Every_network_can_be_one(string type, params string[] options)
    {
        TrainConfig config = new TrainConfig().With([$"model_params.type={type}", "model_params.self_condition=true", .. options.Select(option => $"model_params.{option}")]);
        IDenoisingNetwork network = NetworkSummary.Of(device => config.Model.CreateNetwork(device)).Network;       // traced through all its layers
        Assert.Equal((2 * network.Channels, true), (network.SeenChannels, network.SeesEstimates()));
        Assert.Contains("self_condition: true", config.ToYaml(), StringComparison.Ordinal);
        Assert.DoesNotContain("self_condition", (config with { Model = config.Model with { SelfConditioned = false } }).ToYaml(), StringComparison.Ordinal);
    }

    [Fact]
    public void Formats_that_cannot_say_it_refuse()
    {
        TrainConfig config = TinyRun.UNet2D.With(["model_params.self_condition=true"]);
        IDenoisingNetwork network = config.Model.CreateNetwork(_device, seed: 1);
        DiffusionModel model = new(ModelDescription.Of(config), network, _device, hash: "");
        Assert.Contains("no pipeline of diffusers", Assert.Throws<InvalidDataException>(() => ModelFolder.Export(_folder.Path("a"), model, "diffusers")).Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_folder.Path("a")));
        Assert.Equal("safetensors", ModelFolder.Export(_folder.Path("b"), model).Name);
        ModelFolder.Save(_folder.Path("c"), model);
        SampleOptions options = new() { Count = 2, Steps = 3 };
        byte[] pixels = Sampled(model);
        Assert.Equal(pixels, Sampled(ModelFolder.Open(_folder.Path("b"), _device)));
        Assert.Equal(pixels, Sampled(ModelFolder.Open(_folder.Path("c"), _device)));
        Assert.Throws<InvalidDataException>(() => TinyRun.UNet2D.With(
            ["model_params.self_condition=true", "model_params.in_channels=3", "model_params.out_channels=3", "model_params.down_block_types=[SkipDownBlock2D,SkipDownBlock2D]"]));

        byte[] Sampled(DiffusionModel model) => [.. new ImageSampler(model).Sample(options, cancel: TestContext.Current.CancellationToken).Images.SelectMany(image => image.Pixels.ToArray())];
    }

    /// <summary>A formula of the image and of the estimate beside it that notes all that it is shown.</summary>
    sealed class TwoViews : IDenoisingNetwork
    {
        public TwoViews(Device device) => Parameters.Allocate(device, seed: 0);

        public static double Answer(double x, double estimate) => 0.8 * x - 0.3 * Math.Sin(estimate) + 0.01;

        public List<(float[][] X, float[][] Estimate, int[] Labels, bool Training)> Seen { get; } = [];

        public ParameterSet Parameters { get; } = new();

        public int Channels => Image.Channels;

        public int SeenChannels => 2 * Channels;

        public int Height => Image[0];

        public int Width => Image[1];

        public int SizeMultiple => 1;

        public int Classes => 6;

        public Tensor Forward(Tensor x, NetworkPass pass)
        {
            if (x.Device is TracingDevice) return x.TakeChannels(0, Channels);
            float[][] images = [.. x.TakeChannels(0, Channels).ToArray().Chunk(Image.Count)], estimates = [.. x.TakeChannels(Channels, Channels).ToArray().Chunk(Image.Count)];
            Seen.Add((images, estimates, pass.Labels.ToArray(), pass.Training is not null));
            float[] answers = [.. images.SelectMany((image, n) => image.Select((pixel, i) => (float)Answer(pixel, estimates[n][i])))];
            return Tensor.From(answers, x.Shape.WithChannels(Channels), x.Device);
        }
    }

    /// <summary>Notes the estimates that a denoiser is given, and what samplers make of its answers.</summary>
    sealed class Watching(IDenoiser inner) : IDenoiser
    {
        public List<float[]> Given { get; } = [];

        public List<float[]> Said { get; } = [];

        public INoiseProcess Process => inner.Process;

        public Device Device => inner.Device;

        public bool SeesEstimates => inner.SeesEstimates;

        public Shape Images(int count) => inner.Images(count);

        public Prediction Predict(Tensor x, NoiseLevel level) => throw new InvalidOperationException("Nobody gave an estimate.");

        public Prediction Predict(Tensor x, NoiseLevel level, Tensor? estimate)
        {
            Given.Add(estimate!.ToArray());
            Prediction prediction = inner.Predict(x, level, estimate);
            Said.Add(Array.ConvertAll(prediction.X0.ToArray(), pixel => Math.Clamp(pixel, -1, 1)));
            return prediction;
        }
    }
}
