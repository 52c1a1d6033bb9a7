using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Brownian.Peers;

/// <summary>
/// diffusers' <c>UNet2DModel</c> with the two kinds of levels that google/ddpm-cifar10-32 has, plain and with attention, and without
/// dropout; see <see cref="UNet2D"/>.
/// </summary>
sealed class TorchUNet2D : TorchNetwork
{
    readonly UNet2DOptions _options;
    readonly Tensor _frequencies;
    readonly Linear _timeIn, _timeOut;
    readonly Conv2d _convIn, _convOut;
    readonly Level[] _downs, _ups;
    readonly Resnet _middle1, _middle2;
    readonly Attention _middleAttention;
    readonly GroupNorm _normOut;

    public TorchUNet2D(UNet2DOptions options, Layout layout) : base(layout)
    {
        _options = options;
        Values<int> channels = options.BlockOutChannels;
        int first = channels[0], features = 4 * first, levels = channels.Count;
        _frequencies = TorchOps.Frequencies(first, (float)options.FreqShift);
        _convIn = Root.Conv("conv_in", options.InChannels, first, 3, padding: 1);
        TorchScope time = Root.Under("time_embedding");
        (_timeIn, _timeOut) = (time.Linear("linear_1", first, features), time.Linear("linear_2", features, features));
        TorchScope downs = Root.Under("down_blocks"), ups = Root.Under("up_blocks"), middle = Root.Under("mid_block");
        _downs = [.. Enumerable.Range(0, levels).Select(level => Down(downs.Under($"{level}"), level))];
        _ups = [.. Enumerable.Range(0, levels).Select(i => Up(ups.Under($"{i}"), levels - 1 - i))];
        TorchScope resnets = middle.Under("resnets");
        _middle1 = new Resnet(resnets.Under("0"), channels[^1], channels[^1], options);
        _middleAttention = new Attention(middle.Under("attentions").Under("0"), channels[^1], options);
        _middle2 = new Resnet(resnets.Under("1"), channels[^1], channels[^1], options);
        _normOut = Root.GroupNorm("conv_norm_out", options.NormNumGroups, first, (float)options.NormEps);
        _convOut = Root.Conv("conv_out", first, options.OutChannels, 3, padding: 1);
    }

    public override Tensor forward(Tensor x, Tensor timesteps)
    {
        // Every resnet applies SiLU to the embedding before its own projection: once is enough.
        Tensor time = TorchOps.Silu(_timeOut.forward(TorchOps.Silu(_timeIn.forward(TorchOps.Sinusoid(timesteps, _frequencies)))));
        Tensor h = _convIn.forward(x);
        var skips = new Stack<Tensor>([h]);
        foreach (Level down in _downs)
        {
            for (int i = 0; i < down.Resnets.Length; i++) skips.Push(h = down.Forward(i, h, time));
            if (down.Resample is { } halve) skips.Push(h = Halve(halve, h));
        }
        h = _middle2.Forward(_middleAttention.Forward(_middle1.Forward(h, time)), time);
        foreach (Level up in _ups)
        {
            for (int i = 0; i < up.Resnets.Length; i++)
            {
                (int layer, Tensor below, Tensor skip) = (i, h, skips.Pop());
                h = TorchOps.Scoped(() => up.Forward(layer, cat([below, skip], 1), time));
                below.Dispose();
                skip.Dispose();
            }
            Tensor small = h;
            if (up.Resample is { } conv) h = TorchOps.Scoped(() => conv.forward(small.Double()));
        }
        return _convOut.forward(TorchOps.Silu(_normOut.forward(h)));
    }

    // diffusers pads by hand where it is told to pad by 0: one row and column at the end.
    Tensor Halve(Conv2d conv, Tensor x) =>
        _options.DownsamplePadding == 0 ? TorchOps.Scoped(() => conv.forward(nn.functional.pad(x, [0, 1, 0, 1]))) : conv.forward(x);

    Level Down(TorchScope scope, int level)
    {
        Values<int> channels = _options.BlockOutChannels;
        int outputs = channels[level];
        int[] inputs = [.. Enumerable.Range(0, _options.LayersPerBlock).Select(i => i == 0 ? channels[Math.Max(level - 1, 0)] : outputs)];
        Conv2d? halve = level == channels.Count - 1 ? null
            : scope.Under("downsamplers").Under("0").Conv("conv", outputs, outputs, 3, 2, _options.DownsamplePadding);
        return new Level(scope, _options.DownBlocks[level], inputs, outputs, _options) { Resample = halve };
    }

    Level Up(TorchScope scope, int level)
    {
        Values<int> channels = _options.BlockOutChannels;
        int layers = _options.LayersPerBlock + 1, outputs = channels[level];
        int below = channels[Math.Min(level + 1, channels.Count - 1)], above = channels[Math.Max(level - 1, 0)];
        int[] inputs = [.. Enumerable.Range(0, layers).Select(i => (i == 0 ? below : outputs) + (i == layers - 1 ? above : outputs))];
        Conv2d? twice = level == 0 ? null : scope.Under("upsamplers").Under("0").Conv("conv", outputs, outputs, 3, padding: 1);
        return new Level(scope, _options.UpBlocks[level], inputs, outputs, _options) { Resample = twice };
    }

    sealed class Level
    {
        readonly Attention[] _attentions = [];

        public Level(TorchScope scope, UNet2DBlock kind, int[] inputs, int outputs, UNet2DOptions options)
        {
            if (kind is not (UNet2DBlock.Plain or UNet2DBlock.Attention))
                throw new ArgumentException($"A level of kind {kind} is not written in TorchSharp; Plain and Attention are.");
            TorchScope resnets = scope.Under("resnets");
            Resnets = [.. inputs.Select((channels, i) => new Resnet(resnets.Under($"{i}"), channels, outputs, options))];
            if (kind != UNet2DBlock.Attention) return;
            TorchScope attentions = scope.Under("attentions");
            _attentions = [.. inputs.Select((_, i) => new Attention(attentions.Under($"{i}"), outputs, options))];
        }

        public Resnet[] Resnets { get; }

        public Conv2d? Resample { get; init; }

        public Tensor Forward(int layer, Tensor x, Tensor time)
        {
            Tensor y = Resnets[layer].Forward(x, time);
            if (_attentions.Length == 0) return y;
            Tensor attended = _attentions[layer].Forward(y);
            y.Dispose();
            return attended;
        }
    }

    sealed class Resnet
    {
        readonly GroupNorm _norm1, _norm2;
        readonly Conv2d _conv1, _conv2;
        readonly Conv2d? _shortcut;
        readonly Linear _time;

        public Resnet(TorchScope scope, int inputs, int outputs, UNet2DOptions options)
        {
            (int groups, float epsilon) = (options.NormNumGroups, (float)options.NormEps);
            (_norm1, _conv1) = (scope.GroupNorm("norm1", groups, inputs, epsilon), scope.Conv("conv1", inputs, outputs, 3, padding: 1));
            _time = scope.Linear("time_emb_proj", 4 * options.BlockOutChannels[0], outputs);
            (_norm2, _conv2) = (scope.GroupNorm("norm2", groups, outputs, epsilon), scope.Conv("conv2", outputs, outputs, 3, padding: 1));
            if (inputs != outputs) _shortcut = scope.Conv("conv_shortcut", inputs, outputs, 1);
        }

        public Tensor Forward(Tensor x, Tensor time) => TorchOps.Scoped(() =>
        {
            Tensor h = _conv1.forward(TorchOps.Silu(_norm1.forward(x))).AddPerSample(_time.forward(time));
            return _conv2.forward(TorchOps.Silu(_norm2.forward(h))).add_(_shortcut is null ? x : _shortcut.forward(x));
        });
    }

    sealed class Attention
    {
        readonly GroupNorm _norm;
        readonly Linear _query, _key, _value, _output;
        readonly int _heads;

        public Attention(TorchScope scope, int channels, UNet2DOptions options)
        {
            _heads = channels / (options.AttentionHeadDim ?? channels);
            _norm = scope.GroupNorm("group_norm", options.NormNumGroups, channels, (float)options.NormEps);
            (_query, _key, _value) = (scope.Linear("to_q", channels, channels), scope.Linear("to_k", channels, channels), scope.Linear("to_v", channels, channels));
            _output = scope.Under("to_out").Linear("0", channels, channels);
        }

        public Tensor Forward(Tensor x) => x.Attend(_norm, h => (_query.forward(h), _key.forward(h), _value.forward(h)), _output, _heads);
    }
}
