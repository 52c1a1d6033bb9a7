using System.Globalization;
using Brownian.Imaging;
using Brownian.IO;
using Brownian.Tensors;

namespace Brownian.Cli;

/// <summary>
/// Two grids after every step of sampling, each a file: x_t, and the image x̂_0 that the network saw in it. The tutorials look at their models so.
/// </summary>
sealed class StepGrids
{
    readonly string _folder;
    readonly int _columns, _scale;
    readonly bool _overwrite;
    int _count;

    /// <exception cref="ArgumentException">The images are drawn in more than one batch.</exception>
    /// <exception cref="IOException">The folder holds files already, or cannot be made.</exception>
    public StepGrids(string folder, int columns, int scale, SampleOptions options, bool overwrite)
    {
        int count = options.Seeds!.Count;
        if (count > options.BatchSize)
            throw new ArgumentException($"--every-step: {count} images are drawn in batches of {options.BatchSize}; raise --batch, or draw fewer.");
        if (!overwrite && Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any())
            throw new IOException($"{folder}: the folder is not empty; choose another, or add --force.");
        Target.Folder(folder);
        (_folder, _columns, _scale, _overwrite) = (folder, columns > 0 ? columns : (int)Math.Ceiling(Math.Sqrt(count)), scale, overwrite);
    }

    /// <summary>What was written, for people.</summary>
    public string Told => $"{Phrases.Relative(_folder)}: {Phrases.Count(_count, "grid")} of x_t (NNNN-xt.png) and of x̂_0 (NNNN-x0.png)";

    /// <summary>Writes the two grids of a step.</summary>
    public void Write(SampleStep step)
    {
        Directory.CreateDirectory(_folder);
        Write(step, "xt", step.X);
        Write(step, "x0", step.X0);
        _count++;
    }

    void Write(SampleStep step, string what, Tensor x)
    {
        string path = Path.Combine(_folder, string.Create(CultureInfo.InvariantCulture, $"{step.Index + 1:0000}-{what}.png"));
        Image grid = ImageGrid.Draw(Pixels.ToImages(x), _columns, scale: _scale);
        Files.Naming(path, () => Png.Write(path, grid, [new("Timestep", step.Timestep.ToString(CultureInfo.InvariantCulture))], _overwrite));
    }
}
