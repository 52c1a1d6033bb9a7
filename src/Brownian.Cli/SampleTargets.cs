using System.Globalization;
using Brownian.Training;

namespace Brownian.Cli;

/// <summary>The files that <c>sample</c> writes. Nothing that exists is replaced unless that was asked for.</summary>
/// <param name="Grid">The PNG of all images; null for a new file in <c>samples/</c>.</param>
/// <param name="Singles">A folder for a PNG of each image; null for none.</param>
/// <param name="Npy">An array of all images; null for none.</param>
/// <param name="Overwrite">Replace existing files.</param>
sealed record SampleTargets(string? Grid, string? Singles, string? Npy, bool Overwrite)
{
    const string DefaultFolder = "samples";

    /// <summary>Finds what would make <see cref="Write"/> fail, before the images are drawn.</summary>
    /// <exception cref="IOException">A file exists, or a folder cannot be made.</exception>
    public void Check(IReadOnlyList<ulong> seeds)
    {
        if (Grid is null) Target.Folder(DefaultFolder);
        else Target.Check(Grid, Overwrite);
        if (Npy is not null) Target.Check(Npy, Overwrite);
        if (Singles is null) return;
        Target.Folder(Singles);
        var once = new HashSet<ulong>();
        foreach (ulong seed in seeds)
        {
            if (!once.Add(seed)) throw new ArgumentException($"--seeds names {seed} twice; --singles needs a file for each.");
            string file = Path.Combine(Singles, string.Create(CultureInfo.InvariantCulture, $"seed-{seed}.png"));
            if (!Overwrite && File.Exists(file)) throw new IOException($"{file}: exists already; choose another folder or add --force.");
        }
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
        if (Grid is not null) images.WriteGrid(Grid, columns, Overwrite);
        yield return $"grid    {Grid ?? WriteFresh(images, columns)}";
    }

    // Someone else may take the same number at the same moment; theirs stays.
    static string WriteFresh(SampledImages images, int columns)
    {
        for (int number = 1; ; number++)
        {
            string path = Path.Combine(DefaultFolder, string.Create(CultureInfo.InvariantCulture, $"{number:00000}.png"));
            if (File.Exists(path)) continue;
            try
            {
                images.WriteGrid(path, columns);
                return path;
            }
            catch (IOException) when (File.Exists(path))
            {
            }
        }
    }
}
