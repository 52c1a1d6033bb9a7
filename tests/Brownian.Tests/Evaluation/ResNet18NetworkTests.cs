using Brownian.Evaluation;
using Brownian.Tensors;
using Attribute = Brownian.OnnxWriter.Attribute;

namespace Brownian.Tests.Evaluation;

/// <summary>
/// Files that are not the package's network, each one line; what it answers is compared with ONNX Runtime in a project of its own. Here
/// its weights are zeros and its last batch norms give a number that can be told beforehand.
/// </summary>
public sealed class ResNet18NetworkTests : IDisposable
{
    const string Expected = ": another network than the ResNet-18 of Microsoft.ML.DnnImageFeaturizer.ResNet18 0.23.1: ";

    readonly ScratchFolder _folder = new();
    readonly Device _device = Device.Cpu();

    string File => _folder.Path("ResNet18.onnx");

    /// <summary>What may be wrong with a file: its first operation, where it ends.</summary>
    sealed record Fault(string First = "Conv", int[]? FirstPads = null, int[]? FirstWeight = null, int Blocks = 9, bool Longer = false);

    [Fact]
    public void A_file_of_the_same_operations_is_refused_by_its_checksum()
    {
        WriteNetwork(File, new());
        WriteMean(224);
        string message = Assert.Throws<InvalidDataException>(() => new ResNet18Network(File, _device)).Message;
        Assert.StartsWith($"{File}: SHA-256 {Files.Sha256(File)}, where the weights of resnet18 have e2552f19db2d", message, StringComparison.Ordinal);
        Assert.Contains("63,653,533 bytes", message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
        using var network = new ResNet18Network(File, _device, anyWeights: true);
        using TensorScope scope = _device.OpenScope();
        FeatureRows rows = network.Of(Tensor.Full(Shape.Of(2, 9, 7, 1), 100, _device));
        Assert.Null(rows.Logits);
        Assert.Equal(Shape.Of(2, 512), rows.Features.Shape);
        // β of every batch norm is 0.5: what ends up in the features is what the last three blocks and the way around the first of them add.
        Assert.All(rows.Features.ToArray(), feature => Assert.Equal(2, feature, 1e-6f));
        (string file, string mean) = (Files.Sha256(File), Files.Sha256(_folder.Path("ResNetPreprocess.onnx")));
        Assert.Equal($"resnet18 of weights {file} and mean {mean}, bilinear to 224", network.Identity);
    }

    public static TheoryData<string, string> Others => new()
    {
        { "gemm", "its operation 1 is Gemm, where that has Conv." },
        { "pads", "the pads of its operation 1 (Conv) is 3 3 3 3, where that has 3 3 2 2." },
        { "longer", "its operation 75 is Relu, where that has none." },
        { "shorter", "it ends after 18 operations, where that has Conv." },
        { "weight", "the tensor 'first' is 64×3×5×5, where 64×3×7×7 is wanted." },
    };

    [Theory, MemberData(nameof(Others))]
    public void Another_network_is_told_by_its_first_difference(string fault, string says)
    {
        WriteNetwork(File, fault switch
        {
            "gemm" => new(First: "Gemm", Blocks: 0),
            "pads" => new(FirstPads: [3, 3, 3, 3], Blocks: 0),
            "longer" => new(Longer: true),
            "shorter" => new(Blocks: 2),
            _ => new(FirstWeight: [64, 3, 5, 5], Blocks: 0),
        });
        WriteMean(224);
        string message = Assert.Throws<InvalidDataException>(() => new ResNet18Network(File, _device)).Message;
        Assert.Equal($"{File}{(fault == "weight" ? ": " : Expected)}{says}", message);
    }

    [Theory]
    [InlineData("not a model", ": no ONNX file")]
    [InlineData("", ": no ONNX file: there is no graph of operations in it.")]
    public void What_is_no_ONNX_file_is_said(string content, string says)
    {
        _folder.Write("ResNet18.onnx", content);
        WriteMean(224);
        string message = Assert.Throws<InvalidDataException>(() => new ResNet18Network(File, _device)).Message;
        Assert.StartsWith(File + says, message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
    }

    [Fact]
    public void A_cut_file_is_damaged()
    {
        WriteMean(224);
        byte[] whole = System.IO.File.ReadAllBytes(_folder.Path("ResNetPreprocess.onnx"));
        for (int length = 1; length < whole.Length; length = length * 3 + 1)
        {
            _folder.Write("ResNet18.onnx", whole[..length]);
            string message = Assert.Throws<InvalidDataException>(() => OnnxGraph.Read(File)).Message;
            Assert.StartsWith($"{File}: no ONNX file", message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_mean_image_of_another_size_is_refused()
    {
        WriteNetwork(File, new());
        WriteMean(32);
        string message = Assert.Throws<InvalidDataException>(() => new ResNet18Network(File, _device, anyWeights: true)).Message;
        Assert.Equal($"{_folder.Path("ResNetPreprocess.onnx")}: the tensor 'MeanImage' is 1×3×32×32, where 1×3×224×224 is wanted.", message);
    }

    [Fact]
    public void What_is_missing_is_named_with_package_size_and_checksum()
    {
        string message = Assert.Throws<FileNotFoundException>(() => new ResNet18Network(File, _device)).Message;
        Assert.StartsWith(
            $"{File}: does not exist; resnet18 needs the path of ResNet18.onnx (63,653,533 bytes, SHA-256 e2552f19db2dfdb01b3669537b6a0f1b44da38d18279535492ed5dfc2ef1ff8f) from "
            + "tools/DnnImageModels/ResNet18Onnx/ResNet18.onnx of the NuGet package Microsoft.ML.DnnImageFeaturizer.ResNet18 0.23.1", message, StringComparison.Ordinal);
        Assert.Contains("dotnet add package Microsoft.ML.DnnImageFeaturizer.ResNet18 --version 0.23.1", message, StringComparison.Ordinal);
        message = Assert.Throws<FileNotFoundException>(() => new ResNet18Network(_folder.Root, _device)).Message;
        Assert.StartsWith($"{_folder.Root}: is a folder; resnet18 needs the path of", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_copy_that_another_tool_left_is_named()
    {
        string copy = _folder.Write("copy/weights.bin", "content");
        PretrainedFile file = ResNet18Network.Weights with { Places = () => [_folder.Path("nowhere"), copy] };
        Assert.Equal(copy, file.Find());
        string message = Assert.Throws<FileNotFoundException>(() => file.MustExist("resnet18", File)).Message;
        Assert.EndsWith($". A copy lies at {copy}", message, StringComparison.Ordinal);
        Assert.Null((file with { Places = () => [_folder.Path("nowhere")] }).Find());
    }

    static void WriteNetwork(string path, Fault fault)
    {
        var graph = new OnnxWriter("network");
        graph.Input("x", [3, 224, 224]);
        int[] first = fault.FirstWeight ?? [64, 3, 7, 7];
        graph.Constant("first", new float[first.Aggregate(1, (a, b) => a * b)], first);
        string x = graph.Add(fault.First, ["x", "first"], Window(7, 2, fault.FirstPads ?? [3, 3, 2, 2]));
        x = graph.Add("Relu", [Norm(graph, x, 64)]);
        x = graph.Add("MaxPool", [x], Window(3, 2, [1, 1, 0, 0]));
        int inputs = 64;
        (int, int)[] plan = [(64, 1), (64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), (512, 1), (512, 1)];
        foreach ((int outputs, int stride) in plan[..fault.Blocks])
        {
            string around = stride == 1 ? x : Norm(graph, Conv(graph, x, inputs, outputs, 1, stride, [0, 0, 0, 0]), outputs);
            string y = graph.Add("Relu", [Norm(graph, Conv(graph, x, inputs, outputs, 3, stride, stride == 1 ? [1, 1, 1, 1] : [1, 1, 0, 0]), outputs)]);
            y = Norm(graph, Conv(graph, y, outputs, outputs, 3, 1, [1, 1, 1, 1]), outputs);
            x = graph.Add("Relu", [graph.Add("Add", [y, around])]);
            inputs = outputs;
        }
        if (fault.Blocks == plan.Length) x = graph.Add("AveragePool", [x], Window(7, 1, [0, 0, 0, 0]));
        if (fault.Longer) x = graph.Add("Relu", [x]);
        graph.Output(x, [512, 1, 1]);
        System.IO.File.WriteAllBytes(path, graph.ToBytes("test"));
    }

    static string Conv(OnnxWriter graph, string x, int inputs, int outputs, int kernel, int stride, int[] pads)
    {
        string name = $"weight of {x} {kernel}";
        return graph.Add("Conv", [x, graph.Constant(name, new float[outputs * inputs * kernel * kernel], [outputs, inputs, kernel, kernel])], Window(kernel, stride, pads));
    }

    static string Norm(OnnxWriter graph, string x, int channels)
    {
        string[] numbers = [.. new[] { ("gamma", 1f), ("beta", 0.5f), ("mean", 0f), ("variance", 1f) }.Select(number =>
        {
            float[] values = new float[channels];
            Array.Fill(values, number.Item2);
            return graph.Constant($"{number.Item1} of {x}", values, [channels]);
        })];
        return graph.Add("BatchNormalization", [x, .. numbers], new Attribute("epsilon", 1e-5f));
    }

    static Attribute[] Window(int kernel, int stride, int[] pads) =>
        [new("kernel_shape", (int[])[kernel, kernel]), new("strides", (int[])[stride, stride]), new("pads", pads)];

    void WriteMean(int size)
    {
        var graph = new OnnxWriter("preprocess");
        graph.Constant("MeanImage", new float[3 * size * size], [1, 3, size, size]);
        graph.Output(graph.Add("Sub", ["x", "MeanImage"]), [3, size, size]);
        System.IO.File.WriteAllBytes(_folder.Path("ResNetPreprocess.onnx"), graph.ToBytes("test"));
    }

    public void Dispose()
    {
        _device.Dispose();
        _folder.Dispose();
    }
}
