using Brownian.Tensors;

namespace Brownian.Tests.Tensors;

/// <summary>Making tensors, moving numbers, and the rules of <see cref="Tensor.Backward"/>.</summary>
public sealed class TensorTests(Devices devices) : IClassFixture<Devices>
{
    Device Device => devices.Default;

    [Fact]
    public void Numbers_go_in_and_come_out_unchanged()
    {
        float[] x = [1, -0f, float.NaN, float.PositiveInfinity, float.Epsilon, 1e-40f];
        Tensor tensor = Tensor.From(x, Shape.Of(2, 3), Device);
        Compare.SameBits("round trip", tensor.ToArray(), x);
        tensor.CopyFrom([6, 5, 4, 3, 2, 1]);
        Assert.Equal([6, 5, 4, 3, 2, 1], tensor.ToArray());
        Assert.Equal([6, 5, 4, 3, 2, 1], tensor.View(Shape.Of(6)).ToArray());
        Assert.Equal([0, 0, 0], Tensor.Zeros(Shape.Of(3), Device).ToArray());
        Assert.Equal([2.5f, 2.5f], Tensor.Full(Shape.Of(2), 2.5f, Device).ToArray());
        Assert.Equal(2.5f, Tensor.Full(Shape.Of(1), 2.5f, Device).Item());
        Assert.Contains("2×3", tensor.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Counts_that_do_not_match_are_refused_with_both_numbers()
    {
        Tensor x = Tensor.Zeros(Shape.Of(2, 3), Device);
        foreach (Action wrong in new Action[]
        {
            () => Tensor.From(new float[5], Shape.Of(2, 3), Device), () => x.CopyTo(new float[5]), () => x.CopyFrom(new float[5]),
        })
        {
            string message = Assert.Throws<ArgumentException>(wrong).Message;
            Assert.Contains("5 numbers", message, StringComparison.Ordinal);
            Assert.Contains("2×3", message, StringComparison.Ordinal);
        }
        Assert.Contains("6 numbers do not fill the shape 5", Assert.Throws<ArgumentException>(() => x.View(Shape.Of(5))).Message,
            StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => x.Item());
    }

    [Fact]
    public void A_view_shares_the_numbers()
    {
        Tensor x = Tensor.Zeros(Shape.Of(2, 3), Device);
        x.View(Shape.Of(6)).CopyFrom([1, 2, 3, 4, 5, 6]);
        Assert.Equal([1, 2, 3, 4, 5, 6], x.ToArray());
    }

    [Fact]
    public void Empty_tensors_are_allowed() => Assert.Empty(Tensor.Zeros(Shape.Of(0, 3), Device).Silu().ToArray());

    [Fact]
    public void Backward_starts_from_one_number()
    {
        Tensor x = Tensor.Zeros(Shape.Of(2, 3), Device).WithGrad();
        Assert.Contains("2×3", Assert.Throws<InvalidOperationException>(() => x.Silu().Backward()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Backward_of_what_was_not_recorded_is_refused()
    {
        Tensor x = Tensor.Zeros(Shape.Of(3), Device);
        Assert.Throws<InvalidOperationException>(() => x.Silu().Sum().Backward());
        Assert.Throws<InvalidOperationException>(() => Tensor.Zeros(Shape.Of(1), Device).WithGrad().Backward());
    }

    [Fact]
    public void Only_leaves_can_ask_for_gradients()
    {
        Tensor x = Tensor.Zeros(Shape.Of(3), Device).WithGrad();
        Assert.True(x.RequiresGrad);
        Assert.Throws<InvalidOperationException>(() => x.Silu().WithGrad());
    }

    [Fact]
    public void NoGrad_records_nothing_and_nests()
    {
        Tensor x = Tensor.Zeros(Shape.Of(3), Device).WithGrad();
        using (Device.NoGrad())
        {
            using (Device.NoGrad()) { }
            Tensor y = x.Silu().Sum();
            Assert.Null(y.Origin);
            Assert.Contains("NoGrad", Assert.Throws<InvalidOperationException>(y.Backward).Message, StringComparison.Ordinal);
        }
        x.Silu().Sum().Backward();
        Assert.NotNull(x.Grad);
    }

    [Fact]
    public void Gradients_of_results_in_between_are_released_and_those_of_leaves_stay()
    {
        Tensor x = Tensor.Full(Shape.Of(4), 2, Device).WithGrad();
        Tensor a = x.Scale(3), b = a.Multiply(a), loss = b.Sum();
        loss.Backward();
        Assert.All(new[] { a, b, loss }, t => Assert.Null(t.Grad));
        Assert.Equal([36, 36, 36, 36], x.Grad!.ToArray());    // d(9x²)/dx = 18x
    }

    [Fact]
    public void A_diamond_of_results_adds_its_paths()
    {
        Tensor x = Tensor.Full(Shape.Of(2), 3, Device).WithGrad();
        Tensor a = x.Scale(2), b = a.Multiply(x), c = b.Add(a).Add(x);
        c.Sum().Backward();
        Assert.Equal([15, 15], x.Grad!.ToArray());    // d(2x² + 3x)/dx = 4x + 3
    }

    [Fact]
    public void Two_results_of_one_input_can_be_differentiated_one_after_the_other()
    {
        Tensor x = Tensor.Full(Shape.Of(2), 3, Device).WithGrad();
        Tensor shared = x.Multiply(x), first = shared.Sum(), second = shared.Scale(10).Sum();
        first.Backward();
        Assert.Equal([6, 6], x.Grad!.ToArray());
        second.Backward();
        Assert.Equal([66, 66], x.Grad!.ToArray());
    }

    [Fact]
    public void A_deep_chain_needs_no_deep_stack()
    {
        Tensor x = Tensor.Full(Shape.Of(1), 1, Device).WithGrad(), y = x;
        for (int i = 0; i < 20_000; i++) y = y.Scale(1);
        y.Backward();
        Assert.Equal(1, x.Grad!.Item());
    }

    [Fact]
    public void A_thread_count_that_makes_no_sense_is_refused()
    {
        Assert.Contains("-1", Assert.Throws<ArgumentException>(() => Brownian.Tensors.Device.Cpu(-1)).Message, StringComparison.Ordinal);
        using Device all = Brownian.Tensors.Device.Cpu();
        Assert.Contains($"{Brownian.Tensors.Cpu.Processor.Cores} thread", all.Name, StringComparison.Ordinal);
    }
}
