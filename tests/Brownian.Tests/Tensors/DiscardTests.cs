using Brownian.Tensors;

namespace Brownian.Tests.Tensors;

/// <summary>What a discarded tensor gives back and when, and that gradients do not notice.</summary>
public sealed class DiscardTests : IDisposable
{
    static readonly Shape Images = Shape.Of(2, 4, 6, 8);

    readonly Device _device = Device.Cpu(2);

    [Fact]
    public void Without_gradients_memory_returns_at_once()
    {
        using TensorScope scope = _device.OpenScope();
        using NoGrad noGrad = _device.NoGrad();
        Tensor x = Leaf(1);
        long before = _device.Memory.Live;
        x.Scale(2).Discard();
        Assert.Equal(before, _device.Memory.Live);
    }

    [Fact]
    public void An_addend_is_given_back_but_a_factor_is_kept_until_the_backward_pass()
    {
        using TensorScope scope = _device.OpenScope();
        Tensor x = Leaf(1), weight = Leaf(2, Shape.Of(8, 8));
        Tensor factor = x.Scale(2), addend = x.Scale(3), y = factor.Linear(weight, residual: addend).Sum();
        factor.Discard();
        addend.Discard();
        Assert.True(addend.Storage.IsReleased);
        Assert.False(factor.Storage.IsReleased);
        y.Backward();
        Assert.True(factor.Storage.IsReleased);
    }

    [Fact]
    public void What_attention_gave_is_kept_for_its_own_gradient()
    {
        using TensorScope scope = _device.OpenScope();
        Tensor mixed = Leaf(1, Shape.Of(2, 3, 5, 24)).Attention(2);
        Tensor loss = mixed.Sum();
        mixed.Discard();
        loss.Backward();
    }

    [Fact]
    public void What_is_cheap_is_given_back_and_computed_again()
    {
        Assert.Equal(Gradients(discard: false, out long all), Gradients(discard: true, out long rest));
        Assert.True(rest < all / 2, $"{rest} of {all} bytes are alive after the forward pass");
    }

    [Fact]
    public void A_second_backward_pass_says_what_is_missing()
    {
        using TensorScope scope = _device.OpenScope();
        Tensor doubled = Leaf(1).Scale(2);
        Tensor loss = doubled.Multiply(doubled).Sum();
        doubled.Discard();
        loss.Backward();
        Assert.Contains("discarded", Assert.Throws<ObjectDisposedException>(loss.Backward).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_parameter_cannot_be_discarded() => Assert.Throws<InvalidOperationException>(Leaf(1).Discard);

    // A dropout of a concatenation of a norm with an enlarged image: each is computed from the one before it.
    float[][] Gradients(bool discard, out long alive)
    {
        using TensorScope scope = _device.OpenScope();
        Tensor x = Leaf(1, Shape.Of(2, 8, 12, 8)), small = Leaf(2), weight = Leaf(3, Shape.Of(16, 4));
        long before = _device.Memory.Live;
        Tensor normalized = Normalized(x), larger = small.UpsampleNearest(), bent = larger.Silu();
        Tensor joined = Reshaping.ConcatChannels(normalized, bent), thinned = joined.Dropout(0.3f, new Philox(5, 0));
        Tensor product = thinned.Linear(weight), square = product.Multiply(product), loss = square.Sum();
        if (discard) foreach (Tensor made in new[] { normalized, larger, bent, joined, thinned, product, square }) made.Discard();
        alive = _device.Memory.Live - before;
        loss.Backward();
        return [.. new[] { x, small, weight }.Select(leaf => leaf.Grad!.ToArray())];
    }

    Tensor Normalized(Tensor x) => x.GroupNorm(Tensor.Full(Shape.Of(8), 1.5f, _device), Tensor.Full(Shape.Of(8), 0.2f, _device), 4, silu: true);

    Tensor Leaf(ulong seed) => Leaf(seed, Images);

    Tensor Leaf(ulong seed, Shape shape) => TensorOps.Normal(shape, new Philox(seed, 0), _device).WithGrad();

    public void Dispose() => _device.Dispose();
}
