using System.Runtime.InteropServices;

namespace Brownian.Cli;

/// <summary>Turns what went wrong into one line and an exit code. With <c>BROWNIAN_DEBUG=1</c> the stack trace follows.</summary>
static class Failure
{
    public static int Report(Exception e, TextWriter error)
    {
        if (e is OperationCanceledException)
        {
            error.WriteLine("interrupted");
            return ExitCode.Interrupted;
        }
        error.WriteLine($"error: {(MissingLibrary(e) is { } library ? Describe(library) : Describe(e))}");
        if (Environment.GetEnvironmentVariable("BROWNIAN_DEBUG") == "1") error.WriteLine(e);
        return IsBadInput(e) || MissingLibrary(e) is not null ? ExitCode.BadInput : ExitCode.Failed;
    }

    // Within what the constructor of a static field threw.
    static DllNotFoundException? MissingLibrary(Exception? e)
    {
        while (e is not (null or DllNotFoundException)) e = e.InnerException;
        return e as DllNotFoundException;
    }

    // .NET's message is a page: every path that it tried.
    static string Describe(DllNotFoundException e)
    {
        string name = e.Message.Split('\'') is [_, var quoted, ..] ? quoted : "for images";
        return $"the native library {name} is missing or cannot be loaded here ({RuntimeInformation.RuntimeIdentifier}); install or build Brownian again, for this system.";
    }

    static bool IsBadInput(Exception e) => e is ArgumentException or InvalidDataException or IOException or UnauthorizedAccessException;

    static string Describe(Exception e) => e switch
    {
        TrainingDivergedException => OneLine(e.Message),
        // .NET's own message says what it could not find, not what to do about it; ours name the file first.
        FileNotFoundException { FileName: { } file } when e.Message.StartsWith("Could not find", StringComparison.Ordinal) =>
            $"{Phrases.Relative(file)}: there is no such file; check the path.",
        OutOfMemoryException => "not enough memory; use a smaller batch, model or image size.",
        _ when IsBadInput(e) => OneLine(e.Message),
        _ => $"unexpected {e.GetType().Name}: {OneLine(e.Message)} Set BROWNIAN_DEBUG=1 to see where.",
    };

    static string OneLine(string message)
    {
        // .NET appends the name of a C# parameter, which means nothing at a command line.
        int parameter = message.LastIndexOf(" (Parameter '", StringComparison.Ordinal);
        if (parameter > 0) message = message[..parameter];
        return string.Join(' ', message.Split(['\r', '\n'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
    }
}

/// <summary>What the process tells the shell.</summary>
static class ExitCode
{
    public const int Success = 0;

    /// <summary>Wrong usage, or a file, folder or value that cannot be used.</summary>
    public const int BadInput = 1;

    /// <summary>The run failed for its own reasons, such as a loss that is not finite.</summary>
    public const int Failed = 2;

    /// <summary>128 + SIGINT: ended by Ctrl-C.</summary>
    public const int Interrupted = 130;

    /// <summary>128 + SIGTERM.</summary>
    public const int Terminated = 143;
}
