using System.Diagnostics;
using System.Text.Json;

namespace Brownian.Peers;

/// <summary>A contestant could not do what was asked; the message is one line.</summary>
sealed class ContestantException(string message) : Exception(message);

/// <summary>What a process printed, and when.</summary>
/// <param name="Lines">Its JSON objects.</param>
/// <param name="FirstLine">Seconds from its start to the first of them.</param>
readonly record struct Outcome(IReadOnlyList<JsonElement> Lines, double FirstLine)
{
    /// <summary>The numbers of the last line.</summary>
    public Measurement Last => Numbers(Lines[^1]);

    public static Measurement Numbers(JsonElement line)
    {
        var numbers = new Measurement();
        foreach (JsonProperty property in line.EnumerateObject())
        {
            if (property.Value.ValueKind == JsonValueKind.Number) numbers[property.Name] = property.Value.GetDouble();
        }
        return numbers;
    }
}

/// <summary>One measurement is one process, so that no contestant inherits another's memory or threads.</summary>
static class ChildProcess
{
    static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);

    /// <summary>Runs a program to its end. Every number of threads that a library of mathematics might read is set alike.</summary>
    /// <exception cref="ContestantException">It failed; the message is its own last line.</exception>
    public static Outcome Run(string program, IEnumerable<string> arguments, int threads, string? preload = null)
    {
        using Process process = Start(program, arguments, threads, preload, out long start);
        using var watch = new Timer(_ => process.Kill(), null, Limit, Timeout.InfiniteTimeSpan);
        Task<string> errors = process.StandardError.ReadToEndAsync();
        var lines = new List<JsonElement>();
        double first = 0;
        string? said = null;
        while (process.StandardOutput.ReadLine() is { } line)
        {
            if (!line.StartsWith('{'))
            {
                said = line;
                continue;
            }
            if (lines.Count == 0) first = Stopwatch.GetElapsedTime(start).TotalSeconds;
            lines.Add(JsonElement.Parse(line));
        }
        process.WaitForExit();
        if (process.ExitCode == 0 && lines.Count > 0) return new Outcome(lines, first);
        string last = errors.Result.Trim().Split('\n')[^1];
        throw new ContestantException(last.Length > 0 ? last : said ?? $"{Path.GetFileName(program)} ended with exit code {process.ExitCode}");
    }

    /// <summary>Seconds from a program's start until something has happened; it is then stopped.</summary>
    public static double Until(string program, IEnumerable<string> arguments, int threads, Func<bool> happened)
    {
        using Process process = Start(program, arguments, threads, null, out long start);
        process.OutputDataReceived += (_, _) => { };
        process.ErrorDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        try
        {
            while (!happened())
            {
                if (process.HasExited && !happened()) throw new ContestantException($"{Path.GetFileName(program)} ended before its first step");
                if (Stopwatch.GetElapsedTime(start) > Limit) throw new ContestantException($"took longer than {Limit.TotalMinutes} minutes");
                Thread.Sleep(2);
            }
            return Stopwatch.GetElapsedTime(start).TotalSeconds;
        }
        finally
        {
            process.Kill();
            process.WaitForExit();
        }
    }

    static Process Start(string program, IEnumerable<string> arguments, int threads, string? preload, out long start)
    {
        var info = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (string name in (string[])["OMP_NUM_THREADS", "MKL_NUM_THREADS"]) info.Environment[name] = $"{threads}";
        if (preload is not null) info.Environment["LD_PRELOAD"] = preload;
        start = Stopwatch.GetTimestamp();
        return Process.Start(info) ?? throw new ContestantException($"{program} did not start");
    }
}
