using Brownian.Nn;
using Brownian.Tensors;

namespace Brownian.Tests;

public sealed class ParameterTests : IDisposable
{
    readonly Device _device = Device.Cpu(1);

    public void Dispose() => _device.Dispose();

    static Parameter Declare(ParameterSet set, ParameterLayout layout, params int[] torchShape) =>
        set.Root.Declare("weight", layout, Initialization.FanIn(1), torchShape);

    [Theory]
    [InlineData(ParameterLayout.Plain, new[] { 5 }, "5")]
    [InlineData(ParameterLayout.Linear, new[] { 3, 7 }, "7×3")]
    [InlineData(ParameterLayout.Conv, new[] { 4, 3, 2, 5 }, "2×5×3×4")]
    [InlineData(ParameterLayout.ConvTranspose, new[] { 4, 3, 2, 5 }, "2×5×3×4")]
    public void Numbers_come_back_from_torchs_order_unchanged(ParameterLayout layout, int[] torchShape, string shape)
    {
        var set = new ParameterSet();
        Parameter parameter = Declare(set, layout, torchShape);
        set.Allocate(_device, 1);
        float[] numbers = [.. Enumerable.Range(0, parameter.Shape.Count).Select(i => (float)i)];
        parameter.FromTorch(numbers);
        Assert.Equal(shape, parameter.Shape.ToString());
        Assert.Equal(numbers, parameter.ToTorch());
        parameter.FromTorch(numbers, set.Gradients);
        Assert.Equal(numbers, parameter.ToTorch(set.Gradients));
        float[] target = new float[numbers.Length], scratch = new float[numbers.Length];
        parameter.ToTorch(set.Gradients, target, scratch);
        Assert.Equal(numbers, target);
        Assert.Throws<ArgumentException>(() => parameter.ToTorch(set.Gradients, target.AsSpan(1), scratch));
        Assert.Throws<ArgumentException>(() => parameter.ToTorch(set.Gradients, target, scratch.AsSpan(1)));
        Assert.Equal(parameter.Value.ToArray(), parameter.Gradient.ToArray());
    }

    [Fact]
    public void A_convolutions_output_channels_are_innermost()
    {
        var set = new ParameterSet();
        Parameter parameter = Declare(set, ParameterLayout.Conv, 4, 3, 2, 5);   // o, i, y, x
        set.Allocate(_device, 1);
        float[] torch = new float[4 * 3 * 2 * 5];
        for (int n = 0; n < torch.Length; n++) torch[n] = n;
        parameter.FromTorch(torch);
        float[] ours = parameter.Value.ToArray();
        (int o, int i, int y, int x) = (3, 1, 1, 2);
        Assert.Equal(torch[((o * 3 + i) * 2 + y) * 5 + x], ours[((y * 5 + x) * 3 + i) * 4 + o]);
    }

    [Fact]
    public void Parameters_start_at_multiples_of_16_and_training_leaves_the_gaps_at_zero()
    {
        var set = new ParameterSet();
        Parameter first = set.Root.Declare("first", ParameterLayout.Plain, Initialization.Ones, 3);
        Parameter second = set.Root.Under("b").Declare("second", ParameterLayout.Plain, Initialization.Ones, 17);
        set.Allocate(_device, 1);
        Assert.Equal((0, 16, 48, 20L), (first.Offset, second.Offset, set.Values.Shape.Count, set.Count));
        first.FromTorch([1, 2, 3], set.Gradients);
        var adam = new Adam(set, new AdamOptions { WeightDecay = 0.1, Decoupled = true });
        for (int i = 0; i < 3; i++) adam.Step(0.1);
        float[] values = set.Values.ToArray();
        Assert.All(values[3..16], v => Assert.Equal(0f, v));
        Assert.All(values[33..], v => Assert.Equal(0f, v));
        Assert.DoesNotContain(1f, values);
    }

    [Fact]
    public void What_is_not_trained_lies_behind_the_rest_and_no_optimiser_touches_it()
    {
        var set = new ParameterSet();
        Parameter table = set.Root.DeclareUntrained("table", ParameterLayout.Plain, Initialization.Of([5, 6, 7]), 3);
        Parameter weight = set.Root.Declare("weight", ParameterLayout.Plain, Initialization.Ones, 17);
        Parameter count = set.Root.DeclareUntrained("count", ParameterLayout.Count, Initialization.Zeros);
        set.Allocate(_device, 1);
        Assert.Equal((17L, 64, 32), (set.Count, set.Values.Shape.Count, set.Gradients.Shape.Count));
        Assert.Equal((32, 0, 48), (table.Offset, weight.Offset, count.Offset));
        Assert.Equal(["table", "weight", "count"], set.Select(p => p.Name));
        Assert.Equal([weight], set.Trained);
        Assert.Contains("table is not trained", Assert.Throws<InvalidOperationException>(() => table.Gradient).Message, StringComparison.Ordinal);

        weight.FromTorch([.. Enumerable.Repeat(1f, 17)], set.Gradients);
        new Adam(set, new AdamOptions { WeightDecay = 0.1, Decoupled = true }).Step(0.1);
        Assert.Equal([5, 6, 7], table.ToTorch());
        Assert.DoesNotContain(1f, weight.ToTorch());
        Assert.Null(set.FirstNonFiniteGradient());

        var average = new Ema(set, new EmaOptions { Decay = 0.5, Warmup = EmaWarmup.None });
        table.FromTorch([8, 9, 10]);
        count.FromTorch([3]);
        average.Update();
        Assert.Equal([8, 9, 10], table.ToTorch(average.Average));
        Assert.Equal([3], count.ToTorch(average.Average));
    }

    [Fact]
    public void Values_and_gradients_are_views_into_the_flat_buffers()
    {
        var set = new ParameterSet();
        Parameter parameter = Declare(set, ParameterLayout.Linear, 2, 3);
        set.Allocate(_device, 1);
        Tensor x = Tensor.From([1, 2, 3], Shape.Of(1, 3), _device);
        x.Linear(parameter.Value).Sum().Backward();
        Assert.Equal([1, 2, 3, 1, 2, 3], parameter.ToTorch(set.Gradients));
        Assert.Equal(1f, set.Gradients.ToArray()[0]);
        x.Linear(parameter.Value).Sum().Backward();
        Assert.Equal([2, 4, 6, 2, 4, 6], parameter.ToTorch(set.Gradients));
        set.ZeroGrad();
        Assert.All(set.Gradients.ToArray(), g => Assert.Equal(0f, g));
    }

    [Fact]
    public void Memory_outlives_the_scope_it_was_made_in()
    {
        var set = new ParameterSet();
        Parameter parameter = Declare(set, ParameterLayout.Plain, 8);
        Tensor buffer;
        using (_device.OpenScope())
        {
            set.Allocate(_device, 1);
            buffer = set.NewBuffer();
        }
        Assert.False(parameter.Value.Storage.IsReleased || parameter.Gradient.Storage.IsReleased || buffer.Storage.IsReleased);
    }

    [Fact]
    public void Borrowed_values_are_computed_with_and_given_back()
    {
        var set = new ParameterSet();
        Parameter parameter = set.Root.Declare("weight", ParameterLayout.Plain, Initialization.Ones, 4);
        set.Allocate(_device, 1);
        Tensor buffer = set.NewBuffer();
        parameter.FromTorch([1, 2, 3, 4], buffer);
        using (set.Borrow(buffer)) Assert.Equal([1, 2, 3, 4], parameter.Value.ToArray());
        Assert.Equal([1, 1, 1, 1], parameter.Value.ToArray());
    }

    [Fact]
    public void Mistakes_are_named()
    {
        var set = new ParameterSet();
        Parameter parameter = Declare(set, ParameterLayout.Linear, 2, 3);
        Assert.Equal("Two parameters are named 'weight'.", Assert.Throws<ArgumentException>(() => Declare(set, ParameterLayout.Plain, 4)).Message);
        Assert.Contains("call ParameterSet.Allocate first", Assert.Throws<InvalidOperationException>(() => parameter.Value).Message);
        set.Allocate(_device, 1);
        Assert.Equal(
            "weight: got 5 numbers for 6 (2×3 in PyTorch's order).", Assert.Throws<ArgumentException>(() => parameter.FromTorch(new float[5])).Message);
        Assert.Equal("The model has no parameter 'wait'.", Assert.Throws<ArgumentException>(() => set["wait"]).Message);
        Assert.Throws<InvalidOperationException>(() => set.Root.Declare("late", ParameterLayout.Plain, Initialization.Ones, 1));
    }

    [Fact]
    public void The_first_parameter_with_a_bad_gradient_is_found()
    {
        var set = new ParameterSet();
        Parameter good = set.Root.Declare("good", ParameterLayout.Plain, Initialization.Ones, 3);
        Parameter bad = set.Root.Declare("bad", ParameterLayout.Plain, Initialization.Ones, 3);
        set.Allocate(_device, 1);
        good.FromTorch([1, 2, 3], set.Gradients);
        Assert.Null(set.FirstNonFiniteGradient());
        bad.FromTorch([1, float.NaN, 3], set.Gradients);
        Assert.Same(bad, set.FirstNonFiniteGradient());
    }

    [Fact]
    public void First_values_follow_pytorchs_distributions()
    {
        var set = new ParameterSet();
        _ = new Linear(set.Root.Under("linear"), 400, 300);
        _ = new Conv2d(set.Root.Under("conv"), 64, 48, new ConvSpec(3, 1, 1));
        _ = new ConvTranspose2d(set.Root.Under("transposed"), 64, 32, new ConvSpec(4, 2, 1));
        _ = new MultiheadAttention(set.Root.Under("attention"), 128, 4);
        _ = new GroupNorm(set.Root.Under("norm"), 4, 16);
        _ = new Embedding(set.Root.Under("embedding"), 100, 300);
        set.Allocate(_device, 7);
        AssertUniform(set["linear.weight"], 1 / Math.Sqrt(400));
        AssertUniform(set["linear.bias"], 1 / Math.Sqrt(400));
        AssertUniform(set["conv.weight"], 1 / Math.Sqrt(64 * 9));
        AssertUniform(set["transposed.weight"], 1 / Math.Sqrt(32 * 16));
        AssertUniform(set["attention.in_proj_weight"], Math.Sqrt(6.0 / (128 + 384)));
        AssertUniform(set["attention.out_proj.weight"], 1 / Math.Sqrt(128));
        Assert.All(set["attention.in_proj_bias"].ToTorch(), v => Assert.Equal(0f, v));
        Assert.All(set["attention.out_proj.bias"].ToTorch(), v => Assert.Equal(0f, v));
        Assert.All(set["norm.weight"].ToTorch(), v => Assert.Equal(1f, v));
        Assert.All(set["norm.bias"].ToTorch(), v => Assert.Equal(0f, v));
        float[] normal = set["embedding.weight"].ToTorch();
        Assert.Equal(1, normal.Average(v => (double)v * v), 0.03);
        Assert.Equal(0, normal.Average(v => (double)v), 0.03);
    }

    static void AssertUniform(Parameter parameter, double bound)
    {
        float[] values = parameter.ToTorch();
        double tolerance = 5 / Math.Sqrt(values.Length);   // five standard errors and more
        Assert.All(values, v => Assert.InRange(v, -bound * (1 + 1e-6), bound * (1 + 1e-6)));
        Assert.Equal(0, values.Average(v => v / bound), tolerance);
        Assert.Equal(1.0 / 3, values.Average(v => v / bound * v / bound), tolerance);
    }

    [Fact]
    public void First_values_depend_on_seed_and_name_alone()
    {
        Parameter One(ulong seed, string name, int before)
        {
            var set = new ParameterSet();
            for (int i = 0; i < before; i++) set.Root.Declare($"other{i}", ParameterLayout.Plain, Initialization.FanIn(1), 5);
            Parameter parameter = set.Root.Declare(name, ParameterLayout.Linear, Initialization.FanIn(1), 6, 7);
            set.Allocate(_device, seed);
            return parameter;
        }

        float[] values = One(1, "weight", before: 0).ToTorch();
        Assert.Equal(values, One(1, "weight", before: 3).ToTorch());
        Assert.NotEqual(values, One(2, "weight", before: 0).ToTorch());
        Assert.NotEqual(values, One(1, "height", before: 0).ToTorch());
    }
}
