namespace Brownian.Imaging;

/// <summary>
/// MP4 through ffmpeg. It must be able to seek in its output, so it writes a file of its own, which is copied to the animation's at the end.
/// </summary>
sealed class Mp4Writer(string path, int plays, bool overwrite, string program)
    : AnimationWriter(path, plays, overwrite, unitsPerSecond: FramesPerSecond)
{
    const int FramesPerSecond = 25;

    readonly string folder = Path.Combine(Path.GetTempPath(), $"brownian-{Guid.NewGuid():N}");
    Ffmpeg? ffmpeg;

    private protected override int MaxSide => 16384;            // of x264

    string Video => Path.Combine(folder, "video.mp4");

    private protected override void Begin(Image first)
    {
        Directory.CreateDirectory(folder);
        ffmpeg = new Ffmpeg(program, Ffmpeg.Arguments(first.Width, first.Height, FramesPerSecond, Video));
    }

    // Frames come at equal intervals: one that shows longer is sent several times.
    private protected override void WriteFrame(Image frame, int delayUnits)
    {
        byte[] rgb = frame.ConvertTo(3).Pixels;
        int times = Frames == 0 ? Math.Max(1, delayUnits) : delayUnits;
        for (int i = 0; i < times; i++) ffmpeg!.Write(rgb);
    }

    private protected override void End()
    {
        ffmpeg!.Complete();
        using FileStream video = File.OpenRead(Video);
        video.CopyTo(Stream);
    }

    private protected override void Release()
    {
        ffmpeg?.Dispose();
        ffmpeg = null;
        if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
    }
}
