using Brownian.Tensors;

namespace Brownian.Tests.Tensors;

/// <summary>The number of threads must not change a single bit: work is cut by the data's size, never by the machine's.</summary>
public sealed class ThreadTests(Devices devices) : IClassFixture<Devices>
{
    public static TheoryData<string, string> Cases
    {
        get
        {
            var data = new TheoryData<string, string>();
            foreach (OpCase op in OpTable.Large)
                foreach (string width in Devices.Widths) data.Add(op.Name, width);
            return data;
        }
    }

    [Theory, MemberData(nameof(Cases))]
    public void Any_number_of_threads_gives_the_same_bits(string name, string width)
    {
        OpCase op = OpTable.Find(name);
        Devices.SkipIfTooSlow(width, op.Work);
        var random = new Normals(op.Name);
        float[][] inputs = Array.ConvertAll(op.Inputs, i => random.Floats(i.Shape.Count, i.Mean, i.Deviation));
        float[][] one = Run(op, inputs, devices[width, 1]);
        foreach (int threads in new[] { 2, 5 })
        {
            float[][] several = Run(op, inputs, devices[width, threads]);
            for (int i = 0; i < one.Length; i++)
            {
                string what = i == 0 ? "result" : $"gradient of input {i - 1}";
                Compare.SameBits($"{op}, {width}, {threads} threads, {what}", several[i], one[i]);
            }
        }
    }

    /// <summary>The result, then the gradient of each input.</summary>
    static float[][] Run(OpCase op, float[][] numbers, Device device)
    {
        using TensorScope scope = device.OpenScope();
        Tensor[] inputs = [.. op.Inputs.Select((x, i) => Tensor.From(numbers[i], x.Shape, device).WithGrad())];
        Tensor y = op.Run(inputs);
        if (op.Differentiable) y.Multiply(y).Sum().Backward();
        return [y.ToArray(), .. inputs.Select(x => x.Grad?.ToArray() ?? [])];
    }
}
