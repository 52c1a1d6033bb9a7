using Brownian.Tensors;

namespace Brownian.Tests.Tensors;

/// <summary>Who owns memory, when it returns, and that code without scopes is just as correct.</summary>
public sealed class ScopeTests : IDisposable
{
    readonly Device _device = Device.Cpu(1);

    [Fact]
    public void Use_after_the_scope_ended_says_how_to_mend_it()
    {
        Tensor x;
        using (_device.OpenScope()) x = Tensor.Zeros(Shape.Of(3), _device);
        foreach (Action use in new Action[] { () => x.ToArray(), () => x.Silu(), () => x.CopyFrom([1, 2, 3]), () =>
            x.View(Shape.Of(1, 3)).ToArray() })
            Assert.Contains("TensorScope.Keep", Assert.Throws<ObjectDisposedException>(use).Message, StringComparison.Ordinal);
        Assert.True(x.Storage.IsReleased);
    }

    [Fact]
    public void Keep_moves_a_tensor_to_the_enclosing_scope()
    {
        Tensor kept;
        using (_device.OpenScope())
        {
            using (TensorScope inner = _device.OpenScope()) kept = inner.Keep(Tensor.Full(Shape.Of(2), 7, _device));
            Tensor.Zeros(Shape.Of(2), _device);
            Assert.Equal([7, 7], kept.ToArray());
        }
        Assert.True(kept.Storage.IsReleased);
    }

    [Fact]
    public void Keep_in_the_outermost_scope_frees_a_tensor_of_all_scopes()
    {
        Tensor kept;
        using (TensorScope scope = _device.OpenScope()) kept = scope.Keep(Tensor.Full(Shape.Of(2), 7, _device));
        using (_device.OpenScope()) Tensor.Zeros(Shape.Of(2), _device);
        Assert.Equal([7, 7], kept.ToArray());
        Assert.Equal(0, _device.Memory.Live);
    }

    [Fact]
    public void Keep_of_what_the_scope_does_not_own_changes_nothing()
    {
        Tensor outside = Tensor.Full(Shape.Of(2), 7, _device);
        using (TensorScope scope = _device.OpenScope()) Assert.Same(outside, scope.Keep(outside));
        Assert.Equal([7, 7], outside.ToArray());
    }

    [Fact]
    public void Scopes_end_innermost_first()
    {
        TensorScope outer = _device.OpenScope();
        TensorScope inner = _device.OpenScope();
        Assert.Throws<InvalidOperationException>(outer.Dispose);
        inner.Dispose();
        outer.Dispose();
    }

    [Fact]
    public void Live_memory_returns_to_its_baseline_and_the_pool_is_reused()
    {
        var model = new TinyNetwork(_device);
        long baseline = _device.Memory.Live;
        for (int step = 0; step < 3; step++)
        {
            using (_device.OpenScope())
            {
                model.Step();
                Assert.True(_device.Memory.Live > baseline);
            }
            Assert.Equal(baseline, _device.Memory.Live);
        }
        long pooled = _device.Memory.Pooled, peak = _device.Memory.Peak;
        for (int step = 0; step < 10; step++)
        {
            using TensorScope scope = _device.OpenScope();
            model.Step();
        }
        Assert.Equal((baseline, peak, pooled), (_device.Memory.Live, _device.Memory.Peak, _device.Memory.Pooled));
    }

    [Fact]
    public void Training_without_any_scope_gives_the_same_bits()
    {
        var with = new TinyNetwork(_device);
        var without = new TinyNetwork(_device);
        for (int step = 0; step < 200; step++)
        {
            using (_device.OpenScope()) with.Step();
            without.Step();
        }
        Compare.SameBits("weights", without.Weight.ToArray(), with.Weight.ToArray());
        Assert.Equal(0, _device.Memory.Live);
    }

    [Fact]
    public void A_step_in_steady_state_allocates_little_managed_memory()
    {
        const int Steps = 50;
        var model = new TinyNetwork(_device);
        for (int step = 0; step < 20; step++)
        {
            using TensorScope scope = _device.OpenScope();
            model.Step();
        }
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int step = 0; step < Steps; step++)
        {
            using TensorScope scope = _device.OpenScope();
            model.Step();
        }
        long perStep = (GC.GetAllocatedBytesForCurrentThread() - before) / Steps;
        Assert.True(perStep < 20_000, $"{perStep} bytes per step of three operations");
    }

    [Fact]
    public void An_exception_inside_a_scope_leaves_the_device_usable()
    {
        Assert.Throws<ArgumentException>(() =>
        {
            using TensorScope scope = _device.OpenScope();
            Tensor.Zeros(Shape.Of(2), _device).Add(Tensor.Zeros(Shape.Of(3), _device));
        });
        Assert.Equal(0, _device.Memory.Live);
        using TensorScope next = _device.OpenScope();
        Assert.Equal([0, 0], Tensor.Zeros(Shape.Of(2), _device).ToArray());
    }

    [Fact]
    public void A_pass_backwards_frees_gradients_before_the_scope_ends()
    {
        var shape = Shape.Of(1 << 16);
        Tensor x = Tensor.Zeros(shape, _device).WithGrad();
        using (_device.OpenScope())
        {
            Tensor y = x;
            for (int i = 0; i < 10; i++) y = y.Scale(1);
            Tensor loss = y.Sum();
            long forward = _device.Memory.Live;
            loss.Backward();
            long kept = _device.Memory.Live - forward;
            Assert.True(kept < 3L * shape.Count * sizeof(float),
                $"{kept} bytes of gradients are alive after ten operations of {shape.Count} numbers");
        }
    }

    public void Dispose() => _device.Dispose();

    /// <summary>A linear layer with SiLU and a squared error, trained by gradient descent.</summary>
    sealed class TinyNetwork
    {
        readonly Tensor _x, _target, _gradient;

        public TinyNetwork(Device device)
        {
            var random = new Normals("tiny network");
            _x = Tensor.From(random.Floats(6 * 17, 0, 1), Shape.Of(6, 17), device);
            _target = Tensor.From(random.Floats(6 * 5, 0, 1), Shape.Of(6, 5), device);
            Weight = Tensor.From(random.Floats(17 * 5, 0, 0.1), Shape.Of(17, 5), device).WithGrad();
            _gradient = Tensor.Zeros(Weight.Shape, device);
            Weight.Grad = _gradient;
        }

        public Tensor Weight { get; }

        public void Step()
        {
            Device device = Weight.Device;
            device.Fill(_gradient, 0);
            _x.Linear(Weight).Silu().MeanSquaredError(_target).Backward();
            device.Affine(-0.1f, _gradient, 0, null, Weight, accumulate: true);
        }
    }
}
