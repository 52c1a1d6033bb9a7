using System.Text.Json;
using Brownian.Nn;
using Brownian.Tensors;

namespace Brownian.Tests;

/// <summary>The networks with batch norm, in evaluation and in training, read from files as PyTorch writes them.</summary>
public sealed class BatchNormNetworkTests : IDisposable
{
    readonly Device _device = Device.Cpu();

    public void Dispose() => _device.Dispose();

    PlainUNet Plain(string folder = "plain_unet/tiny")
    {
        PlainUNetOptions options = folder == "plain_unet" ? new() { FirstChannels = 8, TimeFeatures = 32 } : new() { FirstChannels = 2, TimeFeatures = 8 };
        var network = new PlainUNet(options, _device);
        Read(network, folder);
        return network;
    }

    SimpleUNet Simple(string folder = "simple_unet/tiny")
    {
        Values<int> channels = folder == "simple_unet" ? [8, 12, 16, 24, 32] : [8, 12, 16, 24];
        var network = new SimpleUNet(new() { ImageSize = [32], DownChannels = channels, TimeEmbDim = 16 }, _device);
        Read(network, folder);
        return network;
    }

    static void Read(IDenoisingNetwork network, string folder) =>
        ParameterFile.Read(Fixtures.Golden($"{folder}/weights.safetensors"), network.Parameters, ("", network.Parameters.Values));

    [Theory]
    [InlineData(3, 31_800_259)]
    [InlineData(1, 31_798_977)]
    public void The_plain_network_has_as_many_parameters_as_the_original(int channels, long expected) =>
        Assert.Equal(expected, new PlainUNet(new() { ImageChannels = channels }).Parameters.Count);

    [Fact]
    public void The_simple_network_has_as_many_parameters_as_the_original() =>
        Assert.Equal(62_438_883, new SimpleUNet(new()).Parameters.Count);

    [Fact]
    public void Names_shapes_and_order_are_those_of_the_originals()
    {
        AssertNames("plain_unet/tiny", Plain());
        AssertNames("simple_unet/tiny", Simple());
    }

    static void AssertNames(string folder, IDenoisingNetwork network)
    {
        using JsonDocument json = JsonDocument.Parse(File.ReadAllText(Fixtures.Golden($"{folder}/config.json")));
        Assert.Equal(
            json.RootElement.GetProperty("parameters").EnumerateArray().Select(p => $"{p[0].GetString()} {string.Join('×', p[1].EnumerateArray())}"),
            network.Parameters.Trained.Select(p => $"{p.Name} {string.Join('×', p.TorchShape.ToArray())}"));
    }

    [Theory]
    [InlineData("plain_unet")]
    [InlineData("plain_unet/tiny")]
    public void The_plain_network_matches_the_original_in_evaluation_and_leaves_its_statistics_alone(string folder)
    {
        using SafetensorsFile io = SafetensorsFile.Read(Fixtures.Golden($"{folder}/io.safetensors"));
        PlainUNet network = Plain(folder);
        float[] before = network.Parameters.UntrainedPart(network.Parameters.Values).ToArray();
        new GoldenStep(io, "eval.", "x", "t").Check(network, _device);
        Assert.Equal(before, network.Parameters.UntrainedPart(network.Parameters.Values).ToArray());
    }

    [Theory]
    [InlineData("plain_unet")]
    [InlineData("plain_unet/tiny")]
    public void The_plain_network_matches_the_original_in_training_and_so_do_its_statistics_afterwards(string folder)
    {
        using SafetensorsFile io = SafetensorsFile.Read(Fixtures.Golden($"{folder}/io.safetensors"));
        PlainUNet network = Plain(folder);
        // What a batch norm follows may be shifted as one likes.
        bool IsZero(string name) => name.EndsWith("conv1.bias", StringComparison.Ordinal) || name.EndsWith("conv2.bias", StringComparison.Ordinal);
        var step = new GoldenStep(io, "train.", "x", "t") { IsTraining = true, IsZero = IsZero };
        step.Check(network, _device);
        step.CheckAfter(network.Parameters);
    }

    [Theory]
    [InlineData("simple_unet")]
    [InlineData("simple_unet/tiny")]
    public void The_simple_network_matches_the_original_in_evaluation_and_leaves_its_statistics_alone(string folder)
    {
        using SafetensorsFile io = SafetensorsFile.Read(Fixtures.Golden($"{folder}/io.safetensors"));
        SimpleUNet network = Simple(folder);
        float[] before = network.Parameters.UntrainedPart(network.Parameters.Values).ToArray();
        new GoldenStep(io, "", "sample", "timestep").Check(network, _device);
        Assert.Equal(before, network.Parameters.UntrainedPart(network.Parameters.Values).ToArray());
    }

    [Theory]
    [InlineData("simple_unet")]
    [InlineData("simple_unet/tiny")]
    public void The_simple_network_matches_the_original_in_training_and_so_do_its_statistics_afterwards(string folder)
    {
        using SafetensorsFile io = SafetensorsFile.Read(Fixtures.Golden($"{folder}/io.safetensors"));
        SimpleUNet network = Simple(folder);
        var step = new GoldenStep(io, "train.", "sample", "timestep") { IsTraining = true };
        step.Check(network, _device);
        step.CheckAfter(network.Parameters);
    }

    [Fact]
    public void The_cost_of_an_image_is_that_of_its_convolutions()
    {
        Assert.Equal(PlainCost(64, 256, 32), NetworkSummary.Of(device => new PlainUNet(new(), device)).MultiplyAdds);
        Assert.Equal(4 * SimpleImageCost(64), SimpleImageCost(128));

        static long SimpleImageCost(int side)
        {
            NetworkSummary summary = NetworkSummary.Of(device => new SimpleUNet(new(), device), (side, side));
            return summary.MultiplyAdds - summary.Network.Parameters.Where(p => p.Name.Contains("time_mlp") && p.Name.EndsWith("weight", StringComparison.Ordinal)).Sum(p => p.Shape.Count);
        }
    }

    static long PlainCost(long w, long time, long side)
    {
        long total = side * side * w * 3;                           // out
        for (int level = 0; level <= 4; level++)
        {
            long c = w << level, pixels = side * side >> (2 * level), inputs = level == 0 ? 3 : c / 2;
            total += pixels * 9 * (inputs * c + c * c) + time * c;
            if (level < 4) total += pixels * 9 * (2 * c * c + c * c) + time * c + pixels / 4 * 4 * 2 * c * c;
        }
        return total;
    }

    [Fact]
    public void Sizes_that_cannot_be_halved_are_refused()
    {
        Assert.Equal("PlainUNet: images of 8×16 pixels cannot be halved evenly; use multiples of 16.",
            Assert.Throws<ArgumentException>(() => Plain().Forward(Tensor.Zeros(Shape.Of(1, 8, 16, 3), _device), new([1]))).Message);
    }

    [Fact]
    public void A_single_number_per_channel_cannot_be_trained_with()
    {
        PlainUNet network = Plain();
        Tensor x = Tensor.Zeros(Shape.Of(1, 16, 16, 3), _device);
        network.Forward(x, new([1]));
        Assert.Contains("train with more images at a time", Assert.Throws<ArgumentException>(() => network.Forward(x, new([1], training: new Philox(0, 0)))).Message, StringComparison.Ordinal);
    }
}
