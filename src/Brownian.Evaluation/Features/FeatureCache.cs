using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Brownian.Nn;

namespace Brownian.Evaluation;

/// <summary>
/// Keeps the features of sets of images, as looking at a set takes long and it rarely changes. A file holds the rows of the first images in
/// <see cref="FeatureExtraction.Order"/>, and the key that they belong to: what the images are, what was done to them and which network looked.
/// </summary>
/// <param name="folder">Where the files go first; null for the user's cache alone.</param>
/// <param name="note">Told in a line what was found, made anew, or could not be kept; null to tell nobody.</param>
public sealed class FeatureCache(string? folder, Action<string>? note = null)
{
    const string Format = "brownian-features 1", FolderName = ".brownian";
    const string FeaturesName = "features", LabelsName = "labels", LogitsName = "logits";

    readonly string[] _folders = folder is null ? [UserCache] : [folder, UserCache];

    internal FeatureCache(string folder, string userFolder, Action<string>? note = null) : this(folder, note) => _folders = [folder, userFolder];

    static string UserCache => Path.Combine(UserFolder.Cache, "features");

    /// <summary>The folder <c>.brownian</c> in a folder of images, or beside a file of them; null for the built-in set.</summary>
    /// <param name="dataPath">As <see cref="ImageSources.Open"/> takes it.</param>
    public static string? Beside(string dataPath)
    {
        ArgumentException.ThrowIfNullOrEmpty(dataPath);
        if (dataPath == DrawnDigits.Name) return null;
        string path = Path.GetFullPath(DataPlaces.Find(dataPath));
        return Path.Combine(Directory.Exists(path) ? path : Path.GetDirectoryName(path)!, FolderName);
    }

    /// <summary>The features of the first images of a set in <see cref="FeatureExtraction.Order"/>: those that are kept, and the others by looking.</summary>
    /// <param name="images">The set, as it was prepared.</param>
    /// <param name="preparation">What was done to its images, and which part of the set they are.</param>
    /// <param name="count">How many, at least 1.</param>
    /// <param name="extraction">What looks.</param>
    /// <param name="progress">Told how far looking is; not told where all are kept.</param>
    /// <param name="cancel">Checked before each batch.</param>
    /// <inheritdoc cref="FeatureExtraction.Of(IImageDataset, ReadOnlyMemory{int}, IProgress{ExtractionProgress}, CancellationToken)" path="/exception"/>
    public FeatureSet Of(
        IImageDataset images, string preparation, int count, FeatureExtraction extraction,
        IProgress<ExtractionProgress>? progress = null, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(images);
        ArgumentNullException.ThrowIfNull(extraction);
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        int[] order = FeatureExtraction.Order(images.Count, count);
        string key = KeyOf(images, preparation, extraction), name = NameOf(images, preparation, extraction.Network);
        (string? path, FeatureSet? kept) = Find(name, key, extraction.Network, images);
        if (kept is not null && kept.Count >= order.Length)
        {
            note?.Invoke($"features of {Count(order.Length)} images are taken from {path}");
            return kept.Count == order.Length ? kept : kept.First(order.Length);
        }
        FeatureSet more = extraction.Of(images, order.AsMemory(kept?.Count ?? 0), progress, cancel);
        FeatureSet all = kept is null ? more : kept.With(more);
        Keep(name, key, images, all);
        return all;
    }

    /// <summary>Of how many images features are kept.</summary>
    /// <inheritdoc cref="Of"/>
    public int Kept(IImageDataset images, string preparation, FeatureExtraction extraction)
    {
        ArgumentNullException.ThrowIfNull(images);
        ArgumentNullException.ThrowIfNull(extraction);
        string name = NameOf(images, preparation, extraction.Network), key = KeyOf(images, preparation, extraction);
        return _folders.Select(place => HeaderOf(Path.Combine(place, name))).Max(header => header?.Key == key ? header.Value.Count : 0);
    }

    (string? Path, FeatureSet? Kept) Find(string name, string key, FeatureNetwork network, IImageDataset images)
    {
        foreach (string place in _folders)
        {
            string path = Path.Combine(place, name);
            if (!File.Exists(path)) continue;
            try
            {
                if (Read(path, key, network) is { } kept && kept.Count <= images.Count) return (path, kept);
                note?.Invoke($"{path}: features of other images or by another network; they are made anew");
            }
            catch (Exception e) when (e is InvalidDataException or IOException or UnauthorizedAccessException)
            {
                note?.Invoke($"{path}: cannot be read ({e.Message.Replace($"{path}: ", "", StringComparison.Ordinal).TrimEnd('.')}); the features are made anew");
            }
        }
        return (null, null);
    }

    // Null where it is of another key.
    static FeatureSet? Read(string path, string key, FeatureNetwork network)
    {
        using SafetensorsFile file = SafetensorsFile.Read(path);
        if (file.Metadata.GetValueOrDefault("format") != Format || file.Metadata.GetValueOrDefault("key") != key) return null;
        float[] values = file.ReadFloats(FeaturesName), logits = file.TryGet(LogitsName, out _) ? file.ReadFloats(LogitsName) : [];
        int[] labels = file.TryGet(LabelsName, out _) ? [.. file.ReadIntegers(LabelsName).Select(label => (int)label)] : [];
        int count = values.Length / network.Dimensions;
        bool fits = values.Length == count * network.Dimensions && logits.Length == count * network.Classes && (labels.Length == 0 || labels.Length == count);
        if (!fits || count == 0 || file.Metadata.GetValueOrDefault("content") != HashOf(values, labels, logits))
            throw new InvalidDataException($"{path}: its content is not what was written.");
        return new FeatureSet(network.Identity, network.Dimensions, values) { Labels = labels, Logits = logits };
    }

    static (string Key, int Count)? HeaderOf(string path)
    {
        try
        {
            if (!File.Exists(path)) return null;
            using SafetensorsFile file = SafetensorsFile.Read(path);
            return (file.Metadata.GetValueOrDefault("key") ?? "", (int)file[FeaturesName].Shape[0]);
        }
        catch (Exception e) when (e is InvalidDataException or IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    void Keep(string name, string key, IImageDataset images, FeatureSet set)
    {
        var writer = new SafetensorsWriter();
        writer.Add(FeaturesName, [set.Count, set.Dimensions], set.Values);
        if (set.Labels.Length > 0) writer.Add(LabelsName, [set.Count], set.Labels);
        if (set.Logits.Length > 0) writer.Add(LogitsName, [set.Count, set.Logits.Length / set.Count], set.Logits);
        writer.Metadata["format"] = Format;
        writer.Metadata["key"] = key;
        writer.Metadata["network"] = set.Identity;
        writer.Metadata["images"] = images.Description;
        writer.Metadata["content"] = HashOf(set.Values, set.Labels, set.Logits);
        string? problem = null;
        foreach (string place in _folders)
        {
            try
            {
                Directory.CreateDirectory(place);
                string path = Path.Combine(place, name);
                writer.Write(path, overwrite: true);
                string where = problem is null ? "" : $", as {problem}";
                note?.Invoke($"features of {Count(set.Count)} images are kept in {path}{where}");
                return;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                problem ??= $"{place} takes no files";
            }
        }
        note?.Invoke($"the features are not kept: {problem}");
    }

    static string KeyOf(IImageDataset images, string preparation, FeatureExtraction extraction)
    {
        string content = images.Fingerprint.Length > 0 ? images.Fingerprint : HashOf(images);
        string text = string.Create(CultureInfo.InvariantCulture, $"{content}\n{images.Count}\n{preparation}\n{extraction.Network.Identity}\n{FeatureExtraction.OrderName}");
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
    }

    // One file for a set, whatever its content: that of the set as it was goes when it is made anew.
    static string NameOf(IImageDataset images, string preparation, FeatureNetwork network)
    {
        string title = images.Description.Split(':')[0];
        string set = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{title}\n{preparation}")))[..8];
        return string.Create(CultureInfo.InvariantCulture, $"features-{network.Name}-{images.Width}x{images.Height}x{images.Channels}-{set}.safetensors");
    }

    // Of a set that does not know its own: all that is in it.
    static string HashOf(IImageDataset images)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] pixels = new byte[images.ImageBytes()];
        for (int i = 0; i < images.Count; i++)
        {
            images.Read(i, pixels);
            hash.AppendData(pixels);
            hash.AppendData(BitConverter.GetBytes(images.Label(i)));
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    static string HashOf(float[] values, int[] labels, float[] logits)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(MemoryMarshal.AsBytes(values.AsSpan()));
        hash.AppendData(MemoryMarshal.AsBytes(labels.AsSpan()));
        hash.AppendData(MemoryMarshal.AsBytes(logits.AsSpan()));
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    static string Count(int number) => number.ToString("N0", CultureInfo.InvariantCulture);
}
