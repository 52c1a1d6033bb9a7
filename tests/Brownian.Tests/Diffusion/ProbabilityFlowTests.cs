using Brownian.Nn;
using Brownian.Tensors;
using Brownian.Tests.Tensors;

namespace Brownian.Tests;

/// <summary>The density under the probability-flow ODE, where it is known exactly.</summary>
public sealed class ProbabilityFlowTests : IDisposable
{
    static readonly Shape Image = Shape.Of(4, 3, 2);

    readonly Device _device = Device.Cpu(threads: 1);

    public void Dispose() => _device.Dispose();

    /// <summary>A process, and what a network of it predicts.</summary>
    public static TheoryData<string, PredictionType> Cases => new()
    {
        { "linear", PredictionType.Epsilon }, { "cosine", PredictionType.VPrediction }, { "zero", PredictionType.VPrediction },
        { "linear", PredictionType.Sample }, { "flow", PredictionType.FlowPrediction }, { "flow", PredictionType.VPrediction },
        { "edm", PredictionType.Edm },
    };

    static INoiseProcess Process(string name) => name switch
    {
        "cosine" => NoiseSchedule.Cosine(),
        "zero" => NoiseSchedule.ScaledLinear().RescaledToZeroTerminalSnr(),
        "flow" => new RectifiedFlow(),
        "edm" => new VarianceExploding(),
        _ => NoiseSchedule.Linear(),
    };

    [Theory, MemberData(nameof(Cases))]
    public void The_density_of_normal_data_is_exact_up_to_an_error_that_falls_with_the_steps(string name, PredictionType type)
    {
        INoiseProcess process = Process(name);
        foreach (double deviation in (double[])[0.05, 0.3, 1])
        {
            var network = new NormalData(_device, Image, process, Parameterization.Of(type), deviation);
            var denoiser = new Denoiser(network, process, network.Predicts);
            Tensor x0 = TensorOps.Normal(Shape.Of(3, Image[0], Image[1], Image[2]), new Philox(4, 4), _device).Scale((float)deviation);
            double coarse = Worst(12), fine = Worst(50);
            Assert.True(fine < 1e-3, $"{deviation}: {fine} bits off at 50 steps");
            Assert.True(fine < 0.2 * coarse + 1e-4, $"{deviation}: {coarse} bits off at 12 steps, {fine} at 50");

            double Worst(int steps)
            {
                var flow = new ProbabilityFlow(denoiser, steps);
                LogDensity[] densities = flow.Of(x0, Generators(3), cancel: TestContext.Current.CancellationToken);
                double[] expected = Exact(process, flow.SmallestNoise, deviation, x0.ToArray(), 3);
                return densities.Select((density, n) => Math.Abs(density.Bits(density.Total) - expected[n])).Max();
            }
        }
    }

    /// <summary>
    /// Bits per dimension of x under the flow of N(0, s²·I) from a σ/α to the largest: x grows by √((s² + r_T²)/(s² + r²)), with r = σ/α, and
    /// the noise has the density that samplers start from, N(0, 1 + r_T²).
    /// </summary>
    static double[] Exact(INoiseProcess process, double smallest, double s, float[] x, int images)
    {
        double largest = process switch
        {
            RectifiedFlow => 1000,
            VarianceExploding edm => edm.Largest,
            NoiseSchedule schedule => schedule.Straight(schedule.At(schedule.Timesteps - 1)).Ratio,
            _ => 0,
        };
        double growth = (s * s + largest * largest) / (s * s + smallest * smallest), variance = 1 + largest * largest;
        int size = x.Length / images;
        return [.. Enumerable.Range(0, images).Select(n =>
        {
            double squares = x.AsSpan(n * size, size).ToArray().Sum(value => (double)value * value) * growth;
            return (size * Math.Log(2 * Math.PI * variance) + squares / variance - size * Math.Log(growth)) / 2 / (size * Math.Log(2));
        })];
    }

    [Fact]
    public void One_probe_tells_the_trace_of_a_diagonal_matrix_and_many_that_of_any()
    {
        // ε̂ = W·x·c_in, hence J = W·c_in, at two levels only.
        int size = 6;
        float[] full = new Normals("probes").Floats(size * size, 0, 1), diagonal = [.. full.Select((value, i) => i / size == i % size ? value : 0)];
        var edm = new VarianceExploding(0.5, 2);
        Tensor x0 = TensorOps.Normal(Shape.Of(2, 1, 1, size), new Philox(1, 1), _device);
        double[] scale = [.. ((double[])[0.5, 2]).Select(sigma => sigma / Math.Sqrt(1 + sigma * sigma))];      // of dσ/dlog σ·c_in
        double trace = Enumerable.Range(0, size).Sum(i => (double)full[i * size + i]), expected = Math.Log(4) / 2 * (scale[0] + scale[1]) * trace;

        double[] Volumes(float[] w, int probes) =>
            [.. new ProbabilityFlow(new Denoiser(new Matrix(_device, w, size), edm, Parameterization.Epsilon), steps: 1)
                .Of(x0, Generators(2), probes, cancel: TestContext.Current.CancellationToken).Select(density => density.Volume)];

        Assert.All(Volumes(diagonal, 1), volume => Assert.Equal(expected, volume, 1e-5));
        double spread = 0;      // Var zᵀ·W·z = Σ_{i<j} (W_ij + W_ji)²
        for (int i = 0; i < size; i++)
        {
            for (int j = 0; j < i; j++) spread += Math.Pow(full[i * size + j] + full[j * size + i], 2);
        }
        double deviation = Math.Log(4) / 2 * Math.Sqrt((scale[0] * scale[0] + scale[1] * scale[1]) * spread);
        Assert.True(Math.Abs(Volumes(full, 1)[0] - expected) > 1e-3);
        Assert.All(Volumes(full, 1000), volume => Assert.InRange(volume - expected, -4 * deviation / Math.Sqrt(1000), 4 * deviation / Math.Sqrt(1000)));
    }

    public static TheoryData<string> Networks => ["tutorial", "unet2d", "batch norm", "odd size"];

    [Theory, MemberData(nameof(Networks))]
    public void The_product_of_a_network_is_that_of_finite_differences_and_leaves_its_gradients_alone(string name)
    {
        IDenoisingNetwork network = name switch
        {
            "unet2d" => TinyRun.UNet2D.Model.CreateNetwork(_device, seed: 1),
            "batch norm" => new PlainUNet(new() { FirstChannels = 4, TimeFeatures = 8, ImageChannels = 1, ImageSize = [16] }, _device, seed: 1),
            _ => TinyRun.Config.Model.CreateNetwork(_device, seed: 1),
        };
        foreach (Parameter parameter in network.Parameters.Trained)     // no last layer of zeros
            parameter.FromTorch(new Normals(parameter.Name).Floats(parameter.Shape.Count, 0, 0.3f));
        Shape shape = name == "odd size" ? Shape.Of(2, 7, 9, 1) : Shape.Of(2, network.Height, network.Width, 1);
        var denoiser = new Denoiser(network, NoiseSchedule.Linear(), Parameterization.Velocity);
        NoiseLevel level = NoiseSchedule.Linear().At(300);
        Tensor x = TensorOps.Normal(shape, new Philox(1, 1), _device).WithGrad(), z = TensorOps.Normal(shape, new Philox(1, 2), _device);

        denoiser.Predict(x, level).Eps.Multiply(z).Sum().Backward();

        float[] gradient = x.Grad!.ToArray(), direction = new Normals("direction").Floats(shape.Count, 0, 1);
        double expected = 0, actual = gradient.Zip(direction, (a, b) => (double)a * b).Sum();
        const double H = 1e-2;
        foreach (double sign in (double[])[1, -1])
        {
            Tensor moved = Tensor.From([.. x.ToArray().Zip(direction, (a, b) => (float)(a + sign * H * b))], shape, _device);
            expected += sign * denoiser.Predict(moved, level).Eps.ToArray().Zip(z.ToArray(), (a, b) => (double)a * b).Sum() / (2 * H);
        }
        Assert.Equal(1, actual / expected, 5e-3);
        Assert.Equal(0, network.Parameters.Gradients.SumOfSquares());
        Assert.All(network.Parameters.Trained, parameter => Assert.True(parameter.Value.RequiresGrad));
    }

    [Fact]
    public void An_image_does_not_see_its_neighbours()
    {
        IDenoisingNetwork network = TinyRun.Config.Model.CreateNetwork(_device, seed: 1);
        var flow = new ProbabilityFlow(new Denoiser(network, NoiseSchedule.Linear(), Parameterization.Epsilon), steps: 4);
        Tensor x = TensorOps.Normal(Shape.Of(3, 8, 8, 1), new Philox(1, 1), _device);
        LogDensity[] all = flow.Of(x, Generators(3), probes: 2, cancel: TestContext.Current.CancellationToken);
        Assert.Equal(3, all.Distinct().Count());
        LogDensity alone = flow.Of(x.TakeSamples(2, 1), Generators(3).AsSpan(2, 1), probes: 2, cancel: TestContext.Current.CancellationToken)[0];
        Assert.Equal(all[2], alone);
        Assert.Equal(2 * 4 + 2 * 5, flow.Calls(2));
    }

    [Fact]
    public void What_has_no_derivative_is_refused()
    {
        StubNetwork stub = new(_device, Image, StubNetwork.Analytic) { Classes = 3 };
        Tensor x = Tensor.Zeros(Shape.Of(1, Image[0], Image[1], Image[2]), _device);
        string Refused(IDenoiser denoiser, int probes = 1, int steps = 2) =>
            Assert.Throws<ArgumentException>(() => new ProbabilityFlow(denoiser, steps).Of(x, Generators(1), probes, cancel: TestContext.Current.CancellationToken)).Message;

        var plain = new Denoiser(stub, NoiseSchedule.Linear(), Parameterization.Velocity) { Labels = [0] };
        Assert.Equal("A StubNetwork lets no gradient through to its input, so that its derivative cannot be taken; ask it under Device.NoGrad.", Refused(plain));
        var guided = new GuidedDenoiser(plain, [0], new() { Scale = 2 });
        Assert.Equal("The probability-flow ODE needs a gradient, which a GuidedDenoiser does not let through; use the variational bound.", Refused(guided));
        Assert.Equal("The divergence from 0 probes; it needs at least 1.", Refused(plain, probes: 0));
        Assert.Equal("The probability-flow ODE in 0 steps; it needs at least 1, such as 50.", Refused(plain, steps: 0));
        using NoGrad noGrad = _device.NoGrad();
        Assert.Equal(
            "The probability-flow ODE needs gradients, which are not recorded under NoGrad; call it outside.",
            Assert.Throws<InvalidOperationException>(() => new ProbabilityFlow(plain, 2).Of(x, Generators(1), cancel: TestContext.Current.CancellationToken)).Message);
    }

    [Theory]
    [InlineData(8), InlineData(16)]
    public void Gray_values_are_spread_evenly_over_their_intervals(int bits)
    {
        double width = Dequantization.Width(bits);
        float value = bits == 8 ? PixelScale.FromByte(77) : PixelScale.FromDeep(7700), next = bits == 8 ? PixelScale.FromByte(78) : PixelScale.FromDeep(7701);
        Assert.Equal(next - value, width, 1e-6 * 0.1);
        float[] values = [.. Enumerable.Repeat(value, 20_000)];
        Dequantization.Spread(values, bits, new Philox(1, 1));
        double[] moved = [.. values.Select(v => (v - (double)value) / width)];
        Assert.InRange(moved.Min(), -0.5 - 1e-3, -0.499);
        Assert.InRange(moved.Max(), 0.499, 0.5 + 1e-3);
        Assert.Equal(0, moved.Average(), 0.01);
        Assert.Equal(1 / 12.0, moved.Average(m => m * m), 0.002);
    }

    static Philox[] Generators(int count) => [.. Enumerable.Range(0, count).Select(n => new Philox(7, (ulong)n))];

    /// <summary>What a network knows that has learned N(0, s²·I): x̂_0 = α·s²·x/(α²s² + σ²), ε̂ = σ·x/(α²s² + σ²).</summary>
    sealed class NormalData : IDenoisingNetwork
    {
        readonly Shape _image;
        readonly INoiseProcess _process;
        readonly double _s;

        public NormalData(Device device, Shape image, INoiseProcess process, Parameterization predicts, double s)
        {
            (_image, _process, Predicts, _s) = (image, process, predicts, s);
            Parameters.Allocate(device, seed: 0);
        }

        public Parameterization Predicts { get; }
        public ParameterSet Parameters { get; } = new();
        public int Channels => _image[2];
        public int Height => _image[0];
        public int Width => _image[1];
        public int SizeMultiple => 1;

        public Tensor Forward(Tensor x, NetworkPass pass)
        {
            NoiseLevel level = LevelOf(pass.Timesteps[0]);
            (double a, double s) = (level.Alpha, level.Sigma);
            double variance = a * a * _s * _s + s * s, answer = Predicts.Target(level).Of(a * _s * _s / variance, s / variance);
            return x.ScalePerSample([.. Enumerable.Repeat((float)(answer / Predicts.InputScale(level)), x.Shape[0])]);
        }

        // Between two timesteps of a schedule log(σ/α) runs evenly.
        NoiseLevel LevelOf(float timestep)
        {
            if (_process is not NoiseSchedule schedule) return _process.At(timestep);
            int below = Math.Min((int)timestep, schedule.Timesteps - 2);
            double low = Math.Log(Ratio(below)), high = Math.Log(Ratio(below + 1)), ratio = Math.Exp(low + (timestep - below) * (high - low));
            double alpha = 1 / Math.Sqrt(1 + ratio * ratio);
            return new(alpha, ratio * alpha, timestep);

            double Ratio(int t) => schedule.Straight(schedule.At(t)).Ratio;
        }
    }

    /// <summary>x·W for images of a single pixel.</summary>
    sealed class Matrix : IDenoisingNetwork
    {
        readonly Tensor _w;

        public Matrix(Device device, float[] w, int channels)
        {
            _w = Tensor.From(w, Shape.Of(channels, channels), device);
            Channels = channels;
            Parameters.Allocate(device, seed: 0);
        }

        public ParameterSet Parameters { get; } = new();
        public int Channels { get; }
        public int Height => 1;
        public int Width => 1;
        public int SizeMultiple => 1;

        public Tensor Forward(Tensor x, NetworkPass pass) => x.Linear(_w);
    }
}
