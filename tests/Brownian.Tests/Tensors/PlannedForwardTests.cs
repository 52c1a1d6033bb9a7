using Brownian.Tensors;
using Brownian.Tensors.Tracing;

namespace Brownian.Tests.Tensors;

/// <summary>What a planned function gives back and when, and that neither results nor gradients notice.</summary>
public sealed class PlannedForwardTests : IDisposable
{
    static readonly Shape Images = Shape.Of(2, 4, 6, 8);

    readonly Device _device = Device.Cpu(2);

    public void Dispose() => _device.Dispose();

    [Fact]
    public void Without_gradients_each_result_is_freed_after_its_last_use()
    {
        using TensorScope scope = _device.OpenScope();
        using NoGrad noGrad = _device.NoGrad();
        Tensor x = Leaf(1);
        long before = _device.Memory.Live;
        float[] expected = Chain(x).ToArray();
        long chain = _device.Memory.Live - before;
        Tensor y = Planned(Chain).Run(x, 0);
        Assert.Equal(expected, y.ToArray());
        Assert.Equal(chain / 6, _device.Memory.Live - before - chain);

        static Tensor Chain(Tensor x)
        {
            Tensor a = x.Scale(2), b = a.Silu(), c = b.Add(a);
            return c.Relu().Clamp(0, 1).Scale(3);
        }
    }

    [Fact]
    public void An_addend_is_freed_at_once_but_a_factor_is_kept_until_the_backward_pass()
    {
        using TensorScope scope = _device.OpenScope();
        Tensor weight = Leaf(2, Shape.Of(8, 8));
        Tensor? factor = null, addend = null;
        Tensor y = Planned(x => (factor = x.Scale(2)).Linear(weight, residual: addend = x.Scale(3))).Run(Leaf(1), 0);
        Assert.True(addend!.Storage.IsReleased);
        Assert.False(factor!.Storage.IsReleased);
        y.Sum().Backward();
        Assert.True(factor.Storage.IsReleased);
        Assert.False(y.Storage.IsReleased);
    }

    [Fact]
    public void What_is_cheap_is_freed_and_computed_again()
    {
        Assert.Equal(Gradients(planned: false, out long all), Gradients(planned: true, out long rest));
        Assert.True(rest < all / 2, $"{rest} of {all} bytes are alive after the forward pass");
    }

    // A dropout of a concatenation of a norm with an enlarged image: each is computed from the one before it.
    float[][] Gradients(bool planned, out long alive)
    {
        using TensorScope scope = _device.OpenScope();
        Tensor x = Leaf(1, Shape.Of(2, 8, 12, 8)), small = Leaf(2), weight = Leaf(3, Shape.Of(16, 4));
        long before = _device.Memory.Live;
        Tensor y = planned ? Planned(Forward).Run(x, 0) : Forward(x);
        alive = _device.Memory.Live - before;
        y.Sum().Backward();
        return [.. new[] { x, small, weight }.Select(leaf => leaf.Grad!.ToArray())];

        Tensor Forward(Tensor x)
        {
            Tensor normalized = x.GroupNorm(Tensor.Full(Shape.Of(8), 1.5f, _device), Tensor.Full(Shape.Of(8), 0.2f, _device), 4, silu: true);
            // The trace must see the first operand on its device.
            Tensor larger = OnDeviceOf(x, small).UpsampleNearest().Silu();
            Tensor product = Reshaping.ConcatChannels(normalized, larger).Dropout(0.3f, new Philox(5, 0)).Linear(weight);
            return product.Multiply(product);
        }
    }

    /// <summary>Keys and values are views of what is computed again.</summary>
    [Fact]
    public void Attention_of_what_is_cheap_has_its_gradient()
    {
        Assert.Equal(Gradient(Attended), Gradient(x => Planned(Attended).Run(x, 0)));

        static Tensor Attended(Tensor x) => x.Silu().Attention(2).Scale(2);

        float[] Gradient(Func<Tensor, Tensor> forward)
        {
            using TensorScope scope = _device.OpenScope();
            Tensor x = Leaf(1, Shape.Of(2, 3, 5, 24));
            forward(x).Sum().Backward();
            return x.Grad!.ToArray();
        }
    }

    [Fact]
    public void What_is_read_through_a_view_or_by_the_host_stays()
    {
        using TensorScope scope = _device.OpenScope();
        Tensor weight = Leaf(2, Shape.Of(8, 8));
        Tensor? viewed = null, read = null, joined = null;
        Tensor y = Planned(Forward).Run(Leaf(1), 0);
        Assert.All(new[] { viewed, read, joined }, tensor => Assert.False(tensor!.Storage.IsReleased));
        y.Sum().Backward();
        Assert.Contains(weight.Grad!.ToArray(), number => number != 0);

        Tensor Forward(Tensor x)
        {
            viewed = x.Silu();
            Tensor h = viewed.View(Shape.Of(48, 8)).Linear(weight);
            (read, joined) = (h.Relu(), h.Relu());
            float[] numbers = read.Scale(read.ToArray()[0]).ToArray();
            return Tensor.From(numbers, h.Shape, x.Device).Add(h).Add(LinearCombination.Of((1, joined), (2, joined.Silu())));
        }
    }

    /// <summary>
    /// A pass through every operation whose result can be computed again, with a skip connection: in few results, to the same bits, for any
    /// inputs that want a gradient.
    /// </summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void What_is_not_kept_is_computed_again_to_the_bit(bool allGetGradients)
    {
        float[][] expected = Gradients(repeats: null, out long all), planned = Gradients(repeats: false, out long some), repeated = Gradients(repeats: true, out long few);
        Assert.Equal(expected, planned);
        Assert.Equal(expected, repeated);
        Assert.True(few < some / 2 && some < all, $"{few} bytes are alive after the forward pass, {some} without repetition, {all} without a plan");

        float[][] Gradients(bool? repeats, out long alive)
        {
            using TensorScope scope = _device.OpenScope();
            Tensor Parameter(ulong seed, params ReadOnlySpan<int> extents)
            {
                Tensor leaf = TensorOps.Normal(Shape.Of(extents), new Philox(seed, 9), _device).Scale(0.2f).View(Shape.Of(extents));
                return allGetGradients || seed == 3 ? leaf.WithGrad() : leaf;
            }
            Tensor gamma = Parameter(1, 8), beta = Parameter(2, 8), conv = Parameter(3, 3, 3, 8, 8), linear = Parameter(4, 8, 8), packed = Parameter(5, 8, 24);
            Tensor transposed = Parameter(6, 4, 4, 8, 8), rows = Parameter(7, 2, 8), join = Parameter(8, 16, 8);
            var same = new ConvSpec(3, 1, 1);
            Tensor x = Leaf(1, Shape.Of(2, 8, 12, 8));
            long before = _device.Memory.Live;
            Tensor y = repeats is { } r ? new PlannedForward<int>((x, _) => Forward(x)) { Repeats = r }.Run(x, 0) : Forward(x);
            alive = _device.Memory.Live - before;
            y.Sum().Backward();
            return [y.ToArray(), .. new[] { x, gamma, beta, conv, linear, packed, transposed, rows, join }.Where(leaf => leaf.RequiresGrad).Select(leaf => leaf.Grad!.ToArray())];

            Tensor Forward(Tensor x)
            {
                Tensor skip = x.PadByMirroring(10, 14).CropTo(8, 12), h = skip;
                for (int i = 0; i < 4; i++)
                {
                    h = h.GroupNormConv2d(new(4, 1e-5f, true), gamma, beta, conv, same, beta, perSample: rows, residual: h.Conv2d(conv, same));
                    h = h.GroupNorm(gamma, beta, 4).Linear(packed).Attention(2).Linear(linear, residual: h).Silu();
                    h = h.BinomialHalve().BinomialDouble().AveragePool(2).ConvTranspose2d(transposed, new ConvSpec(4, 2, 1), beta).ScalePerSample([0.5f, 0.7f]);
                    h = SelfAttention.Attention(h, h.Linear(linear), h, 2).AddRows(rows).Multiply(h).MaxPool(2).UpsampleNearest();
                    h = h.Dropout(0.2f, new Philox(3, 1)).DropoutChannels(0.2f, new Philox(3, 2)).Scale(0.3f).Add(h);
                }
                return Reshaping.ConcatChannels(h, skip).Linear(join).TakeChannels(2, 5);
            }
        }
    }

    [Fact]
    public void Cuts_are_where_little_is_read_beyond()
    {
        // Four blocks: three large results inside each, a small one at its end.
        long[] sizes = [.. Enumerable.Range(0, 16).Select(i => i % 4 == 3 ? 1L : 10)];
        int[] lastReads = [.. Enumerable.Range(1, 15), int.MaxValue];
        AfterUse[] fates = new Checkpoints(sizes, lastReads).Best();
        Assert.Equal([AfterUse.Repeat, AfterUse.Repeat, AfterUse.Repeat, AfterUse.Keep], fates[..4]);
        Assert.Equal(fates[..4], fates[4..8]);
        Assert.Equal(fates[..4], fates[8..12]);
        Assert.All(fates[12..], fate => Assert.Equal(AfterUse.Free, fate));
        Assert.Empty(new Checkpoints([], []).Best());
    }

    [Fact]
    public void The_argument_parameters_and_what_was_made_before_stay()
    {
        using TensorScope scope = _device.OpenScope();
        using NoGrad noGrad = _device.NoGrad();
        Tensor x = Leaf(1).Scale(2), before = Leaf(2).Scale(2);
        PlannedForward<int> planned = Planned(x => x.Add(before).Scale(2));
        Assert.Equal(planned.Run(x, 0).ToArray(), planned.Run(x, 0).ToArray());
        Assert.False(x.Storage.IsReleased || before.Storage.IsReleased);
    }

    [Fact]
    public void A_second_backward_pass_says_what_is_missing()
    {
        using TensorScope scope = _device.OpenScope();
        Tensor loss = Planned(x => Squared(x.Scale(2))).Run(Leaf(1), 0).Sum();
        loss.Backward();
        Assert.Contains("read it for the last time", Assert.Throws<ObjectDisposedException>(loss.Backward).Message, StringComparison.Ordinal);

        static Tensor Squared(Tensor x) => x.Multiply(x);
    }

    /// <summary>
    /// The trace sees zeros and takes the short way: the other one reads again what was freed, or returns it, or makes less or more of it.
    /// </summary>
    [Theory]
    [InlineData("reads")]
    [InlineData("returns")]
    [InlineData("ends early")]
    [InlineData("goes on")]
    public void A_function_whose_operations_depend_on_the_numbers_is_correct(string deviation)
    {
        var planned = Planned(Forward);
        foreach (bool gradients in new[] { true, false })
        {
            using TensorScope scope = _device.OpenScope();
            (Tensor x, Tensor z) = (Leaf(1), Leaf(1));
            Tensor expected = Forward(z), actual = planned.Run(x, 0);
            Assert.Equal(expected.ToArray(), actual.ToArray());
            if (!gradients) continue;
            expected.Sum().Backward();
            actual.Sum().Backward();
            Assert.Equal(z.Grad!.ToArray(), x.Grad!.ToArray());
            Assert.NotEmpty(actual.ToArray());
        }

        Tensor Forward(Tensor x)
        {
            bool deviates = x.ToArray()[0] != 0;
            Tensor a = x.Silu(), b = a.Scale(3), c = b.Multiply(b);
            if (!deviates) return c.Scale(2).Add(x);
            return deviation switch
            {
                "reads" => c.Add(a),
                "returns" => Other(c.Scale(2).Add(x), a),
                "ends early" => c,
                _ => c.Scale(2).Add(x).Relu().Add(c),
            };
        }

        static Tensor Other(Tensor _, Tensor other) => other;
    }

    [Fact]
    public void A_function_that_cannot_be_traced_runs_without_a_plan()
    {
        using TensorScope scope = _device.OpenScope();
        Tensor constant = Leaf(2);
        PlannedForward<int> planned = Planned(x => constant.Add(x).Silu());        // the constant's device is given a tensor of the trace
        Tensor x = Leaf(1);
        Assert.Equal(constant.Add(x).Silu().ToArray(), planned.Run(x, 0).ToArray());
    }

    [Fact]
    public void A_trace_runs_once_for_a_shape_and_a_variant_and_inside_a_plan_there_is_no_other()
    {
        int traces = 0;
        PlannedForward<int> inner = Planned(Count), outer = Planned(x => inner.Run(x.Scale(2), 0));
        foreach (Shape shape in new[] { Images, Images, Shape.Of(1, 4, 6, 8) }) inner.Run(Leaf(1, shape), 0);
        inner.Run(Leaf(1), 0, variant: 1);
        Assert.Equal(3, traces);
        outer.Run(Leaf(1), 0);
        Assert.Equal(4, traces);

        Tensor Count(Tensor x)
        {
            if (x.Device is TracingDevice) traces++;
            return x.Silu();
        }
    }

    static PlannedForward<int> Planned(Func<Tensor, Tensor> forward) => new((x, _) => forward(x));

    static Tensor OnDeviceOf(Tensor x, Tensor tensor) => x.Device is TracingDevice ? Tensor.Empty(tensor.Shape, x.Device) : tensor;

    Tensor Leaf(ulong seed) => Leaf(seed, Images);

    Tensor Leaf(ulong seed, Shape shape) => TensorOps.Normal(shape, new Philox(seed, 0), _device).WithGrad();
}
