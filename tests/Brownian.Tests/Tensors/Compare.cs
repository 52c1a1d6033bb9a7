namespace Brownian.Tests.Tensors;

/// <summary>Comparisons that say which element is off, and by how much.</summary>
static class Compare
{
    public static double[] Doubles(float[] x) => Array.ConvertAll(x, v => (double)v);

    /// <summary>Every element within <paramref name="tolerance"/> times the largest expected magnitude.</summary>
    public static void Close(string what, float[] actual, double[] expected, double tolerance)
    {
        Assert.True(actual.Length == expected.Length, $"{what}: {actual.Length} elements, expected {expected.Length}");
        double scale = 1e-30;
        foreach (double e in expected) scale = Math.Max(scale, Math.Abs(e));
        int worst = 0, wrong = 0;
        for (int i = 0; i < actual.Length; i++)
        {
            if (!(Error(i) <= tolerance)) wrong++;
            if (!(Error(i) <= Error(worst))) worst = i;
        }
        if (wrong > 0)
            Assert.Fail($"{what}: {wrong} of {actual.Length} elements are off; " +
                $"element {worst} is {actual[worst]:R}, expected {expected[worst]:R} (error {Error(worst):G3} of the largest, {scale:G3}; allowed {tolerance:G3})");

        double Error(int i) => Math.Abs(actual[i] - expected[i]) / scale;
    }

    /// <summary>The same bits in every element; NaN equals the same NaN.</summary>
    public static void SameBits(string what, float[] actual, float[] expected)
    {
        Assert.True(actual.Length == expected.Length, $"{what}: {actual.Length} elements, expected {expected.Length}");
        for (int i = 0; i < actual.Length; i++)
        {
            if (BitConverter.SingleToInt32Bits(actual[i]) != BitConverter.SingleToInt32Bits(expected[i]))
                Assert.Fail($"{what}: element {i} of {actual.Length} is {actual[i]:R}, expected the bits of {expected[i]:R}");
        }
    }
}
