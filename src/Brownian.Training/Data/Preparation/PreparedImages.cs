using System.Buffers;
using Brownian.Diffusion;
using Brownian.Imaging;

namespace Brownian.Training;

/// <summary>
/// Images from anywhere, brought to one size and mode. Each is decoded once when the set is opened, in parallel, which finds the broken
/// ones; what is kept of it depends on <see cref="ImagePreparation.Cache"/>.
/// </summary>
public sealed class PreparedImages : IImageDataset, IDisposable
{
    readonly ImagePreparation _how;
    readonly IImageSource? _source;     // null where all is in the store
    readonly PixelStore? _store;
    readonly PreparedImage[] _images;

    internal PreparedImages(ImagePreparation how, IImageSource source, PixelStore? store, ImageLoading loaded)
    {
        (_how, _store, _source) = (how, store, store is null ? source : null);
        _images = [.. loaded.Images];
        Classes = source.Classes;
        MayBeMirrored = source.IsPictures && loaded.MostlyColor;
        string untouched = $"{how.Width}×{how.Height}", range = loaded.SizeRange;
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
    public IReadOnlyList<string> Classes { get; }

    /// <inheritdoc/>
    public string Description { get; }

    /// <summary>True for pictures of which most are in colour.</summary>
    public bool MayBeMirrored { get; }

    /// <summary>False where every reading decodes.</summary>
    internal bool IsCached => _store is not null;

    /// <summary>Opens what a path holds: see <see cref="DatasetParams.ImagePath"/>. A set that fits already is returned as it is.</summary>
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
        From(ImageSources.Named(path), how, progress, cancel);

    internal static IImageDataset From(
        IImageSource source, ImagePreparation how, IProgress<ReadingProgress>? progress, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(how);
        how.Check();
        if (source is DatasetImages { Set: { } set } && (set.Width, set.Height, set.Channels) == (how.Width, how.Height, how.Channels))
            return how.Limit < set.Count ? set.Take(how.Limit.Value) : set;
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
            Image scaled = _how.Scale(_source!.Read(image.Source));
            _how.Cut(scaled.Width, scaled.Height, scaled.Pixels, at, pixels);
            return;
        }
        if ((image.Width, image.Height) == (Width, Height))
        {
            _store.Read(index, pixels);
            return;
        }
        int bytes = image.Width * image.Height * Channels;
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

    string Words()
    {
        string scaling = _how.Resize == ResizeMode.None ? "" : $"{Names.Of(_how.Resize)} ({Names.Of(_how.Interpolation)})";
        string cropping = _how.Resize switch
        {
            ResizeMode.None => $"{Names.Of(_how.Crop)} crop",
            ResizeMode.Cover => $", {Names.Of(_how.Crop)} crop",
            _ => "",
        };
        return scaling + cropping;
    }
}

/// <summary>One image that can be used.</summary>
/// <param name="Source">Its number in the source.</param>
/// <param name="Label">Its class, or −1.</param>
/// <param name="Width">Of what is stored: the wanted width, or more where crops are drawn at random.</param>
/// <param name="Height">The same.</param>
readonly record struct PreparedImage(int Source, int Label, int Width, int Height);
