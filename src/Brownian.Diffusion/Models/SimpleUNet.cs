using Brownian.IO;
using Brownian.Nn;
using Brownian.Tensors;

namespace Brownian;

/// <summary>
/// The "SimpleUnet" of DeepFindr's "Diffusion models from scratch in PyTorch": batch norm after ReLU, 4×4 convolutions of stride 2 down
/// and up, no attention. Parameter names and shapes are the notebook's, so its weights load.
/// </summary>
public sealed class SimpleUNet : DenoisingNetwork<SimpleUNetOptions>
{
    static readonly ConvSpec Same = new(3, 1, 1), Pointwise = new(1);

    readonly SinusoidalEmbedding _sinusoid;
    readonly Linear _time;
    readonly Conv2d _input, _output;
    readonly SimpleBlock[] _downs, _ups;

    /// <summary>Declares the parameters; they have no memory until <see cref="ParameterSet.Allocate"/>.</summary>
    /// <exception cref="ArgumentException">The options do not make a network.</exception>
    public SimpleUNet(SimpleUNetOptions options) : base(options)
    {
        ParameterScope root = Parameters.Root;
        Values<int> channels = options.DownChannels;
        int blocks = channels.Count - 1, time = options.TimeEmbDim;
        _sinusoid = new SinusoidalEmbedding(time) { FrequencyShift = 1 };
        _time = new Linear(root.Under("time_mlp", 1), time, time);
        _input = new Conv2d(root.Under("conv0"), options.SeenChannels, channels[0], Same);
        _downs = new SimpleBlock[blocks];
        for (int i = 0; i < blocks; i++) _downs[i] = new SimpleBlock(root.Under("downs", i), channels[i], channels[i + 1], time, up: false);
        _ups = new SimpleBlock[blocks];
        for (int i = 0; i < blocks; i++)
            _ups[i] = new SimpleBlock(root.Under("ups", i), 2 * channels[blocks - i], channels[blocks - i - 1], time, up: true);
        _output = new Conv2d(root.Under("output"), channels[0], options.ImageChannels, Pointwise);
    }

    /// <summary>Declares the parameters and gives them memory and first values.</summary>
    /// <param name="options">The size.</param>
    /// <param name="device">Where it computes.</param>
    /// <param name="seed">Of the first values.</param>
    /// <exception cref="ArgumentException">The options do not make a network.</exception>
    public SimpleUNet(SimpleUNetOptions options, Device device, ulong seed = 0) : this(options) => Parameters.Allocate(device, seed);

    /// <inheritdoc/>
    protected override Tensor Run(Tensor x, NetworkPass pass)
    {
        bool training = pass.Training is not null;
        Tensor time = _time.Forward(_sinusoid.Of(pass.Timesteps, x.Device)).Relu();
        var skips = new Tensor[_downs.Length];
        Tensor h = _input.Forward(x);
        for (int i = 0; i < _downs.Length; i++) skips[i] = h = _downs[i].Forward(h, time, training);
        for (int i = 0; i < _ups.Length; i++) h = _ups[i].Forward(Reshaping.ConcatChannels(h, skips[^(i + 1)]), time, training);
        return _output.Forward(h);
    }
}

/// <summary>
/// Two 3×3 convolutions, each with ReLU and batch norm after it, and the time embedding added between them; then a step to half or
/// twice the resolution. Where both its channel counts are multiples of 16 a 3×3 convolution takes Winograd's way; the 4×4 ones run
/// tap by tap.
/// </summary>
sealed class SimpleBlock
{
    static readonly ConvSpec Same = new(3, 1, 1), Halving = new(4, 2, 1);

    readonly Linear _time;
    readonly Conv2d _conv1, _conv2;
    readonly BatchNorm2d _norm1, _norm2;
    readonly Conv2d? _halve;
    readonly ConvTranspose2d? _double;

    /// <param name="scope">Where the parameters are declared.</param>
    /// <param name="inputs">Channels in.</param>
    /// <param name="outputs">Channels out.</param>
    /// <param name="timeFeatures">Features of the time embedding.</param>
    /// <param name="up">Whether the resolution is doubled; else it is halved.</param>
    public SimpleBlock(ParameterScope scope, int inputs, int outputs, int timeFeatures, bool up)
    {
        _time = new Linear(scope.Under("time_mlp"), timeFeatures, outputs);
        _conv1 = new Conv2d(scope.Under("conv1"), inputs, outputs, Same);
        if (up) _double = new ConvTranspose2d(scope.Under("transform"), outputs, outputs, Halving);
        else _halve = new Conv2d(scope.Under("transform"), outputs, outputs, Halving);
        _conv2 = new Conv2d(scope.Under("conv2"), outputs, outputs, Same);
        _norm1 = new BatchNorm2d(scope.Under("bnorm1"), outputs, relu: true);
        _norm2 = new BatchNorm2d(scope.Under("bnorm2"), outputs, relu: true);
    }

    /// <param name="x">N×H×W×inputs.</param>
    /// <param name="time">The time embedding, N×features.</param>
    /// <param name="training">Whether the norms use the batch's statistics.</param>
    /// <returns>N×H/2×W/2×outputs, or N×2H×2W×outputs.</returns>
    public Tensor Forward(Tensor x, Tensor time, bool training)
    {
        Tensor h = _conv1.Forward(x);
        h = _norm1.Forward(h, training, perSample: _time.Forward(time).Relu());
        h = _norm2.Forward(_conv2.Forward(h), training);
        return _double is null ? _halve!.Forward(h) : _double.Forward(h);
    }
}

/// <summary>
/// The make of a <see cref="SimpleUNet"/>, under the names of the notebook's variables; the defaults are the tutorial's, 62,438,883
/// parameters for cars of 64×64 pixels.
/// </summary>
public sealed record SimpleUNetOptions : NetworkOptions
{
    const int MaxChannels = 1 << 16;

    /// <summary>Channels of the images, in and out.</summary>
    [Key("image_channels")] public int ImageChannels { get; init; } = 3;

    /// <inheritdoc/>
    [Key("im_size", OneOrMany = true)] public override Values<int> ImageSize { get; init; } = [64];

    /// <summary>Channels before the first down block and after each; the up blocks go back the same way.</summary>
    [Key("down_channels")] public Values<int> DownChannels { get; init; } = [64, 128, 256, 512, 1024];

    /// <summary>Features of the sinusoidal time embedding, even.</summary>
    [Key("time_emb_dim")] public int TimeEmbDim { get; init; } = 32;

    /// <inheritdoc/>
    public override int Channels => ImageChannels;

    /// <inheritdoc/>
    public override int SizeMultiple => 1 << (DownChannels.Count - 1);

    /// <inheritdoc/>
    public override IReadOnlyList<string> ChannelProperties => [nameof(ImageChannels)];

    /// <inheritdoc/>
    public override IDenoisingNetwork CreateNetwork(Device device, ulong seed = 0) => new SimpleUNet(this, device, seed);

    /// <inheritdoc/>
    public override IEnumerable<Rule> Rules() =>
    [
        (nameof(ImageChannels), ImageChannels >= 1, $"is {ImageChannels}; it must be at least 1"),
        (nameof(DownChannels), DownChannels.Count is >= 2 and <= 20,
            $"has {Counted.Of(DownChannels.Count, "entry", "entries")}; it needs at least 2, for one down block, and at most 20"),
        .. DownChannels.Select(channels => new Rule(
            nameof(DownChannels), channels is >= 1 and <= MaxChannels, $"has {channels}; it must be 1 to {MaxChannels}")),
        SizeRule,
        (nameof(TimeEmbDim), TimeEmbDim is >= 4 and <= MaxChannels && TimeEmbDim % 2 == 0,
            $"is {TimeEmbDim}; it must be even and at least 4, for sines and cosines"),
    ];
}
