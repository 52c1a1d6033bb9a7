using Brownian.Tensors;

namespace Brownian.Tests;

public sealed class SeparateAttentionTests : IDisposable
{
    readonly Device _device = Device.Cpu(1);

    public void Dispose() => _device.Dispose();

    [Fact]
    public void Three_tensors_attend_as_one_packed_tensor_does()
    {
        const int Channels = 16;
        Shape shape = Shape.Of(2, 3, 5, Channels);
        Tensor[] parts = [.. Enumerable.Range(0, 3).Select(i => TensorOps.Normal(shape, new Philox(1, (ulong)i), _device).WithGrad())];
        Tensor packed = Reshaping.ConcatChannels(Reshaping.ConcatChannels(parts[0], parts[1]), parts[2]);
        Tensor weights = TensorOps.Normal(shape, new Philox(1, 9), _device);

        Tensor expected = packed.Attention(4);
        expected.Multiply(weights).Sum().Backward();
        float[][] gradients = [.. parts.Select(p => p.Grad!.ToArray())];
        Tensor[] again = [.. parts.Select(p => Tensor.From(p.ToArray(), shape, _device).WithGrad())];
        Tensor actual = SelfAttention.Attention(again[0], again[1], again[2], 4);
        actual.Multiply(weights).Sum().Backward();

        Assert.Equal(expected.ToArray(), actual.ToArray());
        for (int i = 0; i < 3; i++) Assert.Equal(gradients[i], again[i].Grad!.ToArray());
    }

    [Fact]
    public void One_tensor_may_play_all_three_roles()
    {
        Shape shape = Shape.Of(1, 6, 8);
        Tensor x = TensorOps.Normal(shape, new Philox(2, 1), _device).WithGrad();
        SelfAttention.Attention(x, x, x, 2).SumOfSquaresLoss().Backward();
        Tensor[] parts = [.. Enumerable.Range(0, 3).Select(_ => Tensor.From(x.ToArray(), shape, _device).WithGrad())];
        SelfAttention.Attention(parts[0], parts[1], parts[2], 2).SumOfSquaresLoss().Backward();
        float[] sum = [.. Enumerable.Range(0, shape.Count).Select(i => parts.Sum(p => p.Grad!.ToArray()[i]))];
        float[] actual = x.Grad!.ToArray();
        for (int i = 0; i < sum.Length; i++) Assert.Equal(sum[i], actual[i], 1e-5f);
    }

    [Fact]
    public void Shapes_that_differ_are_refused()
    {
        Tensor q = Tensor.Zeros(Shape.Of(1, 4, 8), _device), k = Tensor.Zeros(Shape.Of(1, 5, 8), _device);
        Assert.Throws<ArgumentException>(() => SelfAttention.Attention(q, k, q, 2));
        Assert.Throws<ArgumentException>(() => SelfAttention.Attention(q, q, q, 3));
    }
}

file static class Losses
{
    public static Tensor SumOfSquaresLoss(this Tensor x) => x.Multiply(x).Sum();
}
