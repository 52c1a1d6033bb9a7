using System.Text.Json;
using Brownian.Nn;
using Brownian.Tensors;

namespace Brownian.Tests;

public sealed class TutorialUNetTests : IDisposable
{
    static readonly TutorialUNetOptions Small = new()
    {
        ImageSize = [28],
        DownChannels = [16, 16, 16, 24],
        MidChannels = [24, 24, 16],
        TimeEmbDim = 16,
        NumDownLayers = 1,
        NumMidLayers = 1,
        NumUpLayers = 1,
    };

    static readonly TutorialUNetOptions Small2 = new()
    {
        ImChannels = 3,
        ImageSize = [16],
        DownChannels = [16, 16, 16],
        MidChannels = [16, 16],
        DownSample = [true, false],
        TimeEmbDim = 12,
        NumMidLayers = 1,
    };

    readonly Device _device = Device.Cpu();

    public void Dispose() => _device.Dispose();

    [Theory]
    [InlineData(1, 2, 10_188_081)]
    [InlineData(3, 2, 10_188_947)]
    [InlineData(1, 1, 6_067_857)]
    public void It_has_as_many_parameters_as_the_original(int channels, int layers, long expected)
    {
        var options = new TutorialUNetOptions { ImChannels = channels, NumDownLayers = layers, NumMidLayers = layers, NumUpLayers = layers };
        Assert.Equal(expected, new TutorialUNet(options).Parameters.Count);
    }

    [Fact]
    public void Names_and_shapes_and_their_order_are_the_originals()
    {
        using JsonDocument json = JsonDocument.Parse(File.ReadAllText(Fixtures.Golden("seed_unet/default/parameters.json")));
        IEnumerable<string> expected = json.RootElement.GetProperty("parameters").EnumerateArray().Select(
            p => $"{p.GetProperty("name").GetString()} {string.Join('×', p.GetProperty("shape").EnumerateArray().Select(d => d.GetInt32()))}");
        Assert.Equal(expected, new TutorialUNet(new()).Parameters.Select(p => $"{p.Name} {string.Join('×', p.TorchShape.ToArray())}"));
    }

    [Theory]
    [InlineData("small")]
    [InlineData("small2")]
    public void Output_and_all_gradients_match_the_original(string name)
    {
        using SafetensorsFile io = SafetensorsFile.Read(Fixtures.Golden($"seed_unet/{name}/io.safetensors"));
        var network = new TutorialUNet(name == "small" ? Small : Small2, _device);
        GoldenNetworks.Load(network.Parameters, Fixtures.Golden($"seed_unet/{name}/weights.safetensors"));
        new GoldenStep(io, "", "x", "t").Check(network, _device);
    }

    [Fact]
    public void The_default_network_matches_the_original()
    {
        using JsonDocument json = JsonDocument.Parse(File.ReadAllText(Fixtures.Golden("seed_unet/default/output.json")));
        JsonElement golden = json.RootElement;
        var network = new TutorialUNet(new(), _device);
        int position = 0;
        foreach (Parameter parameter in network.Parameters) parameter.FromTorch(Formula(parameter, position++));
        float[] pixels = new float[2 * 28 * 28];
        for (int j = 0; j < pixels.Length; j++) pixels[j] = (float)Math.Sin(0.37 * j + 0.1);
        using NoGrad off = _device.NoGrad();
        Tensor x = Tensor.From(pixels, Shape.Of(2, 28, 28, 1), _device);
        float[] output = GoldenNetworks.Nchw(network.Forward(x, new([10, 750])));

        double[] expected = [.. golden.GetProperty("value_f64").EnumerateArray().Select(v => v.GetDouble())];
        float[] actual = [.. golden.GetProperty("index").EnumerateArray().Select(i => output[i.GetInt32()])];
        double largest = Math.Max(-golden.GetProperty("min").GetDouble(), golden.GetProperty("max").GetDouble());
        Assert.InRange(GoldenNetworks.LargestDifference(expected, actual) / largest, 0, 2e-5);
        Assert.Equal(golden.GetProperty("sum_sq_f64").GetDouble(), output.Sum(v => (double)v * v), 1e-2);
        Assert.Equal(golden.GetProperty("sum_f64").GetDouble(), output.Sum(v => (double)v), 1e-2);
    }

    [Fact]
    public void The_default_network_takes_a_billion_multiply_adds_per_image()
    {
        long multiplyAdds = NetworkSummary.Of(device => new TutorialUNet(new(), device)).MultiplyAdds;
        Assert.Equal(1.94, 2 * multiplyAdds / 1e9, 0.01);
    }

    [Fact]
    public void An_image_does_not_depend_on_its_neighbours_in_the_batch()
    {
        var network = new TutorialUNet(Small2, _device, seed: 1);
        using NoGrad off = _device.NoGrad();
        Tensor pair = TensorOps.Normal(Shape.Of(2, 16, 16, 3), new Philox(5, 1), _device);
        float[] both = network.Forward(pair, new([3, 900])).ToArray();
        float[] second = network.Forward(Tensor.From(pair.ToArray().AsSpan(768), Shape.Of(1, 16, 16, 3), _device), new([900])).ToArray();
        Assert.Equal(second, both[768..]);
    }

    public static TheoryData<TutorialUNetOptions, string> Impossible => new()
    {
        { new() { TimeEmbDim = 127 }, "TutorialUNet: TimeEmbDim is 127; it must be even, for sines and cosines." },
        { new() { DownChannels = [32, 60, 128, 256] }, "TutorialUNet: DownChannels has 60; it must be a multiple of 8, the groups of the norms." },
        { new() { NumHeads = 3 }, "TutorialUNet: NumHeads is 3; it must divide 16, the channels of the last up block." },
        { new() { NumHeads = 16, DownChannels = [32, 64, 128, 264] }, "TutorialUNet: DownChannels has 264, which NumHeads, 16, does not divide." },
        { new() { DownSample = [true, true] }, "TutorialUNet: DownSample has 2 entries for 3 down blocks; give one fewer than DownChannels has." },
        { new() { MidChannels = [128, 128] }, "TutorialUNet: MidChannels starts with 128; it must start with the last of DownChannels, 256." },
        { new() { MidChannels = [256, 256] }, "TutorialUNet: MidChannels ends with 256; it must end with the last but one of DownChannels, 128." },
        { new() { NumMidLayers = 0 }, "TutorialUNet: NumMidLayers is 0; it must be at least 1." },
        { new() { DownChannels = [32] }, "TutorialUNet: DownChannels has 1 entry; it needs at least 2, for one down block." },
    };

    [Theory]
    [MemberData(nameof(Impossible))]
    public void Impossible_sizes_are_refused_in_one_line(TutorialUNetOptions options, string message) =>
        Assert.Equal(message, Assert.Throws<ArgumentException>(() => new TutorialUNet(options)).Message);

    [Fact]
    public void Input_that_does_not_fit_is_refused()
    {
        var network = new TutorialUNet(Small, _device);
        string Refusal(Shape shape, float[] t, int[] labels) =>
            Assert.Throws<ArgumentException>(() => network.Forward(Tensor.Zeros(shape, _device), new(t, labels))).Message;
        Assert.Equal("TutorialUNet: expected images N×H×W×1, got 1×28×28×3.", Refusal(Shape.Of(1, 28, 28, 3), [1], []));
        Assert.Equal("TutorialUNet: images of 28×30 pixels cannot be halved evenly; use multiples of 4.", Refusal(Shape.Of(1, 28, 30, 1), [1], []));
        Assert.Equal("TutorialUNet: 1 timestep for 2 images; give one each.", Refusal(Shape.Of(2, 28, 28, 1), [1], []));
        Assert.Equal("TutorialUNet: got 1 label, but the network has no classes.", Refusal(Shape.Of(1, 28, 28, 1), [1], [1]));
    }

    /// <summary>The weights that the reference file describes by a formula instead of storing 40 MB.</summary>
    static float[] Formula(Parameter parameter, int position)
    {
        int[] shape = parameter.TorchShape.ToArray();
        bool norm = shape.Length == 1 && parameter.Name.EndsWith(".weight", StringComparison.Ordinal);
        double gain = 2 * Math.Sqrt(3) / Math.Sqrt(shape.Skip(1).Aggregate(1, (a, b) => a * b));
        float[] values = new float[parameter.Shape.Count];
        for (int i = 0; i < values.Length; i++)
        {
            ulong h = ((ulong)(i + 1) * 2654435761 + (ulong)(position + 1) * 40503) & 0xFFFFFFFF;
            double u = h / 4294967296.0 - 0.5;
            values[i] = (float)(shape.Length > 1 ? u * gain : norm ? 1 + 0.5 * u : 0.2 * u);
        }
        return values;
    }
}
