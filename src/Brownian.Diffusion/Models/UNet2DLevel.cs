using Brownian.Nn;
using Brownian.Tensors;

namespace Brownian;

/// <summary>One resolution on the way down or up: resnets, attention after each where the block has it, and the way to the next one.</summary>
sealed class UNet2DLevel
{
    readonly UNet2DAttention[] _attentions;
    readonly UNet2DResnet[] _resnets;
    readonly UNet2DResampler? _resampler;

    UNet2DLevel(ParameterScope scope, UNet2DBlock block, ReadOnlySpan<ResnetPlan> plans, UNet2DOptions options, Func<UNet2DResampler?> resampler)
    {
        // Attentions come first in diffusers' state dict, though they run second.
        _attentions = new UNet2DAttention[block == UNet2DBlock.Attention ? plans.Length : 0];
        for (int i = 0; i < _attentions.Length; i++)
            _attentions[i] = new UNet2DAttention(scope.Under("attentions", i), plans[i].Outputs, options, options.NormNumGroups);
        _resnets = new UNet2DResnet[plans.Length];
        for (int i = 0; i < _resnets.Length; i++) _resnets[i] = new UNet2DResnet(scope.Under("resnets", i), plans[i], options);
        _resampler = resampler();
    }

    /// <summary>A level going down: the first resnet takes the channels of the finer level.</summary>
    public static UNet2DLevel Down(ParameterScope scope, int level, UNet2DOptions options)
    {
        int layers = options.LayersPerBlock, outputs = options.BlockOutChannels[level];
        var plans = new ResnetPlan[layers];
        UNet2DBlock block = options.DownBlocks[level];
        for (int i = 0; i < layers; i++)
            plans[i] = Plan(block, i == 0 ? options.ChannelsAbove(level) : outputs, outputs, level * layers + i);
        return new UNet2DLevel(scope, block, plans, options, () => level == options.Levels - 1 ? null : Halving(scope, level, options));
    }

    static UNet2DResampler Halving(ParameterScope scope, int level, UNet2DOptions options)
    {
        int channels = options.BlockOutChannels[level];
        ResnetPlan plan = Between(options.DownBlocks[level], channels, options.FirstFreeSite + level);
        return options.EndOfDown(level) switch
        {
            UNet2DBlock.Resnet => new ResnetResampler(scope.Under("downsamplers", 0), plan with { Resampling = Resampling.Halve }, options),
            UNet2DBlock.Skip => new SkipHalving(scope, plan, options),
            _ => ConvResampler.Down(scope, channels, options),
        };
    }

    /// <summary>
    /// A level going up: each resnet sees the last result and a skip connection; the last skip comes from the finer level, before its
    /// halving.
    /// </summary>
    public static UNet2DLevel Up(ParameterScope scope, int level, UNet2DOptions options)
    {
        int layers = options.LayersPerBlock + 1, outputs = options.BlockOutChannels[level], from = options.Levels - 1 - level;
        int below = options.BlockOutChannels[Math.Min(level + 1, options.Levels - 1)];
        var plans = new ResnetPlan[layers];
        UNet2DBlock block = options.UpBlocks[level];
        for (int i = 0; i < layers; i++)
        {
            int inputs = (i == 0 ? below : outputs) + (i == layers - 1 ? options.ChannelsAbove(level) : outputs);
            plans[i] = Plan(block, inputs, outputs, options.Levels * options.LayersPerBlock + from * layers + i);
        }
        return new UNet2DLevel(scope, block, plans, options, () => Doubling(scope, level, options));
    }

    static UNet2DResampler? Doubling(ParameterScope scope, int level, UNet2DOptions options)
    {
        int channels = options.BlockOutChannels[level];
        UNet2DBlock end = options.EndOfUp(level);
        if (level == 0) return end == UNet2DBlock.Skip ? new ImageDoubling() : null;
        ResnetPlan plan = Between(options.UpBlocks[level], channels, options.FirstFreeSite + options.Levels + level);
        return end switch
        {
            UNet2DBlock.Resnet => new ResnetResampler(scope.Under("upsamplers", 0), plan with { Resampling = Resampling.Double }, options),
            UNet2DBlock.Skip => new SkipDoubling(scope, plan, options),
            _ => ConvResampler.Up(scope, channels),
        };
    }

    static ResnetPlan Plan(UNet2DBlock block, int inputs, int outputs, int site) => block == UNet2DBlock.Skip
        ? new ResnetPlan(inputs, outputs, site) { QuarterGroups = true, Divisor = MathF.Sqrt(2) }
        : new ResnetPlan(inputs, outputs, site);

    static ResnetPlan Between(UNet2DBlock block, int channels, int site) =>
        Plan(block, channels, channels, site) with { ConvolvesShortcut = block == UNet2DBlock.Skip };

    public int Layers => _resnets.Length;

    /// <summary>Resnet and attention number <paramref name="layer"/>.</summary>
    public Tensor Forward(int layer, Tensor x, UNet2DPass pass)
    {
        Tensor y = _resnets[layer].Forward(x, pass);
        return _attentions.Length == 0 ? y : _attentions[layer].Forward(y);
    }

    /// <summary>True where another resolution follows; see <see cref="UNet2DResampler.Forward"/>.</summary>
    public bool Resample(ref Tensor x, ref Tensor? image, UNet2DPass pass)
    {
        if (_resampler is null) return false;
        x = _resampler.Forward(x, ref image, pass);
        return true;
    }
}
