using Brownian.Tensors;

namespace Brownian.Tests;

/// <summary>The tensor operations that samplers and objectives are made of.</summary>
public sealed class SamplingOpsTests : IDisposable
{
    readonly Device _device = Device.Cpu(threads: 1);

    public void Dispose() => _device.Dispose();

    Tensor Of(Shape shape, params float[] values) => Tensor.From(values, shape, _device);

    [Fact]
    public void Terms_add_up_and_a_weight_of_zero_leaves_a_term_out()
    {
        Tensor a = Of(Shape.Of(2), 1, 2), b = Of(Shape.Of(2), 10, 20), bad = Of(Shape.Of(2), float.NaN, float.PositiveInfinity);
        Assert.Equal([12f, 24], LinearCombination.Of((2, a), (0, bad), (1, b)).ToArray());
        Assert.Equal([0f, 0], LinearCombination.Of((0, bad)).ToArray());
        Assert.Throws<ArgumentException>(() => LinearCombination.Of());
        Assert.Throws<ArgumentException>(() => LinearCombination.Of((1, a), (1, Of(Shape.Of(1), 1))));
        a.Assign(b);
        Assert.Equal([10f, 20], a.ToArray());
    }

    [Fact]
    public void Channels_are_taken_and_their_gradients_return_to_them()
    {
        Tensor x = Of(Shape.Of(2, 3), 1, 2, 3, 4, 5, 6).WithGrad();
        Tensor first = x.TakeChannels(0, 1), rest = x.TakeChannels(1, 2);
        Assert.Equal([1f, 4], first.ToArray());
        Assert.Equal([2f, 3, 5, 6], rest.ToArray());
        first.Sum().Add(rest.Multiply(rest).Sum()).Backward();
        Assert.Equal([1f, 4, 6, 1, 10, 12], x.Grad!.ToArray());
        Assert.Throws<ArgumentException>(() => x.TakeChannels(2, 2));
        Assert.Throws<ArgumentException>(() => x.TakeChannels(-1, 1));
    }

    [Fact]
    public void Batches_are_joined_and_parted()
    {
        Tensor x = Of(Shape.Of(1, 2), 1, 2), z = Of(Shape.Of(2, 2), 3, 4, 5, 6), both = Slicing.ConcatSamples(x, z);
        Assert.Equal([1f, 2, 3, 4, 5, 6], both.ToArray());
        Assert.Equal([3f, 4], both.TakeSamples(1, 1).ToArray());
        Assert.Equal(Shape.Of(2, 2), both.TakeSamples(1, 2).Shape);
        Assert.Throws<ArgumentException>(() => both.TakeSamples(2, 2));
        Assert.Throws<ArgumentException>(() => Slicing.ConcatSamples(x, Of(Shape.Of(1, 3), 1, 2, 3)));
    }

    [Fact]
    public void Samples_are_picked_in_any_order()
    {
        Tensor x = Of(Shape.Of(3, 2), 1, 2, 3, 4, 5, 6);
        Assert.Equal([5f, 6, 0, 0, 1, 2, 5, 6], x.PickSamples([2, -1, 0, 2]).ToArray());
        Assert.Equal(Shape.Of(1, 2), x.PickSamples([1]).Shape);
        Assert.Throws<ArgumentException>(() => x.PickSamples([3]));
        Assert.Throws<ArgumentException>(() => x.PickSamples([-2]));
        Assert.Throws<ArgumentException>(() => x.PickSamples([]));
    }

    [Fact]
    public void Each_sample_draws_from_its_own_generator()
    {
        Philox[] generators = [new(1, 2), new(3, 4)];
        float[] z = Slicing.NormalPerSample(Shape.Of(2, 5), generators, _device).ToArray(), expected = new float[5];
        generators[1].Normal(expected);
        Assert.Equal(expected, z[5..]);
        Assert.Throws<ArgumentException>(() => Slicing.NormalPerSample(Shape.Of(3, 5), generators, _device));
    }

    [Fact]
    public void Weights_count_whole_samples()
    {
        Tensor x = Of(Shape.Of(2, 2), 1, 2, 3, 4).WithGrad(), target = Of(Shape.Of(2, 2), 0, 0, 2, 2);
        Tensor loss = x.MeanLoss(target, new LossSpec(LossOp.Squared), [2, 10], out Lazy<double[]> perSample);
        Assert.Equal([2 * 2.5, 10 * 2.5], perSample.Value);
        Assert.Equal(15, loss.Item());
        loss.Add(x.Sum()).Backward();                                          // accumulates
        Assert.Equal([1 + 1f, 1 + 2, 1 + 5, 1 + 10], x.Grad!.ToArray());
        Assert.Throws<ArgumentException>(() => x.MeanLoss(target, new LossSpec(LossOp.Squared), [1], out _));
    }
}
