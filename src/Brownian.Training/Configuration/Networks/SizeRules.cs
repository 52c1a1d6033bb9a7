namespace Brownian.Training;

/// <summary>What sizes of images a network may have, one side or height and width.</summary>
static class SizeRules
{
    public static (string Key, bool Good, string Message) Of(string key, Values<int> size) =>
        (key, size.Count is 1 or 2 && size.All(side => side is >= 1 and <= 4096),
            $"is {size}; it must be one number, or [height, width], of 1 to 4096");
}
