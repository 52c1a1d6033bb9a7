namespace Brownian;

/// <summary>What pictures of a way from images to noise, or back, have in common: which moments they show, for how long, how bright.</summary>
static class Frames
{
    const double Seconds = 5, Shortest = 0.04, Longest = 0.6;

    /// <summary>About how long the longer side of a frame is: noise does not compress, and there are many frames.</summary>
    public const int Side = 400;

    /// <summary>How long the first and last frames of a movement show, which are to be looked at.</summary>
    public static readonly TimeSpan Pause = TimeSpan.FromSeconds(1.5);

    /// <summary>How long each other frame shows: some seconds together, neither a flicker nor a slide show.</summary>
    public static TimeSpan Pace(int frames) => TimeSpan.FromSeconds(Math.Clamp(Seconds / frames, Shortest, Longest));

    /// <summary>Up to <paramref name="most"/> indices from 0 to <paramref name="count"/> − 1, evenly, both ends included.</summary>
    public static int[] Spread(int count, int most)
    {
        if (most >= count) return [.. Enumerable.Range(0, count)];
        if (most == 1) return [0];
        return [.. Enumerable.Range(0, most).Select(i => (int)Math.Round(i * (count - 1.0) / (most - 1)))];
    }

    /// <summary>
    /// What x_t in a level's own coordinates is multiplied by to be shown. α² + σ² = 1 keeps it about as bright as an image in all
    /// processes; x_0 + 80·ε would be black and white.
    /// </summary>
    public static double Brightness(NoiseLevel level) => 1 / Math.Sqrt(level.Power);
}
