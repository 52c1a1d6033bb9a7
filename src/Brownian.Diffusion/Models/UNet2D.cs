using Brownian.Nn;
using Brownian.Tensors;

namespace Brownian.Diffusion;

/// <summary>
/// The U-Net of Ho et al. 2020 as diffusers' <c>UNet2DModel</c> builds it from DownBlock2D, AttnDownBlock2D, UpBlock2D and
/// AttnUpBlock2D: one skip connection per resnet. Parameter names, shapes and order are those of its state dict.
/// </summary>
public sealed class UNet2D : IDenoisingNetwork
{
    static readonly ConvSpec Same = new(3, 1, 1);

    readonly UNet2DOptions _options;
    readonly SinusoidalEmbedding _sinusoid;
    readonly Linear _timeIn, _timeOut;
    readonly Embedding? _classes;
    readonly Conv2d _convIn, _convOut;
    readonly UNet2DLevel[] _downs, _ups;
    readonly Conv2d[] _halve, _double;
    readonly UNet2DAttention _midAttention;
    readonly UNet2DResnet _midFirst, _midSecond;
    readonly GroupNorm _normOut;

    /// <summary>Declares the parameters; they have no memory until <see cref="ParameterSet.Allocate"/>.</summary>
    /// <exception cref="ArgumentException">The options do not make a network.</exception>
    public UNet2D(UNet2DOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        _options = options;
        ParameterScope root = Parameters.Root;
        int first = options.BlockOutChannels[0], coarsest = options.BlockOutChannels[^1], time = 4 * first, levels = options.Levels;
        _sinusoid = new SinusoidalEmbedding(first) { CosineFirst = options.FlipSinToCos, FrequencyShift = options.FreqShift };
        _convIn = new Conv2d(root.Under("conv_in"), options.InChannels, first, Same);
        _timeIn = new Linear(root.Under("time_embedding").Under("linear_1"), first, time);
        _timeOut = new Linear(root.Under("time_embedding").Under("linear_2"), time, time);
        if (options.NumClassEmbeds > 0) _classes = new Embedding(root.Under("class_embedding"), options.NumClassEmbeds, time);

        (_downs, _halve) = (new UNet2DLevel[levels], new Conv2d[levels - 1]);
        (_ups, _double) = (new UNet2DLevel[levels], new Conv2d[levels - 1]);
        int site = DeclareDown(root);
        site = DeclareUp(root, site);
        ParameterScope mid = root.Under("mid_block");
        _midAttention = new UNet2DAttention(mid.Under("attentions", 0), coarsest, options);
        _midFirst = new UNet2DResnet(mid.Under("resnets", 0), coarsest, coarsest, options, site);
        _midSecond = new UNet2DResnet(mid.Under("resnets", 1), coarsest, coarsest, options, site + 1);
        _normOut = new GroupNorm(root.Under("conv_norm_out"), options.NormNumGroups, first, options.NormEps, silu: true);
        _convOut = new Conv2d(root.Under("conv_out"), first, options.OutChannels, Same);
    }

    /// <summary>Declares the parameters and gives them memory and first values.</summary>
    /// <param name="options">The size.</param>
    /// <param name="device">Where it computes.</param>
    /// <param name="seed">Of the first values.</param>
    /// <exception cref="ArgumentException">The options do not make a network.</exception>
    public UNet2D(UNet2DOptions options, Device device, ulong seed = 0) : this(options) => Parameters.Allocate(device, seed);

    /// <summary>The size.</summary>
    public UNet2DOptions Options => _options;

    /// <inheritdoc/>
    public ParameterSet Parameters { get; } = new();

    /// <inheritdoc/>
    public int Channels => _options.InChannels;

    /// <inheritdoc/>
    public int OutputChannels => _options.OutChannels;

    /// <inheritdoc/>
    public int Height => _options.Height;

    /// <inheritdoc/>
    public int Width => _options.Width;

    /// <inheritdoc/>
    public int SizeMultiple => _options.SizeMultiple;

    /// <inheritdoc/>
    public int Classes => _options.NumClassEmbeds;

    /// <inheritdoc/>
    public Philox? Dropout { get; set; }

    /// <inheritdoc/>
    public Tensor Forward(Tensor x, ReadOnlySpan<float> timesteps, ReadOnlySpan<int> labels = default)
    {
        ArgumentNullException.ThrowIfNull(x);
        NetworkInput.Check(this, x, timesteps.Length, labels.Length);
        Tensor time = _timeOut.Forward(_timeIn.Forward(_sinusoid.Of(timesteps, x.Device)).Silu());
        if (_classes is not null) time = _classes.Forward(labels, residual: time);
        // Every resnet applies SiLU to the embedding before its own projection: once is enough.
        var pass = new UNet2DPass(time.Silu(), Dropout);

        Tensor h = _convIn.Forward(x);
        var skips = new Stack<Tensor>([h]);
        for (int level = 0; level < _downs.Length; level++)
        {
            for (int layer = 0; layer < _downs[level].Layers; layer++) skips.Push(h = _downs[level].Forward(layer, h, pass));
            if (level < _halve.Length) skips.Push(h = _halve[level].Forward(h));
        }
        h = Middle(h, pass);
        for (int level = _ups.Length - 1; level >= 0; level--)
        {
            for (int layer = 0; layer < _ups[level].Layers; layer++)
            {
                Tensor skip = skips.Pop(), joined = Reshaping.ConcatChannels(h, skip);
                h.Discard();
                skip.Discard();
                h = _ups[level].Forward(layer, joined, pass);
                joined.Discard();
            }
            if (level == 0) continue;
            Tensor larger = h.UpsampleNearest();
            h.Discard();
            h = _double[level - 1].Forward(larger);
            larger.Discard();
        }
        Tensor y = _convOut.Forward(_normOut, h);
        h.Discard();
        return y;
    }

    Tensor Middle(Tensor x, UNet2DPass pass)
    {
        Tensor first = _midFirst.Forward(x, pass);
        Tensor mixed = _midAttention.Forward(first);
        first.Discard();
        Tensor y = _midSecond.Forward(mixed, pass);
        mixed.Discard();
        return y;
    }

    /// <inheritdoc/>
    public long MultiplyAdds(int height, int width)
    {
        long total = _timeIn.MultiplyAdds(1) + _timeOut.MultiplyAdds(1) + _convIn.MultiplyAdds(height, width) + _convOut.MultiplyAdds(height, width);
        for (int level = 0; level < _downs.Length; level++)
        {
            int h = height >> level, w = width >> level;
            total += _downs[level].MultiplyAdds(h, w) + _ups[level].MultiplyAdds(h, w);
            if (level < _halve.Length) total += _halve[level].MultiplyAdds(h, w) + _double[level].MultiplyAdds(h, w);
        }
        int coarse = _downs.Length - 1;
        int y = height >> coarse, x = width >> coarse;
        return total + _midFirst.MultiplyAdds(y, x) + _midSecond.MultiplyAdds(y, x) + _midAttention.MultiplyAdds(y, x);
    }

    /// <returns>The number of resnets declared.</returns>
    int DeclareDown(ParameterScope root)
    {
        ConvSpec halving = _options.DownsamplePadding == 0 ? new ConvSpec(3, 2, 0, 1) : new ConvSpec(3, 2, 1);
        int channels = _options.BlockOutChannels[0], layers = _options.LayersPerBlock;
        for (int level = 0; level < _downs.Length; level++)
        {
            ParameterScope scope = root.Under("down_blocks", level);
            int outputs = _options.BlockOutChannels[level];
            Span<int> inputs = new int[layers];
            inputs.Fill(outputs);
            inputs[0] = channels;
            _downs[level] = new UNet2DLevel(scope, inputs, outputs, _options.DownAttention[level], _options, level * layers);
            if (level < _halve.Length) _halve[level] = new Conv2d(scope.Under("downsamplers", 0).Under("conv"), outputs, outputs, halving);
            channels = outputs;
        }
        return _downs.Length * layers;
    }

    /// <returns>The number of resnets declared so far.</returns>
    int DeclareUp(ParameterScope root, int site)
    {
        int layers = _options.LayersPerBlock + 1, channels = _options.BlockOutChannels[^1];
        for (int level = _ups.Length - 1; level >= 0; level--)
        {
            ParameterScope scope = root.Under("up_blocks", _ups.Length - 1 - level);
            int outputs = _options.BlockOutChannels[level], below = _options.BlockOutChannels[Math.Max(level - 1, 0)];
            // Each resnet sees the last result and a skip; the last skip of a level comes from the finer level, before its halving.
            int[] inputs = new int[layers];
            for (int i = 0; i < layers; i++) inputs[i] = (i == 0 ? channels : outputs) + (i == layers - 1 ? below : outputs);
            _ups[level] = new UNet2DLevel(scope, inputs, outputs, _options.UpAttention[level], _options, site);
            if (level > 0) _double[level - 1] = new Conv2d(scope.Under("upsamplers", 0).Under("conv"), outputs, outputs, Same);
            (channels, site) = (outputs, site + layers);
        }
        return site;
    }
}
