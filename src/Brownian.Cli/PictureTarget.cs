using System.Globalization;
using Brownian.Imaging;

namespace Brownian.Cli;

/// <summary>The file that a <c>show</c> command writes. Nothing that exists is replaced unless that was asked for.</summary>
sealed class PictureTarget
{
    const string DefaultFolder = "pictures";

    readonly string _kind;
    readonly string? _path;
    readonly bool _overwrite;

    PictureTarget(string kind, string? path, bool overwrite, bool isAnimated) =>
        (_kind, _path, _overwrite, IsAnimated) = (kind, path, overwrite, isAnimated);

    /// <summary>Frames are to be written, not one picture.</summary>
    public bool IsAnimated { get; }

    /// <summary>A single picture: a PNG.</summary>
    /// <param name="kind">What the picture shows, for the name of a new file.</param>
    /// <param name="path">The file; null for a new one in <c>pictures/</c>.</param>
    /// <param name="overwrite">Replace an existing file.</param>
    /// <exception cref="ArgumentException">The path ends otherwise.</exception>
    /// <exception cref="IOException">The file exists, or its folder cannot be made.</exception>
    public static PictureTarget Still(string kind, string? path, bool overwrite)
    {
        if (path is not null && !IsPng(path)) throw new ArgumentException($"--out {path}: this picture is a PNG; let the name end in .png.");
        return Checked(kind, path, overwrite, isAnimated: false);
    }

    /// <summary>A picture or an animation; an ending that only animations have asks for one.</summary>
    /// <inheritdoc cref="Still"/>
    public static PictureTarget StillOrAnimation(string kind, string? path, bool overwrite, bool animate)
    {
        if (path is not null) AnimationWriter.CheckFormat(path);
        return Checked(kind, path, overwrite, animate || (path is not null && !IsPng(path)));
    }

    /// <summary>Makes the folder of a new file now, as failing to would be a pity after long work.</summary>
    /// <exception cref="IOException">It cannot be made.</exception>
    public void Prepare()
    {
        if (_path is null) Target.Folder(DefaultFolder);
    }

    /// <summary>Writes the picture.</summary>
    /// <returns>The file's path.</returns>
    public string Write(Image picture) => Write(path => Png.Write(path, picture, overwrite: _overwrite));

    /// <summary>Writes the frames that <paramref name="animate"/> adds.</summary>
    /// <returns>The file's path.</returns>
    public string Write(Action<AnimationWriter> animate) => Write(path =>
    {
        using AnimationWriter animation = AnimationWriter.Create(path, overwrite: _overwrite);
        animate(animation);
        animation.Complete();
    });

    static PictureTarget Checked(string kind, string? path, bool overwrite, bool isAnimated)
    {
        if (path is not null) Target.Check(path, overwrite);
        return new PictureTarget(kind, path, overwrite, isAnimated);
    }

    string Write(Action<string> write)
    {
        if (_path is null) return WriteFresh(write);
        write(_path);
        return _path;
    }

    // Someone else may take the same number at the same moment; theirs stays.
    string WriteFresh(Action<string> write)
    {
        Prepare();
        for (int number = 1; ; number++)
        {
            string path = Path.Combine(DefaultFolder, string.Create(CultureInfo.InvariantCulture, $"{_kind}-{number:00000}.png"));
            if (File.Exists(path)) continue;
            try
            {
                write(path);
                return path;
            }
            catch (IOException) when (File.Exists(path))
            {
            }
        }
    }

    static bool IsPng(string path) => Path.GetExtension(path).Equals(".png", StringComparison.OrdinalIgnoreCase);
}
