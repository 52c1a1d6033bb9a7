namespace Brownian.Training;

/// <summary>What is told while a set of images is opened.</summary>
public abstract record ReadingProgress
{
    ReadingProgress()
    {
    }

    /// <summary>An image cannot be used, or how many cannot.</summary>
    /// <param name="Message">One line.</param>
    public sealed record Warning(string Message) : ReadingProgress;

    /// <summary>Some hundreds of images more have been decoded.</summary>
    /// <param name="Done">So far.</param>
    /// <param name="Count">In all.</param>
    public sealed record Decoded(int Done, int Count) : ReadingProgress;
}
