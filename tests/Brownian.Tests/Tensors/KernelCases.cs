using Brownian.Tensors;
using Brownian.Tensors.Reference;

namespace Brownian.Tests.Tensors;

/// <summary>What a device must do that is no recorded operation.</summary>
/// <param name="Name">Unique.</param>
/// <param name="Check">Fails where the device does not do it.</param>
sealed record KernelCase(string Name, Action<Device> Check);

/// <summary>Memory, optimiser steps, random numbers, sums and losses for reports.</summary>
static class KernelCases
{
    const int Count = 70_003;    // several tasks, and no multiple of anything

    public static IReadOnlyList<KernelCase> All { get; } =
    [
        new("memory", Memory), new("late", Late), new("adam", Adam), new("adam's first step", AdamsFirstStep), new("lerp", Lerp), new("normal", Normal),
        new("dropout", Dropout), new("sums", Sums), new("losses of samples", Losses), new("bounds of samples", Bounds),
        new("running statistics", RunningStatistics),
    ];

    static void Memory(Device device)
    {
        Tensor all = Tensor.From([1, 2, 3, 4, 5, 6], Shape.Of(2, 3), device), row = all.Slice(3, Shape.Of(3));
        row.CopyFrom([7, 8, 9]);
        Assert.Equal([1, 2, 3, 7, 8, 9], all.ToArray());
        device.Fill(row.Slice(1, Shape.Of(1)), 0.5f);
        Assert.Equal([7, 0.5f, 9], row.ToArray());
        using TensorScope outer = device.OpenScope();
        long before = device.Memory.Live;
        Tensor lost, kept, persistent;
        using (TensorScope scope = device.OpenScope())
        {
            lost = Tensor.Zeros(Shape.Of(1000), device);
            long one = device.Memory.Live - before;
            Assert.InRange(one, 4000, 8000);        // pools may round up
            persistent = Tensor.Persistent(Shape.Of(1000), device);
            Assert.Equal(one, device.Memory.Live - before);
            kept = scope.Keep(Tensor.Zeros(Shape.Of(1000), device));
        }
        Assert.InRange(device.Memory.Live - before, 4000, 8000);
        Assert.True(device.Memory.Peak - before >= 8000);
        Assert.Equal((true, false, false), (lost.Storage.IsReleased, kept.Storage.IsReleased, persistent.Storage.IsReleased));
        outer.Keep(kept);
        Assert.Equal(new float[2000], (float[])[.. kept.ToArray(), .. persistent.ToArray()]);
    }

    // Spans may change and blocks be released as soon as a call returns, whether or not it has been done.
    static void Late(Device device)
    {
        float[] source = [1, 2, 3], a = [2], b = [10];
        Tensor y;
        using (TensorScope scope = device.OpenScope())
        {
            Tensor x = Tensor.From(source, Shape.Of(1, 3), device);
            Array.Clear(source);
            y = scope.Keep(TensorOps.MixPerSample(a, x, b, x));
            Array.Clear(a);
            Array.Clear(b);
        }
        for (int i = 0; i < 4; i++) Tensor.Full(y.Shape, float.NaN, device);
        device.Synchronize();
        Assert.Equal([12, 24, 36], y.ToArray());
    }

    static void Adam(Device device)
    {
        foreach (bool decoupled in new[] { false, true })
        {
            foreach (double decay in new[] { 0, 0.1 })
            {
                var random = new Normals("adam");
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
                string what = $"{device.Name}, decoupled {decoupled}, decay {decay}";
                Compare.Close($"weights, {what}", tw.ToArray(), w, 1e-6);
                Compare.Close($"first moments, {what}", tm.ToArray(), m, 2e-6);
                Compare.Close($"second moments, {what}", tv.ToArray(), v, 2e-6);
            }
        }
    }

    // With an ε far below any |g|, it moves each weight by the rate, whatever the gradient's size.
    static void AdamsFirstStep(Device device)
    {
        Tensor w = Tensor.Zeros(Shape.Of(3), device), m = Tensor.Zeros(Shape.Of(3), device), v = Tensor.Zeros(Shape.Of(3), device);
        device.Adam(new AdamStep(1, 0.01, 0.9, 0.999, 1e-12, 0, false, 1), w, Tensor.From([5, -0.001f, 1000], Shape.Of(3), device), m, v);
        Compare.Close("weights", w.ToArray(), [-0.01, 0.01, -0.01], 1e-4);
    }

    static void Lerp(Device device)
    {
        var random = new Normals("lerp");
        float[] y = random.Floats(Count, 0, 1), x = random.Floats(Count, 0, 1);
        Tensor target = Tensor.From(y, Shape.Of(Count), device);
        device.Lerp(target, Tensor.From(x, Shape.Of(Count), device), 0.125f);
        Compare.Close(device.Name, target.ToArray(), ReferencePointwise.Lerp(Compare.Doubles(y), Compare.Doubles(x), 0.125), 1e-6);
    }

    static void Normal(Device device)
    {
        var random = new Philox(7, 11);
        float[] expected = new float[Count];
        random.Normal(expected);
        Compare.Close("whole", TensorOps.Normal(Shape.Of(Count), random, device).ToArray(), Compare.Doubles(expected), 1e-6);
        Compare.Close("from 1001 on", TensorOps.Normal(Shape.Of(Count - 1001), random, device, 1001).ToArray(), Compare.Doubles(expected[1001..]), 1e-6);
    }

    // Which elements drop out is decided by the generator, exactly.
    static void Dropout(Device device)
    {
        float[] x = new Normals("dropout").Floats(Count, 0, 1), drawn = new float[Count];
        var random = new Philox(3, 5);
        random.Uniform(drawn);
        foreach (float rate in new[] { 0.1f, 0.5f, 0.9f })
        {
            Tensor leaf = Tensor.From(x, Shape.Of(Count), device).WithGrad(), y = leaf.Dropout(rate, random);
            double[] mask = Array.ConvertAll(drawn, u => u < rate ? 0 : 1 / (1 - (double)rate));
            Compare.Close($"{device.Name}, rate {rate}", y.ToArray(), ReferencePointwise.Multiply(Compare.Doubles(x), mask), 1e-6);
            y.Sum().Backward();
            Compare.Close($"{device.Name}, rate {rate}, gradient", leaf.Grad!.ToArray(), mask, 1e-6);
        }
    }

    // Blocks of a few thousand numbers may be added in float32; naive float32 summation of all would err by some 1e-4.
    static void Sums(Device device)
    {
        float[] x = new Normals("sums").Floats(Count, 100, 1);
        Tensor tensor = Tensor.From(x, Shape.Of(Count), device);
        Assert.InRange(tensor.Sum().Item() / ReferenceReductions.Sum(Compare.Doubles(x)) - 1, -3e-7, 3e-7);
        Assert.InRange(tensor.SumOfSquares() / ReferenceReductions.SumOfSquares(Compare.Doubles(x)) - 1, -2e-7, 2e-7);
    }

    static void Losses(Device device)
    {
        var shape = Shape.Of(5, 61, 67, 3);
        var random = new Normals("per sample");
        float[] x = random.Floats(shape.Count, 0, 1), target = random.Floats(shape.Count, 0, 1);
        double[] weights = [1, 0.5, 2, 0.1, 7];
        foreach (LossSpec spec in LossCases.Specs)
        {
            double[] expected = ReferenceLosses.PerSample(spec, Compare.Doubles(x), Compare.Doubles(target), 5);
            Tensor loss = Tensor.From(x, shape, device).MeanLoss(Tensor.From(target, shape, device), spec, weights, out Lazy<double[]> perSample);
            Assert.Equal(1, loss.Item() / perSample.Value.Average(), 1e-6);
            for (int n = 0; n < 5; n++) Assert.Equal(1, perSample.Value[n] / (weights[n] * expected[n]), 1e-6);
        }
    }

    static void Bounds(Device device)
    {
        Shape shape = Shape.Of(5, 31, 37, 3), wide = shape.WithChannels(6);
        var random = new Normals("bounds per sample");
        float[] x0 = random.Floats(shape.Count, 0, 1), xt = random.Floats(shape.Count, 0, 1), output = random.Floats(wide.Count, 0, 1);
        PixelBound[] bounds = LossCases.BoundsOf(5);
        double[] expected = ReferenceLosses.Bounds(bounds, Compare.Doubles(x0), Compare.Doubles(xt), Compare.Doubles(output), 3, 6);
        Tensor loss = Tensor.From(output, wide, device).MeanBound(
            Tensor.From(x0, shape, device), Tensor.From(xt, shape, device), bounds, trainsPrediction: true, out Lazy<double[]> perSample);
        Assert.Equal(1, loss.Item() / expected.Average(), 1e-6);
        for (int n = 0; n < 5; n++) Assert.Equal(1, perSample.Value[n] / expected[n], 1e-6);
    }

    static void RunningStatistics(Device device)
    {
        Shape images = Shape.Of(4, 9, 7, 21), channels = Shape.Of(21);
        var random = new Normals("running statistics");
        float[] x = random.Floats(images.Count, 3, 2), mean = random.Floats(21, 0, 1), variance = Array.ConvertAll(mean, m => 1 + m * m);
        foreach (bool relu in new[] { false, true })
        {
            var spec = new BatchNormSpec(Momentum: 0.3f, Relu: relu);
            var running = new RunningStatistics(Tensor.From(mean, channels, device), Tensor.From(variance, channels, device));
            Tensor gamma = Tensor.Full(channels, 1, device), beta = Tensor.Zeros(channels, device);
            foreach (bool training in new[] { false, true })
            {
                Tensor.From(x, images, device).BatchNorm(spec, gamma, beta, running, training);
                (double[] m, double[] v) = training
                    ? ReferenceBatchNorm.Running(spec, Compare.Doubles(x), 21, Compare.Doubles(mean), Compare.Doubles(variance))
                    : (Compare.Doubles(mean), Compare.Doubles(variance));
                Compare.Close("mean", running.Mean.ToArray(), m, 1e-6);
                Compare.Close("variance", running.Variance.ToArray(), v, 1e-6);
            }
        }
    }
}
