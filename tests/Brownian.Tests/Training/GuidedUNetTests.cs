using System.Text.Json;
using Brownian.Nn;
using Brownian.Tensors;

namespace Brownian.Tests;

/// <summary>Weights under the names of guided-diffusion, whose numbers are a formula, against guided_unet.py, which computes its network.</summary>
public sealed class GuidedUNetTests : IDisposable
{
    const string Conv = "{type: unet2d, sample_size: 8, in_channels: 1, out_channels: 1, block_out_channels: [32, 64], layers_per_block: 1, "
        + "down_block_types: [DownBlock2D, AttnDownBlock2D], up_block_types: [AttnUpBlock2D, UpBlock2D], downsample_padding: 1, "
        + "flip_sin_to_cos: true, freq_shift: 0, norm_eps: 1.0e-5, attention_head_dim: 32}";

    const string UpDown = "{type: unet2d, sample_size: 8, in_channels: 1, out_channels: 2, block_out_channels: [32, 64, 64], layers_per_block: 2, "
        + "down_block_types: [ResnetDownsampleBlock2D, AttnDownBlock2D, DownBlock2D], up_block_types: [ResnetUpsampleBlock2D, AttnUpBlock2D, UpBlock2D], "
        + "downsample_padding: 1, downsample_type: resnet, upsample_type: resnet, resnet_time_scale_shift: scale_shift, attn_norm_num_groups: 32, "
        + "num_class_embeds: 3, flip_sin_to_cos: true, freq_shift: 0, norm_eps: 1.0e-5, attention_head_dim: 16}";

    readonly ScratchFolder _folder = new();
    readonly Device _device = Device.Cpu();

    public void Dispose()
    {
        _device.Dispose();
        _folder.Dispose();
    }

    static JsonElement Golden(string name) => JsonDocument.Parse(File.ReadAllText(Fixtures.Golden($"guided_unet/{name}.json"))).RootElement;

    static double Formula(int place, int i) => ((i * 37 + place * 101 + i / 7 * 13) % 257 - 128) / 128.0;

    string Weights(JsonElement golden, string prefix = "")
    {
        var writer = new TorchWriter();
        foreach ((int place, JsonElement tensor) in golden.GetProperty("tensors").EnumerateArray().Index())
        {
            string name = tensor[0].GetString()!;
            long[] shape = [.. tensor.EnumerateArray().Skip(1).Select(extent => extent.GetInt64())];
            int count = (int)shape.Aggregate(1L, (product, extent) => product * extent);
            double scale = 1.2 / Math.Sqrt(count / shape[0]);
            bool isNorm = name.EndsWith(".weight", StringComparison.Ordinal) && shape.Length == 1, isBias = name.EndsWith(".bias", StringComparison.Ordinal);
            writer.Add(prefix + name, SafetensorsType.F32, shape, stream =>
            {
                for (int i = 0; i < count; i++)
                {
                    double value = Formula(place, i);
                    stream.Write(BitConverter.GetBytes((float)(isNorm ? 1 + 0.25 * value : isBias ? 0.1 * value : scale * value)));
                }
            });
        }
        string path = _folder.Path("ema_0.9999_010000.pth");
        writer.Write(path, overwrite: true);
        return path;
    }

    ImportedWeights Import(string weights, string model, bool newOrder, string? diffusion = null)
    {
        string config = _folder.Write("config.yaml", $"model_params: {model}\ndiffusion_params: {{{diffusion}}}\n");
        return ModelFolder.Import(config, weights, _folder.Path("model"), newAttentionOrder: newOrder);
    }

    [Theory]
    [InlineData("conv", Conv, "", false)]
    [InlineData("updown", UpDown, "prediction_type: epsilon, variance: learned_range", true)]
    public void The_network_computes_what_guided_diffusions_own_does(string name, string model, string diffusion, bool newOrder)
    {
        JsonElement golden = Golden(name);
        Import(Weights(golden, "model.diffusion_model."), model, newOrder, diffusion);
        IDenoisingNetwork network = ModelFolder.Open(_folder.Path("model"), _device).Network;
        float[] sample = Floats(golden, "sample");
        int[] labels = golden.GetProperty("config").GetProperty("num_classes").GetInt32() > 0 ? [.. Floats(golden, "label").Select(label => (int)label)] : [];
        using TensorScope scope = _device.OpenScope();
        Tensor x = GoldenNetworks.Images(sample, [2, 1, 8, 8], _device);
        Tensor y = network.Answer(x, new NetworkPass(Floats(golden, "timestep"), labels));
        double[] expected = [.. golden.GetProperty("output").EnumerateArray().Select(value => value.GetDouble())];
        Assert.InRange(GoldenNetworks.RelativeError(expected, GoldenNetworks.Nchw(y)), 0, 1e-5);
    }

    static float[] Floats(JsonElement golden, string name) => [.. golden.GetProperty(name).EnumerateArray().Select(value => value.GetSingle())];

    [Fact]
    public void The_order_of_attention_matters_and_is_told_where_it_is_assumed()
    {
        JsonElement golden = Golden("conv");
        string weights = Weights(golden);
        ImportedWeights taken = Import(weights, Conv, newOrder: false);
        Assert.Contains(taken.Assumptions, line => line.Contains("--new-attention-order", StringComparison.Ordinal));
        float[] legacy = Query();
        Directory.Delete(_folder.Path("model"), recursive: true);
        Assert.Empty(Import(weights, Conv, newOrder: true).Assumptions);
        float[] other = Query();
        Assert.Equal(legacy[..(32 * 64)], other[..(32 * 64)]);
        Assert.NotEqual(legacy, other);

        float[] Query() => ModelFolder.Open(_folder.Path("model"), _device).Network.Parameters
            .Single(parameter => parameter.Name == "mid_block.attentions.0.to_q.weight").ToTorch();
    }

    [Theory]
    [InlineData("block_out_channels: [32, 64]", "block_out_channels: [32, 32]", "block_out_channels must be [32,64], not [32,32]")]
    [InlineData("layers_per_block: 1", "layers_per_block: 2", "layers_per_block must be 1, not 2")]
    [InlineData("[DownBlock2D, AttnDownBlock2D]", "[DownBlock2D, DownBlock2D]", "down_block_types must be [\"DownBlock2D\",\"AttnDownBlock2D\"]")]
    [InlineData("freq_shift: 0", "freq_shift: 1", "freq_shift must be 0, not 1")]
    [InlineData("flip_sin_to_cos: true", "flip_sin_to_cos: false", "flip_sin_to_cos must be true, not false")]
    [InlineData("norm_eps: 1.0e-5", "norm_eps: 1.0e-6", "norm_eps must be 1E-05, not 1E-06")]
    [InlineData("in_channels: 1, out_channels: 1", "in_channels: 3, out_channels: 3", "in_channels must be 1, not 3; out_channels must be 1, not 3")]
    [InlineData("downsample_padding: 1", "downsample_padding: 0", "downsample_padding must be 1, not 0")]
    [InlineData("freq_shift: 0", "freq_shift: 0, num_class_embeds: 4", "num_class_embeds must be null, not 4")]
    [InlineData("freq_shift: 0", "freq_shift: 0, resnet_time_scale_shift: scale_shift", "resnet_time_scale_shift must be \"default\", not \"scale_shift\"")]
    public void Another_network_is_refused_with_the_settings_that_disagree(string from, string to, string expected)
    {
        Assert.Contains(from, Conv, StringComparison.Ordinal);
        string weights = Weights(Golden("conv")), model = Conv.Replace(from, to, StringComparison.Ordinal);
        string message = Assert.Throws<InvalidDataException>(() => Import(weights, model, newOrder: false)).Message;
        Assert.StartsWith(weights, message, StringComparison.Ordinal);
        Assert.Contains(expected, message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
    }

    [Fact]
    public void Another_type_is_told_the_whole_network()
    {
        string message = Assert.Throws<InvalidDataException>(() => Import(Weights(Golden("updown")), "{im_size: 8}", newOrder: false)).Message;
        foreach (string part in (string[])["a U-Net of guided-diffusion", "\"type\":\"unet2d\"", "\"block_out_channels\":[32,64,64]",
            "\"downsample_type\":\"resnet\"", "\"resnet_time_scale_shift\":\"scale_shift\"", "\"num_class_embeds\":3", "\"out_channels\":2"])
            Assert.Contains(part, message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("model.final_res_block.block1.proj.weight", "lucidrains")]
    [InlineData("ema.map_layer0.weight", "EDM")]
    [InlineData("model.diffusion_model.input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight", "Stable Diffusion")]
    [InlineData("first_stage_model.decoder.conv_in.weight", "a latent diffusion model")]
    [InlineData("blocks.0.adaLN_modulation.1.weight", "DiT")]
    public void Networks_that_are_not_here_are_named(string tensor, string expected)
    {
        string path = _folder.Path("other.safetensors");
        var writer = new SafetensorsWriter();
        writer.Add(tensor, [1], new float[1]);
        writer.Write(path);
        Assert.Contains(expected, Assert.Throws<InvalidDataException>(() => Import(path, Conv, newOrder: false)).Message, StringComparison.Ordinal);
    }
}
