using Brownian.Tensors;
using Brownian.Tensors.Reference;

namespace Brownian.Tests.Tensors;

/// <summary>Kernels that are not recorded operations: optimiser steps, random numbers, sums for reports.</summary>
public sealed class KernelTests(Devices devices) : IClassFixture<Devices>
{
    const int Count = 70_003;    // several tasks, and no multiple of anything

    public static TheoryData<string> Widths => [.. Devices.Widths];

    [Theory, MemberData(nameof(Widths))]
    public void Adam_follows_the_paper_for_several_steps(string width)
    {
        foreach (bool decoupled in new[] { false, true })
        {
            foreach (double decay in new[] { 0, 0.1 })
            {
                var random = new Normals("adam");
                Device device = devices[width, 3];
                float[] start = random.Floats(1003, 0, 1);
                double[] w = Compare.Doubles(start), m = new double[w.Length], v = new double[w.Length];
                var shape = Shape.Of(w.Length);
                Tensor tw = Tensor.From(start, shape, device), tm = Tensor.Zeros(shape, device), tv = Tensor.Zeros(shape, device);
                for (int t = 1; t <= 5; t++)
                {
                    var step = new AdamStep(t, 1e-2, 0.9, 0.999, 1e-8, decay, decoupled, 0.5f);
                    float[] g = random.Floats(w.Length, 0.1, 1);
                    ReferenceAdam.Run(step, w, Compare.Doubles(g), m, v);
                    device.Adam(step, tw, Tensor.From(g, shape, device), tm, tv);
                }
                string what = $"{width}, decoupled {decoupled}, decay {decay}";
                Compare.Close($"weights, {what}", tw.ToArray(), w, 1e-6);
                Compare.Close($"first moments, {what}", tm.ToArray(), m, 2e-6);
                Compare.Close($"second moments, {what}", tv.ToArray(), v, 2e-6);
            }
        }
    }

    /// <summary>With an ε far below any |g|, the first step moves each weight by the rate, whatever the gradient's size.</summary>
    [Fact]
    public void The_first_step_of_Adam_moves_every_weight_by_the_rate()
    {
        Device device = devices.Default;
        Tensor w = Tensor.Zeros(Shape.Of(3), device), m = Tensor.Zeros(Shape.Of(3), device), v = Tensor.Zeros(Shape.Of(3), device);
        device.Adam(new AdamStep(1, 0.01, 0.9, 0.999, 1e-12, 0, false, 1), w, Tensor.From([5, -0.001f, 1000], Shape.Of(3), device), m, v);
        Compare.Close("weights", w.ToArray(), [-0.01, 0.01, -0.01], 1e-4);
    }

    [Theory, MemberData(nameof(Widths))]
    public void Lerp_moves_by_the_rate(string width)
    {
        Device device = devices[width, 3];
        var random = new Normals("lerp");
        float[] y = random.Floats(Count, 0, 1), x = random.Floats(Count, 0, 1);
        Tensor target = Tensor.From(y, Shape.Of(Count), device);
        device.Lerp(target, Tensor.From(x, Shape.Of(Count), device), 0.125f);
        Compare.Close(width, target.ToArray(), ReferencePointwise.Lerp(Compare.Doubles(y), Compare.Doubles(x), 0.125), 1e-6);
    }

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
    public void Sums_are_accurate_and_independent_of_threads(string width)
    {
        float[] x = new Normals("sums").Floats(Count, 100, 1);
        double sum = ReferenceReductions.Sum(Compare.Doubles(x)), squares = ReferenceReductions.SumOfSquares(Compare.Doubles(x));
        double[] sums = new double[3], sumsOfSquares = new double[3];
        int[] threads = [1, 2, 5];
        for (int i = 0; i < threads.Length; i++)
        {
            Tensor tensor = Tensor.From(x, Shape.Of(Count), devices[width, threads[i]]);
            (sums[i], sumsOfSquares[i]) = (tensor.Device.Sum(tensor), tensor.SumOfSquares());
        }
        Assert.All(sums, s => Assert.Equal(sums[0], s));
        Assert.All(sumsOfSquares, s => Assert.Equal(sumsOfSquares[0], s));
        // Blocks of a few thousand numbers may be added in float32; naive float32 summation of all would err by some 1e-4.
        Assert.InRange(sums[0] / sum - 1, -2e-7, 2e-7);
        Assert.InRange(sumsOfSquares[0] / squares - 1, -2e-7, 2e-7);
    }

    [Theory, MemberData(nameof(Widths))]
    public void Losses_of_samples_are_reported_and_the_same_bits_for_any_threads_and_widths(string width)
    {
        var shape = Shape.Of(5, 61, 67, 3);
        var random = new Normals("per sample");
        float[] x = random.Floats(shape.Count, 0, 1), target = random.Floats(shape.Count, 0, 1);
        double[] weights = [1, 0.5, 2, 0.1, 7];
        foreach (LossSpec spec in LossCases.Specs)
        {
            double[] expected = ReferenceLosses.PerSample(spec, Compare.Doubles(x), Compare.Doubles(target), 5);
            (double[] scalar, float[] scalarGradient) = Run(devices["Scalar", 1], spec);
            foreach (int threads in new[] { 1, 5 })
            {
                (double[] perSample, float[] gradient) = Run(devices[width, threads], spec);
                for (int n = 0; n < 5; n++) Assert.InRange(perSample[n] / (weights[n] * expected[n]) - 1, -1e-6, 1e-6);
                Assert.Equal(scalar, perSample);
                Compare.SameBits($"{spec}, {width}, {threads} threads, gradient", gradient, scalarGradient);
            }
        }

        (double[] PerSample, float[] Gradient) Run(Device device, LossSpec spec)
        {
            double[] perSample = new double[5];
            Tensor answer = Tensor.From(x, shape, device).WithGrad();
            Tensor loss = answer.MeanLoss(Tensor.From(target, shape, device), spec, weights, perSample);
            Assert.InRange(loss.Item() / perSample.Average() - 1, -1e-6, 1e-6);
            loss.Backward();
            return (perSample, answer.Grad!.ToArray());
        }
    }

    [Theory, MemberData(nameof(Widths))]
    public void Bounds_of_samples_are_reported_and_the_same_bits_for_any_threads_and_widths(string width)
    {
        Shape shape = Shape.Of(5, 31, 37, 3), wide = shape.WithChannels(6);
        var random = new Normals("bounds per sample");
        float[] x0 = random.Floats(shape.Count, 0, 1), xt = random.Floats(shape.Count, 0, 1), output = random.Floats(wide.Count, 0, 1);
        PixelBound[] bounds = LossCases.BoundsOf(5);
        double[] expected = ReferenceLosses.Bounds(bounds, Compare.Doubles(x0), Compare.Doubles(xt), Compare.Doubles(output), 3, 6);
        (double[] scalar, float[] scalarGradient) = Run(devices["Scalar", 1]);
        foreach (int threads in new[] { 1, 5 })
        {
            (double[] perSample, float[] gradient) = Run(devices[width, threads]);
            for (int n = 0; n < 5; n++) Assert.Equal(1, perSample[n] / expected[n], 1e-9);
            Assert.Equal(scalar, perSample);
            Compare.SameBits($"{width}, {threads} threads, gradient", gradient, scalarGradient);
        }

        (double[] PerSample, float[] Gradient) Run(Device device)
        {
            double[] perSample = new double[5];
            Tensor answer = Tensor.From(output, wide, device).WithGrad();
            answer.MeanBound(Tensor.From(x0, shape, device), Tensor.From(xt, shape, device), bounds, perSample: perSample).Backward();
            return (perSample, answer.Grad!.ToArray());
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
            double[] perSample = new double[2];
            Tensor loss = answer.MeanLoss(Tensor.Full(shape, 0.5f, device), spec, perSample: perSample);
            loss.Backward();
            Assert.Equal((true, false), (double.IsNaN(perSample[0]), double.IsNaN(perSample[1])));
            Assert.Equal([3], Enumerable.Range(0, shape.Count).Where(i => float.IsNaN(answer.Grad!.ToArray()[i])));
        }
    }
}
