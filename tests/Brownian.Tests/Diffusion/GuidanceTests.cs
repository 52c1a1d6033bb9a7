using Brownian.Tensors;

namespace Brownian.Tests;

public sealed class GuidanceTests : IDisposable
{
    static readonly Shape Image = Shape.Of(4, 3, 2);
    readonly Device _device = Device.Cpu(threads: 1);

    public void Dispose() => _device.Dispose();

    // Classes 0 and 1, and 2 for any image.
    (Denoiser Denoiser, StubNetwork Network) Toy()
    {
        StubNetwork network = new(_device, Image, StubNetwork.Analytic)
        {
            Classes = 3,
            OfLabel = (x, t, label) => 0.3 * Math.Sin(x) + (label switch { 0 => 0.5, 1 => -0.5, _ => 0.1 }),
        };
        return (new(network, NoiseSchedule.Linear(), Parameterization.Epsilon), network);
    }

    Tensor Batch(int count) => TensorOps.Normal(Shape.Of(count, Image[0], Image[1], Image[2]), new Philox(1, 2), _device);

    [Fact]
    public void The_difference_that_a_label_makes_is_exaggerated()
    {
        (Denoiser denoiser, StubNetwork network) = Toy();
        GuidedDenoiser guided = new(denoiser, [1, 0], new() { Scale = 4 });
        NoiseLevel level = NoiseSchedule.Linear().At(500);
        Tensor x = Batch(2);
        Prediction prediction = guided.Predict(x, level);
        Assert.Equal([1, 0, 2, 2], Assert.Single(network.LabelsSeen));           // one batch of twice the size
        float[] input = x.ToArray(), eps = prediction.Eps.ToArray(), x0 = prediction.X0.ToArray();
        for (int i = 0; i < input.Length; i++)
        {
            double label = i < Image.Count ? -0.5 : 0.5, expected = 0.3 * Math.Sin(input[i]) + 0.1 + 4 * (label - 0.1);
            Assert.Equal(expected, eps[i], 1e-5);
            Assert.Equal(input[i], level.Alpha * x0[i] + level.Sigma * eps[i], 1e-5);
        }
    }

    [Fact]
    public void Scale_one_is_the_conditional_network_asked_once_and_scale_zero_the_unconditional()
    {
        (Denoiser denoiser, StubNetwork network) = Toy();
        NoiseLevel level = NoiseSchedule.Linear().At(500);
        Tensor x = Batch(2);
        float[] conditional = denoiser.Predict(x, level, [0, 1]).X0.ToArray(), unconditional = denoiser.Predict(x, level, [2, 2]).X0.ToArray();
        network.LabelsSeen.Clear();
        Assert.Equal(conditional, new GuidedDenoiser(denoiser, [0, 1], new() { Scale = 1 }).Predict(x, level).X0.ToArray());
        Assert.Equal([0, 1], Assert.Single(network.LabelsSeen));
        Assert.Equal(unconditional, new GuidedDenoiser(denoiser, [0, 1], new() { Scale = 0 }).Predict(x, level).X0.ToArray());
    }

    [Fact]
    public void Rescaled_images_have_the_contrast_of_unguided_ones_and_still_make_up_x()
    {
        (Denoiser denoiser, _) = Toy();
        NoiseLevel level = NoiseSchedule.Linear().At(300);
        Tensor x = Batch(2);
        float[] plain = denoiser.Predict(x, level, [0, 1]).X0.ToArray();
        Prediction full = new GuidedDenoiser(denoiser, [0, 1], new() { Scale = 5, Rescale = 1 }).Predict(x, level);
        Prediction half = new GuidedDenoiser(denoiser, [0, 1], new() { Scale = 5, Rescale = 0.5 }).Predict(x, level);
        float[] guided = new GuidedDenoiser(denoiser, [0, 1], new() { Scale = 5 }).Predict(x, level).X0.ToArray(), x0 = full.X0.ToArray();
        for (int n = 0; n < 2; n++)
        {
            Range image = (n * Image.Count)..((n + 1) * Image.Count);
            Assert.Equal(Deviation(plain[image]), Deviation(x0[image]), 1e-4);
            Assert.Equal((Deviation(plain[image]) + Deviation(guided[image])) / 2, Deviation(half.X0.ToArray()[image]), 1e-4);
        }
        float[] input = x.ToArray(), eps = full.Eps.ToArray();
        for (int i = 0; i < input.Length; i++) Assert.Equal(input[i], level.Alpha * x0[i] + level.Sigma * eps[i], 1e-5);

        static double Deviation(float[] values) => Math.Sqrt(values.Average(v => (double)v * v) - Math.Pow(values.Average(v => (double)v), 2));
    }

    [Fact]
    public void A_guided_image_does_not_depend_on_its_batch()
    {
        (Denoiser denoiser, _) = Toy();
        DpmSolverSampler sampler = new() { Steps = 5 };
        float[] together = Sample([0, 1], [5, 6]), alone = Sample([1], [6]);
        Assert.Equal(together[Image.Count..], alone);

        float[] Sample(int[] labels, ulong[] seeds) => sampler.Sample(
            new GuidedDenoiser(denoiser, labels, new()), seeds, cancel: TestContext.Current.CancellationToken).ToArray();
    }

    [Fact]
    public void What_cannot_guide_is_refused_with_a_reason()
    {
        (Denoiser denoiser, _) = Toy();
        Denoiser blind = new(new StubNetwork(_device, Image, StubNetwork.Analytic), NoiseSchedule.Linear(), Parameterization.Epsilon);
        Refuses("trained without classes", () => new GuidedDenoiser(blind, [0], new()));
        Refuses("Label 3 is outside the network's classes 0 to 2", () => new GuidedDenoiser(denoiser, [3], new()));
        Refuses("guidance scale is -1", () => new GuidedDenoiser(denoiser, [0], new() { Scale = -1 }));
        Refuses("rescale is 2", () => new GuidedDenoiser(denoiser, [0], new() { Rescale = 2 }));
        Refuses("1 label for 2 images", () => new GuidedDenoiser(denoiser, [0], new()).Predict(Batch(2), NoiseSchedule.Linear().At(3)));

        static void Refuses(string message, Func<object> act) =>
            Assert.Contains(message, Assert.Throws<ArgumentException>(act).Message, StringComparison.Ordinal);
    }
}
