using System.Text.Json;
using System.Text.Json.Nodes;
using Brownian.Nn;
using Brownian.Tensors;

namespace Brownian.Tests;

public sealed class UNet2DTests : IDisposable
{
    readonly Device _device = Device.Cpu();

    public void Dispose() => _device.Dispose();

    /// <summary>The options that a diffusers configuration stands for, through the keys of a configuration here.</summary>
    internal static UNet2DOptions Options(string path)
    {
        var known = new JsonObject { ["type"] = "unet2d" };
        foreach ((string key, JsonNode? value) in JsonNode.Parse(File.ReadAllText(path))!.AsObject())
        {
            if (!key.StartsWith('_')) known[key] = value?.DeepClone();      // _class_name, _diffusers_version
        }
        var model = (UNet2DOptions)TrainConfig.ParseJson(new JsonObject { ["model_params"] = known }.ToJsonString(), path).Model;
        Assert.Equal(model, TrainConfig.Parse(new TrainConfig { Model = model }.ToYaml()).Model);
        return model;
    }

    public static TheoryData<string> Cases =>
    [
        "a_cifar10_like", "b_train_unconditional", "c_headdim8_scale_shift", "c2_scale_shift_attn_norm", "d_class_conditional",
        "e_celebahq256_like", "f_resnet_updown_types", "f2_attn_resnet_sampling", "g_non_square", "h_legacy_names", "i_no_mid_attention",
        "x_optional_ncsnpp",
    ];

    [Theory]
    [MemberData(nameof(Cases))]
    public void Output_and_all_gradients_match_diffusers(string name)
    {
        using SafetensorsFile io = SafetensorsFile.Read(Fixtures.Golden($"unet2d/{name}/io.safetensors"));
        UNet2D network = Network(name);
        new GoldenStep(io, "", "sample", "timestep").Check(network, _device);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Names_and_shapes_and_their_order_are_those_of_diffusers(string name)
    {
        using JsonDocument json = JsonDocument.Parse(File.ReadAllText(Fixtures.Golden($"unet2d/{name}/io.json")));
        IEnumerable<string> expected = json.RootElement.GetProperty("parameters").EnumerateArray().Select(
            p => $"{p[0].GetString()} {string.Join('×', p[1].EnumerateArray().Select(d => d.GetInt32()))}");
        Assert.Equal(expected, Network(name).Parameters.Select(p => $"{p.Name} {string.Join('×', p.TorchShape.ToArray())}"));
    }

    UNet2D Network(string name)
    {
        var network = new UNet2D(Options(Fixtures.Golden($"unet2d/{name}/config.json")), _device);
        string weights = Fixtures.Golden($"unet2d/{name}/diffusion_pytorch_model.safetensors");
        GoldenNetworks.Load(network.Parameters, weights, name == "h_legacy_names" ? OldAttentionName : n => n);
        return network;
    }

    // What diffusers called the parts of attention in 2022.
    static string OldAttentionName(string name) => name
        .Replace(".to_q.", ".query.", StringComparison.Ordinal).Replace(".to_k.", ".key.", StringComparison.Ordinal)
        .Replace(".to_v.", ".value.", StringComparison.Ordinal).Replace(".to_out.0.", ".proj_attn.", StringComparison.Ordinal);

    [Fact]
    public void The_cifar10_layout_has_35_7_million_parameters_and_12_billion_operations_besides_attention()
    {
        NetworkSummary summary = NetworkSummary.Of(device => new UNet2D(new UNet2DOptions(), device));
        Assert.Equal(35_746_307, summary.Parameters);
        double attention = 5 * 2.0 * 256 * 256 * 256;   // five times q·kᵀ and weights·v, 256 positions of 256 channels
        Assert.Equal(12.1, 2 * (summary.MultiplyAdds - attention) / 1e9, 0.05);
    }

    /// <summary>The default of examples/unconditional_image_generation/train_unconditional.py.</summary>
    [Fact]
    public void The_unconditional_training_scripts_default_has_113_7_million_parameters() => Assert.Equal(
        113_673_219,
        new UNet2D(new UNet2DOptions
        {
            ImageSize = [64],
            BlockOutChannels = [128, 128, 256, 256, 512, 512],
            DownBlockTypes = ["DownBlock2D", "DownBlock2D", "DownBlock2D", "DownBlock2D", "AttnDownBlock2D", "DownBlock2D"],
            UpBlockTypes = ["UpBlock2D", "AttnUpBlock2D", "UpBlock2D", "UpBlock2D", "UpBlock2D", "UpBlock2D"],
            AttentionHeadDim = 8,
            DownsamplePadding = 1,
        }).Parameters.Count);

    [Theory]
    [InlineData("silu"), InlineData("swish"), InlineData("mish"), InlineData("gelu"), InlineData("relu")]
    public void Every_activation_has_the_slope_of_its_network(string activation)
    {
        var network = new UNet2D(Tiny with { ActFn = activation }, _device, seed: 3);
        Tensor x = TensorOps.Normal(Shape.Of(2, 8, 8, 1), new Philox(1, 1), _device);
        float[] weights = network.Parameters.Values.ToArray();
        var random = new Tensors.Normals(activation);
        // The last convolution starts at 0 in a fresh network: nothing before it would have a gradient.
        for (int i = 0; i < weights.Length; i++) weights[i] += random.Floats(1, 0, 0.1)[0];
        Tensor loss = Loss(weights);
        loss.Backward();
        float[] gradient = network.Parameters.Gradients.ToArray();
        // Along the gradient, so far that the loss moves by half a percent: more than rounding, and few kinks of relu.
        double square = gradient.Sum(g => (double)g * g), step = 0.005 * loss.Item() / square;
        double rise = Loss(Moved(step)).Item() - (double)Loss(Moved(-step)).Item();
        Assert.Equal(1, rise / (2 * step * square), 0.01);

        Tensor Loss(float[] at)
        {
            network.Parameters.Values.Assign(Tensor.From(at, network.Parameters.Values.Shape, _device));
            Tensor y = network.Answer(x, new([3, 700]));
            Assert.Equal(network.Forward(x, new([3, 700])).ToArray(), y.ToArray());
            return y.MeanSquaredError(Tensor.Zeros(y.Shape, _device));
        }

        float[] Moved(double by) => [.. weights.Zip(gradient, (w, g) => (float)(w + by * g))];
    }

    [Fact]
    public void A_learned_time_embedding_looks_up_the_row_of_a_timestep()
    {
        var fixedOne = new UNet2D(Tiny, _device, seed: 3);
        var learned = new UNet2D(Tiny with { TimeEmbeddingType = UNet2DTimeEmbedding.Learned, NumTrainTimesteps = 20 }, _device, seed: 3);
        float[] rows = new SinusoidalEmbedding(8) { FrequencyShift = 1 }.Of([.. Enumerable.Range(0, 20).Select(t => (float)t)], _device).ToArray();
        learned.Parameters["time_proj.weight"].FromTorch(rows);
        using NoGrad off = _device.NoGrad();
        Tensor x = TensorOps.Normal(Shape.Of(2, 8, 8, 1), new Philox(1, 1), _device);
        Assert.Equal(fixedOne.Forward(x, new([0, 19])).ToArray(), learned.Forward(x, new([0, 19])).ToArray());
        Assert.NotEqual(fixedOne.Forward(x, new([0, 18])).ToArray(), learned.Forward(x, new([0, 19])).ToArray());
        foreach (float timestep in (float[])[20, 0.5f, -1])
        {
            Assert.Equal($"UNet2D: there is no timestep {timestep}; the learned time embedding has rows for 0 to 19.",
                Assert.Throws<ArgumentException>(() => learned.Forward(x, new([0, timestep]))).Message);
        }
    }

    [Fact]
    public void A_fourier_time_embedding_is_never_trained_and_takes_times_above_0()
    {
        var network = new UNet2D(Tiny with { TimeEmbeddingType = UNet2DTimeEmbedding.Fourier }, _device);
        Assert.Equal("time_proj.weight", Assert.Single(network.Parameters, p => !p.IsTrained).Name);
        Assert.Equal("Time 0 at position 0: a Fourier embedding takes its logarithm; it must be above 0.",
            Assert.Throws<ArgumentException>(() => network.Forward(Tensor.Zeros(Shape.Of(1, 8, 8, 1), _device), new([0]))).Message);
    }

    [Fact]
    public void Labels_are_demanded_and_checked()
    {
        var network = new UNet2D(Tiny with { NumClassEmbeds = 10 }, _device);
        string Refusal(int[] labels) =>
            Assert.Throws<ArgumentException>(() => network.Forward(Tensor.Zeros(Shape.Of(1, 8, 8, 1), _device), new([5], labels))).Message;
        Assert.Equal("UNet2D: 0 labels for 1 image; give one each.", Refusal([]));
        Assert.Equal("Label 10 at position 0: labels go from 0 to 9.", Refusal([10]));
    }

    public static TheoryData<UNet2DOptions, string> Impossible => new()
    {
        { Tiny with { BlockOutChannels = [8, 10] }, "UNet2D: BlockOutChannels has 10; it must be at least 2 and a multiple of NormNumGroups, 4." },
        { Tiny with { AttentionHeadDim = 3 }, "UNet2D: AttentionHeadDim is 3, which does not divide 8, one of BlockOutChannels." },
        { Tiny with { UpBlockTypes = ["UpBlock2D"] }, "UNet2D: UpBlockTypes has 1 entry for 2 levels; give one for each of BlockOutChannels." },
        { Tiny with { UpBlockTypes = ["SkipUpBlock2D", "UpBlock2D"], InChannels = 3, OutChannels = 3 },
            "UNet2D: UpBlockTypes has SkipUpBlock2D where the next finer level has UpBlock2D; all finer levels must be SkipUpBlock2D too." },
        { Tiny with { DownBlockTypes = ["SkipDownBlock2D", "DownBlock2D"] },
            "UNet2D: DownBlockTypes has SkipDownBlock2D, which knows images of 3 channels only; InChannels and OutChannels are 1 and 1." },
        { Tiny with { AttnNormNumGroups = 3 }, "UNet2D: AttnNormNumGroups is 3; it must be at least 1 and divide 8, the last of BlockOutChannels." },
        { Tiny with { MidBlockScaleFactor = 0 }, "UNet2D: MidBlockScaleFactor is 0; it must be above 0." },
        { Tiny with { TimeEmbeddingType = UNet2DTimeEmbedding.Learned }, "UNet2D: NumTrainTimesteps is missing; a learned time embedding needs it." },
        { Tiny with { Dropout = 1 }, "UNet2D: Dropout is 1; it must be at least 0 and below 1." },
        { Tiny with { DownsamplePadding = 2 }, "UNet2D: DownsamplePadding is 2; it must be 0 or 1." },
    };

    [Theory]
    [MemberData(nameof(Impossible))]
    public void Impossible_sizes_are_refused_in_one_line(UNet2DOptions options, string message) =>
        Assert.Equal(message, Assert.Throws<ArgumentException>(() => new UNet2D(options)).Message);

    internal static UNet2DOptions Tiny => new()
    {
        InChannels = 1,
        OutChannels = 1,
        ImageSize = [8],
        BlockOutChannels = [8, 8],
        DownBlockTypes = ["DownBlock2D", "AttnDownBlock2D"],
        UpBlockTypes = ["AttnUpBlock2D", "UpBlock2D"],
        LayersPerBlock = 1,
        NormNumGroups = 4,
    };
}
