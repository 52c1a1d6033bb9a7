using System.Globalization;
using Brownian.Tensors;

namespace Brownian.Evaluation;

/// <summary>What the images of two sets that are compared have in common.</summary>
/// <param name="Width">In pixels.</param>
/// <param name="Height">In pixels.</param>
/// <param name="Channels">1 for gray, 3 for RGB.</param>
public readonly record struct FeatureImages(int Width, int Height, int Channels)
{
    /// <summary>Of a set of images.</summary>
    /// <exception cref="ArgumentException">Its images are neither gray nor RGB.</exception>
    public static FeatureImages Of(IImageDataset images)
    {
        ArgumentNullException.ThrowIfNull(images);
        return images.Channels is 1 or 3
            ? new FeatureImages(images.Width, images.Height, images.Channels)
            : throw new ArgumentException($"images of {images.Channels} channels cannot be compared ({images.Description}); they must be gray or RGB.");
    }

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Width}×{Height} {(Channels == 1 ? "gray" : "RGB")}");
}

/// <summary>A kind of <see cref="FeatureNetwork"/>.</summary>
/// <param name="Name">What users call it.</param>
/// <param name="Description">One line.</param>
/// <param name="Create">Makes it for such images, of the weights at a path (empty for a network without) on a device.</param>
public sealed record FeatureNetworkType(string Name, string Description, Func<FeatureImages, string, Device, FeatureNetwork> Create)
{
    /// <summary>Which images it says most about.</summary>
    public Func<FeatureImages, bool> Suits { get; init; } = _ => true;

    /// <summary>What it is filled with; null for a network that comes with the program.</summary>
    public PublishedWeights? Weights { get; init; }
}

/// <summary>The networks in whose features sets of images can be compared.</summary>
public static class FeatureNetworks
{
    /// <summary>All of them: by default the first is taken that suits the images and whose weights are found. To add one is to add a line.</summary>
    public static IReadOnlyList<FeatureNetworkType> All { get; } =
    [
        new("digits", "a classifier of handwritten digits, which comes with the program", (_, _, device) => new DigitsNetwork(device))
        {
            Suits = images => images is { Channels: 1, Width: 28 or 32 } && images.Width == images.Height,
        },
        new("pixels", "the pixels, averaged to at most 1024 numbers: needs no weights", (images, _, _) => new PixelFeatures(images)),
    ];

    /// <summary>The names, for help.</summary>
    public static string Names => string.Join(", ", All.Select(type => type.Name));

    /// <summary>Opens a network that is named, or the one that suits the images best.</summary>
    /// <param name="images">What will be looked at.</param>
    /// <param name="name">One of <see cref="All"/>; null for the best whose weights are found.</param>
    /// <param name="weights">A file of weights; null to look in <see cref="PublishedWeights.Places"/>.</param>
    /// <param name="device">Where it computes.</param>
    /// <param name="warn">Told which weights are missing for a better choice, in one line.</param>
    /// <exception cref="ArgumentException">There is no such network, or it takes no weights.</exception>
    /// <exception cref="InvalidDataException">The weights are others than the network's.</exception>
    /// <exception cref="IOException">They are missing.</exception>
    public static FeatureNetwork Open(FeatureImages images, string? name, string? weights, Device device, Action<string> warn) =>
        Open(All, images, name, weights, device, warn);

    internal static FeatureNetwork Open(
        IReadOnlyList<FeatureNetworkType> all, FeatureImages images, string? name, string? weights, Device device, Action<string> warn)
    {
        ArgumentNullException.ThrowIfNull(warn);
        if (weights is not null)
        {
            (FeatureNetworkType type, string sha) = OfWeights(all, name, weights);
            return type.Weights!.Sha256 == sha ? type.Create(images, weights, device) : throw type.Weights.Other(weights, type.Name, sha);
        }
        if (name is not null)
        {
            FeatureNetworkType type = Named(all, name);
            if (type.Weights is null) return type.Create(images, "", device);
            string found = type.Weights.Find() ?? throw new FileNotFoundException(type.Weights.Missing(type.Name));
            return type.Create(images, type.Weights.Verify(found, type.Name), device);
        }
        List<FeatureNetworkType> missing = [];
        foreach (FeatureNetworkType type in all.Where(type => type.Suits(images)))
        {
            if (type.Weights is null)
            {
                if (missing is [{ } better, ..])
                    warn($"{type.Name} see less than {string.Join(" or ", missing.Select(m => m.Name))} would: {better.Weights!.Missing(better.Name)}");
                return type.Create(images, "", device);
            }
            if (type.Weights.Find() is not { } path) missing.Add(type);
            else if (type.Weights.IsWhole(path)) return type.Create(images, path, device);
            else
            {
                warn($"{path}: its SHA-256 is not that of {type.Name}'s weights; it is passed over. Fetch it again.");
                missing.Add(type);
            }
        }
        throw new InvalidOperationException($"No network suits images of {images}.");
    }

    // Who names the file has said which network, as long as its content is known.
    static (FeatureNetworkType Type, string Sha256) OfWeights(IReadOnlyList<FeatureNetworkType> all, string? name, string weights)
    {
        FeatureNetworkType? named = name is null ? null : Named(all, name);
        if (named is { Weights: null }) throw new ArgumentException($"--weights: {named.Name} takes no weights; leave the option out.");
        if (!File.Exists(weights))
        {
            string what = Directory.Exists(weights) ? "a folder; give the file in it" : "there is no such file; check --weights";
            throw new FileNotFoundException($"{weights}: {what}.");
        }
        string sha = Files.Sha256(weights);
        FeatureNetworkType[] filled = [.. all.Where(type => type.Weights is not null)];
        return (named ?? Array.Find(filled, type => type.Weights!.Sha256 == sha) ?? throw new InvalidDataException(
            $"{weights}: its SHA-256 is {sha}, that of no weights which are known"
            + (filled.Length == 0 ? "." : $" ({string.Join(", ", filled.Select(type => $"{type.Name} {type.Weights!.Sha256}"))}).")), sha);
    }

    static FeatureNetworkType Named(IReadOnlyList<FeatureNetworkType> all, string name) => all.FirstOrDefault(type => type.Name == name)
        ?? throw new ArgumentException($"there are no features '{name}'; there are {string.Join(", ", all.Select(type => type.Name))}.");
}

/// <summary>A file of weights that others publish, and that users bring.</summary>
/// <param name="FileNames">What it may be called.</param>
/// <param name="Bytes">Its size.</param>
/// <param name="Sha256">Its hash, in lower case.</param>
/// <param name="Source">Who has it, in a few words.</param>
public sealed record PublishedWeights(IReadOnlyList<string> FileNames, long Bytes, string Sha256, string Source)
{
    /// <summary>The environment variable that names a folder of weights.</summary>
    public const string Variable = "BROWNIAN_WEIGHTS";

    const string LocalFolder = "weights";

    /// <summary>Finds a copy where other tools leave it; null where there is none.</summary>
    public Func<string?> Elsewhere { get; init; } = () => null;

    /// <summary>The folders in which weights are looked for, in this order.</summary>
    public static IReadOnlyList<string> Places =>
    [
        .. Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } folder ? [folder] : (string[])[],
        LocalFolder,
        Path.Combine(UserFolder.Cache, LocalFolder),
    ];

    /// <summary>The first file of these names, or a copy elsewhere; null where there is none.</summary>
    public string? Find() => Places.SelectMany(place => FileNames.Select(name => Path.Combine(place, name))).FirstOrDefault(File.Exists) ?? Elsewhere();

    /// <summary>Whether a file is the one that was published.</summary>
    internal bool IsWhole(string path) => Files.Sha256(path) == Sha256;

    /// <returns>The path.</returns>
    /// <exception cref="InvalidDataException">The file is another.</exception>
    internal string Verify(string path, string network)
    {
        string sha = Files.Sha256(path);
        return sha == Sha256 ? path : throw Other(path, network, sha);
    }

    internal InvalidDataException Other(string path, string network, string sha) => new(
        $"{path}: not the weights of {network}: its SHA-256 is {sha}, not {Sha256}; take {FileNames[0]} from {Source}.");

    /// <summary>What to put where, in one line.</summary>
    internal string Missing(string network) => string.Create(
        CultureInfo.InvariantCulture,
        $"the weights of {network} are not there: put {FileNames[0]} ({Bytes / 1e6:0.0} MB, SHA-256 {Sha256}, from {Source}) into {LocalFolder}/ or the folder that {Variable} names, or give --weights FILE.");
}

/// <summary>Where a program keeps what it can make again.</summary>
static class UserFolder
{
    /// <summary><c>~/.cache/brownian</c> on Linux, or as <c>XDG_CACHE_HOME</c> says; the local application data of other systems.</summary>
    public static string Cache
    {
        get
        {
            string? wanted = Environment.GetEnvironmentVariable("XDG_CACHE_HOME");
            string home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
            string root = wanted is { Length: > 0 } ? wanted
                : OperatingSystem.IsWindows() ? Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData)
                : OperatingSystem.IsMacOS() ? Path.Combine(home, "Library", "Caches")
                : Path.Combine(home, ".cache");
            return Path.Combine(root, "brownian");
        }
    }
}
