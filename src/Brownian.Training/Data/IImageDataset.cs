namespace Brownian.Training;

/// <summary>
/// A finite set of images of one size, as 8-bit H×W×C pixels (channels last), with or without class labels.
/// Every member may be called from several threads at once.
/// </summary>
public interface IImageDataset
{
    /// <summary>The number of images, at least 1.</summary>
    int Count { get; }

    /// <summary>The width of every image in pixels.</summary>
    int Width { get; }

    /// <summary>The height of every image in pixels.</summary>
    int Height { get; }

    /// <summary>The channels of every pixel: 1 for gray, 3 for RGB, 4 for RGBA.</summary>
    int Channels { get; }

    /// <summary>The names of the classes, where a label is an index into this list; empty when the set is unlabelled.</summary>
    IReadOnlyList<string> Classes { get; }

    /// <summary>One line for people: what this is, how many images, of what size.</summary>
    string Description { get; }

    /// <summary>Copies image <paramref name="index"/> to <paramref name="pixels"/>.</summary>
    /// <param name="index">0 to <see cref="Count"/> − 1.</param>
    /// <param name="pixels">Exactly Height·Width·Channels bytes, filled row by row, channels last.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such image.</exception>
    /// <exception cref="ArgumentException"><paramref name="pixels"/> has another length.</exception>
    void Read(int index, Span<byte> pixels);

    /// <summary>Copies another part of image <paramref name="index"/>, where more of it is known than its size shows.</summary>
    /// <param name="index">0 to <see cref="Count"/> − 1.</param>
    /// <param name="at">Which part; sets that know no more give what <see cref="Read(int, Span{byte})"/> gives.</param>
    /// <param name="pixels">Exactly Height·Width·Channels bytes, filled row by row, channels last.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such image.</exception>
    /// <exception cref="ArgumentException"><paramref name="pixels"/> has another length.</exception>
    void Read(int index, CropPosition at, Span<byte> pixels) => Read(index, pixels);

    /// <summary>The class of image <paramref name="index"/>, 0 to <c>Classes.Count</c> − 1, or −1 when it has none.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such image.</exception>
    int Label(int index);

    /// <summary>True where an image that is mirrored left to right could be one of the set, as with most photographs.</summary>
    bool MayBeMirrored => false;

    /// <summary>The memory, in bytes, that will be added when every image has been read once: 0 where all is loaded already.</summary>
    long UnreadBytes => 0;
}
