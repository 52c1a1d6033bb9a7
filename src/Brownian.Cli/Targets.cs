using System.Globalization;
using Brownian.Imaging;
using Brownian.IO;

namespace Brownian.Cli;

/// <summary>Files that a command is going to write.</summary>
static class Target
{
    /// <summary>Refuses what would fail after long work: a file that is there already, or that cannot be written.</summary>
    /// <exception cref="IOException">
    /// The file exists and must not be replaced, or is read-only; its folder cannot be made, or takes no files.
    /// </exception>
    public static void Check(string path, bool overwrite)
    {
        CheckName(path);
        if (File.Exists(path) && !overwrite) throw new IOException($"{path}: exists already; choose another name or add --force.");
        if (File.Exists(path) && File.GetAttributes(path).HasFlag(FileAttributes.ReadOnly))
            throw new IOException($"{path}: read-only; choose another name, or make it writable.");
        MakeFolder(Path.GetDirectoryName(Path.GetFullPath(path))!);
        Try(path, path, "cannot be written");
    }

    /// <summary>The same for a file of one format.</summary>
    /// <exception cref="ArgumentException">The path ends otherwise.</exception>
    /// <inheritdoc cref="Check(string, bool)" path="/exception"/>
    public static void Check(string path, string ending, bool overwrite)
    {
        CheckName(path);
        if (!Path.GetExtension(path).Equals(ending, StringComparison.OrdinalIgnoreCase))
            throw new ArgumentException($"{path}: this file is written as {ending}; let the name end so.");
        Check(path, overwrite);
    }

    /// <summary>The same for a picture, in any format that <see cref="ImageWriter"/> knows.</summary>
    /// <inheritdoc cref="Check(string, string, bool)" path="/exception"/>
    public static void CheckPicture(string path, bool overwrite)
    {
        CheckName(path);
        ImageWriter.CheckFormat(path);
        Check(path, overwrite);
    }

    static void CheckName(string path)
    {
        if (path.Length == 0) throw new ArgumentException("an empty path names no file.");
        if (Directory.Exists(path) || Path.EndsInDirectorySeparator(path)) throw new IOException($"{path}: a folder; give the name of a file.");
    }

    /// <summary>Makes a folder where there is none, and sees whether it takes files.</summary>
    /// <exception cref="IOException">It cannot be made, or takes none.</exception>
    public static void Folder(string path)
    {
        MakeFolder(path);
        Try(Path.Combine(path, $"{Guid.NewGuid():N}"), path, "the folder takes no files");
    }

    // Begins a file as the real one will be begun, and leaves nothing.
    static void Try(string path, string named, string failing)
    {
        try
        {
            using var tried = new AtomicFile(path, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            string message = e.Message.Replace($"{path}: ", "", StringComparison.Ordinal).Replace(Path.GetFullPath(path), Path.GetFullPath(named), StringComparison.Ordinal);
            throw new IOException($"{named}: {failing}: {message}", e);
        }
    }

    static void MakeFolder(string path)
    {
        if (File.Exists(path)) throw new IOException($"{path}: a file; give the name of a folder.");
        try
        {
            Directory.CreateDirectory(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new IOException($"{path}: the folder cannot be made: {e.Message}", e);
        }
    }

    /// <summary>Writes a PNG under the first number that is free in a folder. Someone else may take it at the same moment; theirs stays.</summary>
    /// <returns>The file's path.</returns>
    public static string WriteNumbered(string folder, string prefix, Action<string> write)
    {
        Folder(folder);
        for (int number = 1; ; number++)
        {
            string path = Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"{prefix}{number:00000}.png"));
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
}

/// <summary>The file that a <c>show</c> command writes. Nothing that exists is replaced unless that was asked for.</summary>
sealed class PictureTarget
{
    const string DefaultFolder = "pictures";

    readonly string _kind;
    readonly string? _path;
    readonly bool _overwrite;
    readonly int? _scale;

    PictureTarget(string kind, string? path, bool overwrite, bool isAnimated, int? scale = null) =>
        (_kind, _path, _overwrite, IsAnimated, _scale) = (kind, path, overwrite, isAnimated, scale);

    /// <summary>Frames are to be written, not one picture.</summary>
    public bool IsAnimated { get; }

    /// <summary>A single picture.</summary>
    /// <param name="kind">What the picture shows, for the name of a new file.</param>
    /// <param name="path">The file; null for a new one in <c>pictures/</c>.</param>
    /// <param name="overwrite">Replace an existing file.</param>
    /// <inheritdoc cref="Target.CheckPicture" path="/exception"/>
    public static PictureTarget Still(string kind, string? path, bool overwrite)
    {
        if (path is not null) Target.CheckPicture(path, overwrite);
        return new PictureTarget(kind, path, overwrite, isAnimated: false);
    }

    /// <summary>A chart: a picture, or an SVG by its ending.</summary>
    /// <param name="kind">What the picture shows, for the name of a new file.</param>
    /// <param name="path">The file; null for a new one in <c>pictures/</c>.</param>
    /// <param name="overwrite">Replace an existing file.</param>
    /// <param name="scale">Pixels to a unit; null for the usual.</param>
    /// <exception cref="ArgumentException">The path ends otherwise, or the scale is out of range or of an SVG.</exception>
    /// <exception cref="IOException">The file exists, or its folder cannot be made.</exception>
    public static PictureTarget Chart(string kind, string? path, bool overwrite, int? scale)
    {
        if (scale is < 1 or > Drawing.MaxScale) throw new ArgumentException($"--scale {scale}: give 1 to {Drawing.MaxScale}.");
        if (scale is not null && IsSvg(path)) throw new ArgumentException("--scale: an SVG has no pixels; leave it out.");
        if (path is { Length: > 0 } && !IsSvg(path) && !ImageWriter.HasExtension(path))
            throw new ArgumentException($"{path}: let the name of a chart end in {Listed([.. ImageWriter.Extensions, ".svg"])}.");
        if (IsSvg(path)) Target.Check(path!, overwrite);
        else if (path is not null) Target.CheckPicture(path, overwrite);
        return new PictureTarget(kind, path, overwrite, isAnimated: false, scale);
    }

    /// <summary>A picture or an animation; an ending that only animations have asks for one.</summary>
    /// <inheritdoc cref="Still"/>
    public static PictureTarget StillOrAnimation(string kind, string? path, bool overwrite, bool animate)
    {
        if (path is null) return new PictureTarget(kind, path, overwrite, animate);
        if (!animate && ImageWriter.HasExtension(path)) return Still(kind, path, overwrite);
        if (!animate && path.Length > 0 && !AnimationWriter.HasExtension(path))
        {
            throw new ArgumentException(
                $"{path}: let the name of a picture end in {Listed(ImageWriter.Extensions)}, that of an animation in {Listed(AnimationWriter.Extensions)}.");
        }
        if (path.Length > 0) AnimationWriter.CheckFormat(path);
        Target.Check(path, overwrite);
        return new PictureTarget(kind, path, overwrite, isAnimated: true);
    }

    /// <summary>Makes the folder of a new file now, as failing to would be a pity after long work.</summary>
    /// <exception cref="IOException">It cannot be made.</exception>
    public void Prepare()
    {
        if (_path is null) Target.Folder(DefaultFolder);
    }

    /// <summary>Writes the picture.</summary>
    /// <returns>The file's path.</returns>
    public string Write(Image picture) => Write(path => ImageWriter.Write(path, picture, overwrite: _overwrite));

    /// <summary>Writes the chart.</summary>
    /// <returns>The file's path.</returns>
    public string Write(Drawing chart) => IsSvg(_path)
        ? Write(path => AtomicFile.Write(path, chart.ToSvg(), _overwrite))
        : Write(_scale is { } scale ? chart.ToImage(scale) : chart.ToImage());

    /// <summary>Writes the frames that <paramref name="animate"/> adds.</summary>
    /// <returns>The file's path.</returns>
    public string Write(Action<AnimationWriter> animate) => Write(path =>
    {
        using AnimationWriter animation = AnimationWriter.Create(path, overwrite: _overwrite);
        animate(animation);
        animation.Complete();
    });

    static string Listed(IReadOnlyList<string> endings) => $"{string.Join(", ", endings.SkipLast(1))} or {endings[^1]}";

    string Write(Action<string> write)
    {
        if (_path is null) return Target.WriteNumbered(DefaultFolder, $"{_kind}-", write);
        write(_path);
        return _path;
    }

    static bool IsSvg(string? path) => Path.GetExtension(path)?.Equals(".svg", StringComparison.OrdinalIgnoreCase) ?? false;
}

/// <summary>The files that <c>sample</c> writes. Nothing that exists is replaced unless that was asked for.</summary>
/// <param name="Grid">The picture of all images; null for a new PNG in <c>samples/</c>.</param>
/// <param name="Singles">A folder for a PNG of each image; null for none.</param>
/// <param name="Npy">An array of all images; null for none.</param>
/// <param name="Quality">Of the grid, where its format loses detail; null for the usual one.</param>
/// <param name="Scale">How much the grid is enlarged, as <see cref="SampledImages.ToGrid"/> takes it.</param>
/// <param name="Overwrite">Replace existing files.</param>
sealed record SampleTargets(string? Grid, string? Singles, string? Npy, int? Quality, int Scale, bool Overwrite)
{
    const string DefaultFolder = "samples";

    /// <summary>Finds what would make <see cref="Write"/> fail, before the images are drawn.</summary>
    /// <exception cref="IOException">A file exists, or a folder cannot be made.</exception>
    /// <exception cref="ArgumentException">Two of them are one, or cannot both be.</exception>
    public void Check(IReadOnlyList<ulong> seeds)
    {
        RefuseOverlap(seeds);
        if (Grid is null) Target.Folder(DefaultFolder);
        else Target.CheckPicture(Grid, Overwrite);
        if (Quality is not null && (Grid is null || !ImageWriter.HasQuality(Grid)))
            throw new ArgumentException($"--quality {Quality}: a PNG keeps every pixel; leave it out, or let --out end in .jpg or .webp.");
        if (Npy is not null) Target.Check(Npy, ".npy", Overwrite);
        if (Singles is null) return;
        Target.Folder(Singles);
        var once = new HashSet<ulong>();
        foreach (ulong seed in seeds)
        {
            if (!once.Add(seed)) throw new ArgumentException($"--seeds names {seed} twice; --singles needs a file for each.");
            string file = Path.Combine(Singles, SampledImages.NameOf(seed));
            if (!Overwrite && File.Exists(file)) throw new IOException($"{file}: exists already; choose another folder or add --force.");
        }
    }

    // Names that differ in case only are one on some systems, and never meant to be two.
    void RefuseOverlap(IReadOnlyList<ulong> seeds)
    {
        if (Singles is null or "") return;
        string folder = Path.TrimEndingDirectorySeparator(Path.GetFullPath(Singles));
        foreach ((string option, string? named) in (ReadOnlySpan<(string, string?)>)[("--out", Grid), ("--npy", Npy)])
        {
            if (named is null or "") continue;
            string file = Path.GetFullPath(named);
            if ($"{folder}{Path.DirectorySeparatorChar}".StartsWith($"{file}{Path.DirectorySeparatorChar}", StringComparison.OrdinalIgnoreCase))
                throw new ArgumentException($"{option} and --singles: {named} cannot be a file and a folder; choose another name for one.");
            if (seeds.Any(seed => file.Equals(Path.Combine(folder, SampledImages.NameOf(seed)), StringComparison.OrdinalIgnoreCase)))
                throw new ArgumentException($"{option} and --singles: both would write {named}; choose another name for one.");
        }
    }

    /// <summary>Finds out whether the grid fits into its format, before the images are drawn.</summary>
    /// <exception cref="ArgumentException">It does not.</exception>
    public void CheckFit(int images, int columns, DiffusionModel model)
    {
        NetworkOptions network = model.Description.Model;
        // Channels without colours are drawn side by side.
        (int side, int colors) = network.Channels is 1 or 3 or 4 ? (1, network.Channels) : (network.Channels, 1);
        (long width, long height) = SampledImages.GridSize(images, columns, network.Width * side, network.Height, Scale);
        ImageWriter.CheckFit(Grid ?? Path.Combine(DefaultFolder, "NNNNN.png"), width, height, colors);
    }

    /// <summary>Writes everything, and says in a line each what was written.</summary>
    public IEnumerable<string> Write(SampledImages images, int columns)
    {
        if (Npy is not null)
        {
            images.WriteNpy(Npy, Overwrite);
            yield return $"array   {Npy}";
        }
        if (Singles is not null)
        {
            images.WriteEach(Singles, Overwrite);
            yield return $"singles {Path.Combine(Singles, "seed-*.png")}";
        }
        if (Grid is not null) images.WriteGrid(Grid, columns, Overwrite, Quality ?? ImageWriter.DefaultQuality, Scale);
        yield return $"grid    {Grid ?? Target.WriteNumbered(DefaultFolder, "", path => images.WriteGrid(path, columns, scale: Scale))}";
    }
}
