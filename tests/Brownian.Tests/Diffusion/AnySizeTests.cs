using Brownian.Tensors;

namespace Brownian.Tests;

/// <summary>Images whose sides are no multiples of what a network halves.</summary>
public sealed class AnySizeTests : IDisposable
{
    static readonly TrainingObjective Objective = new(NoiseSchedule.Linear(10, 0.01, 0.3), Parameterization.Epsilon, 3);

    readonly Device _device = Device.Cpu(2);

    public void Dispose() => _device.Dispose();

    UNet2D Network(int height, int width)
    {
        var model = new UNet2DOptions
        {
            ImageSize = [height, width],
            InChannels = 1,
            OutChannels = 1,
            BlockOutChannels = [8, 8, 8],
            LayersPerBlock = 1,
            NormNumGroups = 4,
            DownBlockTypes = ["DownBlock2D", "DownBlock2D", "AttnDownBlock2D"],
            UpBlockTypes = ["AttnUpBlock2D", "UpBlock2D", "UpBlock2D"],
        };
        return (UNet2D)model.CreateNetwork(_device, seed: 2);
    }

    [Fact]
    public void The_network_sees_the_mirrored_image_and_its_answer_is_cut_to_the_true_area()
    {
        UNet2D network = Network(6, 9);
        Tensor x = Normal(Shape.Of(2, 6, 9, 1), 1);
        float[] answer = network.Answer(x, new([1, 7])).ToArray();
        Assert.Equal(network.Forward(x.PadByMirroring(8, 12), new([1, 7])).CropTo(6, 9).ToArray(), answer);
        Tensor fitting = Normal(Shape.Of(1, 8, 8, 1), 2);
        Assert.Equal(network.Forward(fitting, new([3])).ToArray(), network.Answer(fitting, new([3])).ToArray());
    }

    [Fact]
    public void Gradients_of_the_loss_agree_with_differences()
    {
        UNet2D network = Network(6, 5);
        Tensor x0 = Normal(Shape.Of(2, 6, 5, 1), 1), noise = Normal(x0.Shape, 2);
        int[] timesteps = [2, 8];
        network.Parameters.ZeroGrad();
        Objective.Loss(network, x0, timesteps, noise).Total.Backward();

        float[] weights = network.Parameters.Values.ToArray(), gradient = network.Parameters.Gradients.ToArray();
        double[] direction = Array.ConvertAll(gradient, value => (double)value);
        double length = Math.Sqrt(direction.Sum(d => d * d)), slope = length;
        const double h = 5e-3;
        double Loss(double step)
        {
            network.Parameters.Values.CopyFrom([.. weights.Select((w, i) => (float)(w + step * direction[i] / length))]);
            using NoGrad noGrad = _device.NoGrad();
            return Objective.Loss(network, x0, timesteps, noise).Total.Item();
        }
        Assert.True(length > 0.01);
        Assert.Equal(slope, (Loss(h) - Loss(-h)) / (2 * h), 0.01 * slope);
    }

    [Fact]
    public void The_loss_is_of_the_true_area_alone()
    {
        UNet2D network = Network(6, 5);
        Tensor x0 = Normal(Shape.Of(1, 6, 5, 1), 1), noise = Normal(x0.Shape, 2);
        NoiseLevel level = Objective.Process.At(4);
        float[] seen = [.. x0.ToArray().Zip(noise.ToArray(), (x, e) => (float)(level.Alpha * x + level.Sigma * e))];
        float[] answer = network.Answer(Tensor.From(seen, x0.Shape, _device), new([4])).ToArray();
        double expected = answer.Zip(noise.ToArray(), (a, e) => Math.Pow(a - e, 2)).Average();
        Assert.Equal(expected, Objective.Loss(network, x0, [4], noise).Total.Item(), 1e-4);
    }

    [Fact]
    public void Training_and_sampling_give_images_of_the_size_asked_for()
    {
        using var folder = new ScratchFolder();
        TrainConfig config = TinyRun.Config.With("model_params.im_size=9", "train_params.num_steps=6", "train_params.sample_steps=6");
        RunDirectory run = RunDirectory.Create(folder.Path("runs"), config);
        TrainResult result = TinyRun.Train(run, config);
        Assert.True(result.IsComplete);
        DiffusionModel model = ModelFolder.Open(run.FullPath, _device, _ => { });
        SampledImages samples = new ImageSampler(model).Sample(new SampleOptions { Count = 2 }, cancel: TestContext.Current.CancellationToken);
        Assert.All(samples.Images, image => Assert.Equal((9, 9), (image.Width, image.Height)));
    }

    Tensor Normal(Shape shape, ulong seed) => TensorOps.Normal(shape, new Philox(seed, 1), _device);
}
