using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Brownian.Data;

/// <summary>What is in a set of images, found out by decoding every one.</summary>
public sealed record DatasetInspection
{
    const int Chunk = 256;

    /// <summary>What it is, in a few words.</summary>
    public required string Title { get; init; }

    /// <summary>The number of images, broken ones included.</summary>
    public required int Count { get; init; }

    /// <summary>How many images have a size, as "width×height", the commonest first.</summary>
    public required IReadOnlyList<KeyValuePair<string, int>> Sizes { get; init; }

    /// <summary>How many images are of a file format, the commonest first; empty where they are not from image files.</summary>
    public required IReadOnlyList<KeyValuePair<string, int>> Formats { get; init; }

    /// <summary>How many images are gray, RGB and so on, the commonest first.</summary>
    public required IReadOnlyList<KeyValuePair<string, int>> Modes { get; init; }

    /// <summary>The least and the largest sample of images of 16 bits; null where there is none.</summary>
    public required (int Least, int Most)? DeepRange { get; init; }

    /// <summary>How many images have pixels that are not opaque.</summary>
    public required int Transparent { get; init; }

    /// <summary>How many images show no colour, however they are stored.</summary>
    public required int Gray { get; init; }

    /// <summary>What was left out, turned, or taken for something, and what else might be taken; a line each.</summary>
    public required IReadOnlyList<string> Notes { get; init; }

    /// <summary>How many images a class has, in the order of its number; images of none come last, as "none".</summary>
    public required IReadOnlyList<KeyValuePair<string, int>> Classes { get; init; }

    /// <summary>Images with the same pixels, by name: each list has two or more.</summary>
    public required IReadOnlyList<IReadOnlyList<string>> Duplicates { get; init; }

    /// <summary>What is wrong with the images that cannot be read; each begins with a name.</summary>
    public required IReadOnlyList<string> Broken { get; init; }

    /// <summary>True where training mirrors the images at random unless told otherwise.</summary>
    public required bool MayBeMirrored { get; init; }

    /// <summary>Looks at every image.</summary>
    /// <param name="path">As <see cref="ImageSources.Open"/> takes it.</param>
    /// <param name="options">Which images of it; null for <see cref="SourceOptions.Default"/>.</param>
    /// <param name="progress">Told how far it is.</param>
    /// <param name="cancel">Ends it early.</param>
    /// <exception cref="InvalidDataException">There are no images.</exception>
    /// <exception cref="IOException">There is no such file or folder, or it cannot be read.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancel"/> was cancelled.</exception>
    public static DatasetInspection Of(
        string path, SourceOptions? options = null, IProgress<ReadingProgress>? progress = null, CancellationToken cancel = default)
    {
        using IImageSource source = ImageSources.Open(path, options);
        var found = new Finding[source.Count];
        for (int start = 0; start < found.Length; start += Chunk)
        {
            int end = Math.Min(start + Chunk, found.Length);
            Parallel.For(start, end, new ParallelOptions { CancellationToken = cancel }, i => found[i] = Look(source, i));
            progress?.Report(new ReadingProgress.Decoded(end, found.Length));
        }
        var survey = new ImageSurvey();
        foreach (Finding image in found.Where(image => image.Problem is null)) survey.Add(image.Facts);
        int[] good = [.. Enumerable.Range(0, found.Length).Where(i => found[i].Problem is null)];
        return new DatasetInspection
        {
            Title = source.Title,
            Count = source.Count,
            Sizes = survey.Sizes,
            Formats = survey.Formats,
            Modes = survey.Modes,
            DeepRange = survey.DeepRange,
            Transparent = survey.Transparent,
            Gray = survey.Gray,
            Notes = source.Notes,
            Classes = ClassesOf(source),
            Duplicates = [.. good.GroupBy(i => found[i].Hash).Where(same => same.Count() > 1).Select(same => same.Select(source.NameOf).ToArray())],
            Broken = [.. found.Where(image => image.Problem is not null).Select(image => image.Problem!)],
            MayBeMirrored = source.IsPictures && survey.IsColored,
        };
    }

    static Finding Look(IImageSource source, int index)
    {
        try
        {
            Image image = source.Read(index);
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            Span<byte> size = stackalloc byte[16];
            BinaryPrimitives.WriteInt32LittleEndian(size, image.Width);
            BinaryPrimitives.WriteInt32LittleEndian(size[4..], image.Height);
            BinaryPrimitives.WriteInt32LittleEndian(size[8..], image.Channels);
            BinaryPrimitives.WriteInt32LittleEndian(size[12..], image.BitDepth);
            hash.AppendData(size);
            hash.AppendData(image.Pixels);
            Span<byte> sum = stackalloc byte[32];
            hash.GetHashAndReset(sum);
            return new Finding(ImageFacts.Of(image), BinaryPrimitives.ReadUInt128LittleEndian(sum), null);
        }
        catch (Exception e) when (e is InvalidDataException or IOException or UnauthorizedAccessException)
        {
            return new Finding(default, default, e.Message);
        }
    }

    static KeyValuePair<string, int>[] ClassesOf(IImageSource source)
    {
        int[] counts = new int[source.Classes.Count + 1];
        for (int i = 0; i < source.Count; i++) counts[source.Label(i) < 0 ? ^1 : source.Label(i)]++;
        return [.. source.Classes.Append("none").Zip(counts, KeyValuePair.Create).Where(pair => pair.Key != "none" || pair.Value > 0)];
    }

    readonly record struct Finding(ImageFacts Facts, UInt128 Hash, string? Problem);
}
