using Brownian.Tensors;
using Brownian.Tensors.Reference;

namespace Brownian.Tests.Tensors;

/// <summary>Rows × inputs → outputs.</summary>
static class LinearCases
{
    static readonly (int Rows, int Inputs, int Outputs)[] Chosen =
    [
        (1, 1, 1), (1, 128, 64), (2, 3, 5), (3, 17, 8), (4, 16, 16), (5, 80, 1), (6, 64, 64), (7, 1, 48), (12, 24, 17), (13, 5, 3),
        (16, 48, 128),
        (24, 128, 80), (37, 16, 3), (64, 17, 24), (97, 8, 65), (100, 80, 17),
    ];

    public static IEnumerable<OpCase> All =>
        [.. Chosen.Select((c, i) => Linear(Shape.Of(c.Rows, c.Inputs), c.Outputs, i % 2 == 0, i % 3 == 0)), .. Ranks, .. Random(30)];

    public static IEnumerable<OpCase> Large =>
        [Linear(Shape.Of(1003, 70), 200, true, true), Linear(Shape.Of(5, 300), 700, true, false),
        Linear(Shape.Of(33, 1100), 50, false, true), Linear(Shape.Of(130, 257), 513, true, true),
        Linear(Shape.Of(5001, 9), 20, true, false)];

    static IEnumerable<OpCase> Ranks =>
        [Linear(Shape.Of(19), 7, true, true), Linear(Shape.Of(2, 3, 19), 7, true, true), Linear(Shape.Of(2, 3, 4, 19), 7, true, true)];

    static IEnumerable<OpCase> Random(int count)
    {
        var random = new Normals("linear");
        int[] sizes = [1, 2, 3, 5, 8, 11, 15, 16, 17, 24, 31, 33, 48, 64, 80, 97, 128];
        for (int i = 0; i < count; i++)
        {
            OpCase op = Linear(Shape.Of(1 + random.Pick(sizes) * random.Pick(1, 2) % 100, random.Pick(sizes)), random.Pick(sizes),
                i % 2 == 0, i % 4 < 2);
            yield return new($"random {i}: {op.Name}", op.Inputs, op.Run, op.Reference, op.Work);
        }
    }

    static OpCase Linear(Shape s, int outputs, bool bias, bool residual)
    {
        int k = s.Channels;
        List<OpInput> inputs = [new(s, PerSample: s.Rank > 1), new(Shape.Of(k, outputs), Deviation: 1 / Math.Sqrt(k))];
        if (bias) inputs.Add(new(Shape.Of(outputs)));
        if (residual) inputs.Add(new(s.WithChannels(outputs), PerSample: s.Rank > 1));
        return new OpCase($"linear {s} to {outputs}{(bias ? " +bias" : "")}{(residual ? " +residual" : "")}", [.. inputs],
            x => x[0].Linear(x[1], bias ? x[2] : null, residual ? x[^1] : null),
            x => ReferenceConvolution.Linear(x[0], x[1], k, outputs, bias ? x[2] : null, residual ? x[^1] : null),
            (long)s.Count * outputs);
    }
}
