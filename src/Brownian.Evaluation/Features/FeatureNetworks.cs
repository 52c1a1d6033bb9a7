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
            : throw new ArgumentException($"images of {Counted.Of(images.Channels, "channel")} cannot be compared ({images.Description}); they must be gray or RGB.");
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
    public PretrainedFile? Weights { get; init; }

    /// <summary>Whether a network that comes with the program can be filled with other weights: a second judge, whose agreement says how far the first can be trusted.</summary>
    public bool TakesOthers { get; init; }

    /// <summary>What it takes besides.</summary>
    public PretrainedFile? Companion { get; init; }

    /// <summary>The first of its files that is not found; null where all are.</summary>
    internal PretrainedFile? Lacking => Weights?.Find() is null ? Weights : Companion?.Find() is null ? Companion : null;
}

/// <summary>The networks in whose features sets of images can be compared.</summary>
public static class FeatureNetworks
{
    /// <summary>All of them: by default the first is taken that suits the images and whose weights are found. To add one is to add a line.</summary>
    public static IReadOnlyList<FeatureNetworkType> All { get; } =
    [
        new("digits", "a classifier of handwritten digits, which comes with the program", (_, path, device) => path.Length == 0 ? new DigitsNetwork(device) : new DigitsNetwork(path, device))
        {
            TakesOthers = true,
            Suits = images => images is { Channels: 1, Width: 28 or 32 } && images.Width == images.Height,
        },
        new("inception", "what FID is defined by, for photographs", (_, path, device) => new InceptionNetwork(path, device)) { Weights = InceptionNetwork.Weights, Suits = IsPicture },
        new("resnet18", "a smaller network for photographs", (_, path, device) => new ResNet18Network(path, device)) { Weights = ResNet18Network.Weights, Companion = ResNet18Network.Preprocessing, Suits = IsPicture },
        new("pixels", "the pixels, averaged to at most 1024 numbers: needs no weights", (images, _, _) => new PixelFeatures(images)),
    ];

    static bool IsPicture(FeatureImages images) => images.Channels == 3;

    /// <summary>The names, for help.</summary>
    public static string Names => string.Join(", ", All.Select(type => type.Name));

    /// <summary>Opens a network that is named, or the one that suits the images best.</summary>
    /// <param name="images">What will be looked at.</param>
    /// <param name="name">One of <see cref="All"/>; null for the best whose weights are found.</param>
    /// <param name="weights">A file of weights; null to look in <see cref="PretrainedFile.Folders"/>.</param>
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
            FeatureNetworkType type = OfWeights(all, name, weights);
            return type.Create(images, weights, device);
        }
        if (name is not null)
        {
            FeatureNetworkType type = Named(all, name);
            if (!type.Suits(images)) warn($"features {type.Name} are those of {type.Description}; of images of {images} they say little.");
            if (type.Weights is null) return type.Create(images, "", device);
            string found = type.Weights.Find() ?? throw new FileNotFoundException(type.Weights.Missing(type.Name) + " --weights FILE names it elsewhere.");
            return type.Create(images, found, device);
        }
        List<FeatureNetworkType> missing = [];
        foreach (FeatureNetworkType type in all.Where(type => type.Suits(images)))
        {
            if (type.Weights is null)
            {
                if (missing is [{ } better, ..])
                    warn($"{type.Name} see less than {string.Join(" or ", missing.Select(m => m.Name))} would; {(better.Lacking ?? better.Weights!).Missing(better.Name)}");
                return type.Create(images, "", device);
            }
            if (type.Lacking is null)
            {
                try
                {
                    return type.Create(images, type.Weights.Find()!, device);
                }
                catch (InvalidDataException e)
                {
                    warn($"{e.Message.TrimEnd('.')}; it is passed over.");
                }
            }
            missing.Add(type);
        }
        throw new InvalidOperationException($"No network suits images of {images}.");
    }

    // Who names the file has said which network, as long as its content is known.
    static FeatureNetworkType OfWeights(IReadOnlyList<FeatureNetworkType> all, string? name, string weights)
    {
        FeatureNetworkType? named = name is null ? null : Named(all, name);
        if (named is { Weights: null, TakesOthers: false }) throw new ArgumentException($"--weights: {named.Name} takes no weights; leave the option out.");
        if (!File.Exists(weights))
        {
            string what = Directory.Exists(weights) ? "a folder; give the file in it" : "there is no such file; check --weights";
            throw new FileNotFoundException($"{weights}: {what}.");
        }
        if (named is not null) return named;
        string sha = Files.Sha256(weights);
        FeatureNetworkType[] filled = [.. all.Where(type => type.Weights is not null)];
        return Array.Find(filled, type => type.Weights!.Sha256 == sha) ?? throw new InvalidDataException(
            $"{weights}: its SHA-256 is {sha}, that of no known weights; check the file or fetch it again"
            + (filled.Length == 0 ? "." : $" ({string.Join(", ", filled.Select(type => $"{type.Name} {type.Weights!.Sha256}"))})."));
    }

    static FeatureNetworkType Named(IReadOnlyList<FeatureNetworkType> all, string name) => all.FirstOrDefault(type => type.Name == name)
        ?? throw new ArgumentException($"there are no features '{name}'; there are {string.Join(", ", all.Select(type => type.Name))}.");
}
