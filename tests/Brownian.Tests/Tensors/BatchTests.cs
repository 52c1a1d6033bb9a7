using Brownian.Tensors;

namespace Brownian.Tests.Tensors;

/// <summary>A sample's result must not depend on which others share its batch: so a seed gives the same image at any batch size.</summary>
public sealed class BatchTests(Devices devices) : IClassFixture<Devices>
{
    static bool IsBatch(OpCase op) => op.Inputs[0] is { PerSample: true } x && x.Shape[0] > 1;

    public static TheoryData<string, string> Cases
    {
        get
        {
            var data = new TheoryData<string, string>();
            foreach (OpCase op in OpTable.Small.Concat(OpTable.Large).Where(IsBatch))
                foreach (string width in Devices.Widths) data.Add(op.Name, width);
            return data;
        }
    }

    [Theory, MemberData(nameof(Cases))]
    public void A_sample_alone_gives_the_bits_it_gives_in_a_batch(string name, string width)
    {
        OpCase op = OpTable.Find(name);
        Devices.SkipIfTooSlow(width, op.Work);
        Device device = devices[width, 1];
        using TensorScope scope = device.OpenScope();
        var random = new Normals(op.Name);
        float[][] inputs = Array.ConvertAll(op.Inputs, i => random.Floats(i.Shape.Count, i.Mean, i.Deviation));
        int samples = op.Inputs[0].Shape[0];
        float[] batch = op.Run([.. op.Inputs.Select((x, i) => Tensor.From(inputs[i], x.Shape, device))]).ToArray();
        int length = batch.Length / samples;
        foreach (int n in new[] { 0, samples / 2, samples - 1 }.Distinct())
        {
            float[] alone = op.Run([.. op.Inputs.Select((x, i) =>
                x.PerSample ? Sample(x.Shape, inputs[i], n, device) : Tensor.From(inputs[i], x.Shape, device))]).ToArray();
            Compare.SameBits($"{op}, {width}, sample {n} alone", alone, batch[(n * length)..((n + 1) * length)]);
        }
    }

    static Tensor Sample(Shape shape, float[] values, int n, Device device)
    {
        int[] extents = shape.ToArray();
        extents[0] = 1;
        int length = values.Length / shape[0];
        return Tensor.From(values.AsSpan(n * length, length), Shape.Of(extents), device);
    }
}
