using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Brownian.Peers;

/// <summary>DeepFindr's "SimpleUnet"; see <see cref="SimpleUNet"/>.</summary>
sealed class TorchSimpleUNet : TorchNetwork
{
    readonly Tensor _frequencies;
    readonly Linear _time;
    readonly Conv2d _input, _output;
    readonly Block[] _downs, _ups;

    public TorchSimpleUNet(SimpleUNetOptions options, Layout layout) : base(layout)
    {
        Values<int> channels = options.DownChannels;
        int blocks = channels.Count - 1, time = options.TimeEmbDim;
        _frequencies = TorchOps.Frequencies(time, shift: 1);
        _time = Root.Under("time_mlp").Linear("1", time, time);
        _input = Root.Conv("conv0", options.ImageChannels, channels[0], 3, padding: 1);
        TorchScope downs = Root.Under("downs"), ups = Root.Under("ups");
        _downs = [.. Enumerable.Range(0, blocks).Select(i => new Block(downs.Under($"{i}"), channels[i], channels[i + 1], time, up: false))];
        _ups = [.. Enumerable.Range(0, blocks).Select(i =>
            new Block(ups.Under($"{i}"), 2 * channels[blocks - i], channels[blocks - i - 1], time, up: true))];
        _output = Root.Conv("output", channels[0], options.ImageChannels, 1);
    }

    public override Tensor forward(Tensor x, Tensor timesteps)
    {
        Tensor time = TorchOps.Relu(_time.forward(TorchOps.Sinusoid(timesteps, _frequencies)));
        var skips = new Stack<Tensor>();
        Tensor h = _input.forward(x);
        foreach (Block down in _downs) skips.Push(h = down.Forward(h, time));
        foreach (Block up in _ups)
        {
            (Tensor below, Tensor skip) = (h, skips.Pop());
            h = TorchOps.Scoped(() => up.Forward(cat([below, skip], 1), time));
            below.Dispose();
            skip.Dispose();
        }
        return _output.forward(h);
    }

    sealed class Block
    {
        readonly Linear _time;
        readonly Conv2d _conv1, _conv2;
        readonly BatchNorm2d _norm1, _norm2;
        readonly nn.Module<Tensor, Tensor>? _halve;
        readonly ConvTranspose2d? _double;

        public Block(TorchScope scope, int inputs, int outputs, int timeFeatures, bool up)
        {
            _time = scope.Linear("time_mlp", timeFeatures, outputs);
            _conv1 = scope.Conv("conv1", inputs, outputs, 3, padding: 1);
            if (up) _double = scope.ConvTranspose("transform", outputs, outputs, 4, 2, 1);
            else _halve = scope.Conv("transform", outputs, outputs, 4, 2, 1);
            _conv2 = scope.Conv("conv2", outputs, outputs, 3, padding: 1);
            _norm1 = scope.BatchNorm("bnorm1", outputs);
            _norm2 = scope.BatchNorm("bnorm2", outputs);
        }

        public Tensor Forward(Tensor x, Tensor time) => TorchOps.Scoped(() =>
        {
            Tensor h = _norm1.forward(TorchOps.Relu(_conv1.forward(x))).AddPerSample(TorchOps.Relu(_time.forward(time)));
            h = _norm2.forward(TorchOps.Relu(_conv2.forward(h)));
            return _double is null ? _halve!.forward(h) : _double.forward(h);
        });
    }
}
