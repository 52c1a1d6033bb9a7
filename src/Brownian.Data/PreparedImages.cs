using System.Buffers;
using System.Security.Cryptography;
using Brownian.IO;

namespace Brownian.Data;

/// <summary>
/// Images from anywhere, brought to one size and mode. Each is decoded once when the set is opened, in parallel, which finds the broken
/// ones; what is kept of it depends on <see cref="ImagePreparation.Cache"/>.
/// </summary>
public sealed class PreparedImages : IImageDataset
{
    readonly ImagePreparation _how;
    readonly IImageSource? _source;     // null where all is in the store
    readonly PixelStore? _store;
    readonly PreparedImage[] _images;

    readonly (int Least, int Most)? _range;

    internal PreparedImages(ImagePreparation how, IImageSource source, PixelStore? store, ImageLoading loaded)
    {
        (_how, _store, _source, _range) = (how, store, store is null ? source : null, loaded.Range);
        _images = [.. loaded.Images];
        Classes = source.Classes;
        MayBeMirrored = source.IsPictures && loaded.Survey.IsColored;
        Content = loaded.Content;
        Fingerprint = source.Fingerprint(Math.Min(source.Count, how.Limit ?? int.MaxValue));
        Notes = [.. source.Notes, .. ClassNotes(), .. loaded.Survey.Notes(how)];
        string untouched = $"{how.Width}×{how.Height}", range = loaded.Survey.SizeRange;
        string kept = store switch { null => "decoded anew each time", { OnDisk: true } => "kept on disk", _ => "kept in memory" };
        string sized = range == untouched ? "" : $"from {range} by {Words()}, ";
        Description = $"{source.Title}: {this.Summary()}; {sized}{kept}";
    }

    /// <inheritdoc/>
    public int Count => _images.Length;

    /// <inheritdoc/>
    public int Width => _how.Width;

    /// <inheritdoc/>
    public int Height => _how.Height;

    /// <inheritdoc/>
    public int Channels => _how.Channels;

    /// <inheritdoc/>
    public int BitDepth => _how.BitDepth;

    /// <inheritdoc/>
    public IReadOnlyList<string> Notes { get; }

    /// <inheritdoc/>
    public string Fingerprint { get; }

    /// <inheritdoc/>
    public string Content { get; }

    /// <inheritdoc/>
    public IReadOnlyList<string> Classes { get; }

    /// <inheritdoc/>
    public string Description { get; }

    /// <summary>True for pictures of which most are in colour.</summary>
    public bool MayBeMirrored { get; }

    /// <summary>False where every reading decodes.</summary>
    internal bool IsCached => _store is not null;

    /// <summary>Opens what a path holds: see <see cref="ImageSources.Open"/>. A set that fits already is returned as it is.</summary>
    /// <param name="path">A file or folder.</param>
    /// <param name="how">What to make of the images.</param>
    /// <param name="progress">Told how far decoding is, and of broken images: the first ten by name, the others by number.</param>
    /// <param name="cancel">Ends it early.</param>
    /// <exception cref="InvalidDataException">There are no images, or the preparation is strict and one is broken.</exception>
    /// <exception cref="IOException">There is no such file or folder, or it cannot be read.</exception>
    /// <exception cref="ArgumentException">The preparation is not possible.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancel"/> was cancelled.</exception>
    public static IImageDataset Open(
        string path, ImagePreparation how, IProgress<ReadingProgress>? progress = null, CancellationToken cancel = default) =>
        Open(ImageSources.Open(path), how, progress, cancel);

    /// <summary>The same for a source, which belongs to the set from then on.</summary>
    /// <inheritdoc cref="Open(string, ImagePreparation, IProgress{ReadingProgress}, CancellationToken)"/>
    public static IImageDataset Open(
        IImageSource source, ImagePreparation how, IProgress<ReadingProgress>? progress = null, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(how);
        how.Check();
        if (source is DatasetImages { Set: { } set } && (set.Width, set.Height, set.Channels, set.BitDepth) == (how.Width, how.Height, how.Channels, how.BitDepth)
            && how.Range == DepthRange.Full)
        {
            return how.Limit < set.Count || !source.Notes.SequenceEqual(set.Notes)
                ? new Subset(set, Math.Min(how.Limit ?? set.Count, set.Count), source.Notes, owns: true)
                : set;
        }
        PixelStore? store = how.Cache switch
        {
            CacheMode.None => null,
            CacheMode.Memory => new PixelStore(long.MaxValue),
            CacheMode.Disk => new PixelStore(-1),
            _ => new PixelStore(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 4),
        };
        try
        {
            var loading = new ImageLoading(source, how, store);
            loading.Run(progress, cancel);
            var images = new PreparedImages(how, source, store, loading);
            if (store is not null) source.Dispose();
            return images;
        }
        catch
        {
            store?.Dispose();
            source.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Read(int index, Span<byte> pixels) => Read(index, CropPosition.Center, pixels);

    /// <inheritdoc/>
    /// <exception cref="InvalidDataException">The image is decoded now, and damaged since the set was opened.</exception>
    public void Read(int index, CropPosition at, Span<byte> pixels)
    {
        this.CheckIndex(index);
        this.CheckTarget(pixels);
        PreparedImage image = _images[index];
        if (_store is null)
        {
            Image stored = _source!.Read(image.Source), scaled = _how.Scale(_range is { } range ? ImagePreparation.Stretch(stored, range) : stored);
            _how.Cut(scaled.Width, scaled.Height, scaled.Pixels, at, pixels);
            return;
        }
        if ((image.Width, image.Height) == (Width, Height))
        {
            _store.Read(index, pixels);
            return;
        }
        int bytes = image.Width * image.Height * Channels * (BitDepth / 8);
        byte[] whole = ArrayPool<byte>.Shared.Rent(bytes);
        try
        {
            _store.Read(index, whole.AsSpan(0, bytes));
            _how.Cut(image.Width, image.Height, whole.AsSpan(0, bytes), at, pixels);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(whole);
        }
    }

    /// <inheritdoc/>
    public int Label(int index)
    {
        this.CheckIndex(index);
        return _images[index].Label;
    }

    /// <summary>Lets go of the files, the temporary one included.</summary>
    public void Dispose()
    {
        _store?.Dispose();
        _source?.Dispose();
    }

    // So that folders which are no classes are seen before they are learned.
    IEnumerable<string> ClassNotes()
    {
        const int Named = 8;
        if (Classes.Count == 0) yield break;
        int without = _images.Count(image => image.Label < 0);
        string more = Classes.Count > Named ? $" and {Classes.Count - Named} more" : "";
        string none = without == 0 ? "" : $"; {Counted.Of(without, "image has", "images have")} none";
        yield return $"classes: {string.Join(", ", Classes.Take(Named))}{more}{none}";
    }

    string Words()
    {
        string cropping = $"{_how.Crop} crop".ToLowerInvariant();
        if (_how.Resize == ResizeMode.None) return cropping;
        string scaling = $"{_how.Resize} ({_how.Interpolation})".ToLowerInvariant();
        return _how.Resize == ResizeMode.Cover ? $"{scaling}, {cropping}" : scaling;
    }
}

/// <summary>One image that can be used.</summary>
/// <param name="Source">Its number in the source.</param>
/// <param name="Label">Its class, or −1.</param>
/// <param name="Width">Of what is stored: the wanted width, or more where crops are drawn at random.</param>
/// <param name="Height">The same.</param>
readonly record struct PreparedImage(int Source, int Label, int Width, int Height);

/// <summary>Decodes every image of a source once, in parallel and a few hundred at a time, and keeps them in their order.</summary>
/// <param name="source">What to decode.</param>
/// <param name="how">What to make of it.</param>
/// <param name="store">Where it goes; null where it is only looked at.</param>
sealed class ImageLoading(IImageSource source, ImagePreparation how, PixelStore? store)
{
    const int Chunk = 256, Named = 10;

    public List<PreparedImage> Images { get; } = [];

    /// <summary>SHA-256 of the prepared pixels and labels of those.</summary>
    public string Content { get; private set; } = "";

    /// <summary>What the images that can be used are, before anything is done to them.</summary>
    public ImageSurvey Survey { get; } = new();

    /// <summary>The least and the largest sample of the set's 16-bit images, where they are scaled by that.</summary>
    public (int Least, int Most)? Range { get; private set; }

    public void Run(IProgress<ReadingProgress>? progress, CancellationToken cancel)
    {
        int count = Math.Min(source.Count, how.Limit ?? int.MaxValue), broken = 0;
        string? first = null;
        if (how.Range == DepthRange.Set) Range = FindRange(count, cancel);
        using var content = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var results = new Result[Math.Min(Chunk, count)];
        for (int start = 0; start < count; start += Chunk)
        {
            int size = Math.Min(Chunk, count - start);
            Decode(start, size, results, cancel);
            for (int i = 0; i < size; i++)
            {
                if (results[i].Problem is not { } problem)
                {
                    Keep(start + i, results[i], content);
                    continue;
                }
                if (how.Strict) throw new InvalidDataException(problem);
                first ??= problem;
                if (++broken <= Named) progress?.Report(new ReadingProgress.Warning(problem));
            }
            progress?.Report(new ReadingProgress.Decoded(start + size, count));
        }
        if (Images.Count == 0)
            throw new InvalidDataException(count == 1 ? first! : $"{first} So are all {count} images of {source.Title}.");
        Content = Convert.ToHexStringLower(content.GetHashAndReset());
        if (broken > 0) progress?.Report(new ReadingProgress.Warning(Summary(broken, count)));
        store?.Complete();
    }

    string Summary(int broken, int count) =>
        $"{source.Title}: {broken} of {count} images cannot be used and {(broken == 1 ? "is" : "are")} left out"
        + (broken > Named ? $" (the first {Named} are named)" : "") + "; --strict stops instead.";

    // A pass of its own: the first image can only be scaled when the last is known.
    (int Least, int Most)? FindRange(int count, CancellationToken cancel)
    {
        var survey = new ImageSurvey();
        var options = new ParallelOptions { CancellationToken = cancel, MaxDegreeOfParallelism = Environment.ProcessorCount };
        Parallel.For(0, count, options, i =>
        {
            try
            {
                ImageFacts facts = ImageFacts.Of(source.Read(i));
                lock (survey) survey.Add(facts);
            }
            catch (Exception e) when (e is InvalidDataException or IOException or UnauthorizedAccessException)
            {
                // Told when it is decoded again.
            }
        });
        return survey.DeepRange;
    }

    void Decode(int start, int size, Result[] results, CancellationToken cancel)
    {
        // Waiting work is handed out one by one: one photograph may take as long as a hundred others.
        var options = new ParallelOptions { CancellationToken = cancel, MaxDegreeOfParallelism = Environment.ProcessorCount };
        Parallel.For(0, size, options, i => results[i] = Decode(start + i));
    }

    Result Decode(int index)
    {
        try
        {
            Image image = source.Read(index), scaled;
            var facts = ImageFacts.Of(image);
            if (Range is { } range) image = ImagePreparation.Stretch(image, range);
            try
            {
                scaled = store is not null && how.Crop == CropMode.Center ? how.Apply(image) : how.Scale(image);
            }
            catch (ArgumentException e)
            {
                return new Result { Problem = $"{source.NameOf(index)}: {e.Message.TrimEnd('.')}." };
            }
            return new Result { Facts = facts, Scaled = scaled };
        }
        catch (Exception e) when (e is InvalidDataException or IOException or UnauthorizedAccessException)
        {
            string name = source.NameOf(index);
            string message = e.Message.StartsWith(name, StringComparison.Ordinal) ? e.Message : $"{name}: {e.Message}";
            return new Result { Problem = $"{message.TrimEnd('.')}." };
        }
    }

    void Keep(int index, Result result, IncrementalHash content)
    {
        Image scaled = result.Scaled!;
        int label = source.Label(index);
        Images.Add(new PreparedImage(index, label, scaled.Width, scaled.Height));
        content.AppendData(scaled.Pixels);
        content.AppendData(BitConverter.GetBytes(label));
        Survey.Add(result.Facts);
        if (how.Resize != ResizeMode.None && result.Facts.Width < how.Width && result.Facts.Height < how.Height) Survey.AddSmall();
        store?.Add(scaled.Pixels);
    }

    /// <summary>What became of one image: its pixels, or why there are none.</summary>
    readonly record struct Result
    {
        public ImageFacts Facts { get; init; }
        public Image? Scaled { get; init; }
        public string? Problem { get; init; }
    }
}

/// <summary>What is told while a set of images is opened.</summary>
public abstract record ReadingProgress
{
    ReadingProgress()
    {
    }

    /// <summary>An image cannot be used, or how many cannot.</summary>
    /// <param name="Message">One line.</param>
    public sealed record Warning(string Message) : ReadingProgress;

    /// <summary>Some hundreds of images more have been decoded.</summary>
    /// <param name="Done">So far.</param>
    /// <param name="Count">In all.</param>
    public sealed record Decoded(int Done, int Count) : ReadingProgress;
}
