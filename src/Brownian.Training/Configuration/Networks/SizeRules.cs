namespace Brownian.Training;

/// <summary>What sizes of images a network may have that halves them.</summary>
static class SizeRules
{
    /// <param name="key">The key of the size.</param>
    /// <param name="size">One side, or height and width.</param>
    /// <param name="halvings">How often the network halves both, 0 to 20.</param>
    public static IEnumerable<(string Key, bool Good, string Message)> Of(string key, Values<int> size, int halvings)
    {
        int multiple = 1 << halvings;
        yield return (key, size.Count is 1 or 2 && size.All(side => side is >= 1 and <= 4096),
            $"is {size}; it must be one number, or [height, width], of 1 to 4096");
        yield return (key, size.All(side => side % multiple == 0),
            $"is {size}, which cannot be halved {halvings} times; use multiples of {multiple}");
    }
}
