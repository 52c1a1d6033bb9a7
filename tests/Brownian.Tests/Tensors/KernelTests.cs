using Brownian.Tensors;
using Brownian.Tensors.Reference;

namespace Brownian.Tests.Tensors;

/// <summary>What the processor promises beyond the contract: the same bits whatever the threads and the vector width.</summary>
public sealed class KernelTests(Devices devices) : IClassFixture<Devices>
{
    const int Count = 70_003;    // several tasks, and no multiple of anything

    public static TheoryData<string> Widths => [.. Devices.Widths];

    [Theory, MemberData(nameof(Widths))]
    public void Normal_numbers_are_those_of_the_generator_wherever_they_start(string width)
    {
        var random = new Philox(7, 11);
        float[] expected = new float[Count];
        random.Normal(expected);
        foreach (int threads in new[] { 1, 5 })
        {
            Device device = devices[width, threads];
            Compare.SameBits("whole", TensorOps.Normal(Shape.Of(Count), random, device).ToArray(), expected);
            Compare.SameBits("from 1001 on", TensorOps.Normal(Shape.Of(Count - 1001), random, device, 1001).ToArray(), expected[1001..]);
        }
    }

    [Theory, MemberData(nameof(Widths))]
    public void Dropout_drops_the_right_share_and_its_gradient_the_same_elements(string width)
    {
        foreach (float rate in new[] { 0.1f, 0.5f, 0.9f })
        {
            float[]? first = null;
            foreach (int threads in new[] { 1, 2, 5 })
            {
                Device device = devices[width, threads];
                Tensor x = Tensor.From(new Normals("dropout").Floats(Count, 0, 1), Shape.Of(Count), device).WithGrad();
                Tensor y = x.Dropout(rate, new Philox(3, 5));
                y.Sum().Backward();
                float[] result = y.ToArray(), mask = x.Grad!.ToArray();
                float kept = 1 / (1 - rate);
                Assert.All(mask, g =>
                    Assert.True(g == 0 || Math.Abs(g - kept) <= 1e-6f * kept, $"the gradient is {g}, expected 0 or {kept}"));
                Compare.Close($"{width}, rate {rate}", result,
                    ReferencePointwise.Multiply(Compare.Doubles(x.ToArray()), Compare.Doubles(mask)), 1e-6);
                double share = mask.Count(g => g == 0) / (double)Count;
                Assert.InRange(share, rate - 0.01, rate + 0.01);    // 5 deviations of the mean of 70,003 draws
                Compare.SameBits($"{width}, {threads} threads", result, first ??= result);
            }
        }
    }

    [Fact]
    public void Dropout_of_rate_zero_is_its_input()
    {
        Tensor x = Tensor.Zeros(Shape.Of(3), devices.Default);
        Assert.Same(x, x.Dropout(0, new Philox(1, 1)));
    }

    [Theory, MemberData(nameof(Widths))]
    public void Sums_do_not_depend_on_threads(string width)
    {
        float[] x = new Normals("sums").Floats(Count, 100, 1);
        (float, double)? first = null;
        for (int threads = 1; threads <= 5; threads += 2)
        {
            Tensor tensor = Tensor.From(x, Shape.Of(Count), devices[width, threads]);
            (float, double) sums = (tensor.Sum().Item(), tensor.SumOfSquares());
            Assert.Equal(first ??= sums, sums);
        }
    }

    [Theory, MemberData(nameof(Widths))]
    public void Losses_of_samples_are_the_same_bits_for_any_threads_and_widths(string width)
    {
        var shape = Shape.Of(5, 61, 67, 3);
        var random = new Normals("per sample");
        float[] x = random.Floats(shape.Count, 0, 1), target = random.Floats(shape.Count, 0, 1);
        double[] weights = [1, 0.5, 2, 0.1, 7];
        foreach (LossSpec spec in LossCases.Specs)
        {
            (double[] scalar, float[] scalarGradient) = Run(devices["Scalar", 1], spec);
            foreach (int threads in new[] { 1, 5 })
            {
                (double[] perSample, float[] gradient) = Run(devices[width, threads], spec);
                Assert.Equal(scalar, perSample);
                Compare.SameBits($"{spec}, {width}, {threads} threads, gradient", gradient, scalarGradient);
            }
        }

        (double[] PerSample, float[] Gradient) Run(Device device, LossSpec spec)
        {
            Tensor answer = Tensor.From(x, shape, device).WithGrad();
            answer.MeanLoss(Tensor.From(target, shape, device), spec, weights, out Lazy<double[]> perSample).Backward();
            return (perSample.Value, answer.Grad!.ToArray());
        }
    }

    [Theory, MemberData(nameof(Widths))]
    public void Bounds_of_samples_are_the_same_bits_for_any_threads_and_widths(string width)
    {
        Shape shape = Shape.Of(5, 31, 37, 3), wide = shape.WithChannels(6);
        var random = new Normals("bounds per sample");
        float[] x0 = random.Floats(shape.Count, 0, 1), xt = random.Floats(shape.Count, 0, 1), output = random.Floats(wide.Count, 0, 1);
        PixelBound[] bounds = LossCases.BoundsOf(5);
        (double[] scalar, float[] scalarGradient) = Run(devices["Scalar", 1]);
        foreach (int threads in new[] { 1, 5 })
        {
            (double[] perSample, float[] gradient) = Run(devices[width, threads]);
            Assert.Equal(scalar, perSample);
            Compare.SameBits($"{width}, {threads} threads, gradient", gradient, scalarGradient);
        }

        (double[] PerSample, float[] Gradient) Run(Device device)
        {
            Tensor answer = Tensor.From(output, wide, device).WithGrad();
            answer.MeanBound(
                Tensor.From(x0, shape, device), Tensor.From(xt, shape, device), bounds, trainsPrediction: true, out Lazy<double[]> perSample).Backward();
            return (perSample.Value, answer.Grad!.ToArray());
        }
    }

    [Theory, MemberData(nameof(Widths))]
    public void What_is_not_a_number_stays_so_in_losses_and_their_gradients(string width)
    {
        Device device = devices[width, 1];
        var shape = Shape.Of(2, 20);
        float[] x = new float[shape.Count];
        x[3] = float.NaN;
        foreach (LossSpec spec in LossCases.Specs)
        {
            Tensor answer = Tensor.From(x, shape, device).WithGrad();
            answer.MeanLoss(Tensor.Full(shape, 0.5f, device), spec, [], out Lazy<double[]> perSample).Backward();
            Assert.Equal([true, false], perSample.Value.Select(double.IsNaN));
            Assert.Equal([3], Enumerable.Range(0, shape.Count).Where(i => float.IsNaN(answer.Grad!.ToArray()[i])));
        }
    }
}
