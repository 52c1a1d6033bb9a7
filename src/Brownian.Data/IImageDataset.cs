using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using Brownian.IO;

namespace Brownian.Data;

/// <summary>
/// A finite set of images of one size, as H×W×C pixels of 8 or 16 bits (channels last), with or without class labels.
/// Every member may be called from several threads at once.
/// </summary>
public interface IImageDataset : IDisposable
{
    /// <summary>The number of images, at least 1.</summary>
    int Count { get; }

    /// <summary>The width of every image in pixels.</summary>
    int Width { get; }

    /// <summary>The height of every image in pixels.</summary>
    int Height { get; }

    /// <summary>The channels of every pixel: 1 for gray, 3 for RGB, 4 for RGBA, others for data without colours.</summary>
    int Channels { get; }

    /// <summary>Bits per sample: 8, or 16 as two bytes of which the low one comes first.</summary>
    int BitDepth => 8;

    /// <summary>The names of the classes, where a label is an index into this list; empty when the set is unlabelled.</summary>
    IReadOnlyList<string> Classes { get; }

    /// <summary>One line for people: what this is, how many images, of what size.</summary>
    string Description { get; }

    /// <summary>
    /// What a person should know of the images, a line each: what was left out, what their files are, what is done to them. Empty where
    /// there is nothing to say.
    /// </summary>
    IReadOnlyList<string> Notes => [];

    /// <summary>Stands for the images: another one means that the set has changed. Empty where nothing is known of it.</summary>
    string Fingerprint => "";

    /// <summary>
    /// Stands for pixels and labels alone: a copy of the files, with other names and times, has the same. Empty where that would take long
    /// to find out.
    /// </summary>
    string Content => "";

    /// <summary>Copies image <paramref name="index"/> to <paramref name="pixels"/>.</summary>
    /// <param name="index">0 to <see cref="Count"/> − 1.</param>
    /// <param name="pixels">Exactly Height·Width·Channels samples, filled row by row, channels last.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such image.</exception>
    /// <exception cref="ArgumentException"><paramref name="pixels"/> has another length.</exception>
    void Read(int index, Span<byte> pixels);

    /// <summary>Copies another part of image <paramref name="index"/>, where more of it is known than its size shows.</summary>
    /// <param name="index">0 to <see cref="Count"/> − 1.</param>
    /// <param name="at">Which part; sets that know no more give what <see cref="Read(int, Span{byte})"/> gives.</param>
    /// <param name="pixels">Exactly Height·Width·Channels samples, filled row by row, channels last.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such image.</exception>
    /// <exception cref="ArgumentException"><paramref name="pixels"/> has another length.</exception>
    void Read(int index, CropPosition at, Span<byte> pixels) => Read(index, pixels);

    /// <summary>The class of image <paramref name="index"/>, 0 to <c>Classes.Count</c> − 1, or −1 when it has none.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such image.</exception>
    int Label(int index);

    /// <summary>True where an image that is mirrored left to right could be one of the set, as with most photographs.</summary>
    bool MayBeMirrored => false;

    /// <summary>Lets go of files, of sets that keep some open; most keep none.</summary>
    void IDisposable.Dispose() => GC.SuppressFinalize(this);

    /// <summary>The memory, in bytes, that will be added when every image has been read once: 0 where all is loaded already.</summary>
    long UnreadBytes => 0;
}

/// <summary>What every <see cref="IImageDataset"/> can do.</summary>
public static class DatasetExtensions
{
    /// <summary>The first <paramref name="count"/> images of a set, with the same classes.</summary>
    /// <param name="dataset">The set to cut.</param>
    /// <param name="count">1 to the number of images.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="count"/> is below 1 or above the number of images.</exception>
    public static IImageDataset Take(this IImageDataset dataset, int count) => new Subset(dataset, count);

    /// <summary>Some images of a set, in another order perhaps, with the same classes. The set is not disposed with them.</summary>
    /// <param name="dataset">The set to choose from.</param>
    /// <param name="indices">The place of each image in it; at least one.</param>
    /// <exception cref="ArgumentException">There are none, or one is no place of an image.</exception>
    public static IImageDataset Pick(this IImageDataset dataset, params int[] indices)
    {
        ArgumentNullException.ThrowIfNull(dataset);
        ArgumentNullException.ThrowIfNull(indices);
        if (indices.Length == 0) throw new ArgumentException("Pick at least 1 image.", nameof(indices));
        foreach (int index in indices) dataset.CheckIndex(index);
        return new Selection(dataset, [.. indices]);
    }

    /// <summary>The bytes of one image: Height·Width·Channels, twice as many at 16 bits.</summary>
    /// <param name="dataset">The set asked.</param>
    public static int ImageBytes(this IImageDataset dataset) => checked(dataset.Height * dataset.Width * dataset.Channels * (dataset.BitDepth / 8));

    /// <summary>SHA-256 of all pixels and labels, read one after the other.</summary>
    internal static string HashOfContent(this IImageDataset dataset)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] pixels = new byte[dataset.ImageBytes()];
        for (int i = 0; i < dataset.Count; i++)
        {
            dataset.Read(i, pixels);
            hash.AppendData(pixels);
            hash.AppendData(BitConverter.GetBytes(dataset.Label(i)));
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    internal static void CheckIndex(this IImageDataset dataset, int index)
    {
        if ((uint)index >= (uint)dataset.Count)
            ThrowIndex(dataset, index);
    }

    internal static void CheckTarget(this IImageDataset dataset, Span<byte> pixels)
    {
        if (pixels.Length != dataset.ImageBytes())
            ThrowTarget(dataset, pixels);
    }

    internal static string Summary(this IImageDataset dataset)
    {
        string classes = dataset.Classes.Count switch { 0 => "unlabelled", int n => Counted.Of(n, "class", "classes") };
        string images = Counted.Of(dataset.Count, "image");
        return $"{images}, {dataset.Width}×{dataset.Height}×{dataset.Channels}, {classes}";
    }

    [DoesNotReturn]
    static void ThrowIndex(IImageDataset dataset, int index) =>
        throw new ArgumentOutOfRangeException(
            nameof(index), index, $"Image {index} of a set of {dataset.Count}; images are numbered from 0.");

    [DoesNotReturn]
    static void ThrowTarget(IImageDataset dataset, Span<byte> pixels) =>
        throw new ArgumentException(
            $"An image of {dataset.Width}×{dataset.Height}×{dataset.Channels} needs {Counted.Of(dataset.ImageBytes(), "byte")}, the target has {pixels.Length}.",
            nameof(pixels));
}

/// <summary>Images and labels that are held in memory.</summary>
public abstract class StoredImages : IImageDataset
{
    readonly byte[] pixels;
    readonly ClassLabels labels;
    string? fingerprint;

    private protected StoredImages(string title, (int Width, int Height, int Channels) size, byte[] pixels, ClassLabels labels, int bitDepth = 8)
    {
        (this.pixels, this.labels, BitDepth) = (pixels, labels, bitDepth);
        (Width, Height, Channels) = size;
        Count = pixels.Length / this.ImageBytes();
        Description = $"{title}: {this.Summary()}";
    }

    /// <inheritdoc/>
    public int Count { get; }

    /// <inheritdoc/>
    public int Width { get; }

    /// <inheritdoc/>
    public int Height { get; }

    /// <inheritdoc/>
    public int Channels { get; }

    /// <inheritdoc/>
    public int BitDepth { get; }

    /// <inheritdoc/>
    public IReadOnlyList<string> Classes => labels.Classes;

    /// <inheritdoc/>
    public string Description { get; }

    /// <inheritdoc/>
    public virtual bool MayBeMirrored => false;

    /// <summary>SHA-256 of all pixels and labels: they are in memory, so their files' times need not be asked.</summary>
    public string Fingerprint => fingerprint ??= HashOf();

    /// <inheritdoc/>
    public string Content => Fingerprint;

    /// <inheritdoc/>
    public void Read(int index, Span<byte> pixels)
    {
        this.CheckIndex(index);
        this.CheckTarget(pixels);
        this.pixels.AsSpan(index * pixels.Length, pixels.Length).CopyTo(pixels);
    }

    /// <inheritdoc/>
    public int Label(int index)
    {
        this.CheckIndex(index);
        return labels.Of(index);
    }

    string HashOf()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(pixels);
        for (int i = 0; i < Count; i++) hash.AppendData([(byte)labels.Of(i), (byte)(labels.Of(i) >> 8)]);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}

/// <summary>Some images of another set, which stays its owner's.</summary>
sealed class Selection(IImageDataset whole, int[] indices) : IImageDataset
{
    public IImageDataset Whole => whole;
    public int Count => indices.Length;
    public int Width => whole.Width;
    public int Height => whole.Height;
    public int Channels => whole.Channels;
    public int BitDepth => whole.BitDepth;
    public IReadOnlyList<string> Notes => whole.Notes;
    public IReadOnlyList<string> Classes => whole.Classes;
    public string Description => $"{Count} of: {whole.Description}";
    public bool MayBeMirrored => whole.MayBeMirrored;
    public long UnreadBytes => Math.Min(whole.UnreadBytes, (long)Count * this.ImageBytes());
    public void Read(int index, Span<byte> pixels) => whole.Read(indices[index], pixels);
    public void Read(int index, CropPosition at, Span<byte> pixels) => whole.Read(indices[index], at, pixels);
    public int Label(int index) => whole.Label(indices[index]);
}

/// <summary>The first images of another set, perhaps all, with something to be said of them.</summary>
sealed class Subset : IImageDataset
{
    readonly IImageDataset whole;
    readonly bool owns;

    /// <param name="whole">The other set.</param>
    /// <param name="count">How many images.</param>
    /// <param name="notes">What is to be said; null for what the other set says.</param>
    /// <param name="owns">Whether the other set is let go of with this one.</param>
    public Subset(IImageDataset whole, int count, IReadOnlyList<string>? notes = null, bool owns = false)
    {
        ArgumentNullException.ThrowIfNull(whole);
        if (count < 1 || count > whole.Count)
            throw new ArgumentOutOfRangeException(
                nameof(count), count, $"Cannot take {Counted.Of(count, "image")} of a set of {whole.Count}; take 1 to {whole.Count}.");
        this.whole = whole;
        Count = count;
        Notes = notes ?? whole.Notes;
        this.owns = owns;
    }

    public int Count { get; }
    public int Width => whole.Width;
    public int Height => whole.Height;
    public int Channels => whole.Channels;
    public int BitDepth => whole.BitDepth;
    public IReadOnlyList<string> Notes { get; }
    public string Fingerprint => whole.Fingerprint;
    public string Content => whole.Content;
    public IReadOnlyList<string> Classes => whole.Classes;
    public string Description => Count == whole.Count ? whole.Description : $"the first {Count} of: {whole.Description}";

    public bool MayBeMirrored => whole.MayBeMirrored;

    public long UnreadBytes => Math.Min(whole.UnreadBytes, (long)Count * this.ImageBytes());

    public void Read(int index, Span<byte> pixels)
    {
        this.CheckIndex(index);
        whole.Read(index, pixels);
    }

    public void Read(int index, CropPosition at, Span<byte> pixels)
    {
        this.CheckIndex(index);
        whole.Read(index, at, pixels);
    }

    public int Label(int index)
    {
        this.CheckIndex(index);
        return whole.Label(index);
    }

    public void Dispose()
    {
        if (owns) whole.Dispose();
    }
}
