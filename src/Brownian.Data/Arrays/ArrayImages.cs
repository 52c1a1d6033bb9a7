using System.Buffers;
using Brownian.IO;

namespace Brownian.Data;

/// <summary>The images of an array; see <see cref="NpyArray"/>.</summary>
sealed class ArrayImages : IImageDataset
{
    /// <summary>Larger arrays are not read just to know them again.</summary>
    const long MostHashed = 1L << 30;

    readonly NpyArray _array;
    readonly ArrayLayout _layout;
    readonly ValueRange _range;
    readonly ClassLabels _labels;
    readonly IDisposable[] _files;
    string? _content;

    /// <param name="title">In a few words, before the colon of <see cref="Description"/>.</param>
    /// <param name="array">Where the numbers are.</param>
    /// <param name="labels">Labels as they are stored; null for none.</param>
    /// <param name="files">Closed with the set.</param>
    /// <exception cref="InvalidDataException">It holds no images.</exception>
    public ArrayImages(string title, NpyArray array, NpyArray? labels, params IDisposable[] files)
    {
        (_array, _files) = (array, files);
        _layout = ArrayLayout.Of(array.Name, array.Type.Shape, IsPlanar);
        _range = array.Range();
        _labels = labels is null ? ClassLabels.None : ClassLabels.Of(labels, _layout.Count);
        Description = $"{title}: {this.Summary()}";
        Fingerprint = string.Join(' ', new[] { array, labels }.OfType<NpyArray>().Select(stored => FileStamp.Of(stored.File)));
        Notes =
        [
            .. new[] { _layout.Note, _range.Note }.OfType<string>().Select(note => $"{Path.GetFileName(array.Name)}: {note}"),
            .. array.Rest > 0 ? [$"{Path.GetFileName(array.Name)}: {Counted.Of(array.Rest, "byte")} after the first array {(array.Rest == 1 ? "is" : "are")} left out"] : (string[])[],
            .. _labels.Notes,
        ];
    }

    /// <summary>What was assumed, and what was left out.</summary>
    public IReadOnlyList<string> Notes { get; }

    public int Count => _layout.Count;

    public int Width => _layout.Width;

    public int Height => _layout.Height;

    public int Channels => _layout.Channels;

    public int BitDepth => _range.BitDepth;

    public IReadOnlyList<string> Classes => _labels.Classes;

    public string Description { get; }

    public string Fingerprint { get; }

    public string Content => _content ??= (long)Count * this.ImageBytes() <= MostHashed ? this.HashOfContent() : "";

    public bool MayBeMirrored => Channels == 3;

    public int Label(int index)
    {
        this.CheckIndex(index);
        return _labels.Of(index);
    }

    public void Read(int index, Span<byte> pixels)
    {
        this.CheckIndex(index);
        this.CheckTarget(pixels);
        Decode(_array, _layout, _range, index, pixels);
    }

    /// <summary>One image of an array.</summary>
    /// <param name="array">Where the numbers are.</param>
    /// <param name="layout">What they are.</param>
    /// <param name="range">What they stand for.</param>
    /// <param name="index">Which one.</param>
    public static Image Decode(NpyArray array, ArrayLayout layout, ValueRange range, int index)
    {
        var image = new Image(layout.Width, layout.Height, layout.Channels, range.BitDepth);
        Decode(array, layout, range, index, image.Pixels);
        return image;
    }

    static void Decode(NpyArray array, ArrayLayout layout, ValueRange range, int index, Span<byte> pixels)
    {
        long first = (long)index * layout.ImageLength;
        bool asStored = range == ValueRange.Bytes;
        if (asStored && !layout.Planes)
        {
            array.Read(first, pixels);
            return;
        }
        byte[] stored = ArrayPool<byte>.Shared.Rent(pixels.Length);
        double[] values = asStored ? [] : ArrayPool<double>.Shared.Rent(layout.ImageLength);
        try
        {
            Span<byte> samples = stored.AsSpan(0, pixels.Length);
            if (asStored)
            {
                array.Read(first, samples);
            }
            else
            {
                Span<double> numbers = values.AsSpan(0, layout.ImageLength);
                array.Read(first, numbers);
                range.ToPixels(numbers, samples);
            }
            layout.Interleave(samples, pixels, range.BitDepth / 8);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(stored);
            if (values.Length > 0) ArrayPool<double>.Shared.Return(values);
        }
    }

    public void Dispose()
    {
        foreach (IDisposable file in _files) file.Dispose();
    }

    bool IsPlanar(int side)
    {
        const int Looked = 16;
        int length = 3 * side * side;
        long count = _array.Type.Shape[0];
        IEnumerable<double[]> rows = Enumerable.Range(0, (int)Math.Min(Looked, count)).Select(i =>
        {
            double[] row = new double[length];
            _array.Read(i * (count / Math.Min(Looked, count)) * length, row.AsSpan());
            return row;
        });
        return ArrayLayout.IsPlanar(rows, side) ?? throw new InvalidDataException(
            $"{_array.Name}: its rows of {length} numbers are images of {side}×{side} in colour, but not whether the colours come one after the other "
            + "or in threes; save it as N×H×W×C or N×C×H×W (array.reshape).");
    }
}
