using Brownian.Evaluation;
using Brownian.Tensors;
using Brownian.Tensors.Reference;
using Brownian.Tests.Tensors;

namespace Brownian.Tests.Evaluation;

/// <summary>What is odd about the FID Inception, in double precision and step by step; and files that are not its weights.</summary>
public sealed class InceptionNetworkTests(InceptionNetworkTests.Fixture fixture) : IClassFixture<InceptionNetworkTests.Fixture>
{
    static readonly ConvSpec Pointwise = new(1), Same3 = new(3, 1, 1), Row3 = new(new WindowAxis(1), new WindowAxis(3, 1, 1)),
        Column3 = new(new WindowAxis(3, 1, 1), new WindowAxis(1)), Row7 = new(new WindowAxis(1), new WindowAxis(7, 1, 3)),
        Column7 = new(new WindowAxis(7, 1, 3), new WindowAxis(1));

    /// <summary>One file of random weights for all.</summary>
    public sealed class Fixture : IDisposable
    {
        readonly ScratchFolder _folder = new();

        public Fixture()
        {
            Weights.Write(File);
            Network = new InceptionNetwork(File, Device, anyWeights: true);
        }

        internal RandomInception Weights { get; } = new();

        public string File => _folder.Path("inception.pth");

        public Device Device { get; } = Device.Cpu();

        internal InceptionNetwork Network { get; }

        public void Dispose()
        {
            Network.Dispose();
            Device.Dispose();
            _folder.Dispose();
        }
    }

    [Fact]
    public void The_first_mixed_block_averages_without_the_padding() => Check(7, Shape.Of(1, 3, 4, 192), (x, s) => Join(s.Rows,
        Conv(x, s, "Mixed_5b.branch1x1", Pointwise),
        Conv(Conv(x, s, "Mixed_5b.branch5x5_1", Pointwise), s, "Mixed_5b.branch5x5_2", new ConvSpec(5, 1, 2)),
        Conv(Conv(Conv(x, s, "Mixed_5b.branch3x3dbl_1", Pointwise), s, "Mixed_5b.branch3x3dbl_2", Same3), s, "Mixed_5b.branch3x3dbl_3", Same3),
        Conv(ReferencePooling.Average(x, s, Same3), s, "Mixed_5b.branch_pool", Pointwise)));

    [Fact]
    public void The_blocks_of_768_channels_filter_rows_and_columns() => Check(11, Shape.Of(1, 5, 4, 768), (x, s) => Join(s.Rows,
        Conv(x, s, "Mixed_6b.branch1x1", Pointwise),
        Conv(Conv(Conv(x, s, "Mixed_6b.branch7x7_1", Pointwise), s, "Mixed_6b.branch7x7_2", Row7), s, "Mixed_6b.branch7x7_3", Column7),
        Conv(
            Conv(
                Conv(Conv(Conv(x, s, "Mixed_6b.branch7x7dbl_1", Pointwise), s, "Mixed_6b.branch7x7dbl_2", Column7), s, "Mixed_6b.branch7x7dbl_3", Row7),
                s, "Mixed_6b.branch7x7dbl_4", Column7),
            s, "Mixed_6b.branch7x7dbl_5", Row7),
        Conv(ReferencePooling.Average(x, s, Same3), s, "Mixed_6b.branch_pool", Pointwise)));

    [Fact]
    public void The_last_block_takes_the_largest_and_the_one_before_the_mean()
    {
        Check(16, Shape.Of(1, 3, 2, 1280), (x, s) => Last("Mixed_7b.", x, s, ReferencePooling.Average(x, s, Same3)));
        Check(17, Shape.Of(1, 2, 3, 2048), (x, s) => Last("Mixed_7c.", x, s, ReferencePooling.Max(x, s, Same3)));
    }

    double[] Last(string block, double[] x, Shape s, double[] pool)
    {
        double[] three = Conv(x, s, block + "branch3x3_1", Pointwise);
        double[] twice = Conv(Conv(x, s, block + "branch3x3dbl_1", Pointwise), s, block + "branch3x3dbl_2", Same3);
        return Join(s.Rows,
            Conv(x, s, block + "branch1x1", Pointwise),
            Conv(three, s, block + "branch3x3_2a", Row3), Conv(three, s, block + "branch3x3_2b", Column3),
            Conv(twice, s, block + "branch3x3dbl_3a", Row3), Conv(twice, s, block + "branch3x3dbl_3b", Column3),
            Conv(pool, s, block + "branch_pool", Pointwise));
    }

    [Fact]
    public void Images_of_any_size_give_2048_features_and_the_classes_logits()
    {
        using TensorScope scope = fixture.Device.OpenScope();
        float[] gray = [.. Enumerable.Range(0, 20 * 30).Select(i => (float)(i * 31 % 256))];
        float[] color = [.. gray.SelectMany(value => new[] { value, value, value })];
        FeatureRows rows = fixture.Network.Of(Tensor.From(gray, Shape.Of(1, 20, 30, 1), fixture.Device));
        Assert.Equal((Shape.Of(1, 2048), Shape.Of(1, 1008)), (rows.Features.Shape, rows.Logits!.Shape));
        Assert.Equal((2048, 1008), (fixture.Network.Dimensions, fixture.Network.Classes));
        Compare.SameBits("gray as colour", fixture.Network.Of(Tensor.From(color, Shape.Of(1, 20, 30, 3), fixture.Device)).Features.ToArray(), rows.Features.ToArray());
        float[] features = rows.Features.ToArray(), weight = fixture.Weights["fc.weight"];
        double[] logits = [.. Enumerable.Range(0, 1008).Select(o => Enumerable.Range(0, 2048).Sum(i => (double)weight[o * 2048 + i] * features[i]))];
        Compare.Close("logits", rows.Logits.ToArray(), logits, 1e-5);
        string message = Assert.Throws<ArgumentException>(() => fixture.Network.Of(Tensor.Zeros(Shape.Of(1, 8, 8, 2), fixture.Device))).Message;
        Assert.Contains("inception: images N×H×W×C of 1 or 3 channels are wanted, these are 1×8×8×2", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Another_file_is_refused_with_both_checksums()
    {
        string message = Assert.Throws<InvalidDataException>(() => new InceptionNetwork(fixture.File, fixture.Device)).Message;
        Assert.StartsWith($"{fixture.File}: SHA-256 {Files.Sha256(fixture.File)}, where the weights of inception have 6726825d0af5f729cebd58", message, StringComparison.Ordinal);
        Assert.Contains("95,628,359 bytes", message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
    }

    [Fact]
    public void A_missing_file_or_tensor_is_one_line()
    {
        using var folder = new ScratchFolder();
        string nowhere = folder.Path("no.pth");
        string message = Assert.Throws<FileNotFoundException>(() => new InceptionNetwork(nowhere, fixture.Device)).Message;
        Assert.StartsWith($"{nowhere}: does not exist; inception needs the path of pt_inception-2015-12-05-6726825d.pth (95,628,359 bytes, SHA-256 67", message, StringComparison.Ordinal);
        Assert.Contains("weights-inception-2015-12-05-6726825d.pth", message, StringComparison.Ordinal);
        fixture.Weights.Write(nowhere, without: "Mixed_7c.branch_pool.bn.bias");
        message = Assert.Throws<InvalidDataException>(() => new InceptionNetwork(nowhere, fixture.Device, anyWeights: true)).Message;
        Assert.StartsWith($"{nowhere}: no tensor Mixed_7c.branch_pool.bn.bias is in the file; get pt_inception", message, StringComparison.Ordinal);
    }

    void Check(int layer, Shape s, Func<double[], Shape, double[]> expected)
    {
        float[] x = new Normals($"layer {layer}").Floats(s.Count, 0, 1);
        using TensorScope scope = fixture.Device.OpenScope();
        Compare.Close($"layer {layer}", fixture.Network.Layers[layer](Tensor.From(x, s, fixture.Device)).ToArray(), expected(Compare.Doubles(x), s), 1e-5);
    }

    // The channels side by side of results on the same pixels.
    static double[] Join(int pixels, params double[][] parts) =>
        [.. Enumerable.Range(0, pixels).SelectMany(pixel => parts.SelectMany(part => part.Skip(part.Length / pixels * pixel).Take(part.Length / pixels)))];

    // Convolution, batch norm as PyTorch has it, ReLU.
    double[] Conv(double[] x, Shape image, string name, ConvSpec window)
    {
        int[] shape = fixture.Weights.ShapeOf($"{name}.conv.weight");
        int outputs = shape[0], inputs = shape[1], taps = shape[2] * shape[3];
        float[] weight = fixture.Weights[$"{name}.conv.weight"];
        double[] w = new double[weight.Length];
        for (int o = 0; o < outputs; o++)
            for (int i = 0; i < inputs; i++)
                for (int tap = 0; tap < taps; tap++) w[(tap * inputs + i) * outputs + o] = weight[(o * inputs + i) * taps + tap];
        double[] y = ReferenceConvolution.Conv2d(window, x, image.WithChannels(inputs), w, outputs, null, null, null);
        float[] gamma = Of("weight"), beta = Of("bias"), mean = Of("running_mean"), variance = Of("running_var");
        for (int i = 0; i < y.Length; i++)
        {
            int o = i % outputs;
            y[i] = Math.Max(0, (y[i] - mean[o]) / Math.Sqrt(variance[o] + 0.001) * gamma[o] + beta[o]);
        }
        return y;

        float[] Of(string number) => fixture.Weights[$"{name}.bn.{number}"];
    }
}
