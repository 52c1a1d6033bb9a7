using Brownian.Tensors;

namespace Brownian.Evaluation;

/// <summary>
/// The 512 features of ResNet-18 (He et al. 2016) as the NuGet package Microsoft.ML.DnnImageFeaturizer.ResNet18 has it: CNTK's network, trained
/// on ImageNet without its last layer, which has a third block of 512 channels and pads its strided convolutions and its pool before more than after.
/// </summary>
/// <remarks>
/// The package prepares images of 224×224 pixels from 0 to 255 by ordering channels as blue, green, red and subtracting a mean image, nothing
/// else. Here the mean image and the first convolution's weights are turned over instead. How an image gets its size the package leaves open: it
/// is resized bilinearly, whatever its shape, as PyTorch's <c>interpolate(align_corners=False)</c> does.
/// </remarks>
public sealed class ResNet18Network : FeatureNetwork
{
    const string Package = "Microsoft.ML.DnnImageFeaturizer.ResNet18", Version = "0.23.1", Models = "tools/DnnImageModels";
    const string MeanName = "MeanImage";
    const int Size = 224, Width = 512;

    readonly FrozenConvolution _stem;
    readonly List<Block> _blocks = [];
    readonly Tensor _negativeMean;
    readonly PlannedForward<int> _forward;

    /// <summary>The network's file.</summary>
    public static PretrainedFile Weights { get; } = InPackage(
        "ResNet18Onnx/ResNet18.onnx", 63_653_533, "e2552f19db2dfdb01b3669537b6a0f1b44da38d18279535492ed5dfc2ef1ff8f");

    /// <summary>The file of the mean image, which lies beside that.</summary>
    public static PretrainedFile Preprocessing { get; } = InPackage(
        "ResNetPrepOnnx/ResNetPreprocess.onnx", 602_584, "84bf8def78d0befaa3f6e73745d57d7016c6a192ead76f79686bd438c1047004");

    /// <summary>Reads the network.</summary>
    /// <param name="path">
    /// <see cref="Weights"/>. <see cref="Preprocessing"/> is looked for in its folder, in ResNetPrepOnnx beside that, and where NuGet keeps packages.
    /// </param>
    /// <param name="device">Where it computes.</param>
    /// <exception cref="IOException">A file is missing or cannot be read.</exception>
    /// <exception cref="InvalidDataException">A file is damaged, or of another network.</exception>
    public ResNet18Network(string path, Device device) : this(path, device, anyWeights: false) { }

    /// <param name="path">As above.</param>
    /// <param name="device">As above.</param>
    /// <param name="anyWeights">Takes files of any content that have the network's operations, for tests.</param>
    internal ResNet18Network(string path, Device device, bool anyWeights)
    {
        ArgumentNullException.ThrowIfNull(path);
        ArgumentNullException.ThrowIfNull(device);
        Weights.MustExist(Name, path);
        string preprocessing = MeanBeside(path);
        OnnxGraph graph = OnnxGraph.Read(path);
        var layers = new OnnxConvolutions(graph, $"the ResNet-18 of {Package} {Version}", device);
        _stem = ReadStem(layers, graph, out string x);
        (int Outputs, int Stride)[] plan = [(64, 1), (64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (Width, 2), (Width, 1), (Width, 1)];
        int inputs = 64;
        foreach ((int outputs, int stride) in plan)
        {
            _blocks.Add(new Block(layers, inputs, outputs, stride, ref x));
            inputs = outputs;
        }
        layers.End(layers.Next("AveragePool", new ConvSpec(Size / 32), x).Outputs[0]);
        _negativeMean = ReadMean(preprocessing, device);
        string weights = anyWeights ? Files.Sha256(path) : Weights.Check(Name, path);
        string mean = anyWeights ? Files.Sha256(preprocessing) : Preprocessing.Check(Name, preprocessing);
        Identity = $"{Name} of weights {weights} and mean {mean}, bilinear to {Size}";
        _forward = new PlannedForward<int>((prepared, _) => Run(prepared));
    }

    /// <inheritdoc/>
    public override string Name => "resnet18";

    /// <inheritdoc/>
    public override string Identity { get; }

    /// <inheritdoc/>
    public override int Dimensions => Width;

    /// <inheritdoc/>
    public override string? PreparationOf(int height, int width, int channels) => Scaling("resized", height, width, Size, Size);

    /// <inheritdoc/>
    public override FeatureRows Of(Tensor images)
    {
        Device device = _negativeMean.Device;
        using NoGrad noGrad = device.NoGrad();
        using TensorScope scope = device.OpenScope();
        Tensor prepared = NetworkInput.Of(Name, images, Size).AddImage(_negativeMean);
        Tensor features = _forward.Run(prepared, 0);
        return new FeatureRows(scope.Keep(features.View(Shape.Of(images.Shape[0], Width))), null);
    }

    Tensor Run(Tensor x)
    {
        Tensor h = _stem.Forward(x).Relu().MaxPool(new ConvSpec(3, 2, 1, 0));
        foreach (Block block in _blocks) h = block.Forward(h);
        return h.MeanOverImage();
    }

    // CNTK's input is blue, green, red; turned over, the weight takes red, green, blue.
    static FrozenConvolution ReadStem(OnnxConvolutions layers, OnnxGraph graph, out string x)
    {
        string input = graph.Inputs.FirstOrDefault() ?? throw graph.Bad("the graph has no input");
        FrozenConvolution stem = layers.Convolution(input, 3, 64, new ConvSpec(7, 2, 3, 2), out x, weight =>
        {
            const int Taps = 7 * 7;
            float[] turned = new float[weight.Length];
            for (int plane = 0; plane < 64 * 3; plane++)
                weight.AsSpan(plane * Taps, Taps).CopyTo(turned.AsSpan((plane / 3 * 3 + 2 - plane % 3) * Taps));
            return turned;
        });
        x = layers.Next("MaxPool", new ConvSpec(3, 2, 1, 0), layers.Next("Relu", x).Outputs[0]).Outputs[0];
        return stem;
    }

    // 1×3×H×W, blue, green, red, to H×W×3, red, green, blue, negative.
    static Tensor ReadMean(string path, Device device)
    {
        float[] mean = OnnxGraph.Read(path).Numbers(MeanName, 1, 3, Size, Size), negative = new float[mean.Length];
        for (int pixel = 0; pixel < Size * Size; pixel++)
        {
            for (int c = 0; c < 3; c++) negative[pixel * 3 + c] = -mean[(2 - c) * Size * Size + pixel];
        }
        return FrozenConvolution.Stored(negative, Shape.Of(negative.Length), device);
    }

    static string MeanBeside(string path)
    {
        string folder = Path.GetDirectoryName(Path.GetFullPath(path))!, other = Path.Combine(folder, "..", "ResNetPrepOnnx");
        string? found = new[] { folder, other }.Select(place => Path.Combine(place, Preprocessing.Name)).FirstOrDefault(File.Exists) ?? Preprocessing.Find();
        return found ?? throw new FileNotFoundException(
            $"{Path.Combine(folder, Preprocessing.Name)}: does not exist, nor in {Path.GetFullPath(other)}; resnet18 needs the mean image of {Preprocessing.Description}");
    }

    static PretrainedFile InPackage(string path, long size, string sha256) => new()
    {
        Name = Path.GetFileName(path),
        Size = size,
        Sha256 = sha256,
        Origin = $"{Models}/{path} of the NuGet package {Package} {Version} (dotnet add package {Package} --version {Version})",
        Places = () => PretrainedFile.InNuGetPackage(Package, Version, $"{Models}/{path}"),
    };

    /// <summary>Two 3×3 convolutions and what goes around them: nothing, or a strided 1×1 convolution.</summary>
    sealed class Block
    {
        readonly FrozenConvolution _first, _second;
        readonly FrozenConvolution? _around;

        public Block(OnnxConvolutions layers, int inputs, int outputs, int stride, ref string x)
        {
            string around = x;
            if (stride > 1) _around = layers.Convolution(x, inputs, outputs, new ConvSpec(1, stride), out around);
            _first = layers.Convolution(x, inputs, outputs, stride > 1 ? new ConvSpec(3, stride, 1, 0) : new ConvSpec(3, 1, 1), out string h);
            _second = layers.Convolution(layers.Next("Relu", h).Outputs[0], outputs, outputs, new ConvSpec(3, 1, 1), out h);
            x = layers.Next("Relu", layers.Next("Add", h, around).Outputs[0]).Outputs[0];
        }

        public Tensor Forward(Tensor x) => _second.Forward(_first.Forward(x).Relu(), residual: _around?.Forward(x) ?? x).Relu();
    }
}
