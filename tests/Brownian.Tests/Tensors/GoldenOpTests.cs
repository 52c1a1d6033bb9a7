using System.Text.Json;
using Brownian.Nn;
using Brownian.Tensors;
using Brownian.Tensors.Reference;

namespace Brownian.Tests.Tensors;

/// <summary>Operations against PyTorch's, forward and backward, with layouts converted at the border.</summary>
public sealed class GoldenOpTests(Devices devices) : IClassFixture<Devices>
{
    const string Numbers = "ops/ops.safetensors", Index = "ops/ops.json";
    static readonly int[] Image = [0, 2, 3, 1];         // NCHW to NHWC
    static readonly int[] Kernel = [2, 3, 1, 0];        // OIHW to HWIO; IOHW of a transposed convolution to HWOI
    static readonly int[] Matrix = [1, 0];              // N×K to K×N
    static readonly int[] Plain = [];

    /// <param name="Name">As in ops.json.</param>
    /// <param name="Orders">How to reorder the axes of each input.</param>
    /// <param name="Output">How to reorder the axes of the result.</param>
    /// <param name="Run">Computes the result from tensors.</param>
    sealed record Case(string Name, int[][] Orders, int[] Output, Func<Tensor[], Tensor> Run)
    {
        /// <summary>The same from numbers and shapes in double, where the operation is a single one.</summary>
        public Func<double[][], Shape[], double[]>? Reference { get; init; }

        public double Tolerance { get; init; } = 1e-5;
    }

    static readonly Case[] Known =
    [
        Conv("conv2d_k3s1p1d1g1", new(3, 1, 1)), Conv("conv2d_k1s1p0d1g1", new(1, 1, 0)), Conv("conv2d_k3s2p1d1g1", new(3, 2, 1)),
        Conv("conv2d_k4s2p1d1g1", new(4, 2, 1)),
        Conv("conv2d_k3s2p0d1g1", new(3, 2, 0)), Conv("conv2d_k7s1p3d1g1", new(7, 1, 3)), Conv("conv2d_k5s3p2d1g1", new(5, 3, 2)),
        Conv("conv2d_asym_pad", new(3, 2, 0, 1)),
        Transposed("convT_k2s2p0op0", new(2, 2, 0), 0), Transposed("convT_k4s2p1op0", new(4, 2, 1), 0),
        Transposed("convT_k3s2p1op1", new(3, 2, 1), 1), Transposed("convT_k3s1p1op0", new(3, 1, 1), 0),
        Norm("group_norm_g2", 2, 1e-5f), Norm("group_norm_g1", 1, 1e-6f), Norm("group_norm_g6", 6, 1e-5f),
        Norm("group_norm_offset", 2, 1e-6f),
        new("batch_norm_train", [Image, Plain, Plain], Image, x => x[0].BatchNorm(
            new(), x[1], x[2], new(Tensor.Zeros(x[1].Shape, x[0].Device), Tensor.Full(x[1].Shape, 1, x[0].Device)), training: true))
        {
            Reference = (x, s) =>
            {
                (double[] mean, double[] variance) = ReferenceBatchNorm.Moments(new(), x[0], s[0].Channels);
                return ReferenceBatchNorm.Run(new(), x[0], s[0], x[1], x[2], mean, variance, null);
            },
        },
        new("silu", [Plain], Plain, x => x[0].Silu()) { Reference = (x, _) => ReferencePointwise.Silu(x[0]) },
        new("mish", [Plain], Plain, x => x[0].Mish()) { Reference = (x, _) => ReferencePointwise.Mish(x[0]) },
        new("gelu", [Plain], Plain, x => x[0].Gelu()) { Reference = (x, _) => ReferencePointwise.Gelu(x[0]) },
        new("relu", [Plain], Plain, x => x[0].Relu()) { Reference = (x, _) => ReferencePointwise.Relu(x[0]) },
        new("linear", [Plain, Matrix, Plain], Plain, x => x[0].Linear(x[1], x[2])) { Reference = (x, s) =>
            ReferenceConvolution.Linear(x[0], x[1], s[1][0], s[1][1], x[2], null) },
        new("avg_pool2", [Image], Image, x => x[0].AveragePool(2)) { Reference = (x, s) => ReferencePooling.Average(x[0], s[0], new ConvSpec(2, 2)) },
        new("max_pool2", [Image], Image, x => x[0].MaxPool(2)) { Reference = (x, s) => ReferencePooling.Max(x[0], s[0], new ConvSpec(2, 2)) },
        new("upsample_nearest2", [Image], Image, x => x[0].UpsampleNearest(2)) { Reference = (x, s) =>
            ReferenceReshaping.UpsampleNearest(x[0], s[0], 2) },
        new("mse_loss", [Plain, Plain], Plain, x => x[0].MeanSquaredError(x[1])) { Reference = (x, _) =>
            [ReferenceLosses.MeanSquaredError(x[0], x[1])] },
        Attention("attention", 1e-5), Attention("attention_sharp", 1e-4),
        new("mha", [Plain, Matrix, Plain, Matrix, Plain], Plain, x => x[0].Linear(x[1], x[2]).Attention(2).Linear(x[3], x[4])),
        new("concat_ch", [Image, Image], Image, x => Reshaping.ConcatChannels(x[0], x[1])) { Reference = (x, s) =>
            ReferenceReshaping.ConcatChannels(x[0], s[0][3], x[1], s[1][3]) },
        new("broadcast_add", [Image, Plain], Image, x => x[0].AddRows(x[1])) { Reference = (x, s) =>
            ReferenceReductions.AddRows(x[0], s[0], x[1], s[1]) },
    ];

    /// <summary>Golden cases for which the library has no operation, as no model here needs it. A new one must be run or listed.</summary>
    static readonly string[] WithoutOperation =
    [
        "conv2d_k3s1p2d2g1", "conv2d_k3s1p1d1g2", "layer_norm", "matmul_batched", "embedding",
        "gelu_tanh", "sigmoid", "tanh",
        "softplus", "leaky_relu", "sin", "exp_small", "log1p_exp", "softmax", "log_softmax", "softmax_large", "adaptive_avg1",
        "upsample_bilinear2",
        "pixel_shuffle", "pixel_unshuffle", "l1_loss", "smooth_l1", "huber_01", "cross_entropy", "mean_var",
    ];

    /// <summary>Inputs through which no gradient is documented to flow.</summary>
    static readonly (string Case, int Input)[] WithoutGradient = [("mse_loss", 1)];

    public static TheoryData<string, string> Cases
    {
        get
        {
            var data = new TheoryData<string, string>();
            foreach (Case c in Known)
                foreach (string width in Devices.Widths) data.Add(c.Name, width);
            return data;
        }
    }

    [Fact]
    public void Every_golden_case_is_run_or_listed_as_having_no_operation()
    {
        using JsonDocument index = JsonDocument.Parse(File.ReadAllText(Fixtures.Golden(Index)));
        IEnumerable<string> all = index.RootElement.EnumerateArray().Select(c => c.GetProperty("case").GetString()!);
        Assert.Equal(all.Order(), Known.Select(c => c.Name).Concat(WithoutOperation).Order());
    }

    [Theory, MemberData(nameof(Cases))]
    public void Result_and_gradients_equal_PyTorch(string name, string width)
    {
        Case golden = Known.Single(c => c.Name == name);
        using SafetensorsFile file = SafetensorsFile.Read(Fixtures.Golden(Numbers));
        Device device = devices[width, 3];
        Tensor[] inputs = [.. golden.Orders.Select((order, i) => Upload(Read(file, $"{name}.in{i}", order), device).WithGrad())];
        Tensor y = golden.Run(inputs);
        Compare.Close($"{name}, {width}", y.ToArray(), Read(file, $"{name}.out", golden.Output).Values, golden.Tolerance);
        (double[] upstream, _) = Read(file, $"{name}.gout", golden.Output);
        y.Multiply(Upload((upstream, y.Shape), device)).Sum().Backward();
        for (int i = 0; i < inputs.Length; i++)
        {
            if (WithoutGradient.Contains((name, i))) continue;
            (double[] gradient, _) = Read(file, $"{name}.grad{i}", golden.Orders[i]);
            Compare.Close($"{name}, {width}, gradient of input {i}", inputs[i].Grad!.ToArray(), gradient, 10 * golden.Tolerance);
        }
    }

    /// <summary>The references are what the fast kernels are measured against; this is what they are measured against.</summary>
    [Fact]
    public void References_equal_PyTorch_in_double()
    {
        using SafetensorsFile file = SafetensorsFile.Read(Fixtures.Golden(Numbers));
        foreach (Case golden in Known.Where(c => c.Reference is not null))
        {
            (double[] Values, Shape Shape)[] inputs = [.. golden.Orders.Select((order, i) => Read(file, $"{golden.Name}.in{i}", order))];
            double[] y = golden.Reference!([.. inputs.Select(x => x.Values)], [.. inputs.Select(x => x.Shape)]);
            (double[] expected, _) = Read(file, $"{golden.Name}.out", golden.Output);
            Assert.Equal(expected.Length, y.Length);
            double scale = expected.Max(Math.Abs);
            for (int i = 0; i < y.Length; i++) Assert.True(Math.Abs(y[i] - expected[i]) <= 1e-9 * scale,
                $"{golden.Name}[{i}]: {y[i]:R}, expected {expected[i]:R}");
        }
    }

    /// <summary>One tensor, its axes reordered: axis i of the result is axis order[i] of the file. No order leaves it as it is.</summary>
    static (double[] Values, Shape Shape) Read(SafetensorsFile file, string name, int[] order)
    {
        double[] x = file.ReadDoubles(name);
        int[] extents = Array.ConvertAll(file[name].Shape, extent => (int)extent);
        if (extents.Length == 0) extents = [1];
        if (order.Length == 0) return (x, Shape.Of(extents));
        int[] strides = new int[extents.Length], at = new int[order.Length];
        for (int axis = extents.Length - 1, stride = 1; axis >= 0; stride *= extents[axis--]) strides[axis] = stride;
        double[] y = new double[x.Length];
        for (int i = 0; i < y.Length; i++)
        {
            y[i] = x[order.Select((from, axis) => at[axis] * strides[from]).Sum()];
            for (int axis = order.Length - 1; axis >= 0 && ++at[axis] == extents[order[axis]]; axis--) at[axis] = 0;
        }
        return (y, Shape.Of([.. order.Select(axis => extents[axis])]));
    }

    static Tensor Upload((double[] Values, Shape Shape) x, Device device) =>
        Tensor.From(Array.ConvertAll(x.Values, v => (float)v), x.Shape, device);

    static Case Conv(string name, ConvSpec spec) => new(name, [Image, Kernel, Plain], Image, x => x[0].Conv2d(x[1], spec, x[2]))
    {
        Reference = (x, s) => ReferenceConvolution.Conv2d(spec, x[0], s[0], x[1], s[1][3], x[2], null, null),
    };

    static Case Transposed(string name, ConvSpec spec, int outputPadding)
    {
        int extra = spec.Down.Kernel + outputPadding - spec.Down.Padding - spec.Down.PaddingAfter;
        return new(name, [Image, Kernel, Plain], Image, x => x[0].ConvTranspose2d(x[1], spec, x[2], outputPadding))
        {
            Reference = (x, s) => ReferenceConvolution.ConvTranspose2d(
                spec, x[0], s[0], x[1],
                Shape.Of(s[0][0], (s[0][1] - 1) * spec.Down.Stride + extra, (s[0][2] - 1) * spec.Down.Stride + extra, s[1][2]), x[2]),
        };
    }

    static Case Norm(string name, int groups, float epsilon) =>
        new(name, [Image, Plain, Plain], Image, x => x[0].GroupNorm(x[1], x[2], groups, epsilon))
        {
            Reference = (x, s) => ReferenceGroupNorm.Run(new(groups, epsilon, false), x[0], s[0], x[1], x[2]),
        };

    static Case Attention(string name, double tolerance) =>
        new(name, [Plain, Plain, Plain], Plain, x => Reshaping.ConcatChannels(Reshaping.ConcatChannels(x[0], x[1]), x[2]).Attention(3))
        {
            Tolerance = tolerance,
            Reference = (x, s) => ReferenceAttention.Run(
                ReferenceReshaping.ConcatChannels(ReferenceReshaping.ConcatChannels(x[0], 12, x[1], 12), 24, x[2], 12), s[0][0], s[0][1],
                3, 4),
        };
}
