using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Brownian.Peers;

/// <summary>LearnOpenCV's U-Net, without dropout; see <see cref="ResidualUNet"/>.</summary>
sealed class TorchResidualUNet : TorchNetwork
{
    const int Groups = 8, Heads = 4;

    readonly Parameter _table;
    readonly Linear _timeIn, _timeOut;
    readonly Conv2d _first, _last;
    readonly Block[][] _encoder, _decoder;
    readonly Conv2d[] _halve, _double;
    readonly Block[] _bottleneck;
    readonly GroupNorm _norm;
    readonly int _timeFeatures;

    public TorchResidualUNet(ResidualUNetOptions options, Layout layout) : base(layout)
    {
        int start = options.BaseChannels, levels = options.BaseChannelsMultiples.Count;
        _timeFeatures = start * options.TimeMultiple;
        TorchScope time = Root.Under("time_embeddings").Under("time_blocks");
        _table = time.Under("0").Weight("weight", zeros(options.TotalTimeSteps, start), trained: false);
        (_timeIn, _timeOut) = (time.Linear("1", start, _timeFeatures), time.Linear("3", _timeFeatures, _timeFeatures));
        _first = Root.Conv("first", options.InputChannels, start, 3, padding: 1);
        (_encoder, _decoder) = (new Block[levels][], new Block[levels][]);
        (_halve, _double) = (new Conv2d[levels - 1], new Conv2d[levels - 1]);
        var skips = new Stack<int>([start]);
        int channels = Encode(options, Root.Under("encoder_blocks"), skips);
        TorchScope bottleneck = Root.Under("bottleneck_blocks");
        _bottleneck = [new Block(bottleneck.Under("0"), channels, channels, true, _timeFeatures), new Block(bottleneck.Under("1"), channels, channels, false, _timeFeatures)];
        channels = Decode(options, Root.Under("decoder_blocks"), skips, channels);
        TorchScope final = Root.Under("final");
        (_norm, _last) = (final.GroupNorm("0", Groups, channels), final.Conv("2", channels, options.InputChannels, 3, padding: 1));
    }

    public override Tensor forward(Tensor x, Tensor timesteps)
    {
        Tensor time = TorchOps.Silu(_timeOut.forward(TorchOps.Silu(_timeIn.forward(_table.index_select(0, timesteps)))));
        var skips = new Stack<Tensor>();
        Tensor h = _first.forward(x);
        skips.Push(h);
        for (int level = 0; level < _encoder.Length; level++)
        {
            foreach (Block block in _encoder[level]) skips.Push(h = block.Forward(h, time));
            if (level < _halve.Length) skips.Push(h = _halve[level].forward(h));
        }
        foreach (Block block in _bottleneck) h = block.Forward(h, time);
        for (int level = _decoder.Length - 1; level >= 0; level--)
        {
            foreach (Block block in _decoder[level])
            {
                (Tensor below, Tensor skip) = (h, skips.Pop());
                h = TorchOps.Scoped(() => block.Forward(cat([below, skip], 1), time));
                below.Dispose();
                skip.Dispose();
            }
            if (level == 0) continue;
            (Tensor small, Conv2d conv) = (h, _double[level - 1]);
            h = TorchOps.Scoped(() => conv.forward(small.Double()));
        }
        return _last.forward(TorchOps.Silu(_norm.forward(h)));
    }

    // Blocks and steps between levels share one list in the original, and its numbers.
    int Encode(ResidualUNetOptions options, TorchScope scope, Stack<int> skips)
    {
        int channels = options.BaseChannels, index = 0;
        for (int level = 0; level < _encoder.Length; level++)
        {
            int outputs = options.BaseChannels * options.BaseChannelsMultiples[level];
            _encoder[level] = new Block[options.NumResBlocks];
            for (int i = 0; i < options.NumResBlocks; i++, channels = outputs)
            {
                _encoder[level][i] = new Block(scope.Under($"{index++}"), channels, outputs, options.ApplyAttention[level], _timeFeatures);
                skips.Push(outputs);
            }
            if (level == _halve.Length) continue;
            _halve[level] = scope.Under($"{index++}").Conv("downsample", channels, channels, 3, 2, 1);
            skips.Push(channels);
        }
        return channels;
    }

    int Decode(ResidualUNetOptions options, TorchScope scope, Stack<int> skips, int channels)
    {
        int index = 0;
        for (int level = _decoder.Length - 1; level >= 0; level--)
        {
            int outputs = options.BaseChannels * options.BaseChannelsMultiples[level];
            _decoder[level] = new Block[options.NumResBlocks + 1];
            for (int i = 0; i < _decoder[level].Length; i++, channels = outputs)
                _decoder[level][i] = new Block(scope.Under($"{index++}"), channels + skips.Pop(), outputs, options.ApplyAttention[level], _timeFeatures);
            if (level > 0) _double[level - 1] = scope.Under($"{index++}").Under("upsample").Conv("1", channels, channels, 3, padding: 1);
        }
        return channels;
    }

    sealed class Block
    {
        readonly GroupNorm _norm1, _norm2;
        readonly Conv2d _conv1, _conv2;
        readonly Conv2d? _match;
        readonly Linear _time;
        readonly TorchAttention? _attention;

        public Block(TorchScope scope, int inputs, int outputs, bool attention, int timeFeatures)
        {
            (_norm1, _conv1) = (scope.GroupNorm("normlize_1", Groups, inputs), scope.Conv("conv_1", inputs, outputs, 3, padding: 1));
            _time = scope.Linear("dense_1", timeFeatures, outputs);
            (_norm2, _conv2) = (scope.GroupNorm("normlize_2", Groups, outputs), scope.Conv("conv_2", outputs, outputs, 3, padding: 1));
            if (inputs != outputs) _match = scope.Conv("match_input", inputs, outputs, 1);
            if (!attention) return;
            TorchScope attend = scope.Under("attention");
            _attention = new TorchAttention(attend.Under("mhsa"), attend.GroupNorm("group_norm", Groups, outputs), outputs, Heads);
        }

        public Tensor Forward(Tensor x, Tensor time)
        {
            Tensor y = TorchOps.Scoped(() =>
            {
                Tensor h = _conv1.forward(TorchOps.Silu(_norm1.forward(x))).AddPerSample(_time.forward(time));
                return _conv2.forward(TorchOps.Silu(_norm2.forward(h))).add_(_match is null ? x : _match.forward(x));
            });
            if (_attention is null) return y;
            Tensor attended = _attention.Forward(y);
            y.Dispose();
            return attended;
        }
    }
}
