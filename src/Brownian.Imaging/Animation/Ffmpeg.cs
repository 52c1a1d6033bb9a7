using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;

namespace Brownian.Imaging;

/// <summary>A run of the program ffmpeg that takes raw frames from a pipe and makes a video file of them.</summary>
sealed class Ffmpeg : IDisposable
{
    const int TailLines = 4;

    readonly Process process;
    readonly Queue<string> said = new();

    /// <param name="program">Its path.</param>
    /// <param name="arguments">As <see cref="Arguments"/> makes them.</param>
    /// <exception cref="IOException">It cannot be started.</exception>
    public Ffmpeg(string program, IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(program) { RedirectStandardInput = true, RedirectStandardError = true, RedirectStandardOutput = true };
        foreach (string argument in arguments) start.ArgumentList.Add(argument);
        process = new Process { StartInfo = start };
        process.ErrorDataReceived += (_, line) => Note(line.Data);
        process.OutputDataReceived += (_, _) => { };            // read, so that it cannot fill its pipe
        try
        {
            process.Start();
        }
        catch (Win32Exception e)
        {
            throw new IOException($"{program}: cannot be started: {e.Message}", e);
        }
        process.BeginErrorReadLine();
        process.BeginOutputReadLine();
    }

    /// <summary>The program on the PATH.</summary>
    /// <param name="path">The video to be made, for the message.</param>
    /// <exception cref="FileNotFoundException">It is not installed.</exception>
    public static string Find(string path) => Search(Environment.GetEnvironmentVariable("PATH")) ?? throw new FileNotFoundException(
        $"{path}: MP4 needs the program ffmpeg, which is not on the PATH; install it, or name a .gif or .png, which need nothing.");

    /// <summary>The first ffmpeg in folders that are listed as in PATH; null where there is none.</summary>
    public static string? Search(string? folders)
    {
        string name = OperatingSystem.IsWindows() ? "ffmpeg.exe" : "ffmpeg";
        return (folders ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists);
    }

    /// <summary>What makes an H.264 file that plays everywhere of RGB frames: it needs even sides and halved colour.</summary>
    public static IReadOnlyList<string> Arguments(int width, int height, int framesPerSecond, string output) =>
    [
        "-hide_banner", "-loglevel", "error",
        "-f", "rawvideo", "-pixel_format", "rgb24",
        "-video_size", string.Create(CultureInfo.InvariantCulture, $"{width}x{height}"),
        "-framerate", framesPerSecond.ToString(CultureInfo.InvariantCulture), "-i", "pipe:0",
        "-vf", "pad=ceil(iw/2)*2:ceil(ih/2)*2:color=white",
        "-c:v", "libx264", "-crf", "18", "-pix_fmt", "yuv420p", "-movflags", "+faststart",
        "-f", "mp4", "-y", $"file:{output}",
    ];

    /// <summary>Sends a part of a frame.</summary>
    /// <exception cref="IOException">It has ended; the message says how.</exception>
    public void Write(ReadOnlySpan<byte> rgb)
    {
        try
        {
            process.StandardInput.BaseStream.Write(rgb);
        }
        catch (IOException)
        {
            process.WaitForExit();
            throw Failure();
        }
    }

    /// <summary>Ends the input and waits for the file.</summary>
    /// <exception cref="IOException">It failed; the message says how.</exception>
    public void Complete()
    {
        try
        {
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It no longer reads; its exit code tells whether that was an error.
        }
        process.WaitForExit();
        if (process.ExitCode != 0) throw Failure();
    }

    public void Dispose()
    {
        try
        {
            if (!process.HasExited) process.Kill();
            process.WaitForExit();
        }
        catch (InvalidOperationException)
        {
            // It never started, or ended in between.
        }
        process.Dispose();
    }

    void Note(string? line)
    {
        if (string.IsNullOrWhiteSpace(line)) return;
        lock (said)
        {
            said.Enqueue(line.Trim());
            if (said.Count > TailLines) said.Dequeue();
        }
    }

    IOException Failure()
    {
        string tail;
        lock (said) tail = said.Count > 0 ? string.Join(" | ", said) : "it said nothing";
        return new IOException($"ffmpeg ended with exit code {process.ExitCode}: {tail}");
    }
}
