namespace Brownian.Cli;

/// <summary>What the process tells the shell.</summary>
static class ExitCode
{
    public const int Success = 0;

    /// <summary>Wrong usage, or a file, folder or value that cannot be used.</summary>
    public const int BadInput = 1;

    /// <summary>The run failed for its own reasons, such as a loss that is not finite.</summary>
    public const int Failed = 2;

    /// <summary>128 + SIGINT: ended by Ctrl-C or SIGTERM.</summary>
    public const int Interrupted = 130;
}
