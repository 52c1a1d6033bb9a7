using System.Text.Json;
using Brownian.Diffusion;
using Brownian.Nn;
using Brownian.Tensors;

namespace Brownian.Tests;

public sealed class UNet2DTests : IDisposable
{
    readonly Device _device = Device.Cpu();

    public void Dispose() => _device.Dispose();

    /// <summary>The options that a diffusers configuration stands for.</summary>
    internal static UNet2DOptions Options(string path)
    {
        using JsonDocument json = JsonDocument.Parse(File.ReadAllText(path));
        JsonElement c = json.RootElement;
        int[] size = c.GetProperty("sample_size") is { ValueKind: JsonValueKind.Array } sides
            ? [.. sides.EnumerateArray().Select(s => s.GetInt32())]
            : [c.GetProperty("sample_size").GetInt32(), c.GetProperty("sample_size").GetInt32()];
        int OrZero(string name) => c.GetProperty(name) is { ValueKind: JsonValueKind.Number } n ? n.GetInt32() : 0;
        bool[] Attention(string name) => [.. c.GetProperty(name).EnumerateArray().Select(b => b.GetString()!.StartsWith("Attn", StringComparison.Ordinal))];
        return new UNet2DOptions
        {
            InChannels = c.GetProperty("in_channels").GetInt32(),
            OutChannels = c.GetProperty("out_channels").GetInt32(),
            Height = size[0],
            Width = size[1],
            BlockOutChannels = [.. c.GetProperty("block_out_channels").EnumerateArray().Select(b => b.GetInt32())],
            DownAttention = Attention("down_block_types"),
            UpAttention = [.. Attention("up_block_types").Reverse()],
            LayersPerBlock = c.GetProperty("layers_per_block").GetInt32(),
            AttentionHeadDim = OrZero("attention_head_dim"),
            NormNumGroups = c.GetProperty("norm_num_groups").GetInt32(),
            NormEps = c.GetProperty("norm_eps").GetSingle(),
            DownsamplePadding = c.GetProperty("downsample_padding").GetInt32(),
            FlipSinToCos = c.GetProperty("flip_sin_to_cos").GetBoolean(),
            FreqShift = c.GetProperty("freq_shift").GetSingle(),
            NumClassEmbeds = OrZero("num_class_embeds"),
        };
    }

    [Theory]
    [InlineData("a_cifar10_like")]
    [InlineData("b_train_unconditional")]
    [InlineData("d_class_conditional")]
    [InlineData("e_celebahq256_like")]
    [InlineData("g_non_square")]
    public void Output_and_all_gradients_match_diffusers(string name)
    {
        using SafetensorsFile io = SafetensorsFile.Read(Shared.Golden($"unet2d/{name}/io.safetensors"));
        var network = new UNet2D(Options(Shared.Golden($"unet2d/{name}/config.json")), _device);
        GoldenNetworks.Load(network.Parameters, Shared.Golden($"unet2d/{name}/diffusion_pytorch_model.safetensors"));
        GoldenNetworks.AssertMatches(network, io, "sample", "timestep", _device);
    }

    [Fact]
    public void The_cifar10_layout_has_35_7_million_parameters_and_12_billion_operations_besides_attention()
    {
        var network = new UNet2D(new UNet2DOptions());
        Assert.Equal(35_746_307, network.Parameters.Count);
        double attention = 5 * 2.0 * 256 * 256 * 256;   // five times q·kᵀ and weights·v, 256 positions of 256 channels
        Assert.Equal(12.1, 2 * (network.MultiplyAdds(32, 32) - attention) / 1e9, 0.05);
    }

    [Fact]
    public void Dropout_follows_its_random_numbers_and_is_off_without()
    {
        var network = new UNet2D(Tiny with { Dropout = 0.5f }, _device, seed: 3);
        var without = new UNet2D(Tiny, _device, seed: 3);
        using NoGrad off = _device.NoGrad();
        Tensor x = TensorOps.Normal(Shape.Of(1, 8, 8, 1), new Philox(1, 1), _device);
        float[] Run(UNet2D of, Philox? random)
        {
            of.Dropout = random;
            return of.Forward(x, [5]).ToArray();
        }

        Assert.Equal(Run(without, null), Run(network, null));
        Assert.Equal(Run(without, null), Run(without, new Philox(1, 2)));
        Assert.Equal(Run(network, new Philox(1, 2)), Run(network, new Philox(1, 2)));
        Assert.NotEqual(Run(network, new Philox(1, 2)), Run(network, new Philox(1, 3)));
        Assert.NotEqual(Run(network, null), Run(network, new Philox(1, 2)));
    }

    [Fact]
    public void Labels_are_demanded_and_checked()
    {
        var network = new UNet2D(Tiny with { NumClassEmbeds = 10 }, _device);
        string Refusal(int[] labels) =>
            Assert.Throws<ArgumentException>(() => network.Forward(Tensor.Zeros(Shape.Of(1, 8, 8, 1), _device), [5], labels)).Message;
        Assert.Equal("UNet2D: 0 labels for 1 images; give one each.", Refusal([]));
        Assert.Equal("Label 10 at position 0: labels go from 0 to 9.", Refusal([10]));
    }

    public static TheoryData<UNet2DOptions, string> Impossible => new()
    {
        { Tiny with { Height = 7 }, "UNet2D: images of 7×8 pixels cannot be halved evenly 1 times; use multiples of 2." },
        { Tiny with { BlockOutChannels = [8, 10] }, "UNet2D: BlockOutChannels[1] is 10; it must be at least 2 and a multiple of NormNumGroups, 4." },
        { Tiny with { AttentionHeadDim = 3 }, "UNet2D: BlockOutChannels[1] is 8, which heads of 3 channels (AttentionHeadDim) do not divide." },
        { Tiny with { UpAttention = [true] }, "UNet2D: UpAttention has 1 entries for 2 levels; give one each." },
        { Tiny with { Dropout = 1 }, "UNet2D: Dropout is 1; it must be at least 0 and below 1." },
        { Tiny with { DownsamplePadding = 2 }, "UNet2D: DownsamplePadding is 2; it must be 0 or 1." },
    };

    [Theory]
    [MemberData(nameof(Impossible))]
    public void Impossible_sizes_are_refused_in_one_line(UNet2DOptions options, string message) =>
        Assert.Equal(message, Assert.Throws<ArgumentException>(() => new UNet2D(options)).Message);

    static UNet2DOptions Tiny => new()
    {
        InChannels = 1,
        OutChannels = 1,
        Height = 8,
        Width = 8,
        BlockOutChannels = [8, 8],
        DownAttention = [false, true],
        UpAttention = [false, true],
        LayersPerBlock = 1,
        NormNumGroups = 4,
    };
}
