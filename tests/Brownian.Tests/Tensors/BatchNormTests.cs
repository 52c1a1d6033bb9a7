using Brownian.Tensors;
using Brownian.Tensors.Reference;

namespace Brownian.Tests.Tensors;

/// <summary>What batch norm leaves behind: running statistics move in training, once, and at no other time.</summary>
public sealed class BatchNormTests(Devices devices) : IClassFixture<Devices>
{
    static readonly Shape Images = Shape.Of(4, 40, 40, 21);

    public static TheoryData<string, bool> Cases
    {
        get
        {
            var data = new TheoryData<string, bool>();
            foreach (string width in Devices.Widths)
                foreach (bool relu in new[] { false, true }) data.Add(width, relu);
            return data;
        }
    }

    [Theory, MemberData(nameof(Cases))]
    public void Training_moves_the_running_statistics_with_the_same_bits_on_any_number_of_threads(string width, bool relu)
    {
        var spec = new BatchNormSpec(Momentum: 0.3f, Relu: relu);
        var random = new Normals("batch norm");
        float[] x = random.Floats(Images.Count, 3, 2), mean = random.Floats(21, 0, 1), variance = Array.ConvertAll(mean, m => 1 + m * m);
        (double[] expectedMean, double[] expectedVariance) =
            ReferenceBatchNorm.Running(spec, Compare.Doubles(x), 21, Compare.Doubles(mean), Compare.Doubles(variance));
        float[]? first = null;
        foreach (int threads in new[] { 1, 2, 5 })
        {
            Device device = devices[width, threads];
            using TensorScope scope = device.OpenScope();
            Running running = new(mean, variance, device);
            Tensor y = running.Forward(spec, Tensor.From(x, Images, device).WithGrad(), training: true);
            float[] after = running.ToArray();
            y.Multiply(y).Sum().Backward();
            Compare.SameBits("after the backward pass", running.ToArray(), after);
            Compare.Close("mean", after[..21], expectedMean, 1e-6);
            Compare.Close("variance", after[21..], expectedVariance, 1e-6);
            Compare.SameBits($"{threads} threads", after, first ??= after);
        }
    }

    [Fact]
    public void With_constant_statistics_nothing_moves()
    {
        Device device = devices.Default;
        using TensorScope scope = device.OpenScope();
        Running running = new([1, 2, 3], [4, 5, 6], device);
        running.Forward(new(), Tensor.From(new float[12], Shape.Of(4, 3), device).WithGrad(), training: false).Sum().Backward();
        Assert.Equal([1, 2, 3, 4, 5, 6], running.ToArray());
    }

    sealed class Running(float[] mean, float[] variance, Device device)
    {
        readonly Tensor _mean = Tensor.From(mean, Shape.Of(mean.Length), device), _variance = Tensor.From(variance, Shape.Of(mean.Length), device);

        public Tensor Forward(BatchNormSpec spec, Tensor x, bool training)
        {
            Shape channels = Shape.Of(mean.Length);
            return x.BatchNorm(spec, Tensor.Full(channels, 1, device), Tensor.Zeros(channels, device), new(_mean, _variance), training);
        }

        public float[] ToArray() => [.. _mean.ToArray(), .. _variance.ToArray()];
    }
}
