using Brownian.Nn;
using Brownian.Tensors;

namespace Brownian.Tests;

/// <summary>The variational bound against <c>golden/metrics/bpd_*</c>, which improved-diffusion's calc_bpd_loop made.</summary>
public sealed class VariationalBitsTests : IDisposable
{
    static readonly double Ln2 = Math.Log(2);

    readonly Device _device = Device.Cpu(threads: 1);

    public void Dispose() => _device.Dispose();

    [Theory]
    [InlineData("linear20_fixed_small", ReverseVariance.Small)]
    [InlineData("linear16_fixed_large", ReverseVariance.Large)]
    [InlineData("cosine25_learned_range", ReverseVariance.LearnedRange)]
    public void Every_term_is_that_of_improved_diffusion(string name, ReverseVariance variance)
    {
        using SafetensorsFile file = SafetensorsFile.Read(Fixtures.Golden($"metrics/bpd_{name}.safetensors"));
        NoiseSchedule schedule = NoiseSchedule.FromBetas(file.ReadDoubles("betas"));
        long[] shape = file["x_start"].Shape;
        Tensor x0 = GoldenNetworks.Images(file, "x_start", _device);
        int images = (int)shape[0], timesteps = schedule.Timesteps, size = x0.Shape.Count;
        StubNetwork network = new(
            _device, Shape.Of((int)shape[2], (int)shape[3], (int)shape[1]), StubNetwork.Analytic,
            variance == ReverseVariance.LearnedRange ? StubNetwork.AnalyticVariance : null);
        VariationalBits bound = new(new Denoiser(network, schedule, Parameterization.Epsilon), variance, X0Limit.Clip());

        double[] vb = new double[images * timesteps], mse = new double[vb.Length], xstartMse = new double[vb.Length];
        double[] prior = bound.Prior(x0), total = [.. prior];
        float[] noises = file.ReadFloats("noises");
        for (int i = 0; i < timesteps; i++)
        {
            Tensor noise = GoldenNetworks.Images(noises.AsSpan(i * size, size), shape, _device);
            VariationalTerms term = bound.Term(timesteps - 1 - i, x0, noise);
            for (int n = 0; n < images; n++)
            {
                vb[n * timesteps + i] = term.Bits[n];
                xstartMse[n * timesteps + i] = term.ImageErrors[n];
                mse[n * timesteps + i] = term.NoiseErrors[n];
                total[n] += term.Bits[n];
            }
        }
        Close.Relative(file.ReadDoubles("prior_bpd_f64"), prior, 1e-9, "prior");
        EachClose(file.ReadDoubles("vb_f64"), vb, 2e-5, "vb");
        EachClose(file.ReadDoubles("xstart_mse_f64"), xstartMse, 2e-5, "xstart_mse");
        EachClose(file.ReadDoubles("mse_f64"), mse, 2e-5, "mse");
        EachClose(file.ReadDoubles("total_bpd_f64"), total, 2e-6, "total");
    }

    static void EachClose(double[] expected, double[] actual, double tolerance, string what)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
            Assert.True(Math.Abs(actual[i] / expected[i] - 1) <= tolerance, $"{what}[{i}] is {actual[i]:R}, expected {expected[i]:R}: off by {actual[i] / expected[i] - 1:g2}");
    }

    [Fact]
    public void The_divergence_and_the_code_length_of_a_pixel_are_those_of_improved_diffusion()
    {
        using SafetensorsFile file = SafetensorsFile.Read(Fixtures.Golden("metrics/bpd_pieces.safetensors"));
        float[] mean1 = file.ReadFloats("mean1"), logvar1 = file.ReadFloats("logvar1"), mean2 = file.ReadFloats("mean2"), logvar2 = file.ReadFloats("logvar2");
        double[] kl = [.. mean1.Select((mean, i) => Ln2 * new PixelBound
        {
            Posterior = (1, 0),
            LogPosteriorVariance = logvar1[i],
            Mean = (1, 0),
            LogVariance = (logvar2[i], 0),
        }.Of(mean, mean2[i], 0, 0).Bits)];
        Close.Relative(file.ReadDoubles("normal_kl_f64"), kl, 1e-9, "normal_kl");

        float[] x = file.ReadFloats("x"), means = file.ReadFloats("means"), scales = file.ReadFloats("log_scales");
        double[] code = [.. x.Select((value, i) => -Ln2 * new PixelBound { Mean = (1, 0), LogVariance = (2.0 * scales[i], 0), IsLast = true }.Of(value, means[i], 0, 0).Bits)];
        double[] expected = file.ReadDoubles("log_likelihood_f64");
        for (int i = 0; i < expected.Length; i++)
            Assert.True(Math.Abs(Math.Exp(expected[i]) - Math.Exp(code[i])) <= 1e-9 * Math.Exp(expected[i]) + 1e-13, $"{i}: {code[i]:R}, expected {expected[i]:R}");
    }

    [Theory]
    [InlineData(ReverseVariance.Small), InlineData(ReverseVariance.Large)]
    public void A_term_without_limit_is_that_of_the_answer_itself_whatever_it_predicts(ReverseVariance variance)
    {
        NoiseSchedule schedule = NoiseSchedule.Linear(50, scaledToTimesteps: true);
        Shape shape = Shape.Of(3, 4, 3, 2);
        Tensor x0 = Tensor.From(Bytes(shape.Count), shape, _device), noise = TensorOps.Normal(shape, new Philox(1, 2), _device);
        foreach (Parameterization predicts in (Parameterization[])[Parameterization.Epsilon, Parameterization.Sample, Parameterization.Velocity])
        {
            StubNetwork network = new(_device, Shape.Of(4, 3, 2), (x, t) =>
            {
                NoiseLevel level = schedule.At((int)t);
                double eps = StubNetwork.Analytic(x, t);
                return predicts.Target(level).Of(Parameterization.Epsilon.X0(level).Of(x, eps), eps);
            });
            VariationalBits bound = new(new Denoiser(network, schedule, predicts), variance);
            foreach (int t in (int[])[0, 1, 20, 49])
            {
                NoiseLevel level = schedule.At(t);
                double[] x = Doubles(x0), xt = [.. x.Zip(Doubles(noise), (a, b) => level.Alpha * a + level.Sigma * b)];
                PixelBound[] terms = [.. Enumerable.Repeat(new VariationalBound(schedule, Parameterization.Epsilon, variance).At(t), 3)];
                double[] expected = Brownian.Tensors.Reference.ReferenceLosses.Bounds(terms, x, xt, [.. xt.Select(value => StubNetwork.Analytic(value, t))], 2, 2);
                Close.Relative(expected, bound.Term(t, x0, noise).Bits, 1e-5, $"{predicts.Name} at {t}");
            }
        }
    }

    [Fact]
    public void Who_knows_the_image_needs_no_bits_but_those_that_noise_gives_away()
    {
        NoiseSchedule schedule = NoiseSchedule.Linear(100, scaledToTimesteps: true);
        Shape shape = Shape.Of(1, 4, 4, 1);
        float[] image = Bytes(shape.Count);
        StubNetwork network = new(_device, Shape.Of(4, 4, 1), StubNetwork.Analytic) { Instead = (i, _) => image[i] };
        VariationalBits bound = new(new Denoiser(network, schedule, Parameterization.Sample));
        Tensor x0 = Tensor.From(image, shape, _device);
        for (int t = 1; t < 100; t++) Assert.Equal(0, bound.Term(t, x0, TensorOps.Normal(shape, new Philox(3, (ulong)t), _device)).Bits[0], 1e-12);
        // At t = 0 the deviation is √β̃_1, 0.0082 or two gray values: the middle one has some of the probability.
        double deviation = Math.Sqrt(schedule.PosteriorVariance[1]);
        double least = -Math.Log2(2 * (1 / 255.0) / (Math.Sqrt(2 * Math.PI) * deviation));
        Assert.InRange(bound.Term(0, x0, TensorOps.Normal(shape, new Philox(3, 0), _device)).Bits[0], least * 0.9, least * 1.1);
        double alphaBar = schedule.AlphasCumprod[99];
        double prior = image.Average(value => alphaBar * value * value - alphaBar - Math.Log(1 - alphaBar)) / 2 / Ln2;
        Assert.Equal(1, bound.Prior(x0)[0] / prior, 1e-9);
    }

    [Fact]
    public void What_the_bound_cannot_be_of_is_said()
    {
        StubNetwork network = new(_device, Shape.Of(2, 2, 1), StubNetwork.Analytic);
        Assert.Equal(
            "The variational bound needs a network trained with a schedule of timesteps, not with a RectifiedFlow; use the probability-flow ODE.",
            Assert.Throws<ArgumentException>(() => new VariationalBits(new Denoiser(network, new RectifiedFlow(), Parameterization.Flow))).Message);
        Assert.Equal(
            "The variational bound needs a schedule of 2 timesteps or more, not of 1.",
            Assert.Throws<ArgumentException>(() => new VariationalBits(new Denoiser(network, NoiseSchedule.Linear(1), Parameterization.Epsilon))).Message);
        VariationalBits bound = new(new Denoiser(network, NoiseSchedule.Linear(), Parameterization.Epsilon), ReverseVariance.LearnedRange);
        Tensor x = Tensor.Zeros(Shape.Of(1, 2, 2, 1), _device);
        Assert.Equal(
            "The variance learned_range needs a network with twice the channels; use small or large with this one.",
            Assert.Throws<ArgumentException>(() => bound.Term(3, x, x)).Message);
        network.Instead = (_, _) => double.NaN;
        Assert.All(new VariationalBits(new Denoiser(network, NoiseSchedule.Linear(), Parameterization.Epsilon), limit: X0Limit.Clip()).Term(3, x, x).Bits, bits => Assert.True(double.IsNaN(bits)));
    }

    [Theory]
    [InlineData(2, 1), InlineData(1000, 1), InlineData(1000, 99), InlineData(1000, 998), InlineData(1000, 999), InlineData(30, 20)]
    public void Groups_of_timesteps_cover_all_but_the_first_once(int timesteps, int count)
    {
        var strata = new TimestepStrata(timesteps, count);
        Assert.Equal(count, strata.Count);
        for (ulong seed = 0; seed < 20; seed++)
        {
            int next = 1;
            foreach ((int timestep, int weight) in strata.Draw(new Philox(seed, 0)))
            {
                Assert.InRange(timestep, next, next + weight - 1);
                next += weight;
            }
            Assert.Equal(timesteps, next);
        }
    }

    [Fact]
    public void A_sum_over_drawn_timesteps_has_the_full_sum_as_its_mean()
    {
        double F(int t) => 1.0 / t + (t % 7) * 0.001;
        double full = Enumerable.Range(1, 999).Sum(F);
        var strata = new TimestepStrata(1000, 20);
        double[] sums = [.. Enumerable.Range(0, 2000).Select(i => strata.Draw(new Philox(5, (ulong)i)).Sum(drawn => drawn.Weight * F(drawn.Timestep)))];
        double mean = sums.Average(), error = Math.Sqrt(sums.Sum(sum => (sum - mean) * (sum - mean)) / sums.Length / sums.Length);
        Assert.InRange(mean - full, -4 * error, 4 * error);
        Assert.InRange(error * Math.Sqrt(sums.Length), 1e-3, 1);      // and a single sum is near it
    }

    [Fact]
    public void Groups_that_cannot_be_made_are_refused()
    {
        Assert.Equal("0 groups of 9 timesteps; there must be 1 to 9.", Assert.Throws<ArgumentException>(() => new TimestepStrata(10, 0)).Message);
        Assert.Equal("10 groups of 9 timesteps; there must be 1 to 9.", Assert.Throws<ArgumentException>(() => new TimestepStrata(10, 10)).Message);
        Assert.Equal("A schedule of 1 timestep has none to choose from; it needs 2 or more.", Assert.Throws<ArgumentException>(() => new TimestepStrata(1, 1)).Message);
    }

    // Gray values, the darkest and the brightest among them.
    static float[] Bytes(int count)
    {
        int[] values = new int[count];
        new Philox(9, 9).Integers(values, 256);
        (values[0], values[1]) = (0, 255);
        return Array.ConvertAll(values, value => PixelScale.FromByte((byte)value));
    }

    static double[] Doubles(Tensor x) => Array.ConvertAll(x.ToArray(), value => (double)value);
}
