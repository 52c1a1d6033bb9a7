using Brownian.Tests.Evaluation;
using Attribute = Brownian.OnnxWriter.Attribute;

namespace Brownian.Oracle;

/// <summary>
/// The FID Inception in ONNX's operations, unfolded: every batch norm is one. Written from Szegedy et al. 2016 and the description of the graph of
/// December 2015, for ONNX Runtime.
/// </summary>
sealed class InceptionGraph(RandomInception weights)
{
    static readonly string[] Norm = ["weight", "bias", "running_mean", "running_var"];

    readonly OnnxWriter _graph = new("inception");

    /// <summary>Writes a model from "images" N×3×H×W, from 0 to 255, to "features" N×2048×1×1 and "logits" N×1008.</summary>
    public static void Write(RandomInception weights, string path, int samples, int height, int width)
    {
        var graph = new InceptionGraph(weights);
        graph._graph.Input("images", [3, height, width]);
        string features = graph.Features("images", samples);
        graph._graph.Output(features, "features", [2048, 1, 1]);
        string flat = graph._graph.Add("Flatten", [features], new Attribute("axis", 1));
        string logits = graph._graph.Add("Gemm", [flat, graph.Stored("fc.weight")], new Attribute("transB", 1));
        graph._graph.Output(logits, "logits", [1008]);
        File.WriteAllBytes(path, graph._graph.ToBytes("test"));
    }

    string Features(string images, int samples)
    {
        string unit = _graph.Add("Div", [images, _graph.Number(255)]);
        string large = _graph.Add("Resize", [unit, "", "", _graph.Integers(samples, 3, 299, 299)],
            new Attribute("mode", "linear"), new Attribute("coordinate_transformation_mode", "half_pixel"));
        string x = _graph.Add("Sub", [_graph.Add("Mul", [large, _graph.Number(2)]), _graph.Number(1)]);
        x = Conv(x, "Conv2d_1a_3x3", stride: 2);
        x = Conv(x, "Conv2d_2a_3x3");
        x = Conv(x, "Conv2d_2b_3x3", down: 1, across: 1);
        x = Max(x, 2, 0);
        x = Conv(x, "Conv2d_3b_1x1");
        x = Conv(x, "Conv2d_4a_3x3");
        x = Max(x, 2, 0);
        x = A(A(A(x, "Mixed_5b."), "Mixed_5c."), "Mixed_5d.");
        x = Concat(
            Conv(x, "Mixed_6a.branch3x3", stride: 2),
            Conv(Conv(Conv(x, "Mixed_6a.branch3x3dbl_1"), "Mixed_6a.branch3x3dbl_2", 1, 1), "Mixed_6a.branch3x3dbl_3", stride: 2),
            Max(x, 2, 0));
        x = C(C(C(C(x, "Mixed_6b."), "Mixed_6c."), "Mixed_6d."), "Mixed_6e.");
        string second = Conv(Conv(Conv(x, "Mixed_7a.branch7x7x3_1"), "Mixed_7a.branch7x7x3_2", 0, 3), "Mixed_7a.branch7x7x3_3", 3, 0);
        x = Concat(
            Conv(Conv(x, "Mixed_7a.branch3x3_1"), "Mixed_7a.branch3x3_2", stride: 2),
            Conv(second, "Mixed_7a.branch7x7x3_4", stride: 2),
            Max(x, 2, 0));
        x = E(x, "Mixed_7b.", Mean(x));
        x = E(x, "Mixed_7c.", Max(x, 1, 1));
        return _graph.Add("GlobalAveragePool", [x]);
    }

    string A(string x, string block) => Concat(
        Conv(x, block + "branch1x1"),
        Conv(Conv(x, block + "branch5x5_1"), block + "branch5x5_2", 2, 2),
        Conv(Conv(Conv(x, block + "branch3x3dbl_1"), block + "branch3x3dbl_2", 1, 1), block + "branch3x3dbl_3", 1, 1),
        Conv(Mean(x), block + "branch_pool"));

    string C(string x, string block)
    {
        string seven = Conv(Conv(Conv(x, block + "branch7x7_1"), block + "branch7x7_2", 0, 3), block + "branch7x7_3", 3, 0);
        string twice = Conv(Conv(x, block + "branch7x7dbl_1"), block + "branch7x7dbl_2", 3, 0);
        twice = Conv(twice, block + "branch7x7dbl_3", 0, 3);
        twice = Conv(twice, block + "branch7x7dbl_4", 3, 0);
        twice = Conv(twice, block + "branch7x7dbl_5", 0, 3);
        return Concat(Conv(x, block + "branch1x1"), seven, twice, Conv(Mean(x), block + "branch_pool"));
    }

    string E(string x, string block, string pool)
    {
        string three = Conv(x, block + "branch3x3_1"), twice = Conv(Conv(x, block + "branch3x3dbl_1"), block + "branch3x3dbl_2", 1, 1);
        return Concat(
            Conv(x, block + "branch1x1"),
            Conv(three, block + "branch3x3_2a", 0, 1), Conv(three, block + "branch3x3_2b", 1, 0),
            Conv(twice, block + "branch3x3dbl_3a", 0, 1), Conv(twice, block + "branch3x3dbl_3b", 1, 0),
            Conv(pool, block + "branch_pool"));
    }

    // Convolution, batch norm with ε = 0.001, ReLU.
    string Conv(string x, string name, int down = 0, int across = 0, int stride = 1)
    {
        int[] shape = weights.ShapeOf($"{name}.conv.weight");
        string y = _graph.Add("Conv", [x, Stored($"{name}.conv.weight")],
            new Attribute("kernel_shape", (int[])[shape[2], shape[3]]), new Attribute("strides", (int[])[stride, stride]),
            new Attribute("pads", (int[])[down, across, down, across]));
        string[] norm = [.. Norm.Select(number => Stored($"{name}.bn.{number}"))];
        y = _graph.Add("BatchNormalization", [y, .. norm], new Attribute("epsilon", 0.001f));
        return _graph.Add("Relu", [y]);
    }

    string Max(string x, int stride, int padding) => _graph.Add("MaxPool", [x],
        new Attribute("kernel_shape", (int[])[3, 3]), new Attribute("strides", (int[])[stride, stride]),
        new Attribute("pads", (int[])[padding, padding, padding, padding]));

    string Mean(string x) => _graph.Add("AveragePool", [x],
        new Attribute("kernel_shape", (int[])[3, 3]), new Attribute("strides", (int[])[1, 1]), new Attribute("pads", (int[])[1, 1, 1, 1]),
        new Attribute("count_include_pad", 0));

    string Concat(params string[] parts) => _graph.Add("Concat", parts, new Attribute("axis", 1));

    string Stored(string name) => _graph.Constant(name, weights[name], weights.ShapeOf(name));
}
