using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Brownian.Peers;

/// <summary>The U-Net of explainingai-code/DDPM-Pytorch; see <see cref="TutorialUNet"/>.</summary>
sealed class TorchTutorialUNet : TorchNetwork
{
    const int Groups = 8, FinalChannels = 16;

    readonly Tensor _divisors;
    readonly Linear _timeIn, _timeOut;
    readonly Conv2d _convIn, _convOut;
    readonly GroupNorm _normOut;
    readonly Block[] _downs, _mids, _ups;
    readonly Conv2d?[] _halve;
    readonly ConvTranspose2d?[] _double;

    public TorchTutorialUNet(TutorialUNetOptions options, Layout layout) : base(layout)
    {
        Values<int> down = options.DownChannels, mid = options.MidChannels;
        int time = options.TimeEmbDim, blocks = down.Count - 1;
        _divisors = tensor([.. Enumerable.Range(0, time / 2).Select(i => (float)Math.Pow(10000, i / (time / 2f)))]).DetachFromDisposeScope();
        TorchScope project = Root.Under("t_proj");
        (_timeIn, _timeOut) = (project.Linear("0", time, time), project.Linear("2", time, time));
        _convIn = Root.Conv("conv_in", options.ImChannels, down[0], 3, padding: 1);
        (_downs, _mids, _ups) = (new Block[blocks], new Block[mid.Count - 1], new Block[blocks]);
        (_halve, _double) = (new Conv2d?[blocks], new ConvTranspose2d?[blocks]);
        TorchScope downs = Root.Under("downs"), mids = Root.Under("mids"), ups = Root.Under("ups");
        for (int i = 0; i < blocks; i++)
        {
            TorchScope scope = downs.Under($"{i}");
            _downs[i] = new Block(scope, down[i], down[i + 1], options.NumDownLayers, options.NumDownLayers, options);
            if (options.DownSample[i]) _halve[i] = scope.Conv("down_sample_conv", down[i + 1], down[i + 1], 4, 2, 1);
        }
        for (int i = 0; i < _mids.Length; i++)
            _mids[i] = new Block(mids.Under($"{i}"), mid[i], mid[i + 1], options.NumMidLayers + 1, options.NumMidLayers, options);
        for (int i = 0; i < blocks; i++)
        {
            TorchScope scope = ups.Under($"{i}");
            int mirrored = blocks - 1 - i, channels = down[mirrored], outputs = mirrored == 0 ? FinalChannels : down[mirrored - 1];
            _ups[i] = new Block(scope, 2 * channels, outputs, options.NumUpLayers, options.NumUpLayers, options);
            if (options.DownSample[mirrored]) _double[i] = scope.ConvTranspose("up_sample_conv", channels, channels, 4, 2, 1);
        }
        _normOut = Root.GroupNorm("norm_out", Groups, FinalChannels);
        _convOut = Root.Conv("conv_out", FinalChannels, options.ImChannels, 3, padding: 1);
    }

    public override Tensor forward(Tensor x, Tensor timesteps)
    {
        Tensor angles = timesteps.to(ScalarType.Float32).unsqueeze(1) / _divisors;
        // Every resnet applies SiLU to the embedding before its own projection: once is enough.
        Tensor time = TorchOps.Silu(_timeOut.forward(TorchOps.Silu(_timeIn.forward(cat([angles.sin(), angles.cos()], 1)))));
        var skips = new Stack<Tensor>();
        Tensor h = _convIn.forward(x);
        for (int i = 0; i < _downs.Length; i++)
        {
            skips.Push(h);
            h = _downs[i].Forward(h, time);
            if (_halve[i] is not { } halve) continue;
            Tensor fine = h;
            h = halve.forward(fine);
            fine.Dispose();
        }
        foreach (Block mid in _mids) h = mid.Forward(h, time);
        for (int i = 0; i < _ups.Length; i++)
        {
            Tensor below = h, skip = skips.Pop();
            (Block up, ConvTranspose2d? twice) = (_ups[i], _double[i]);
            h = TorchOps.Scoped(() => up.Forward(cat([twice is null ? below : twice.forward(below), skip], 1), time));
            below.Dispose();
            skip.Dispose();
        }
        return _convOut.forward(TorchOps.Silu(_normOut.forward(h)));
    }

    sealed class Block
    {
        readonly NormConv[] _first, _second;
        readonly Linear[] _time;
        readonly Conv2d[] _residual;
        readonly TorchAttention[] _attentions;

        public Block(TorchScope scope, int inputs, int outputs, int resnets, int attentions, TutorialUNetOptions options)
        {
            TorchScope first = scope.Under("resnet_conv_first"), time = scope.Under("t_emb_layers"), second = scope.Under("resnet_conv_second");
            TorchScope norms = scope.Under("attention_norms"), attend = scope.Under("attentions"), residual = scope.Under("residual_input_conv");
            int Inputs(int layer) => layer == 0 ? inputs : outputs;
            _first = List(resnets, i => new NormConv(first.Under($"{i}"), Inputs(i), outputs));
            _time = List(resnets, i => time.Under($"{i}").Linear("1", options.TimeEmbDim, outputs));
            _second = List(resnets, i => new NormConv(second.Under($"{i}"), outputs, outputs));
            _residual = List(resnets, i => residual.Conv($"{i}", Inputs(i), outputs, 1));
            _attentions = List(attentions, i =>
                new TorchAttention(attend.Under($"{i}"), norms.GroupNorm($"{i}", Groups, outputs), outputs, options.NumHeads));
        }

        public Tensor Forward(Tensor x, Tensor time)
        {
            for (int i = 0; i < _first.Length; i++)
            {
                (int layer, Tensor input) = (i, x);
                x = TorchOps.Scoped(() =>
                {
                    Tensor h = _first[layer].Forward(input).AddPerSample(_time[layer].forward(time));
                    return _second[layer].Forward(h).add_(_residual[layer].forward(input));
                });
                if (i > 0) input.Dispose();     // the first is the caller's
                if (i == _attentions.Length) continue;
                Tensor y = x;
                x = _attentions[i].Forward(y);
                y.Dispose();
            }
            return x;
        }

        static T[] List<T>(int count, Func<int, T> make) => [.. Enumerable.Range(0, count).Select(make)];
    }

    sealed class NormConv(TorchScope scope, int inputs, int outputs)
    {
        readonly GroupNorm _norm = scope.GroupNorm("0", Groups, inputs);
        readonly Conv2d _conv = scope.Conv("2", inputs, outputs, 3, padding: 1);

        public Tensor Forward(Tensor x) => _conv.forward(TorchOps.Silu(_norm.forward(x)));
    }
}
