using Brownian.IO;
using Brownian.Nn;
using Brownian.Tensors;

namespace Brownian;

/// <summary>
/// The U-Net of explainingai-code/DDPM-Pytorch, the network of a widely watched tutorial on Ho et al. 2020: attention over all pixels
/// after every resnet, one skip connection per block. Parameter names, shapes and order are the original's, so its weights load.
/// </summary>
public sealed class TutorialUNet : DenoisingNetwork<TutorialUNetOptions>
{
    /// <summary>The groups of every norm.</summary>
    internal const int Groups = 8;

    /// <summary>The channels after the last up block: fixed in the original.</summary>
    internal const int FinalChannels = 16;

    static readonly ConvSpec Same = new(3, 1, 1), Halving = new(4, 2, 1);

    readonly SinusoidalEmbedding _sinusoid;
    readonly Linear _timeIn, _timeOut;
    readonly Conv2d _convIn, _convOut;
    readonly TutorialBlock[] _downs, _mids, _ups;
    readonly Conv2d?[] _halve;
    readonly ConvTranspose2d?[] _double;
    readonly GroupNorm _normOut;
    int _resnets;

    /// <summary>Declares the parameters; they have no memory until <see cref="ParameterSet.Allocate"/>.</summary>
    /// <exception cref="ArgumentException">The options do not make a network.</exception>
    public TutorialUNet(TutorialUNetOptions options) : base(options)
    {
        ParameterScope root = Parameters.Root;
        Values<int> down = options.DownChannels;
        int blocks = down.Count - 1, time = options.TimeEmbDim;
        _sinusoid = new SinusoidalEmbedding(time) { Divide = true };
        _timeIn = new Linear(root.Under("t_proj", 0), time, time);
        _timeOut = new Linear(root.Under("t_proj", 2), time, time);
        _convIn = new Conv2d(root.Under("conv_in"), options.SeenChannels, down[0], Same);

        (_downs, _halve) = (new TutorialBlock[blocks], new Conv2d?[blocks]);
        for (int i = 0; i < blocks; i++)
        {
            ParameterScope scope = root.Under("downs", i);
            _downs[i] = Block(scope, down[i], down[i + 1], options.NumDownLayers, options.NumDownLayers);
            if (options.DownSample[i]) _halve[i] = new Conv2d(scope.Under("down_sample_conv"), down[i + 1], down[i + 1], Halving);
        }
        _mids = new TutorialBlock[options.MidChannels.Count - 1];
        for (int i = 0; i < _mids.Length; i++)
            _mids[i] = Block(root.Under("mids", i), options.MidChannels[i], options.MidChannels[i + 1], options.NumMidLayers + 1, options.NumMidLayers);

        (_ups, _double) = (new TutorialBlock[blocks], new ConvTranspose2d?[blocks]);
        for (int i = 0; i < blocks; i++)
        {
            ParameterScope scope = root.Under("ups", i);
            int mirrored = blocks - 1 - i, channels = down[mirrored];
            _ups[i] = Block(scope, 2 * channels, mirrored == 0 ? FinalChannels : down[mirrored - 1], options.NumUpLayers, options.NumUpLayers);
            if (options.DownSample[mirrored]) _double[i] = new ConvTranspose2d(scope.Under("up_sample_conv"), channels, channels, Halving);
        }
        _normOut = new GroupNorm(root.Under("norm_out"), Groups, FinalChannels, silu: true);
        _convOut = new Conv2d(root.Under("conv_out"), FinalChannels, options.ImChannels, Same);
    }

    /// <summary>Declares the parameters and gives them memory and first values.</summary>
    /// <param name="options">The size.</param>
    /// <param name="device">Where it computes.</param>
    /// <param name="seed">Of the first values.</param>
    /// <exception cref="ArgumentException">The options do not make a network.</exception>
    public TutorialUNet(TutorialUNetOptions options, Device device, ulong seed = 0) : this(options) => Parameters.Allocate(device, seed);

    /// <inheritdoc/>
    protected override Tensor Run(Tensor x, NetworkPass pass)
    {
        // Every resnet applies SiLU to the embedding before its own projection: once is enough.
        Tensor time = _timeOut.Forward(_timeIn.Forward(_sinusoid.Of(pass.Timesteps, x.Device)).Silu()).Silu();
        var seen = new TutorialPass(time, pass.Training);
        var skips = new Tensor[_downs.Length];
        Tensor h = _convIn.Forward(x);
        for (int i = 0; i < _downs.Length; i++)
        {
            skips[i] = h;
            h = _downs[i].Forward(h, seen);
            if (_halve[i] is { } halve) h = halve.Forward(h);
        }
        foreach (TutorialBlock mid in _mids) h = mid.Forward(h, seen);
        for (int i = 0; i < _ups.Length; i++)
        {
            if (_double[i] is { } twice) h = twice.Forward(h);
            h = _ups[i].Forward(Reshaping.ConcatChannels(h, skips[^(i + 1)]), seen);
        }
        return _convOut.Forward(_normOut, h);
    }

    TutorialBlock Block(ParameterScope scope, int inputs, int outputs, int resnets, int attentions)
    {
        var dropout = new TutorialDropout((float)Options.Dropout, FirstSite: _resnets);
        _resnets += resnets;
        return new(scope, new TutorialBlockSize(inputs, outputs, resnets, attentions, Options.TimeEmbDim, Options.NumHeads), dropout);
    }
}

/// <summary>What every resnet of one forward pass sees besides its input: SiLU of the time embedding N×F, and dropout's numbers.</summary>
readonly record struct TutorialPass(Tensor Time, Philox? Dropout);

/// <summary>What drops out in a <see cref="TutorialBlock"/>.</summary>
/// <param name="Rate">The share of what the second convolution sees.</param>
/// <param name="FirstSite">The number of its first resnet among those of the network, so that each drops out differently.</param>
readonly record struct TutorialDropout(float Rate, int FirstSite);

/// <summary>The extents of a <see cref="TutorialBlock"/>.</summary>
readonly record struct TutorialBlockSize(int Inputs, int Outputs, int Resnets, int Attentions, int TimeFeatures, int Heads);

/// <summary>
/// What the down, middle and up blocks share: resnets with the time embedding added between their two convolutions, and an
/// attention after each, the last one excepted in middle blocks. Parameters are declared kind by kind, as the original does.
/// </summary>
sealed class TutorialBlock
{
    static readonly ConvSpec Same = new(3, 1, 1), Pointwise = new(1);

    readonly NormConv[] _first, _second;
    readonly Linear[] _time;
    readonly Conv2d[] _residual;
    readonly GroupNorm[] _norms;
    readonly MultiheadAttention[] _attentions;
    readonly TutorialDropout _dropout;

    public TutorialBlock(ParameterScope scope, TutorialBlockSize size, TutorialDropout dropout)
    {
        _dropout = dropout;
        int outputs = size.Outputs;
        int Inputs(int layer) => layer == 0 ? size.Inputs : outputs;
        _first = List(size.Resnets, i => new NormConv(scope.Under("resnet_conv_first", i), Inputs(i), outputs));
        _time = List(size.Resnets, i => new Linear(scope.Under("t_emb_layers", i).Under("1"), size.TimeFeatures, outputs));
        _second = List(size.Resnets, i => new NormConv(scope.Under("resnet_conv_second", i), outputs, outputs));
        _norms = List(size.Attentions, i => new GroupNorm(scope.Under("attention_norms", i), TutorialUNet.Groups, outputs));
        _attentions = List(size.Attentions, i => new MultiheadAttention(scope.Under("attentions", i), outputs, size.Heads));
        _residual = List(size.Resnets, i => new Conv2d(scope.Under("residual_input_conv", i), Inputs(i), outputs, Pointwise));
    }

    /// <param name="x">N×H×W×inputs.</param>
    /// <param name="pass">What all resnets see.</param>
    /// <returns>N×H×W×outputs.</returns>
    public Tensor Forward(Tensor x, TutorialPass pass)
    {
        for (int i = 0; i < _first.Length; i++)
        {
            Tensor h = _first[i].Forward(x, perSample: _time[i].Forward(pass.Time));
            Tensor residual = _residual[i].Forward(x);
            x = pass.Dropout is { } random && _dropout.Rate > 0
                ? _second[i].Forward(h, residual, _dropout.Rate, random.At((ulong)(_dropout.FirstSite + i)))
                : _second[i].Forward(h, residual: residual);
            if (i < _attentions.Length) x = _attentions[i].Forward(_norms[i].Forward(x), residual: x);
        }
        return x;
    }

    static T[] List<T>(int count, Func<int, T> make)
    {
        var list = new T[count];
        for (int i = 0; i < count; i++) list[i] = make(i);
        return list;
    }

    /// <summary>Group norm, SiLU and a 3×3 convolution: elements 0, (1) and 2 of a <c>torch.nn.Sequential</c>.</summary>
    sealed class NormConv(ParameterScope scope, int inputs, int outputs)
    {
        readonly GroupNorm _norm = new(scope.Under("0"), TutorialUNet.Groups, inputs, silu: true);
        readonly Conv2d _conv = new(scope.Under("2"), inputs, outputs, Same);

        public Tensor Forward(Tensor x, Tensor? perSample = null, Tensor? residual = null) =>
            _conv.Forward(_norm, x, perSample, residual);

        // Dropout comes between SiLU and the convolution, as Ho et al. 2020 have it.
        public Tensor Forward(Tensor x, Tensor residual, float dropout, Philox random) =>
            _conv.Forward(_norm.Forward(x).Dropout(dropout, random), residual: residual);
    }
}

/// <summary>
/// The make of a <see cref="TutorialUNet"/>, under the names of DDPM-Pytorch's <c>model_params</c>; the defaults are its
/// <c>default.yaml</c>, 10,188,081 parameters for grey 28×28 images.
/// </summary>
public sealed record TutorialUNetOptions : NetworkOptions
{
    const int MaxChannels = 1 << 16;

    /// <summary>Channels of the images, in and out.</summary>
    [Key("im_channels")] public int ImChannels { get; init; } = 1;

    /// <inheritdoc/>
    [Key("im_size", OneOrMany = true)] public override Values<int> ImageSize { get; init; } = [28];

    /// <summary>Channels before the first down block and after each: one more than there are blocks, each a multiple of 8.</summary>
    [Key("down_channels")] public Values<int> DownChannels { get; init; } = [32, 64, 128, 256];

    /// <summary>
    /// Channels before the first middle block and after each. The first is the last of <see cref="DownChannels"/>, the last is the one
    /// before that: the up blocks begin there.
    /// </summary>
    [Key("mid_channels")] public Values<int> MidChannels { get; init; } = [256, 256, 128];

    /// <summary>Whether each down block halves the image at its end, and its up block doubles it again.</summary>
    [Key("down_sample")] public Values<bool> DownSample { get; init; } = [true, true, false];

    /// <summary>Features of the sinusoidal time embedding, even.</summary>
    [Key("time_emb_dim")] public int TimeEmbDim { get; init; } = 128;

    /// <summary>Resnets, each followed by attention, per down block.</summary>
    [Key("num_down_layers")] public int NumDownLayers { get; init; } = 2;

    /// <summary>Attentions, each followed by a resnet, per middle block; a resnet comes before them.</summary>
    [Key("num_mid_layers")] public int NumMidLayers { get; init; } = 2;

    /// <summary>Resnets, each followed by attention, per up block.</summary>
    [Key("num_up_layers")] public int NumUpLayers { get; init; } = 2;

    /// <summary>Heads of every attention. The original has this setting too but always uses 4.</summary>
    [Key("num_heads")] public int NumHeads { get; init; } = 4;

    /// <summary>The share of what each resnet's second convolution sees that is dropped in training, from 0 to below 1. The original has none.</summary>
    [Key("dropout", Quiet = true)] public double Dropout { get; init; }

    /// <inheritdoc/>
    public override int Channels => ImChannels;

    /// <inheritdoc/>
    public override int SizeMultiple => 1 << DownSample.Count(halves => halves);

    /// <inheritdoc/>
    public override IReadOnlyList<string> ChannelProperties => [nameof(ImChannels)];

    /// <inheritdoc/>
    public override IDenoisingNetwork CreateNetwork(Device device, ulong seed = 0) => new TutorialUNet(this, device, seed);

    /// <inheritdoc/>
    public override IEnumerable<Rule> Rules()
    {
        yield return (nameof(ImChannels), ImChannels >= 1, $"is {ImChannels}; it must be at least 1");
        yield return SizeRule;
        yield return (nameof(DownChannels), DownChannels.Count is >= 2 and <= 20,
            $"has {Counted.Of(DownChannels.Count, "entry", "entries")}; it needs at least 2, for one down block");
        yield return (nameof(MidChannels), MidChannels.Count is >= 2 and <= 100,
            $"has {Counted.Of(MidChannels.Count, "entry", "entries")}; it needs at least 2, for one middle block");
        yield return (nameof(DownSample), DownSample.Count == DownChannels.Count - 1,
            $"has {Counted.Of(DownSample.Count, "entry", "entries")} for {Counted.Of(DownChannels.Count - 1, "down block")}; give one fewer than {nameof(DownChannels)} has");
        yield return (nameof(NumHeads), NumHeads >= 1 && TutorialUNet.FinalChannels % NumHeads == 0,
            $"is {NumHeads}; it must divide {TutorialUNet.FinalChannels}, the channels of the last up block");
        foreach (Rule rule in ChannelRules(nameof(DownChannels), DownChannels)) yield return rule;
        foreach (Rule rule in ChannelRules(nameof(MidChannels), MidChannels)) yield return rule;
        yield return (nameof(MidChannels), MidChannels[0] == DownChannels[^1],
            $"starts with {MidChannels[0]}; it must start with the last of {nameof(DownChannels)}, {DownChannels[^1]}");
        yield return (nameof(MidChannels), MidChannels[^1] == DownChannels[^2],
            $"ends with {MidChannels[^1]}; it must end with the last but one of {nameof(DownChannels)}, {DownChannels[^2]}");
        yield return (nameof(TimeEmbDim), TimeEmbDim is >= 2 and <= MaxChannels && TimeEmbDim % 2 == 0,
            $"is {TimeEmbDim}; it must be even, for sines and cosines");
        yield return (nameof(NumDownLayers), NumDownLayers is >= 1 and <= 100, $"is {NumDownLayers}; it must be at least 1");
        yield return (nameof(NumMidLayers), NumMidLayers is >= 1 and <= 100, $"is {NumMidLayers}; it must be at least 1");
        yield return (nameof(NumUpLayers), NumUpLayers is >= 1 and <= 100, $"is {NumUpLayers}; it must be at least 1");
        yield return (nameof(Dropout), Dropout is >= 0 and < 1, $"is {Dropout}; it must be at least 0 and below 1");
    }

    IEnumerable<Rule> ChannelRules(string property, Values<int> channels) => channels.SelectMany(count => (Rule[])
    [
        (property, count is >= 1 and <= MaxChannels && count % TutorialUNet.Groups == 0,
            $"has {count}; it must be a multiple of {TutorialUNet.Groups}, the groups of the norms"),
        (property, count % NumHeads == 0, $"has {count}, which {nameof(NumHeads)}, {NumHeads}, does not divide"),
    ]);
}
