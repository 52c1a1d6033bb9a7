namespace Brownian.Training;

/// <summary>A few places among many.</summary>
static class Spread
{
    /// <summary>Up to <paramref name="most"/> indices from 0 to <paramref name="count"/> − 1, evenly, both ends included.</summary>
    public static int[] Over(int count, int most)
    {
        if (most >= count) return [.. Enumerable.Range(0, count)];
        if (most == 1) return [0];
        return [.. Enumerable.Range(0, most).Select(i => (int)Math.Round(i * (count - 1.0) / (most - 1)))];
    }
}
