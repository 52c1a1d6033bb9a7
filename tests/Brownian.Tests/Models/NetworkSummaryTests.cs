using Brownian.Nn;
using Brownian.Tensors;

namespace Brownian.Tests;

/// <summary>What one traced pass finds against known numbers, and against a pass with numbers.</summary>
public sealed class NetworkSummaryTests
{
    public static TheoryData<string> Types => [.. NetworkType.All.Select(type => type.Name)];

    public static TheoryData<string> Cases => UNet2DTests.Cases;

    [Theory]
    [MemberData(nameof(Types))]
    public void The_layers_of_every_type_of_network_hold_all_its_parameters(string type)
    {
        NetworkOptions model = NetworkType.All.Single(t => t.Name == type).Initial;
        NetworkSummary summary = NetworkSummary.Of(device => model.CreateNetwork(device));
        Assert.Equal(summary.Parameters, summary.Layers.Sum(layer => layer.Parameters));
        Assert.Empty(summary.Unused);
        Assert.Equal(Shape.Of(1, model.Height, model.Width, summary.Network.OutputChannels), summary.Layers[^1].Output);
    }

    [Fact]
    public void The_work_of_the_tutorials_network_is_what_it_says()
    {
        NetworkSummary summary = NetworkSummary.Of(device => new TutorialUNet(new(), device));
        Assert.Equal((10_188_081, 970_501_632), (summary.Parameters, summary.MultiplyAdds));
        Assert.Equal(1_358_671_872, NetworkSummary.Of(device => new TutorialUNet(new(), device), (32, 32)).MultiplyAdds);
    }

    /// <summary>Counted once layer by layer, by hand; looking up a row of a table of embeddings is a product here.</summary>
    [Theory]
    [InlineData("cifar10", 789_094_400)]
    [InlineData("cifar10-paper", 6_221_856_768)]
    [InlineData("flowers", 1_579_081_728)]
    [InlineData("mnist", 233_274_112)]
    [InlineData("mnist-classes", 233_274_112)]
    [InlineData("plain-cifar10", 753_500_160)]
    [InlineData("residual-flowers", 2_361_982_976 + 1000 * 64)]
    [InlineData("simple-cars", 5_728_988_160)]
    [InlineData("tutorial-mnist", 970_501_632)]
    public void The_work_of_every_preset_is_known(string preset, long multiplyAdds)
    {
        NetworkOptions model = Presets.Load(preset).Model;
        Assert.Equal(multiplyAdds, NetworkSummary.Of(device => model.CreateNetwork(device)).MultiplyAdds);
    }

    [Fact]
    public void Images_that_cannot_be_halved_cost_what_their_border_adds()
    {
        var options = new TutorialUNetOptions { ImageSize = [30] };
        NetworkSummary summary = NetworkSummary.Of(device => new TutorialUNet(options, device));
        Assert.Equal(1_358_671_872, summary.MultiplyAdds);
    }

    /// <summary>Its batch norms would refuse to train with one image whose coarsest level is a single pixel.</summary>
    [Fact]
    public void A_network_that_needs_several_images_to_train_can_be_traced_with_one()
    {
        var options = new PlainUNetOptions { ImageSize = [16] };
        Assert.Equal(753_500_160 / 4.0, NetworkSummary.Of(device => new PlainUNet(options, device)).MultiplyAdds, 2e6);       // but for the time's features
    }

    static readonly Dictionary<string, long> WorkOfUNet2D = new()
    {
        ["a_cifar10_like"] = 5_074_048,
        ["b_train_unconditional"] = 13_392_720,
        ["c_headdim8_scale_shift"] = 2_653_184,
        ["c2_scale_shift_attn_norm"] = 1_078_528,
        ["d_class_conditional"] = 1_043_264,
        ["e_celebahq256_like"] = 12_460_704,
        ["f_resnet_updown_types"] = 1_145_088,
        ["f2_attn_resnet_sampling"] = 1_464_576,
        ["g_non_square"] = 6_948_864,
        ["h_legacy_names"] = 1_061_376,
        ["i_no_mid_attention"] = 503_040,
        ["x_optional_ncsnpp"] = 4_761_600,
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void The_work_of_a_unet2d_is_what_was_counted_by_hand(string name)
    {
        UNet2DOptions options = UNet2DTests.Options(Fixtures.Golden($"unet2d/{name}/config.json"));
        NetworkSummary summary = NetworkSummary.Of(device => new UNet2D(options, device));
        Assert.Equal(WorkOfUNet2D[name], summary.MultiplyAdds);
        Assert.Equal(summary.Parameters, summary.Layers.Sum(layer => layer.Parameters));
    }

    [Fact]
    public void Layers_are_named_by_their_parameters_in_the_order_they_run()
    {
        var options = new TutorialUNetOptions
        {
            ImageSize = [8],
            DownChannels = [8, 16],
            MidChannels = [16, 8],
            DownSample = [true],
            TimeEmbDim = 8,
            NumDownLayers = 1,
            NumMidLayers = 1,
            NumUpLayers = 1,
        };
        NetworkSummary summary = NetworkSummary.Of(device => new TutorialUNet(options, device));
        NetworkLayer[] down = [.. summary.Layers.Where(layer => layer.Name.StartsWith("downs.0.", StringComparison.Ordinal))];
        Assert.Equal(
            ["t_emb_layers.0.1", "resnet_conv_first.0.0", "resnet_conv_first.0.2", "residual_input_conv.0", "resnet_conv_second.0.0",
                "resnet_conv_second.0.2", "attention_norms.0", "attentions.0.in_proj", "attentions.0", "attentions.0.out_proj", "down_sample_conv"],
            down.Select(layer => layer.Name["downs.0.".Length..]));
        Assert.Equal(new NetworkLayer("downs.0.down_sample_conv", "conv 4×4, stride 2", Shape.Of(1, 4, 4, 16), 4112, 4 * 4 * 4096), down[^1]);
        Assert.Equal(new NetworkLayer("downs.0.attentions.0", "attention, 4 heads", Shape.Of(1, 8, 8, 16), 0, 2 * 64 * 64 * 16), down[^3]);
        Assert.Equal(new NetworkLayer("downs.0.attention_norms.0", "group norm", Shape.Of(1, 8, 8, 16), 32, 0), down[6]);
        NetworkLayer up = summary.Layers.Single(layer => layer.Name == "ups.0.up_sample_conv");
        Assert.Equal(("transposed 4×4, stride 2", Shape.Of(1, 8, 8, 8), 4L * 4 * 1024), (up.Kind, up.Output, up.MultiplyAdds));
    }

    [Fact]
    public void The_activations_are_what_a_pass_with_numbers_leaves_behind()
    {
        var options = new UNet2DOptions { BlockOutChannels = [32, 32, 32, 32], ResnetTimeScaleShift = UNet2DConditioning.ScaleShift };
        NetworkSummary summary = NetworkSummary.Of(device => new UNet2D(options, device));
        using Device device = Device.Cpu(1);
        var network = new UNet2D(options, device);
        using TensorScope scope = device.OpenScope();
        long before = device.Memory.Live;
        network.Answer(Tensor.Zeros(Shape.Of(1, 32, 32, 3), device), new([1]));
        double real = device.Memory.Live - before;
        Assert.InRange(summary.ActivationBytes / real, 0.85, 1.0);      // the pool rounds blocks up
    }

    [Fact]
    public void Weights_take_no_memory_and_a_backward_pass_is_refused()
    {
        using var device = new TracingDevice();
        long before = GC.GetAllocatedBytesForCurrentThread();
        IDenoisingNetwork network = new UNet2DOptions().CreateNetwork(device);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1_000_000);
        Assert.True(device.Memory.Live >= 2 * sizeof(float) * network.Parameters.Count);
        Parameter first = network.Parameters.First();
        Assert.Throws<NotSupportedException>(() => first.Value.Silu().MeanSquaredError(Tensor.Zeros(first.Shape, device)).Backward());
    }
}
