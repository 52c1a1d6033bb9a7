using Brownian.Nn;
using Brownian.Tensors;

namespace Brownian.Evaluation;

/// <summary>
/// The 2048 features and 1008 classes that the Fréchet Inception distance is defined by (Heusel et al. 2017): Inception-v3 (Szegedy et al. 2016)
/// with TensorFlow's weights of December 2015, which differ from later ones. Its average pools leave padding out, and its last block
/// takes the largest of 3×3 pixels where the paper has the mean.
/// </summary>
/// <remarks>
/// Images become 299×299 bilinearly as by PyTorch's <c>interpolate(align_corners=False)</c> and are scaled to [−1, 1], as pytorch-fid does. The
/// original graph, and torch-fidelity, resize from the corners of pixels instead of their centres and divide (x − 128) by 128: their distances
/// are close to these, not equal.
/// </remarks>
public sealed class InceptionNetwork : FeatureNetwork
{
    const int Size = 299, Width = 2048, Logits = 1008;
    const double Epsilon = 0.001;
    const string FileName = "pt_inception-2015-12-05-6726825d.pth", OtherName = "weights-inception-2015-12-05-6726825d.pth";

    static readonly ConvSpec Pointwise = new(1), Same3 = new(3, 1, 1), Halving = new(3, 2), Valid3 = new(3);

    readonly Func<Tensor, Tensor>[] _layers;
    readonly Tensor _minusOne, _classWeight;
    readonly PlannedForward<int> _forward;

    /// <summary>The weights' file. torch-fidelity gives the same file another name.</summary>
    public static PretrainedFile Weights { get; } = new()
    {
        Name = FileName,
        Size = 95_628_359,
        Sha256 = "6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2",
        OtherName = OtherName,
        Origin = $"https://github.com/mseitzer/pytorch-fid/releases/tag/fid_weights (torch-fidelity names it {OtherName})",
        Places = () => ((string[])[FileName, OtherName]).SelectMany(PretrainedFile.InTorchHub),
    };

    /// <summary>Reads the network.</summary>
    /// <param name="path"><see cref="Weights"/>, a state dict that torch.save wrote. Nothing in it is executed.</param>
    /// <param name="device">Where it computes.</param>
    /// <exception cref="IOException">The file is missing or cannot be read.</exception>
    /// <exception cref="InvalidDataException">Its checksum is another one.</exception>
    public InceptionNetwork(string path, Device device) : this(path, device, anyWeights: false) { }

    /// <param name="path">As above.</param>
    /// <param name="device">As above.</param>
    /// <param name="anyWeights">Takes a file of any weights that have the network's names and shapes, for tests.</param>
    internal InceptionNetwork(string path, Device device, bool anyWeights)
    {
        ArgumentNullException.ThrowIfNull(path);
        ArgumentNullException.ThrowIfNull(device);
        Weights.MustExist(Name, path);
        string weights = anyWeights ? Files.Sha256(path) : Weights.Check(Name, path);
        Identity = $"{Name} of weights {weights}, bilinear to {Size}";
        using TorchFile file = Files.Naming(path, () => TorchFile.Read(path));
        var read = new Reader(file, device);
        _layers =
        [
            read.Conv("Conv2d_1a_3x3", 3, 32, Halving), read.Conv("Conv2d_2a_3x3", 32, 32, Valid3), read.Conv("Conv2d_2b_3x3", 32, 64, Same3),
            x => x.MaxPool(Halving),
            read.Conv("Conv2d_3b_1x1", 64, 80, Pointwise), read.Conv("Conv2d_4a_3x3", 80, 192, Valid3),
            x => x.MaxPool(Halving),
            MixedA(read.Under("Mixed_5b"), 192, 32), MixedA(read.Under("Mixed_5c"), 256, 64), MixedA(read.Under("Mixed_5d"), 288, 64),
            MixedB(read.Under("Mixed_6a"), 288),
            MixedC(read.Under("Mixed_6b"), 128), MixedC(read.Under("Mixed_6c"), 160), MixedC(read.Under("Mixed_6d"), 160), MixedC(read.Under("Mixed_6e"), 192),
            MixedD(read.Under("Mixed_7a"), 768),
            MixedE(read.Under("Mixed_7b"), 1280, MeanOfNeighbours), MixedE(read.Under("Mixed_7c"), Width, x => x.MaxPool(Same3)),
            x => x.MeanOverImage(),
        ];
        // Without its bias, as the inception score is defined by the code of Salimans et al. 2016.
        _classWeight = read.Weight("fc", Width, Logits);
        float[] minusOne = new float[Size * Size * 3];
        Array.Fill(minusOne, -1);
        _minusOne = FrozenConvolution.Stored(minusOne, Shape.Of(minusOne.Length), device);
        _forward = new PlannedForward<int>((x, _) => Through(_layers, x));
    }

    /// <summary>From prepared images to features, one after the other.</summary>
    internal IReadOnlyList<Func<Tensor, Tensor>> Layers => _layers;

    /// <inheritdoc/>
    public override string Name => "inception";

    /// <inheritdoc/>
    public override string Identity { get; }

    /// <inheritdoc/>
    public override int Dimensions => Width;

    /// <inheritdoc/>
    public override int Classes => Logits;

    /// <inheritdoc/>
    public override string? PreparationOf(int height, int width, int channels) => Scaling("resized", height, width, Size, Size);

    /// <inheritdoc/>
    public override FeatureRows Of(Tensor images)
    {
        Device device = _minusOne.Device;
        using NoGrad noGrad = device.NoGrad();
        using TensorScope scope = device.OpenScope();
        Tensor prepared = NetworkInput.Of(Name, images, Size).Scale(2 / 255f).AddImage(_minusOne);
        Tensor features = _forward.Run(prepared, 0).View(Shape.Of(images.Shape[0], Width));
        return new FeatureRows(scope.Keep(features), scope.Keep(features.Linear(_classWeight)));
    }

    // The blocks, named as in the file. Each joins the channels of its branches, which all see the same x.
    static Func<Tensor, Tensor> MixedA(Reader read, int inputs, int pooled) => Joined(
        read.Conv("branch1x1", inputs, 64, Pointwise),
        Then(read.Conv("branch5x5_1", inputs, 48, Pointwise), read.Conv("branch5x5_2", 48, 64, ConvSpec.Same(5, 5))),
        Then(read.Conv("branch3x3dbl_1", inputs, 64, Pointwise), read.Conv("branch3x3dbl_2", 64, 96, Same3), read.Conv("branch3x3dbl_3", 96, 96, Same3)),
        Then(MeanOfNeighbours, read.Conv("branch_pool", inputs, pooled, Pointwise)));

    static Func<Tensor, Tensor> MixedB(Reader read, int inputs) => Joined(
        read.Conv("branch3x3", inputs, 384, Halving),
        Then(read.Conv("branch3x3dbl_1", inputs, 64, Pointwise), read.Conv("branch3x3dbl_2", 64, 96, Same3), read.Conv("branch3x3dbl_3", 96, 96, Halving)),
        x => x.MaxPool(Halving));

    static Func<Tensor, Tensor> MixedC(Reader read, int width)
    {
        const int Channels = 768, Branch = 192;
        ConvSpec row = ConvSpec.Same(1, 7), column = ConvSpec.Same(7, 1);
        return Joined(
            read.Conv("branch1x1", Channels, Branch, Pointwise),
            Then(
                read.Conv("branch7x7_1", Channels, width, Pointwise), read.Conv("branch7x7_2", width, width, row),
                read.Conv("branch7x7_3", width, Branch, column)),
            Then(
                read.Conv("branch7x7dbl_1", Channels, width, Pointwise), read.Conv("branch7x7dbl_2", width, width, column),
                read.Conv("branch7x7dbl_3", width, width, row), read.Conv("branch7x7dbl_4", width, width, column),
                read.Conv("branch7x7dbl_5", width, Branch, row)),
            Then(MeanOfNeighbours, read.Conv("branch_pool", Channels, Branch, Pointwise)));
    }

    static Func<Tensor, Tensor> MixedD(Reader read, int inputs) => Joined(
        Then(read.Conv("branch3x3_1", inputs, 192, Pointwise), read.Conv("branch3x3_2", 192, 320, Halving)),
        Then(
            read.Conv("branch7x7x3_1", inputs, 192, Pointwise), read.Conv("branch7x7x3_2", 192, 192, ConvSpec.Same(1, 7)),
            read.Conv("branch7x7x3_3", 192, 192, ConvSpec.Same(7, 1)), read.Conv("branch7x7x3_4", 192, 192, Halving)),
        x => x.MaxPool(Halving));

    static Func<Tensor, Tensor> MixedE(Reader read, int inputs, Func<Tensor, Tensor> pool)
    {
        ConvSpec row = ConvSpec.Same(1, 3), column = ConvSpec.Same(3, 1);
        return Joined(
            read.Conv("branch1x1", inputs, 320, Pointwise),
            Then(
                read.Conv("branch3x3_1", inputs, 384, Pointwise),
                Joined(read.Conv("branch3x3_2a", 384, 384, row), read.Conv("branch3x3_2b", 384, 384, column))),
            Then(
                read.Conv("branch3x3dbl_1", inputs, 448, Pointwise), read.Conv("branch3x3dbl_2", 448, 384, Same3),
                Joined(read.Conv("branch3x3dbl_3a", 384, 384, row), read.Conv("branch3x3dbl_3b", 384, 384, column))),
            Then(pool, read.Conv("branch_pool", inputs, 192, Pointwise)));
    }

    static Tensor MeanOfNeighbours(Tensor x) => x.AveragePool(Same3);

    static Func<Tensor, Tensor> Then(params Func<Tensor, Tensor>[] steps) => x => Through(steps, x);

    static Tensor Through(Func<Tensor, Tensor>[] steps, Tensor x)
    {
        foreach (Func<Tensor, Tensor> step in steps) x = step(x);
        return x;
    }

    static Func<Tensor, Tensor> Joined(params Func<Tensor, Tensor>[] branches) => x => Reshaping.ConcatChannels(Array.ConvertAll(branches, branch => branch(x)));

    /// <summary>Layers below one prefix of a state dict.</summary>
    sealed class Reader(TorchFile file, Device device, string prefix = "")
    {
        public Reader Under(string name) => new(file, device, $"{prefix}{name}.");

        /// <summary>A convolution, its batch norm and a ReLU.</summary>
        public Func<Tensor, Tensor> Conv(string name, int inputs, int outputs, ConvSpec window)
        {
            float[] weight = Numbers($"{name}.conv.weight", outputs, inputs, window.Down.Kernel, window.Across.Kernel);
            var norm = new FrozenNorm(Of("weight"), Of("bias"), Of("running_mean"), Of("running_var"), Epsilon);
            var convolution = new FrozenConvolution(device, window, inputs, weight, norm);
            return x => convolution.Forward(x).Relu();

            float[] Of(string number) => Numbers($"{name}.bn.{number}", outputs);
        }

        public Tensor Weight(string name, int inputs, int outputs)
        {
            float[] weight = Numbers($"{name}.weight", outputs, inputs), ours = new float[weight.Length];
            for (int o = 0; o < outputs; o++)
            {
                for (int i = 0; i < inputs; i++) ours[i * outputs + o] = weight[o * inputs + i];
            }
            return FrozenConvolution.Stored(ours, Shape.Of(inputs, outputs), device);
        }

        float[] Numbers(string name, params ReadOnlySpan<int> shape)
        {
            string wanted = string.Join('×', shape.ToArray());
            if (!file.TryGetShape(prefix + name, out IReadOnlyList<long>? actual))
                throw new InvalidDataException($"{file.Path}: no tensor {prefix}{name} is in the file; get {Weights.Description}");
            if (string.Join('×', actual) != wanted)
                throw new InvalidDataException($"{file.Path}: {prefix}{name} is {string.Join('×', actual)}, where {wanted} is wanted; get {Weights.Description}");
            return file.ReadFloats(prefix + name);
        }
    }
}
