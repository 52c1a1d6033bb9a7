using Brownian.Nn;
using Brownian.Tensors;

namespace Brownian.Diffusion;

/// <summary>
/// The U-Net of explainingai-code/DDPM-Pytorch, the network of a widely watched tutorial on Ho et al. 2020: attention over all pixels
/// after every resnet, one skip connection per block. Parameter names, shapes and order are the original's, so its weights load.
/// </summary>
public sealed class TutorialUNet : IDenoisingNetwork
{
    /// <summary>The groups of every norm.</summary>
    internal const int Groups = 8;

    /// <summary>The channels after the last up block: fixed in the original.</summary>
    internal const int FinalChannels = 16;

    static readonly ConvSpec Same = new(3, 1, 1), Halving = new(4, 2, 1);

    readonly TutorialUNetOptions _options;
    readonly SinusoidalEmbedding _sinusoid;
    readonly Linear _timeIn, _timeOut;
    readonly Conv2d _convIn, _convOut;
    readonly TutorialBlock[] _downs, _mids, _ups;
    readonly Conv2d?[] _halve;
    readonly ConvTranspose2d?[] _double;
    readonly GroupNorm _normOut;

    /// <summary>Declares the parameters; they have no memory until <see cref="ParameterSet.Allocate"/>.</summary>
    /// <exception cref="ArgumentException">The options do not make a network.</exception>
    public TutorialUNet(TutorialUNetOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        _options = options;
        ParameterScope root = Parameters.Root;
        IReadOnlyList<int> down = options.DownChannels;
        int blocks = down.Count - 1, time = options.TimeEmbDim;
        _sinusoid = new SinusoidalEmbedding(time) { Divide = true };
        _timeIn = new Linear(root.Under("t_proj", 0), time, time);
        _timeOut = new Linear(root.Under("t_proj", 2), time, time);
        _convIn = new Conv2d(root.Under("conv_in"), options.ImChannels, down[0], Same);

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

    /// <summary>The size.</summary>
    public TutorialUNetOptions Options => _options;

    /// <inheritdoc/>
    public ParameterSet Parameters { get; } = new();

    /// <inheritdoc/>
    public int Channels => _options.ImChannels;

    /// <inheritdoc/>
    public int Height => _options.ImSize;

    /// <inheritdoc/>
    public int Width => _options.ImSize;

    /// <inheritdoc/>
    public int SizeMultiple => _options.SizeMultiple;

    /// <inheritdoc/>
    public Tensor Forward(Tensor x, NetworkPass pass)
    {
        ArgumentNullException.ThrowIfNull(x);
        NetworkInput.Check(this, x, pass);
        // Every resnet applies SiLU to the embedding before its own projection: once is enough.
        Tensor time = _timeOut.Forward(_timeIn.Forward(_sinusoid.Of(pass.Timesteps, x.Device)).Silu()).Silu();
        var skips = new Tensor[_downs.Length];
        Tensor h = _convIn.Forward(x);
        for (int i = 0; i < _downs.Length; i++)
        {
            skips[i] = h;
            h = _downs[i].Forward(h, time);
            if (_halve[i] is { } halve) h = halve.Forward(h);
        }
        foreach (TutorialBlock mid in _mids) h = mid.Forward(h, time);
        for (int i = 0; i < _ups.Length; i++)
        {
            if (_double[i] is { } twice) h = twice.Forward(h);
            h = _ups[i].Forward(Reshaping.ConcatChannels(h, skips[^(i + 1)]), time);
        }
        return _convOut.Forward(_normOut, h);
    }

    TutorialBlock Block(ParameterScope scope, int inputs, int outputs, int resnets, int attentions) =>
        new(scope, new TutorialBlockSize(inputs, outputs, resnets, attentions, _options.TimeEmbDim, _options.NumHeads));
}
