using Brownian.Nn;
using Brownian.Tensors;

namespace Brownian.Tests;

public sealed class ResidualUNetTests : IDisposable
{
    static readonly ResidualUNetOptions Small = new() { BaseChannels = 16, BaseChannelsMultiples = [1, 2, 2, 4], TotalTimeSteps = 100 };

    static readonly ResidualUNetOptions Smallest =
        Small with { BaseChannelsMultiples = [1, 2], ApplyAttention = [false, true], NumResBlocks = 1 };

    internal static readonly ResidualUNetOptions Tiny = new()
    {
        InputChannels = 1,
        ImageSize = [8],
        BaseChannels = 8,
        BaseChannelsMultiples = [1, 2],
        ApplyAttention = [false, true],
        NumResBlocks = 1,
        DropoutRate = 0.5,
        TotalTimeSteps = 10,
    };

    readonly Device _device = Device.Cpu();

    public void Dispose() => _device.Dispose();

    [Theory]
    [InlineData(3, 25_636_483)]
    [InlineData(1, 25_634_177)]
    public void It_has_as_many_trained_parameters_as_the_original_and_a_table(int channels, long expected)
    {
        ParameterSet parameters = new ResidualUNet(new() { InputChannels = channels }).Parameters;
        Assert.Equal(expected, parameters.Count);
        Assert.Equal(64_000, parameters.Where(p => !p.IsTrained).Sum(p => p.Shape.Count));
    }

    [Theory]
    [InlineData("residual_unet")]
    [InlineData("residual_unet/tiny")]
    public void Output_and_all_gradients_match_the_original(string folder)
    {
        using SafetensorsFile io = SafetensorsFile.Read(Fixtures.Golden($"{folder}/io.safetensors"));
        var network = new ResidualUNet(folder == "residual_unet" ? Small : Smallest, _device);
        ParameterFile.Read(Fixtures.Golden($"{folder}/weights.safetensors"), network.Parameters, ("", network.Parameters.Values));
        new GoldenStep(io, "", "sample", "timestep").Check(network, _device);
    }

    [Fact]
    public void A_fresh_network_has_the_originals_table()
    {
        using SafetensorsFile weights = SafetensorsFile.Read(Fixtures.Golden("residual_unet/tiny/weights.safetensors"));
        Parameter table = new ResidualUNet(Smallest, _device, seed: 3).Parameters["time_embeddings.time_blocks.0.weight"];
        // Angles near 100 carry a rounding of 4e-6.
        Assert.InRange(GoldenNetworks.LargestDifference(weights.ReadDoubles(table.Name), table.ToTorch()), 0, 1e-5);
    }

    [Fact]
    public void A_timestep_between_two_rows_takes_its_share_of_each_and_one_outside_is_refused()
    {
        var set = new ParameterSet();
        var table = new FrozenSinusoidalTable(set.Root, 10, new SinusoidalEmbedding(4) { FrequencyShift = 1 });
        set.Allocate(_device, 0);
        float[] rows = table.Forward([3, 4, 3.25f, 9], _device).ToArray();
        Assert.Equal(set["weight"].ToTorch()[12..20], rows[..8]);
        Assert.Equal(set["weight"].ToTorch()[36..], rows[12..]);
        for (int i = 0; i < 4; i++) Assert.Equal(0.75 * rows[i] + 0.25 * rows[4 + i], rows[8 + i], 1e-6);
        foreach (float outside in new[] { -1, 9.5f, float.NaN })
            Assert.Contains("from 0 to 9", Assert.Throws<ArgumentException>(() => table.Forward([outside], _device)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_cost_grows_with_the_pixels_but_for_attention_and_time()
    {
        ResidualUNetOptions options = Tiny with { ApplyAttention = [false, false] };
        ParameterSet parameters = new ResidualUNet(options).Parameters;
        long time = 10 * 8 + 8 * 32 + 32 * 32 + parameters.Where(p => p.Name.EndsWith("dense_1.weight", StringComparison.Ordinal)).Sum(p => (long)p.Shape.Count);
        long attention = Attention(4) - time, doubled = Attention(8) - time;      // of the bottleneck: 16 channels
        Assert.Equal(4 * (attention - Quadratic(4)), doubled - Quadratic(8));

        long Attention(int bottleneck) => NetworkSummary.Of(device => new ResidualUNet(options, device), (2 * bottleneck, 2 * bottleneck)).MultiplyAdds;
        static long Quadratic(long side) => 2 * side * side * side * side * 16;
    }

    public static TheoryData<ResidualUNetOptions, string> Impossible => new()
    {
        { Tiny with { ImageSize = [0, 8] }, "ResidualUNet: ImageSize is [0, 8]; it must be one number, or [height, width], of 1 to 4096." },
        { Tiny with { BaseChannels = 12 }, "ResidualUNet: BaseChannels is 12; it must be a multiple of 8, the groups of the norms." },
        { Tiny with { ApplyAttention = [true] }, "ResidualUNet: ApplyAttention has 1 entry for 2 levels; give one for each of BaseChannelsMultiples." },
        { Tiny with { BaseChannelsMultiples = [1, 0] }, "ResidualUNet: BaseChannelsMultiples has 0; it must be at least 1, and at most 8192 for widths up to 65536." },
        { Tiny with { DropoutRate = 1 }, "ResidualUNet: DropoutRate is 1; it must be at least 0 and below 1." },
        { Tiny with { TotalTimeSteps = 0 }, "ResidualUNet: TotalTimeSteps is 0; it must be 2 to 100000." },
    };

    [Theory]
    [MemberData(nameof(Impossible))]
    public void Impossible_sizes_are_refused_in_one_line(ResidualUNetOptions options, string message) =>
        Assert.Equal(message, Assert.Throws<ArgumentException>(() => new ResidualUNet(options)).Message);
}
