using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Brownian.Peers;

/// <summary>The plain U-Net with batch norm; see <see cref="PlainUNet"/>.</summary>
sealed class TorchPlainUNet : TorchNetwork
{
    const int Levels = 4;

    readonly Tensor _frequencies;
    readonly Block[] _downs = new Block[Levels], _ups = new Block[Levels];
    readonly ConvTranspose2d[] _double = new ConvTranspose2d[Levels];
    readonly Block _bottleneck;
    readonly Conv2d _output;

    public TorchPlainUNet(PlainUNetOptions options, Layout layout) : base(layout)
    {
        int time = options.TimeFeatures;
        _frequencies = TorchOps.Frequencies(time, shift: 1);
        int ChannelsOf(int level) => options.FirstChannels << level;
        for (int level = 0; level < Levels; level++)
            _downs[level] = new Block(Root.Under($"down{level + 1}"), level == 0 ? options.ImageChannels : ChannelsOf(level - 1), ChannelsOf(level), time);
        _bottleneck = new Block(Root.Under("bottleneck"), ChannelsOf(Levels - 1), ChannelsOf(Levels), time);
        for (int level = Levels - 1; level >= 0; level--)
        {
            _double[level] = Root.ConvTranspose($"up{level + 1}", ChannelsOf(level + 1), ChannelsOf(level), 2, 2, 0);
            _ups[level] = new Block(Root.Under($"dec{level + 1}"), 2 * ChannelsOf(level), ChannelsOf(level), time);
        }
        _output = Root.Conv("out", options.FirstChannels, options.ImageChannels, 1);
    }

    public override Tensor forward(Tensor x, Tensor timesteps)
    {
        Tensor time = TorchOps.Sinusoid(timesteps, _frequencies);
        var skips = new Tensor[Levels];
        Tensor h = x;
        for (int level = 0; level < Levels; level++)
        {
            skips[level] = _downs[level].Forward(h, time);
            h = nn.functional.max_pool2d(skips[level], 2);
        }
        h = _bottleneck.Forward(h, time);
        for (int level = Levels - 1; level >= 0; level--)
        {
            (Tensor below, Tensor skip, Block up, ConvTranspose2d twice) = (h, skips[level], _ups[level], _double[level]);
            h = TorchOps.Scoped(() => up.Forward(cat([twice.forward(below), skip], 1), time));
            below.Dispose();
            skip.Dispose();
        }
        return _output.forward(h);
    }

    sealed class Block(TorchScope scope, int inputs, int outputs, int timeFeatures)
    {
        readonly Conv2d _conv1 = scope.Conv("conv1", inputs, outputs, 3, padding: 1);
        readonly BatchNorm2d _norm1 = scope.BatchNorm("bn1", outputs);
        readonly Conv2d _conv2 = scope.Conv("conv2", outputs, outputs, 3, padding: 1);
        readonly BatchNorm2d _norm2 = scope.BatchNorm("bn2", outputs);
        readonly Linear _time = scope.Linear("time", timeFeatures, outputs);

        public Tensor Forward(Tensor x, Tensor time) => TorchOps.Scoped(() =>
        {
            Tensor h = TorchOps.Silu(_norm1.forward(_conv1.forward(x))).AddPerSample(_time.forward(time));
            return TorchOps.Silu(_norm2.forward(_conv2.forward(h)));
        });
    }
}
