using Brownian.Diffusion;
using Brownian.Tensors;

namespace Brownian.Training;

/// <summary>
/// Type <c>residual_unet</c>: <see cref="ResidualUNet"/>, under the names of the tutorial's arguments. The initial values are the
/// tutorial's for flowers of 32×32 pixels, with 25,636,483 trained parameters.
/// </summary>
public sealed record ResidualUNetParams : ModelParams, IModelType<ResidualUNetParams>
{
    const int NormGroups = 8;
    const int MaxChannels = 1 << 16;

    /// <summary><c>input_channels</c>: channels of the images, in and out.</summary>
    public int ImageChannels { get; init; } = 3;

    /// <summary><c>im_size</c>: width and height of the images in pixels, or height and width where they differ.</summary>
    public Values<int> ImageSize { get; init; } = [32];

    /// <summary><c>base_channels</c>: channels of the first convolution, and the length of the sinusoidal time embedding.</summary>
    public int BaseChannels { get; init; } = 64;

    /// <summary><c>base_channels_multiples</c>: the width of each level in <see cref="BaseChannels"/>, from the finest.</summary>
    public Values<int> Multiples { get; init; } = [1, 2, 4, 4];

    /// <summary><c>apply_attention</c>: whether attention follows each block of a level, from the finest.</summary>
    public Values<bool> Attention { get; init; } = [false, true, true, false];

    /// <summary><c>num_res_blocks</c>: blocks per level on the way down; there is one more on the way up.</summary>
    public int Blocks { get; init; } = 2;

    /// <summary><c>dropout_rate</c>: the share of channels dropped in each block in training.</summary>
    public double DropoutRate { get; init; } = 0.1;

    /// <summary><c>time_multiple</c>: the width of the time embedding in <see cref="BaseChannels"/>.</summary>
    public int TimeMultiple { get; init; } = 4;

    /// <summary><c>total_time_steps</c>: rows of the frozen table of timesteps; <c>num_timesteps</c> may be at most this.</summary>
    public int TotalTimeSteps { get; init; } = 1000;

    /// <inheritdoc/>
    public override int Channels => ImageChannels;

    /// <inheritdoc/>
    public override int Height => ImageSize[0];

    /// <inheritdoc/>
    public override int Width => ImageSize[^1];

    static string IModelType<ResidualUNetParams>.TypeName => "residual_unet";

    static ConfigKey<ResidualUNetParams>[] IModelType<ResidualUNetParams>.Keys =>
    [
        new("input_channels", (s, v) => s with { ImageChannels = v.Integer() }, s => s.ImageChannels),
        new("im_size", (s, v) => s with { ImageSize = v.OneOrList(i => i.Integer()) }, s => s.ImageSize.Count == 1 ? s.ImageSize[0] : s.ImageSize),
        new("base_channels", (s, v) => s with { BaseChannels = v.Integer() }, s => s.BaseChannels),
        new("base_channels_multiples", (s, v) => s with { Multiples = v.List(i => i.Integer()) }, s => s.Multiples),
        new("apply_attention", (s, v) => s with { Attention = v.List(i => i.Flag()) }, s => s.Attention),
        new("num_res_blocks", (s, v) => s with { Blocks = v.Integer() }, s => s.Blocks),
        new("dropout_rate", (s, v) => s with { DropoutRate = v.Number() }, s => s.DropoutRate),
        new("time_multiple", (s, v) => s with { TimeMultiple = v.Integer() }, s => s.TimeMultiple),
        new("total_time_steps", (s, v) => s with { TotalTimeSteps = v.Integer() }, s => s.TotalTimeSteps),
    ];

    /// <inheritdoc/>
    public override IDenoisingNetwork CreateNetwork(Device device, ulong seed = 0) => new ResidualUNet(ToOptions(), device, seed);

    internal override string SizeKey => "im_size";

    internal override bool MayBeOblong => true;

    internal override IReadOnlyList<string> ChannelKeys => ["input_channels"];

    internal override (string Key, int Most)? TimestepLimit => ("total_time_steps", TotalTimeSteps);

    internal ResidualUNetOptions ToOptions() => new()
    {
        InputChannels = ImageChannels,
        Height = Height,
        Width = Width,
        BaseChannels = BaseChannels,
        BaseChannelsMultiples = Multiples,
        ApplyAttention = Attention,
        NumResBlocks = Blocks,
        DropoutRate = (float)DropoutRate,
        TimeMultiple = TimeMultiple,
        TotalTimeSteps = TotalTimeSteps,
    };

    internal override IEnumerable<(string Key, bool Good, string Message)> Rules()
    {
        yield return ("input_channels", ImageChannels is 1 or 3 or 4, $"is {ImageChannels}; images have 1, 3 or 4");
        yield return ("base_channels", BaseChannels is >= NormGroups and <= MaxChannels && BaseChannels % NormGroups == 0,
            $"is {BaseChannels}; it must be a multiple of {NormGroups}, the groups of the norms");
        yield return ("base_channels_multiples", Multiples.Count is >= 1 and <= 20, $"has {Multiples.Count} entries; it must have 1 to 20");
        foreach (int multiple in Multiples)
        {
            yield return ("base_channels_multiples", multiple >= 1 && (long)multiple * BaseChannels <= MaxChannels,
                $"has {multiple}; it must be at least 1, and at most {MaxChannels / BaseChannels} for widths up to {MaxChannels}");
        }
        yield return ("apply_attention", Attention.Count == Multiples.Count,
            $"has {Attention.Count} entries for {Multiples.Count} levels; give one for each of base_channels_multiples");
        yield return SizeRules.Of("im_size", ImageSize);
        yield return ("num_res_blocks", Blocks is >= 1 and <= 100, $"is {Blocks}; it must be at least 1");
        yield return ("dropout_rate", DropoutRate is >= 0 and < 1, $"is {DropoutRate}; it must be at least 0 and below 1");
        yield return ("time_multiple", TimeMultiple is >= 1 and <= 100, $"is {TimeMultiple}; it must be 1 to 100");
        yield return ("total_time_steps", TotalTimeSteps is >= 2 and <= 100_000, $"is {TotalTimeSteps}; it must be 2 to 100000");
    }
}
