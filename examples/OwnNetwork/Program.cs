// Trains a network of its own on images of its own: disks of any size and place, learned by four convolutions.
//   dotnet run -c Release --project examples/OwnNetwork -- disks.png 300
using System.Globalization;
using Brownian;
using Brownian.Data;
using Brownian.Nn;
using Brownian.Tensors;

(string picture, long steps) = (args is [var first, ..] ? first : "disks.png", args is [_, var second] ? long.Parse(second, CultureInfo.InvariantCulture) : 300);
NetworkType.Register("conv_net", new ConvNetOptions());
TrainConfig config = TrainConfig.Default.Lasting(steps) with { Model = new ConvNetOptions { Features = 48 } };
config = config with { Train = config.Train with { TaskName = "disks", SampleSteps = 0 } };
RunDirectory run = RunDirectory.Create("runs", config);
await foreach (TrainProgress progress in new Trainer(config, dataset: new Disks(5000)).FollowAsync(run))
{
    if (progress is TrainProgress.Stepped { Metrics.Step: var step, SmoothedLoss: var loss } && step % 50 == 0) Console.WriteLine($"step {step}, loss {loss:0.0000}");
}
SampledImages images = await DiffusionModel.Open(run.ModelPath).SampleAsync(new() { Count = 36 });
images.WriteGrid(picture, overwrite: true);
Console.WriteLine($"wrote {picture}");

/// <summary>Gray images of 16×16 pixels, each a bright disk with a soft edge on black. An image is a function of its index, so nothing is stored.</summary>
sealed class Disks(int count) : IImageDataset
{
    public int Count => count;
    public int Width => 16;
    public int Height => 16;
    public int Channels => 1;
    public IReadOnlyList<string> Classes => [];
    public string Description => $"{count} disks of 16×16 pixels";
    public string Fingerprint => $"disks {count}";      // a run that is resumed asks whether these are the same images
    public int Label(int index) => -1;

    public void Read(int index, Span<byte> pixels)
    {
        var random = new Random(index);
        double radius = 2 + 4 * random.NextDouble(), x = radius + (15 - 2 * radius) * random.NextDouble(), y = radius + (15 - 2 * radius) * random.NextDouble();
        for (int i = 0; i < pixels.Length; i++)
            pixels[i] = (byte)Math.Clamp(255 * (radius + 0.5 - Math.Sqrt(Math.Pow(i % 16 - x, 2) + Math.Pow(i / 16 - y, 2))), 0, 255);
    }
}

/// <summary>What the network is made of: what is marked as a key stands in config.yaml and model.json, and --set can change it.</summary>
sealed record ConvNetOptions : NetworkOptions
{
    [Key("im_size")] public override Values<int> ImageSize { get; init; } = [16];
    [Key("im_channels")] public int ImageChannels { get; init; } = 1;
    [Key("features")] public int Features { get; init; } = 32;

    public override int Channels => ImageChannels;
    public override int SizeMultiple => 1;
    public override IReadOnlyList<string> ChannelProperties => [nameof(ImageChannels)];

    public override IEnumerable<Rule> Rules() =>
    [
        SizeRule,
        (nameof(Features), Features is >= 2 and <= 1024 && Features % 2 == 0, $"is {Features}; it must be an even number from 2 to 1024"),
    ];

    public override IDenoisingNetwork CreateNetwork(Device device, ulong seed = 0)
    {
        var network = new ConvNet(this);
        network.Parameters.Allocate(device, seed);
        return network;
    }
}

/// <summary>Four convolutions of 5×5 pixels; the time is added to what the first gives.</summary>
sealed class ConvNet : DenoisingNetwork<ConvNetOptions>
{
    static readonly ConvSpec Same = new(5, padding: 2);
    readonly SinusoidalEmbedding _sinusoid;
    readonly Linear _time;
    readonly Conv2d _first, _second, _third, _last;

    public ConvNet(ConvNetOptions options) : base(options)
    {
        ParameterScope root = Parameters.Root;
        _sinusoid = new SinusoidalEmbedding(options.Features);
        _time = new Linear(root.Under("time"), options.Features, options.Features);
        _first = new Conv2d(root.Under("first"), SeenChannels, options.Features, Same);
        _second = new Conv2d(root.Under("second"), options.Features, options.Features, Same);
        _third = new Conv2d(root.Under("third"), options.Features, options.Features, Same);
        _last = new Conv2d(root.Under("last"), options.Features, OutputChannels, Same);
    }

    protected override Tensor Run(Tensor x, NetworkPass pass)
    {
        Tensor time = _time.Forward(_sinusoid.Of(pass.Timesteps, x.Device));
        Tensor h = _first.Forward(x, perSample: time).Silu();
        h = _second.Forward(h).Silu();
        h = _third.Forward(h).Silu();
        return _last.Forward(h);
    }
}
