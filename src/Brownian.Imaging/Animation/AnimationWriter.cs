using Brownian.IO;

namespace Brownian.Imaging;

/// <summary>
/// Writes an animation frame by frame, as APNG, GIF or MP4; only the frame at hand is in memory. The file appears whole at
/// <see cref="Complete"/>, under its name, or not at all.
/// </summary>
/// <remarks>SkiaSharp encodes single pictures only, so APNG and GIF are written here, and WebP is not.</remarks>
/// <example><code>
/// using AnimationWriter animation = AnimationWriter.Create("denoising.gif");
/// foreach (Image frame in frames) animation.Add(frame, TimeSpan.FromMilliseconds(40));
/// animation.Complete();
/// </code></example>
public abstract class AnimationWriter : IDisposable
{
    static readonly TimeSpan MaxDelay = TimeSpan.FromSeconds(60);

    readonly AtomicFile file;
    readonly string path;
    readonly int unitsPerSecond;
    (int Width, int Height, int Channels) size;
    TimeSpan elapsed;
    long elapsedUnits;
    bool completed;

    private protected AnimationWriter(string path, int plays, bool overwrite, int unitsPerSecond)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(plays);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(plays, ushort.MaxValue);
        (this.path, this.unitsPerSecond, Plays) = (path, unitsPerSecond, plays);
        file = new AtomicFile(path, overwrite);
    }

    /// <summary>Frames written so far.</summary>
    public int Frames { get; private set; }

    /// <summary>How often the animation plays; 0 for ever.</summary>
    public int Plays { get; }

    private protected Stream Stream => file.Stream;

    /// <summary>
    /// Begins an animation in the format that the path ends with. APNG (<c>.png</c>, <c>.apng</c>) keeps every pixel, alpha too, and
    /// delays to the millisecond. GIF (<c>.gif</c>) has 256 colours per frame, chosen for each: exact for gray images and for frames of
    /// no more colours; alpha is dropped, delays are multiples of 10 ms, and many programs slow down what is under 20 ms. MP4
    /// (<c>.mp4</c>, H.264) is made by the program <c>ffmpeg</c>, at 25 frames a second; it loses detail and alpha.
    /// </summary>
    /// <param name="path">The file to make; its folder must exist.</param>
    /// <param name="plays">How often the animation plays, 0 (for ever) to 65535. An MP4 does not say.</param>
    /// <param name="overwrite">Replace an existing file.</param>
    /// <exception cref="ArgumentException">The path ends otherwise.</exception>
    /// <exception cref="IOException">
    /// The file exists and <paramref name="overwrite"/> is false, it cannot be written, or ffmpeg is needed and not installed.
    /// </exception>
    public static AnimationWriter Create(string path, int plays = 0, bool overwrite = false)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return Path.GetExtension(path).ToLowerInvariant() switch
        {
            ".png" or ".apng" => new ApngWriter(path, plays, overwrite),
            ".gif" => new GifWriter(path, plays, overwrite),
            ".mp4" => new Mp4Writer(path, plays, overwrite, Ffmpeg.Find(path)),
            _ => throw UnknownFormat(path),
        };
    }

    /// <summary>The endings of file names that <see cref="Create"/> knows, with their dots, in lower case.</summary>
    public static IReadOnlyList<string> Extensions { get; } = [".png", ".apng", ".gif", ".mp4"];

    /// <summary>True where the path ends as one of <see cref="Extensions"/>, in any case.</summary>
    public static bool HasExtension(string path) => Extensions.Contains(Path.GetExtension(path), StringComparer.OrdinalIgnoreCase);

    /// <summary>Throws what <see cref="Create"/> would for want of a format or a program, before the work that makes the frames.</summary>
    /// <param name="path">The file to be made.</param>
    /// <exception cref="ArgumentException">The path ends in none of the formats.</exception>
    /// <exception cref="IOException">ffmpeg is needed and not installed.</exception>
    public static void CheckFormat(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        string extension = Path.GetExtension(path).ToLowerInvariant();
        if (extension is ".mp4") Ffmpeg.Find(path);
        else if (extension is not (".png" or ".apng" or ".gif")) throw UnknownFormat(path);
    }

    /// <summary>Writes the next frame.</summary>
    /// <param name="frame">Of the same size and number of channels as the first, at most 4; 16 bits become 8; GIF allows up to 65535 × 65535 pixels.</param>
    /// <param name="delay">How long the frame shows, 0 to 60 seconds. Rounding errors are carried on, so that the whole keeps its
    /// length.</param>
    /// <exception cref="ArgumentException">The frame differs from the first, is too large, or the delay is out of range.</exception>
    /// <exception cref="InvalidOperationException">The animation is complete.</exception>
    public void Add(Image frame, TimeSpan delay)
    {
        ArgumentNullException.ThrowIfNull(frame);
        if (completed) throw new InvalidOperationException($"{path}: the animation is complete; no frame can follow.");
        if (delay < TimeSpan.Zero || delay > MaxDelay)
            throw new ArgumentOutOfRangeException(
                nameof(delay), delay, $"{path}: a frame may show for 0 to {MaxDelay.TotalSeconds} seconds.");
        CheckSize(frame);
        frame = frame.ToBitDepth(8);
        if (Frames == 0)
        {
            size = (frame.Width, frame.Height, frame.Channels);
            Begin(frame);
        }
        elapsed += delay;
        long units = (long)Math.Round(elapsed.TotalSeconds * unitsPerSecond);
        WriteFrame(frame, (int)(units - elapsedUnits));
        elapsedUnits = units;
        Frames++;
    }

    /// <summary>Ends the file and gives it its name.</summary>
    /// <exception cref="InvalidOperationException">There is no frame, or the animation is already complete.</exception>
    /// <exception cref="IOException">The file exists by now and must not be replaced, or it cannot be written.</exception>
    public void Complete()
    {
        if (completed || Frames == 0)
            throw new InvalidOperationException(
                $"{path}: the animation {(completed ? "is already complete" : "has no frames; add at least one")}.");
        End();
        file.Commit();
        completed = true;
    }

    /// <summary>Closes the file, and removes what was written of it unless it was completed.</summary>
    public void Dispose()
    {
        completed = true;
        Release();
        file.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>Gives back what a format holds beside the file; called once or more, whether or not the animation is complete.</summary>
    private protected virtual void Release() { }

    private protected abstract int MaxSide { get; }

    /// <summary>Writes what comes before the first frame.</summary>
    private protected abstract void Begin(Image first);

    private protected abstract void WriteFrame(Image frame, int delayUnits);

    private protected abstract void End();

    static ArgumentException UnknownFormat(string path) =>
        new($"{path}: let the name of an animation end in .png, .apng, .gif or .mp4, not in '{Path.GetExtension(path)}'.", nameof(path));

    void CheckSize(Image frame)
    {
        if (Frames > 0 && size != (frame.Width, frame.Height, frame.Channels))
            throw new ArgumentException(
                $"{path}: frame 0 is {size.Width}×{size.Height}×{size.Channels} but frame {Frames} is " +
                $"{frame.Width}×{frame.Height}×{frame.Channels}; convert or resize it first.");
        if (frame.Channels > 4) throw new ArgumentException($"{path}: {Counted.Of(frame.Channels, "channel")} are no colours.");
        if (frame.Width > MaxSide || frame.Height > MaxSide || (long)frame.Width * frame.Height > ImageFile.MaxPixels)
            throw new ArgumentException($"{path}: a frame of {frame.Width}×{frame.Height} pixels is too large for this format.");
    }
}
