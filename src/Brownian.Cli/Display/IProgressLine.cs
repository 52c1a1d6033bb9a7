namespace Brownian.Cli;

/// <summary>How far some work is, told to a person.</summary>
interface IProgressLine
{
    /// <summary>The present state; what came before it may or may not have been shown.</summary>
    /// <param name="fraction">Done, from 0 to 1.</param>
    /// <param name="status">A few words.</param>
    void Update(double fraction, string status);

    /// <summary>A line that stays.</summary>
    void Note(string line);

    /// <summary>Something is not as it should be, and the work goes on.</summary>
    void Warn(string message) => Note($"warning {message}");
}
