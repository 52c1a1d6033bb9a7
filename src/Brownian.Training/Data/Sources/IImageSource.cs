using Brownian.Imaging;

namespace Brownian.Training;

/// <summary>
/// Images as they are found, of any size and mode, decoded one at a time, and broken ones among them. Every member may be called from
/// several threads at once.
/// </summary>
interface IImageSource : IDisposable
{
    /// <summary>What this is, in a few words: "flowers (a folder of images)".</summary>
    string Title { get; }

    /// <summary>The number of images, broken ones included; at least 1.</summary>
    int Count { get; }

    /// <summary>The names of the classes; empty where there are none.</summary>
    IReadOnlyList<string> Classes { get; }

    /// <summary>True for pictures of things, which mirrored are such pictures again, if they are in colour; false for writing.</summary>
    bool IsPictures { get; }

    /// <summary>The class of an image, or −1.</summary>
    int Label(int index);

    /// <summary>What messages call an image.</summary>
    string NameOf(int index);

    /// <summary>Decodes an image.</summary>
    /// <exception cref="InvalidDataException">It is damaged; the message begins with its name.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    Image Read(int index);
}
