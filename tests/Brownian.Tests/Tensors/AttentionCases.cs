using Brownian.Tensors;
using Brownian.Tensors.Reference;

namespace Brownian.Tests.Tensors;

/// <summary>Lengths around every block size, head sizes from one lane to several registers, and logits far beyond the range of exp.</summary>
static class AttentionCases
{
    static readonly (int Samples, int Length, int Heads, int HeadChannels)[] Chosen =
    [
        (1, 1, 1, 1), (2, 1, 2, 8), (3, 5, 3, 4), (2, 5, 1, 20), (1, 49, 4, 16), (2, 49, 1, 64), (1, 64, 2, 32), (1, 65, 1, 8),
        (1, 65, 3, 20), (1, 196, 1, 16), (1, 196, 2, 2),
        (1, 300, 1, 1), (1, 300, 1, 20), (2, 64, 4, 8), (1, 16, 1, 128),
    ];

    public static IEnumerable<OpCase> All =>
    [
        .. Chosen.Select(c => Attention(c.Samples, c.Length, c.Heads, c.HeadChannels)),
        .. Chosen.Where(c => c.Length is 5 or 49 or 65).Select(c => Attention(c.Samples, c.Length, c.Heads, c.HeadChannels, deviation: 10)),
        Attention(1, 65, 1, 4, deviation: 40), OverImages(2, 5, 7, 2, 8), .. Random(30),
    ];

    public static IEnumerable<OpCase> Large => [Attention(2, 300, 4, 16), Attention(3, 197, 1, 64), Attention(9, 17, 3, 20)];

    static IEnumerable<OpCase> Random(int count)
    {
        var random = new Normals("attention");
        for (int i = 0; i < count; i++)
        {
            int length = random.Pick(1, 2, 3, 7, 15, 16, 17, 31, 33, 48, 63, 66, 100);
            OpCase op = Attention(random.Pick(1, 2, 3), length, random.Pick(1, 2, 3, 4), random.Pick(1, 2, 3, 4, 7, 8, 12, 16, 17, 20, 32));
            yield return new($"random {i}: {op.Name}", op.Inputs, op.Run, op.Reference, op.Work);
        }
    }

    // Logits are of the size deviation²; they are rounded to float32, and a rounding error of the logit is a relative error of its weight.
    static OpCase Attention(int samples, int length, int heads, int headChannels, double deviation = 1) =>
        new($"attention {samples}×{length}, {heads} heads of {headChannels}{(deviation == 1 ? "" : $", deviation {deviation}")}",
            [new(Shape.Of(samples, length, 3 * heads * headChannels), Deviation: deviation, PerSample: true)],
            x => x[0].Attention(heads),
            x => ReferenceAttention.Run(x[0], samples, length, heads, headChannels),
            2L * samples * heads * length * length * headChannels)
        {
            Tolerance = 1e-5 + 16 * Math.ScaleB(deviation * deviation, -24),
            GradientTolerance = 1e-4 + 64 * Math.ScaleB(deviation * deviation, -24),
        };

    static OpCase OverImages(int samples, int height, int width, int heads, int headChannels) =>
        new($"attention {samples}×{height}×{width}, {heads} heads of {headChannels}",
            [new(Shape.Of(samples, height, width, 3 * heads * headChannels), PerSample: true)],
            x => x[0].Attention(heads),
            x => ReferenceAttention.Run(x[0], samples, height * width, heads, headChannels));
}
