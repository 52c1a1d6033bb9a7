using Brownian.IO;
using Brownian.Nn;
using Brownian.Tensors;

namespace Brownian;

/// <summary>
/// The U-Net of LearnOpenCV's "Guide to training DDPMs from scratch", after Ho et al. 2020: residual blocks with attention at chosen
/// levels, a skip connection for every block and every step down, a frozen table of sines and cosines. Parameter names and shapes are
/// the original's (misspelt ones too), so its weights load.
/// </summary>
public sealed class ResidualUNet : DenoisingNetwork<ResidualUNetOptions>
{
    /// <summary>The groups of every norm.</summary>
    internal const int Groups = 8;

    static readonly ConvSpec Same = new(3, 1, 1), Halving = new(3, 2, 1);

    readonly FrozenSinusoidalTable _table;
    readonly Linear _timeIn, _timeOut;
    readonly Conv2d _first, _last;
    readonly ResidualBlock[][] _encoder, _decoder;
    readonly Conv2d[] _halve, _double;
    readonly ResidualBlock[] _bottleneck;
    readonly GroupNorm _norm;
    int _blocks;

    /// <summary>Declares the parameters; they have no memory until <see cref="ParameterSet.Allocate"/>.</summary>
    /// <exception cref="ArgumentException">The options do not make a network.</exception>
    public ResidualUNet(ResidualUNetOptions options) : base(options)
    {
        ParameterScope root = Parameters.Root;
        int start = options.BaseChannels, features = start * options.TimeMultiple, levels = options.BaseChannelsMultiples.Count;
        _table = new FrozenSinusoidalTable(
            Time(0), options.TotalTimeSteps, new SinusoidalEmbedding(start) { FrequencyShift = 1 });
        _timeIn = new Linear(Time(1), start, features);
        _timeOut = new Linear(Time(3), features, features);
        _first = new Conv2d(root.Under("first"), options.SeenChannels, start, Same);

        var skips = new Stack<int>([start]);
        (_encoder, _halve) = (new ResidualBlock[levels][], new Conv2d[levels - 1]);
        int channels = Encode(root, skips);
        _bottleneck = [Block(root.Under("bottleneck_blocks", 0), channels, channels, attention: true),
            Block(root.Under("bottleneck_blocks", 1), channels, channels, attention: false)];
        (_decoder, _double) = (new ResidualBlock[levels][], new Conv2d[levels - 1]);
        channels = Decode(root, skips, channels);
        _norm = new GroupNorm(root.Under("final", 0), Groups, channels, silu: true);
        _last = new Conv2d(root.Under("final", 2), channels, options.InputChannels, Same);

        ParameterScope Time(int index) => root.Under("time_embeddings").Under("time_blocks", index);
    }

    /// <summary>Declares the parameters and gives them memory and first values.</summary>
    /// <param name="options">The size.</param>
    /// <param name="device">Where it computes.</param>
    /// <param name="seed">Of the first values.</param>
    /// <exception cref="ArgumentException">The options do not make a network.</exception>
    public ResidualUNet(ResidualUNetOptions options, Device device, ulong seed = 0) : this(options) => Parameters.Allocate(device, seed);

    /// <inheritdoc/>
    protected override Tensor Run(Tensor x, NetworkPass pass)
    {
        // Every block applies SiLU to the embedding before its own projection: once is enough.
        Tensor time = _timeOut.Forward(_timeIn.Forward(_table.Forward(pass.Timesteps, x.Device)).Silu()).Silu();
        var seen = new ResidualPass(time, pass.Training);
        var skips = new Stack<Tensor>();
        Tensor h = _first.Forward(x);
        skips.Push(h);
        for (int level = 0; level < _encoder.Length; level++)
        {
            foreach (ResidualBlock block in _encoder[level]) skips.Push(h = block.Forward(h, seen));
            if (level < _halve.Length) skips.Push(h = _halve[level].Forward(h));
        }
        foreach (ResidualBlock block in _bottleneck) h = block.Forward(h, seen);
        for (int level = _decoder.Length - 1; level >= 0; level--)
        {
            foreach (ResidualBlock block in _decoder[level]) h = block.Forward(Reshaping.ConcatChannels(h, skips.Pop()), seen);
            if (level > 0) h = _double[level - 1].Forward(h.UpsampleNearest());
        }
        return _last.Forward(_norm, h);
    }

    // Blocks and steps between levels share one list in the original, and its numbers.
    int Encode(ParameterScope root, Stack<int> skips)
    {
        int channels = Options.BaseChannels, index = 0;
        for (int level = 0; level < _encoder.Length; level++)
        {
            int outputs = Options.BaseChannels * Options.BaseChannelsMultiples[level];
            _encoder[level] = new ResidualBlock[Options.NumResBlocks];
            for (int i = 0; i < _encoder[level].Length; i++, channels = outputs)
            {
                _encoder[level][i] = Block(root.Under("encoder_blocks", index++), channels, outputs, Options.ApplyAttention[level]);
                skips.Push(outputs);
            }
            if (level == _halve.Length) continue;
            _halve[level] = new Conv2d(root.Under("encoder_blocks", index++).Under("downsample"), channels, channels, Halving);
            skips.Push(channels);
        }
        return channels;
    }

    int Decode(ParameterScope root, Stack<int> skips, int channels)
    {
        int index = 0;
        for (int level = _decoder.Length - 1; level >= 0; level--)
        {
            int outputs = Options.BaseChannels * Options.BaseChannelsMultiples[level];
            _decoder[level] = new ResidualBlock[Options.NumResBlocks + 1];
            for (int i = 0; i < _decoder[level].Length; i++, channels = outputs)
                _decoder[level][i] = Block(root.Under("decoder_blocks", index++), channels + skips.Pop(), outputs, Options.ApplyAttention[level]);
            if (level > 0)
                _double[level - 1] = new Conv2d(root.Under("decoder_blocks", index++).Under("upsample", 1), channels, channels, Same);
        }
        return channels;
    }

    ResidualBlock Block(ParameterScope scope, int inputs, int outputs, bool attention) =>
        new(scope, inputs, outputs, attention, Options, _blocks++);
}

/// <summary>What every block of one forward pass sees besides its input: SiLU of the time embedding N×F, and dropout's numbers.</summary>
readonly record struct ResidualPass(Tensor Time, Philox? Dropout);

/// <summary>
/// Two convolutions with a time embedding between them and a shortcut around them, then attention where the level has it. The 3×3
/// convolutions have multiples of 16 channels at the tutorial's size and take Winograd's way.
/// </summary>
sealed class ResidualBlock
{
    const int Heads = 4;

    static readonly ConvSpec Same = new(3, 1, 1), Pointwise = new(1);

    readonly GroupNorm _norm1, _norm2;
    readonly Conv2d _conv1, _conv2;
    readonly Conv2d? _match;
    readonly Linear _time;
    readonly GroupNorm? _attentionNorm;
    readonly MultiheadAttention? _attention;
    readonly float _dropout;
    readonly ulong _site;

    /// <param name="scope">Where the parameters are declared.</param>
    /// <param name="inputs">Channels in.</param>
    /// <param name="outputs">Channels out.</param>
    /// <param name="attention">Whether attention follows.</param>
    /// <param name="options">Dropout and the size of the time embedding.</param>
    /// <param name="site">A number that no other block of the network has, so that each drops out differently.</param>
    public ResidualBlock(ParameterScope scope, int inputs, int outputs, bool attention, ResidualUNetOptions options, int site)
    {
        (_dropout, _site) = ((float)options.DropoutRate, (ulong)site);
        _norm1 = new GroupNorm(scope.Under("normlize_1"), ResidualUNet.Groups, inputs, silu: true);
        _conv1 = new Conv2d(scope.Under("conv_1"), inputs, outputs, Same);
        _time = new Linear(scope.Under("dense_1"), options.BaseChannels * options.TimeMultiple, outputs);
        _norm2 = new GroupNorm(scope.Under("normlize_2"), ResidualUNet.Groups, outputs, silu: true);
        _conv2 = new Conv2d(scope.Under("conv_2"), outputs, outputs, Same);
        if (inputs != outputs) _match = new Conv2d(scope.Under("match_input"), inputs, outputs, Pointwise);
        if (!attention) return;
        _attentionNorm = new GroupNorm(scope.Under("attention").Under("group_norm"), ResidualUNet.Groups, outputs);
        _attention = new MultiheadAttention(scope.Under("attention").Under("mhsa"), outputs, Heads);
    }

    /// <summary>x N×H×W×inputs to N×H×W×outputs.</summary>
    public Tensor Forward(Tensor x, ResidualPass pass)
    {
        Tensor h = _conv1.Forward(_norm1, x, perSample: _time.Forward(pass.Time));
        h = Second(h, shortcut: _match is null ? x : _match.Forward(x), pass.Dropout);
        return _attention is null ? h : _attention.Forward(_attentionNorm!.Forward(h), residual: h);
    }

    // Norm, SiLU and convolution are one operation where nothing comes between them.
    Tensor Second(Tensor h, Tensor shortcut, Philox? dropout)
    {
        if (dropout is not { } random || _dropout == 0) return _conv2.Forward(_norm2, h, residual: shortcut);
        return _conv2.Forward(_norm2.Forward(h).DropoutChannels(_dropout, random.At(_site)), residual: shortcut);
    }
}

/// <summary>
/// The make of a <see cref="ResidualUNet"/>, under the names of the tutorial's arguments; the defaults are the tutorial's for flowers of
/// 32×32 pixels, 25,636,483 trained parameters.
/// </summary>
public sealed record ResidualUNetOptions : NetworkOptions
{
    const int MaxChannels = 1 << 16;

    /// <summary>Channels of the images, in and out.</summary>
    [Key("input_channels")] public int InputChannels { get; init; } = 3;

    /// <inheritdoc/>
    [Key("im_size", OneOrMany = true)] public override Values<int> ImageSize { get; init; } = [32];

    /// <summary>Channels of the first convolution, and features of the sinusoidal time embedding; a multiple of 8.</summary>
    [Key("base_channels")] public int BaseChannels { get; init; } = 64;

    /// <summary>The channels of each level in <see cref="BaseChannels"/>, from the finest.</summary>
    [Key("base_channels_multiples")] public Values<int> BaseChannelsMultiples { get; init; } = [1, 2, 4, 4];

    /// <summary>Whether attention follows each block of a level, from the finest.</summary>
    [Key("apply_attention")] public Values<bool> ApplyAttention { get; init; } = [false, true, true, false];

    /// <summary>Blocks per level on the way down; there is one more on the way up.</summary>
    [Key("num_res_blocks")] public int NumResBlocks { get; init; } = 2;

    /// <summary>The share of channels dropped in each block in training, from 0 to below 1.</summary>
    [Key("dropout_rate")] public double DropoutRate { get; init; } = 0.1;

    /// <summary>Features of the time embedding in <see cref="BaseChannels"/>.</summary>
    [Key("time_multiple")] public int TimeMultiple { get; init; } = 4;

    /// <summary>Rows of the frozen table of timesteps: they go from 0 to one below.</summary>
    [Key("total_time_steps")] public int TotalTimeSteps { get; init; } = 1000;

    /// <inheritdoc/>
    public override int Channels => InputChannels;

    /// <inheritdoc/>
    public override int SizeMultiple => 1 << (BaseChannelsMultiples.Count - 1);

    /// <inheritdoc/>
    public override IReadOnlyList<string> ChannelProperties => [nameof(InputChannels)];

    /// <inheritdoc/>
    public override (string Property, int Most)? TimestepLimit => (nameof(TotalTimeSteps), TotalTimeSteps);

    /// <inheritdoc/>
    public override IDenoisingNetwork CreateNetwork(Device device, ulong seed = 0) => new ResidualUNet(this, device, seed);

    /// <inheritdoc/>
    public override IEnumerable<Rule> Rules() =>
    [
        (nameof(InputChannels), InputChannels >= 1, $"is {InputChannels}; it must be at least 1"),
        (nameof(BaseChannels), BaseChannels is >= ResidualUNet.Groups and <= MaxChannels && BaseChannels % ResidualUNet.Groups == 0,
            $"is {BaseChannels}; it must be a multiple of {ResidualUNet.Groups}, the groups of the norms"),
        (nameof(BaseChannelsMultiples), BaseChannelsMultiples.Count is >= 1 and <= 20, $"has {Counted.Of(BaseChannelsMultiples.Count, "entry", "entries")}; it must have 1 to 20"),
        .. BaseChannelsMultiples.Select(multiple => new Rule(
            nameof(BaseChannelsMultiples), multiple >= 1 && (long)multiple * BaseChannels <= MaxChannels,
            $"has {multiple}; it must be at least 1, and at most {MaxChannels / Math.Max(1, BaseChannels)} for widths up to {MaxChannels}")),
        (nameof(ApplyAttention), ApplyAttention.Count == BaseChannelsMultiples.Count,
            $"has {Counted.Of(ApplyAttention.Count, "entry", "entries")} for {Counted.Of(BaseChannelsMultiples.Count, "level")}; give one for each of {nameof(BaseChannelsMultiples)}"),
        SizeRule,
        (nameof(NumResBlocks), NumResBlocks is >= 1 and <= 100, $"is {NumResBlocks}; it must be at least 1"),
        (nameof(DropoutRate), DropoutRate is >= 0 and < 1, $"is {DropoutRate}; it must be at least 0 and below 1"),
        (nameof(TimeMultiple), TimeMultiple is >= 1 and <= 100, $"is {TimeMultiple}; it must be 1 to 100"),
        (nameof(TotalTimeSteps), TotalTimeSteps is >= 2 and <= 100_000, $"is {TotalTimeSteps}; it must be 2 to 100000"),
    ];
}
