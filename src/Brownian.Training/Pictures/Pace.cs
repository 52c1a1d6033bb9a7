namespace Brownian.Training;

/// <summary>How long the frames of an animation show.</summary>
static class Pace
{
    const double Seconds = 5, Shortest = 0.04, Longest = 0.6;

    /// <summary>The first and last frames of a movement, which are to be looked at.</summary>
    public static readonly TimeSpan Pause = TimeSpan.FromSeconds(1.5);

    /// <summary>All others: some seconds together, neither a flicker nor a slide show.</summary>
    public static TimeSpan Of(int frames) => TimeSpan.FromSeconds(Math.Clamp(Seconds / frames, Shortest, Longest));
}
