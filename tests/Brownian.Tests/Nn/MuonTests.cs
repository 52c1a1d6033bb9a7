using Brownian.Nn;
using Brownian.Tensors;
using Brownian.Tensors.Reference;
using Brownian.Tests.Tensors;

namespace Brownian.Tests;

public sealed class MuonTests(Devices devices) : IClassFixture<Devices>
{
    static readonly AdamOptions AdamW = new() { WeightDecay = 0.1, Decoupled = true };

    public static TheoryData<string, int, int> Matrices
    {
        get
        {
            var data = new TheoryData<string, int, int>();
            foreach (string device in Devices.All)
                foreach ((int rows, int columns) in new[] { (72, 8), (16, 16), (8, 50), (301, 33), (1, 7), (5, 1) }) data.Add(device, rows, columns);
            return data;
        }
    }

    [Theory, MemberData(nameof(Matrices))]
    public void Matrices_become_nearly_orthogonal_as_the_reference_makes_them(string name, int rows, int columns)
    {
        Device device = devices[name, 1];
        float[] x = new Normals($"{rows}×{columns}").Floats(rows * columns, 0, 3);
        float[] actual = Orthogonalized(x, rows, columns, device);
        double[] expected = ReferenceMuon.Orthogonalize(Compare.Doubles(x), rows, columns);
        Assert.InRange(GoldenNetworks.LargestDifference(expected, actual), 0, 2e-5);
        Assert.All(SingularValues(Compare.Doubles(actual), rows, columns), s => Assert.InRange(s, 0.65, 1.25));
        Assert.Equal(actual, Orthogonalized(x, rows, columns, devices[name, 3]));
    }

    /// <summary>Each singular value goes its own way, so those of a diagonal matrix are a polynomial applied five times.</summary>
    [Fact]
    public void Singular_values_follow_the_polynomial()
    {
        float[] values = [2, 0.5f, 0.02f, 1e-4f, 0], x = new float[25];
        for (int i = 0; i < 5; i++) x[6 * i] = values[i];
        float[] y = Orthogonalized(x, 5, 5, devices.Default);
        double norm = Math.Sqrt(values.Sum(v => (double)v * v));
        for (int i = 0; i < 25; i++)
        {
            double s = i % 6 == 0 ? values[i / 6] / norm : 0;
            for (int k = 0; k < 5; k++) s = 3.4445 * s - 4.7750 * Math.Pow(s, 3) + 2.0315 * Math.Pow(s, 5);
            Assert.Equal(s, y[i], 2e-5);
        }
        Assert.Equal(new float[6], Orthogonalized(new float[6], 2, 3, devices.Default));
    }

    /// <summary>A kernel, a linear map, three maps in one weight and a bias: five steps, as slow code in double makes them.</summary>
    [Fact]
    public void Steps_are_those_of_the_slow_optimiser()
    {
        (ParameterSet set, Parameter kernel, Parameter packed, Parameter bias) = Model(devices.Default);
        var options = new MuonOptions { Momentum = 0.9, RateRatio = 2 };
        var muon = new Muon(set, parameter => parameter.IsMap, options, AdamW);
        double[] k = Ours(kernel), b = Ours(bias), mk = new double[k.Length], mb = new double[b.Length], vb = new double[b.Length];
        double[][] p = Maps(Ours(packed)), mp = Array.ConvertAll(p, map => new double[map.Length]);
        var random = new Normals("gradients");
        for (int step = 1; step <= 5; step++)
        {
            double rate = 0.01 * step;
            foreach (Parameter parameter in set) parameter.In(set.Gradients).CopyFrom(random.Floats(parameter.Shape.Count, 0.1, 1));
            double[] gb = Gradient(bias), gk = Gradient(kernel);
            double[][] gp = Maps(Gradient(packed));
            muon.Step(rate);
            ReferenceMuon.Step(2 * rate, 0.9, 0.1, k, gk, mk, 9 * 4, 6);
            for (int i = 0; i < 3; i++) ReferenceMuon.Step(2 * rate, 0.9, 0.1, p[i], gp[i], mp[i], 8, 8);
            ReferenceAdam.Run(new AdamStep(step, rate, 0.9, 0.999, 1e-8, 0.1, true, 1), b, gb, mb, vb);
        }
        Assert.InRange(GoldenNetworks.LargestDifference(k, kernel.Value.ToArray()), 0, 2e-5);
        Assert.InRange(GoldenNetworks.LargestDifference(b, bias.Value.ToArray()), 0, 2e-6);
        double[][] actual = Maps(Ours(packed));
        for (int i = 0; i < 3; i++) Assert.InRange(GoldenNetworks.LargestDifference(p[i], Array.ConvertAll(actual[i], v => (float)v)), 0, 2e-5);
        Assert.Equal(5, muon.Steps);

        double[] Gradient(Parameter parameter) => Compare.Doubles(parameter.Gradient.ToArray());

        static double[] Ours(Parameter parameter) => Compare.Doubles(parameter.Value.ToArray());
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(7)]
    public void Steps_do_not_depend_on_the_number_of_threads(int threads)
    {
        Assert.Equal(After(devices[nameof(Brownian.Tensors.Cpu.Simd.SimdWidth.V256), 1]), After(devices[nameof(Brownian.Tensors.Cpu.Simd.SimdWidth.V256), threads]));

        static float[] After(Device device)
        {
            ParameterSet set = new ParameterSet();
            set.Root.Declare("wide", ParameterLayout.Conv, Initialization.FanIn(9 * 128), 128, 128, 3, 3);
            set.Root.Declare("bias", ParameterLayout.Plain, Initialization.FanIn(9), 128);
            set.Allocate(device, 1);
            var muon = new Muon(set, parameter => parameter.IsMap, new MuonOptions(), AdamW with { MaxGradientNorm = 1 });
            for (int step = 0; step < 2; step++)
            {
                foreach (Parameter parameter in set) parameter.In(set.Gradients).CopyFrom(new Normals($"{step}").Floats(parameter.Shape.Count, 0, 1));
                muon.Step(0.01);
            }
            return set.Values.ToArray();
        }
    }

    [Fact]
    public void A_gradient_of_zero_moves_nothing_but_by_decay()
    {
        (ParameterSet set, Parameter kernel, _, _) = Model(devices.Default);
        float[] before = kernel.Value.ToArray();
        new Muon(set, parameter => parameter.IsMap, new MuonOptions(), AdamW with { WeightDecay = 0 }).Step(0.1);
        Assert.Equal(before, kernel.Value.ToArray());
        new Muon(set, parameter => parameter.IsMap, new MuonOptions(), AdamW with { WeightDecay = 0.5 }).Step(0.1);
        Assert.Equal(0.95 * before[3], kernel.Value.ToArray()[3], 1e-6);
    }

    [Fact]
    public void Impossible_options_are_named()
    {
        (ParameterSet set, _, _, _) = Model(devices.Default);
        string Refusal(MuonOptions options) => Assert.Throws<ArgumentException>(() => new Muon(set, _ => true, options, AdamW)).Message;
        Assert.Equal("Muon: Momentum is 1; it must be at least 0 and below 1.", Refusal(new MuonOptions { Momentum = 1 }));
        Assert.Equal("Muon: RateRatio is 0; it must be above 0 and finite.", Refusal(new MuonOptions { RateRatio = 0 }));
    }

    /// <summary>Neither what reads the image, nor what writes the answer, nor norms, biases and tables.</summary>
    [Theory]
    [InlineData("tutorial_unet", "conv_in.weight", "conv_out.weight", "mids.0.attentions.0.in_proj_weight")]
    [InlineData("unet2d", "conv_in.weight", "conv_out.weight", "time_embedding.linear_1.weight")]
    [InlineData("residual_unet", "first.weight", "final.2.weight", "bottleneck_blocks.0.conv_1.weight")]
    public void Hidden_maps_are_all_maps_but_the_first_and_the_last_over_pixels(string type, string first, string last, string hidden)
    {
        NetworkOptions options = NetworkType.All.Single(network => network.Name == type).Initial;
        NetworkSummary summary = NetworkSummary.Of(device => options.CreateNetwork(device));
        string[] maps = [.. summary.Network.Parameters.Where(parameter => parameter.IsMap).Select(parameter => parameter.Name)];
        Assert.Equal([first, last], maps.Except(summary.HiddenMaps));
        Assert.Contains(hidden, summary.HiddenMaps);
        Assert.All(summary.HiddenMaps, name => Assert.True(summary.Network.Parameters[name].Shape.Rank >= 2));
    }

    static float[] Orthogonalized(float[] x, int rows, int columns, Device device)
    {
        using TensorScope scope = device.OpenScope();
        Tensor matrix = Tensor.From(x, Shape.Of(rows, columns), device);
        return NewtonSchulz.Orthogonalize(matrix, matrix.SumOfSquares()).ToArray();
    }

    static (ParameterSet Set, Parameter Kernel, Parameter Packed, Parameter Bias) Model(Device device)
    {
        var set = new ParameterSet();
        set.Root.Declare("first.bias", ParameterLayout.Plain, Initialization.FanIn(4), 5);
        Parameter kernel = set.Root.Declare("kernel", ParameterLayout.Conv, Initialization.FanIn(36), 6, 4, 3, 3);
        _ = new MultiheadAttention(set.Root.Under("attention"), 8, 2);
        set.Allocate(device, 3);
        return (set, kernel, set["attention.in_proj_weight"], set["first.bias"]);
    }

    // 8×24 to three times 8×8.
    static double[][] Maps(double[] packed)
    {
        double[][] maps = [new double[64], new double[64], new double[64]];
        for (int i = 0; i < packed.Length; i++) maps[i % 24 / 8][i / 24 * 8 + i % 8] = packed[i];
        return maps;
    }

    // Roots of the eigenvalues of the smaller of XᵀX and X·Xᵀ, by Jacobi's rotations.
    static IEnumerable<double> SingularValues(double[] x, int rows, int columns)
    {
        int n = Math.Min(rows, columns);
        double[,] a = new double[n, n];
        for (int i = 0; i < n; i++)
        {
            for (int j = 0; j < n; j++)
            {
                for (int k = 0; k < Math.Max(rows, columns); k++)
                    a[i, j] += rows >= columns ? x[k * columns + i] * x[k * columns + j] : x[i * columns + k] * x[j * columns + k];
            }
        }
        for (int sweep = 0; sweep < 30; sweep++)
        {
            for (int p = 0; p < n; p++)
            {
                for (int q = p + 1; q < n; q++)
                {
                    double angle = 0.5 * Math.Atan2(2 * a[p, q], a[p, p] - a[q, q]), c = Math.Cos(angle), s = Math.Sin(angle);
                    for (int k = 0; k < n; k++) (a[k, p], a[k, q]) = (c * a[k, p] + s * a[k, q], c * a[k, q] - s * a[k, p]);
                    for (int k = 0; k < n; k++) (a[p, k], a[q, k]) = (c * a[p, k] + s * a[q, k], c * a[q, k] - s * a[p, k]);
                }
            }
        }
        return Enumerable.Range(0, n).Select(i => Math.Sqrt(Math.Max(0, a[i, i])));
    }
}
