using Brownian.Nn;
using Brownian.Tensors;

namespace Brownian;

/// <summary>
/// The U-Net of Ronneberger et al. 2015 with batch norm and a time embedding, as a widely read article on DDPM for CIFAR-10 has it:
/// max-pooling down, transposed convolutions up, no attention. Parameter names and shapes are the article's, so its weights load.
/// </summary>
public sealed class PlainUNet : DenoisingNetwork<PlainUNetOptions>
{
    internal const int Levels = 4;

    static readonly ConvSpec Doubling = new(2, 2), Pointwise = new(1);

    readonly SinusoidalEmbedding _sinusoid;
    readonly PlainBlock[] _downs = new PlainBlock[Levels], _ups = new PlainBlock[Levels];
    readonly ConvTranspose2d[] _double = new ConvTranspose2d[Levels];
    readonly PlainBlock _bottleneck;
    readonly Conv2d _output;

    /// <summary>Declares the parameters; they have no memory until <see cref="ParameterSet.Allocate"/>.</summary>
    /// <exception cref="ArgumentException">The options do not make a network.</exception>
    public PlainUNet(PlainUNetOptions options) : base(options)
    {
        ParameterScope root = Parameters.Root;
        int time = options.TimeFeatures;
        _sinusoid = new SinusoidalEmbedding(time) { FrequencyShift = 1 };
        int ChannelsOf(int level) => options.FirstChannels << level;
        for (int level = 0; level < Levels; level++)
        {
            int inputs = level == 0 ? options.SeenChannels : ChannelsOf(level - 1);
            _downs[level] = new PlainBlock(root.Under($"down{level + 1}"), inputs, ChannelsOf(level), time);
        }
        _bottleneck = new PlainBlock(root.Under("bottleneck"), ChannelsOf(Levels - 1), ChannelsOf(Levels), time);
        for (int level = Levels - 1; level >= 0; level--)
        {
            int below = ChannelsOf(level + 1), here = ChannelsOf(level);
            _double[level] = new ConvTranspose2d(root.Under($"up{level + 1}"), below, here, Doubling);
            _ups[level] = new PlainBlock(root.Under($"dec{level + 1}"), 2 * here, here, time);
        }
        _output = new Conv2d(root.Under("out"), options.FirstChannels, options.ImageChannels, Pointwise);
    }

    /// <summary>Declares the parameters and gives them memory and first values.</summary>
    /// <param name="options">The size.</param>
    /// <param name="device">Where it computes.</param>
    /// <param name="seed">Of the first values.</param>
    /// <exception cref="ArgumentException">The options do not make a network.</exception>
    public PlainUNet(PlainUNetOptions options, Device device, ulong seed = 0) : this(options) => Parameters.Allocate(device, seed);

    /// <inheritdoc/>
    protected override Tensor Run(Tensor x, NetworkPass pass)
    {
        bool training = pass.Training is not null;
        Tensor time = _sinusoid.Of(pass.Timesteps, x.Device);
        var skips = new Tensor[Levels];
        Tensor h = x;
        for (int level = 0; level < Levels; level++)
        {
            skips[level] = _downs[level].Forward(h, time, training);
            h = skips[level].MaxPool();
        }
        h = _bottleneck.Forward(h, time, training);
        for (int level = Levels - 1; level >= 0; level--)
            h = _ups[level].Forward(Reshaping.ConcatChannels(_double[level].Forward(h), skips[level]), time, training);
        return _output.Forward(h);
    }
}

/// <summary>
/// Two 3×3 convolutions, each with batch norm and SiLU after it, and the time embedding added between them. Where both its channel
/// counts are multiples of 16 a convolution takes Winograd's way: all but the one that sees the image.
/// </summary>
sealed class PlainBlock(ParameterScope scope, int inputs, int outputs, int timeFeatures)
{
    static readonly ConvSpec Same = new(3, 1, 1);

    readonly Conv2d _conv1 = new(scope.Under("conv1"), inputs, outputs, Same);
    readonly BatchNorm2d _norm1 = new(scope.Under("bn1"), outputs, silu: true);
    readonly Conv2d _conv2 = new(scope.Under("conv2"), outputs, outputs, Same);
    readonly BatchNorm2d _norm2 = new(scope.Under("bn2"), outputs, silu: true);
    readonly Linear _time = new(scope.Under("time"), timeFeatures, outputs);

    /// <param name="x">N×H×W×inputs.</param>
    /// <param name="time">The time embedding, N×features.</param>
    /// <param name="training">Whether the norms use the batch's statistics.</param>
    /// <returns>N×H×W×outputs.</returns>
    public Tensor Forward(Tensor x, Tensor time, bool training)
    {
        Tensor h = _conv1.Forward(x);
        h = _norm1.Forward(h, training, perSample: _time.Forward(time));
        return _norm2.Forward(_conv2.Forward(h), training);
    }
}

/// <summary>The make of a <see cref="PlainUNet"/>; the defaults are the tutorial's, 31,800,259 parameters for CIFAR-10.</summary>
public sealed record PlainUNetOptions : NetworkOptions
{
    const int MaxChannels = 1 << 12;

    /// <summary>Channels of the images, in and out.</summary>
    [Key("in_ch")] public int ImageChannels { get; init; } = 3;

    /// <inheritdoc/>
    [Key("im_size", OneOrMany = true)] public override Values<int> ImageSize { get; init; } = [32];

    /// <summary>Channels of the first level; each of the four below it has twice as many as the one above.</summary>
    [Key("w")] public int FirstChannels { get; init; } = 64;

    /// <summary>Features of the sinusoidal time embedding, even.</summary>
    [Key("time_dim")] public int TimeFeatures { get; init; } = 256;

    /// <inheritdoc/>
    public override int Channels => ImageChannels;

    /// <inheritdoc/>
    public override int SizeMultiple => 1 << PlainUNet.Levels;

    /// <inheritdoc/>
    public override IReadOnlyList<string> ChannelProperties => [nameof(ImageChannels)];

    /// <inheritdoc/>
    public override IDenoisingNetwork CreateNetwork(Device device, ulong seed = 0) => new PlainUNet(this, device, seed);

    /// <inheritdoc/>
    public override IEnumerable<Rule> Rules() =>
    [
        (nameof(ImageChannels), ImageChannels >= 1, $"is {ImageChannels}; it must be at least 1"),
        SizeRule,
        (nameof(FirstChannels), FirstChannels is >= 1 and <= MaxChannels, $"is {FirstChannels}; it must be 1 to {MaxChannels}"),
        (nameof(TimeFeatures), TimeFeatures is >= 4 and <= 1 << 16 && TimeFeatures % 2 == 0,
            $"is {TimeFeatures}; it must be even and at least 4, for sines and cosines"),
    ];
}
