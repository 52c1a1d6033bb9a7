using System.Diagnostics;
using Brownian.Imaging;

namespace Brownian.Tests;

public sealed class Mp4Tests : IDisposable
{
    readonly ScratchFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_command_line_says_what_the_pipe_carries()
    {
        string line = string.Join(' ', Ffmpeg.Arguments(31, 20, 25, "/a b/c.mp4"));
        Assert.Contains("-f rawvideo -pixel_format rgb24 -video_size 31x20 -framerate 25 -i pipe:0", line, StringComparison.Ordinal);
        Assert.EndsWith("-pix_fmt yuv420p -movflags +faststart -f mp4 -y file:/a b/c.mp4", line, StringComparison.Ordinal);
    }

    [Fact]
    public void The_program_is_looked_for_in_the_folders_of_the_path()
    {
        string program = _folder.Write(OperatingSystem.IsWindows() ? "bin/ffmpeg.exe" : "bin/ffmpeg", "");
        string bin = Path.GetDirectoryName(program)!;
        Assert.Equal(program, Ffmpeg.Search(string.Join(Path.PathSeparator, _folder.Root, "", bin)));
        Assert.Null(Ffmpeg.Search(_folder.Root));
        Assert.Null(Ffmpeg.Search(null));
    }

    [Fact]
    public void Unknown_endings_are_refused_before_any_work() =>
        Assert.Contains(".gif or .mp4, not in '.avi'", Assert.Throws<ArgumentException>(() => AnimationWriter.CheckFormat("a.avi")).Message);

    [Fact]
    public void A_failing_program_is_quoted_and_leaves_nothing_behind()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "makes a shell script");
        string program = _folder.Write("ffmpeg", "#!/bin/sh\necho a first line >&2\necho cannot encode this >&2\nexit 3\n");
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        using (var animation = new Mp4Writer(_folder.Path("a.mp4"), 0, false, program))
        {
            var e = Assert.Throws<IOException>(() =>
            {
                for (int i = 0; i < 5; i++) animation.Add(new Image(200, 200, 3), TimeSpan.FromSeconds(1));
                animation.Complete();
            });
            Assert.Equal("ffmpeg ended with exit code 3: a first line | cannot encode this", e.Message);
        }
        Assert.Equal(["ffmpeg"], Directory.EnumerateFileSystemEntries(_folder.Root).Select(Path.GetFileName));
    }

    [Fact]
    public void A_program_that_cannot_start_is_named()
    {
        using var animation = new Mp4Writer(_folder.Path("a.mp4"), 0, false, _folder.Path("none"));
        Assert.Contains("none: cannot be started", Assert.Throws<IOException>(() => animation.Add(new Image(8, 8, 1), TimeSpan.Zero)).Message);
    }

    [Fact]
    public void A_video_has_every_frame_for_its_time_with_even_sides()
    {
        string? program = Ffmpeg.Search(Environment.GetEnvironmentVariable("PATH"));
        Assert.SkipWhen(program is null, "needs ffmpeg");
        string path = _folder.Path("a.mp4");
        using (AnimationWriter animation = AnimationWriter.Create(path))
        {
            foreach (byte level in (byte[])[0, 128, 255])
            {
                var frame = new Image(33, 17, 1);
                frame.Pixels.AsSpan().Fill(level);
                animation.Add(frame, TimeSpan.FromMilliseconds(80));
            }
            animation.Complete();
        }
        byte[] gray = Decode(program!, path);
        Assert.Equal(6 * 34 * 18, gray.Length);
        for (int frame = 0; frame < 6; frame++)
            Assert.InRange(gray[frame * 34 * 18 + 9 * 34 + 16], Math.Max(0, 128 * (frame / 2) - 8), Math.Min(255, 128 * (frame / 2) + 8));
        Assert.Throws<IOException>(() => AnimationWriter.Create(path));
    }

    static byte[] Decode(string program, string path)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, ["-v", "error", "-i", path, "-f", "rawvideo", "-pix_fmt", "gray", "-"])
        {
            RedirectStandardOutput = true,
        })!;
        var bytes = new MemoryStream();
        process.StandardOutput.BaseStream.CopyTo(bytes);
        process.WaitForExit();
        return bytes.ToArray();
    }
}
