using Brownian.OtherDevice;
using Brownian.Tensors;

namespace Brownian.Tests.Tensors;

/// <summary>
/// What makes a device a correct one: every row of <see cref="OpTable"/> against its reference in double, forward, gradients and
/// accumulation, and every row of <see cref="KernelCases"/>.
/// </summary>
public sealed class DeviceConformanceTests(Devices devices) : IClassFixture<Devices>
{
    public static TheoryData<string, string> Cases => OnEveryDevice(OpTable.Small.Select(op => op.Name));

    public static TheoryData<string, string> KernelNames => OnEveryDevice(KernelCases.All.Select(kernel => kernel.Name));

    public static TheoryData<string> LargeNames => [.. OpTable.Large.Select(op => op.Name)];

    public static TheoryData<string> SeveralInputs =>
        [.. OpTable.Small.Where(op => op.Differentiable && op.Inputs.Length > 1).Select(op => op.Name)];

    static TheoryData<string, string> OnEveryDevice(IEnumerable<string> names)
    {
        var data = new TheoryData<string, string>();
        foreach (string name in names)
            foreach (string device in Devices.All) data.Add(name, device);
        return data;
    }

    [Theory, MemberData(nameof(Cases))]
    public void Result_and_gradients_equal_the_reference(string name, string width)
    {
        OpCase op = OpTable.Find(name);
        Devices.SkipIfTooSlow(width, op.Work);
        Device device = devices[width, 1];
        using TensorScope scope = device.OpenScope();
        LeaveNaNsInThePool(device, op);
        Tensor[] inputs = Leaves(op, device);
        CheckForward(op, Backward(op, inputs));
        CheckGradients(op, inputs, 1);
        Backward(op, inputs);
        CheckGradients(op, inputs, 2);
        for (int i = 0; i < inputs.Length; i++)
            Compare.SameBits($"{op}, input {i} after its use", inputs[i].ToArray(), op.Expected.Inputs[i]);
    }

    [Theory, MemberData(nameof(Cases))]
    public void Three_threads_and_unaligned_neighbours_change_nothing(string name, string width)
    {
        OpCase op = OpTable.Find(name);
        Devices.SkipIfTooSlow(width, op.Work);
        Device device = devices[width, 3];
        using TensorScope scope = device.OpenScope();
        GuardedTensor[] guarded = [.. op.Inputs.Select((x, i) => new GuardedTensor(op.Expected.Inputs[i], x.Shape, device))];
        Tensor[] inputs = Array.ConvertAll(guarded, g => g.Tensor);
        Tensor y = op.Run(inputs);
        CheckForward(op, y);
        if (op.Differentiable) Weighted(op, y.Add(op.Run(inputs))).Backward();
        foreach (GuardedTensor g in guarded) g.AssertGuardsIntact(op.Name);
        CheckGradients(op, inputs, 2, gradientsExist: true);
    }

    [Theory, MemberData(nameof(KernelNames))]
    public void Kernels_do_what_the_contract_says(string name, string width)
    {
        foreach (int threads in new[] { 1, 3 })
        {
            Device device = devices[width, threads];
            using TensorScope scope = device.OpenScope();
            KernelCases.All.Single(kernel => kernel.Name == name).Check(device);
        }
    }

    [Fact]
    public void Every_method_of_the_contract_has_a_case()
    {
        using var device = new LateDevice(1);
        foreach (OpCase op in OpTable.Small.Where(op => op.Work < 100_000)) Backward(op, Leaves(op, device));
        foreach (KernelCase kernel in KernelCases.All) kernel.Check(device);
        IEnumerable<string> contract = typeof(Device).GetMethods().Where(method => method.IsAbstract && !method.IsSpecialName).Select(method => method.Name);
        Assert.Empty(contract.Except(device.Called));
    }

    /// <summary>Sizes that reach every blocking loop: several blocks of rows, columns and products, several partial sums.</summary>
    [Theory, MemberData(nameof(LargeNames))]
    public void Large_results_and_gradients_equal_the_reference(string name)
    {
        OpCase op = OpTable.Find(name);
        using TensorScope scope = devices.Default.OpenScope();
        Tensor[] inputs = Leaves(op, devices.Default);
        CheckForward(op, Backward(op, inputs));
        CheckGradients(op, inputs, 1);
    }

    [Theory, MemberData(nameof(SeveralInputs))]
    public void Gradient_of_one_input_does_not_depend_on_whether_others_want_one(string name)
    {
        OpCase op = OpTable.Find(name);
        Devices.SkipIfTooSlow("V128", op.Work);
        using TensorScope scope = devices.Default.OpenScope();
        Tensor[] all = Leaves(op, devices.Default);
        Backward(op, all);
        for (int i = 0; i < all.Length; i++)
        {
            if (!op.Inputs[i].GetsGradient) continue;
            Tensor[] one = Leaves(op, devices.Default, only: i);
            Backward(op, one);
            Compare.SameBits($"{op}, gradient of input {i} alone", one[i].Grad!.ToArray(), all[i].Grad!.ToArray());
            Assert.All(one.Where((_, j) => j != i), other => Assert.Null(other.Grad));
        }
    }

    /// <summary>Buffers come with undefined content; whoever reads one before writing it reads NaN.</summary>
    static void LeaveNaNsInThePool(Device device, OpCase op)
    {
        using TensorScope scope = device.OpenScope();
        foreach (OpInput input in op.Inputs) Tensor.Full(input.Shape, float.NaN, device);
        for (int i = 0; i < 3; i++) Tensor.Full(Shape.Of(op.Expected.Output.Length), float.NaN, device);
        for (int floats = 16; floats <= 1 << 16; floats *= 2) Tensor.Full(Shape.Of(floats), float.NaN, device);
    }

    static Tensor[] Leaves(OpCase op, Device device, int only = -1)
    {
        Tensor[] inputs = [.. op.Inputs.Select((x, i) => Tensor.From(op.Expected.Inputs[i], x.Shape, device))];
        for (int i = 0; i < inputs.Length; i++)
        {
            if (only < 0 || only == i) inputs[i].WithGrad();
        }
        return inputs;
    }

    static Tensor Backward(OpCase op, Tensor[] inputs)
    {
        Tensor y = op.Run(inputs);
        if (op.Differentiable) Weighted(op, y).Backward();
        return y;
    }

    static Tensor Weighted(OpCase op, Tensor y) => y.Multiply(Tensor.From(op.Expected.Weights, y.Shape, y.Device)).Sum();

    static void CheckForward(OpCase op, Tensor y) =>
        Compare.Close($"{op} on {y.Device.Name}", y.ToArray(), op.Expected.Output, op.Tolerance);

    static void CheckGradients(OpCase op, Tensor[] inputs, int times, bool gradientsExist = false)
    {
        for (int i = 0; i < inputs.Length; i++)
        {
            if (!op.Differentiable || !op.Inputs[i].GetsGradient)
            {
                Assert.True(gradientsExist || inputs[i].Grad is null, $"{op}: input {i} got a gradient, though none is documented to flow");
                continue;
            }
            float[] gradient = inputs[i].Grad!.ToArray();
            double slope = 0, squares = 0;
            for (int k = 0; k < gradient.Length; k++)
            {
                slope += gradient[k] * op.Expected.Directions[i][k];
                squares += (double)gradient[k] * gradient[k];
            }
            double expected = times * op.Expected.Slopes[i];
            double allowed = op.GradientTolerance * Math.Sqrt(squares) + 1e-5;    // the second term: gradients that are exactly zero
            Assert.True(
                Math.Abs(slope - expected) <= allowed,
                $"{op} on {inputs[i].Device.Name}: gradient of input {i} ({op.Inputs[i].Shape}), taken {times}×, has slope {slope:R} " +
                $"along the test direction, expected {expected:R} (difference {slope - expected:G3}, allowed {allowed:G3})");
        }
    }
}
