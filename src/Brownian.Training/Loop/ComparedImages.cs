using System.Globalization;
using Brownian.Evaluation;

namespace Brownian;

/// <summary>A set of real images, or of images from anywhere, brought to the size in which it is compared with another.</summary>
public sealed class ComparedImages : IDisposable
{
    readonly string _preparation;
    readonly string? _place;

    ComparedImages(string name, IImageDataset images, string preparation) =>
        (Name, Images, _preparation, _place) = (name, images, preparation, FeatureCache.Beside(name));

    /// <summary>The path, as it was given.</summary>
    public string Name { get; }

    /// <summary>The images.</summary>
    public IImageDataset Images { get; }

    /// <summary>What network features are made for.</summary>
    public FeatureImages Kind => FeatureImages.Of(Images);

    /// <summary>The images that a configuration names, brought to its network's size as they are for training.</summary>
    /// <param name="config">Names the images and the network.</param>
    /// <param name="progress">Told how far decoding is, and of images that cannot be read.</param>
    /// <param name="cancel">Ends it early.</param>
    /// <exception cref="ArgumentException">The network draws images that are neither gray nor RGB.</exception>
    /// <exception cref="InvalidDataException">There are no images.</exception>
    /// <exception cref="IOException">There is no such file or folder.</exception>
    public static ComparedImages Of(TrainConfig config, IProgress<ReadingProgress>? progress = null, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(config);
        config.Validate();
        if (config.Model.Channels is not (1 or 3))
            throw new ArgumentException($"the model draws images of {Counted.Of(config.Model.Channels, "channel")}; only gray and RGB ones can be compared.");
        return Of(config, ConfiguredDataset.Prepare(config, progress, cancel));
    }

    /// <summary>The same with images that are prepared already, and stay the caller's if this is not disposed.</summary>
    internal static ComparedImages Of(TrainConfig config, IImageDataset images)
    {
        // Where images wait, and how many are taken, is nothing to what each becomes.
        ImagePreparation how = ConfiguredDataset.Preparation(config) with { Cache = default, Limit = null, Strict = false };
        return new ComparedImages(config.Dataset.ImagePath, images, $"{how} {config.Dataset.Split} {config.Dataset.Labels}");
    }

    /// <summary>Two sets of images, brought to one size and to gray or RGB alike.</summary>
    /// <param name="a">The one, as <see cref="ImageSources.Open"/> takes it.</param>
    /// <param name="b">The other.</param>
    /// <param name="ofB">Which images of <paramref name="b"/>; of the other all are taken, or those to train on.</param>
    /// <param name="side">Width and height to bring both to; null for the size that one has, the smaller one's where both have one.</param>
    /// <param name="note">Told in a line what is done to which.</param>
    /// <param name="progress">Told how far decoding is, and of images that cannot be read.</param>
    /// <param name="cancel">Ends it early.</param>
    /// <exception cref="InvalidDataException">There are no images, or neither set has one size.</exception>
    /// <exception cref="IOException">There is no such file or folder.</exception>
    public static (ComparedImages A, ComparedImages B) Both(
        string a, string b, SourceOptions ofB, int? side, Action<string> note, IProgress<ReadingProgress>? progress = null, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(note);
        // To open a large set takes its time, which a mistyped path of the other must not cost.
        ImageSources.RequirePath(a);
        ImageSources.RequirePath(b);
        IImageSource first = ImageSources.Open(a);
        IImageSource? second = null;
        try
        {
            second = ImageSources.Open(b, ofB);
            ImageLook ofFirst = ImageLook.At(first, a), ofSecond = ImageLook.At(second, b);
            ImagePreparation how = ImageLook.Common(ofFirst, ofSecond, side, a, b);
            foreach ((string name, ImageLook look) in (ReadOnlySpan<(string, ImageLook)>)[(a, ofFirst), (b, ofSecond)])
            {
                if (look.Change(how) is { } change) note($"{name}: {change}");
            }
            ComparedImages one = Prepared(a, first, how, new SourceOptions(), progress, cancel);
            try
            {
                return (one, Prepared(b, second, how, ofB, progress, cancel));
            }
            catch
            {
                one.Dispose();
                throw;
            }
        }
        catch
        {
            first.Dispose();
            second?.Dispose();
            throw;
        }
    }

    /// <summary>The features of the first images in <see cref="FeatureExtraction.Order"/>.</summary>
    /// <param name="extraction">What looks.</param>
    /// <param name="count">How many, at most.</param>
    /// <param name="cache">Take those that are kept, and keep the others.</param>
    /// <param name="note">Told in a line where they come from; null to tell nobody.</param>
    /// <param name="progress">Told after each batch.</param>
    /// <param name="cancel">Checked before each batch.</param>
    /// <inheritdoc cref="FeatureExtraction.Of(IImageDataset, ReadOnlyMemory{int}, IProgress{ExtractionProgress}, CancellationToken)" path="/exception"/>
    public FeatureSet Features(
        FeatureExtraction extraction, int count, bool cache, Action<string>? note = null, IProgress<ExtractionProgress>? progress = null, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(extraction);
        count = Math.Min(count, Images.Count);
        return cache
            ? new FeatureCache(_place, note).Of(Images, _preparation, count, extraction, progress, cancel)
            : extraction.Of(Images, FeatureExtraction.Order(Images.Count, count), progress, cancel);
    }

    /// <summary>Of how many images <see cref="Features"/> are kept.</summary>
    /// <param name="extraction">What would look.</param>
    public int KeptFeatures(FeatureExtraction extraction) => new FeatureCache(_place).Kept(Images, _preparation, extraction);

    /// <summary>An image of the set.</summary>
    /// <param name="index">0 to Count − 1.</param>
    public Image Read(int index)
    {
        var image = new Image(Images.Width, Images.Height, Images.Channels, Images.BitDepth);
        Images.Read(index, image.Pixels);
        return image.ToBitDepth(8);
    }

    /// <inheritdoc/>
    public void Dispose() => Images.Dispose();

    static ComparedImages Prepared(
        string name, IImageSource source, ImagePreparation how, SourceOptions options, IProgress<ReadingProgress>? progress, CancellationToken cancel) =>
        new(name, PreparedImages.Open(source, how, progress, cancel), $"{how} {options.Split} {options.Labels}");
}

/// <summary>What the images of a source look like, by some of them.</summary>
/// <param name="Width">Of all; 0 where they differ.</param>
/// <param name="Height">The same.</param>
/// <param name="ShowsColor">Whether one shows a colour.</param>
/// <param name="Channels">Of the first.</param>
sealed record ImageLook(int Width, int Height, bool ShowsColor, int Channels)
{
    const int Looked = 64;

    public bool HasSize => Width > 0;

    public static ImageLook At(IImageSource source, string name)
    {
        List<Image> seen = [];
        int count = Math.Min(Looked, source.Count);
        for (int i = 0; i < count; i++)
        {
            try
            {
                seen.Add(source.Read((int)((long)i * source.Count / count)));
            }
            catch (Exception e) when (e is InvalidDataException or IOException)
            {
                // Told when the set is prepared.
            }
        }
        if (seen.Count == 0 && count == source.Count) throw new InvalidDataException(count == 1 ? $"{name}: its only image cannot be read." : $"{name}: none of its {count} images can be read.");
        if (seen.Count == 0) return new ImageLook(0, 0, true, 3);
        (int width, int height) = seen.All(image => (image.Width, image.Height) == (seen[0].Width, seen[0].Height)) ? (seen[0].Width, seen[0].Height) : (0, 0);
        return new ImageLook(width, height, seen.Exists(image => image.ShowsColor), seen[0].Channels);
    }

    public static ImagePreparation Common(ImageLook a, ImageLook b, int? side, string nameOfA, string nameOfB)
    {
        foreach ((ImageLook look, string name) in (ReadOnlySpan<(ImageLook, string)>)[(a, nameOfA), (b, nameOfB)])
        {
            if (look.Channels > 4) throw new InvalidDataException($"{name}: images of {Counted.Of(look.Channels, "channel")} cannot be compared; they must be gray or RGB.");
        }
        int channels = a.ShowsColor || b.ShowsColor ? 3 : 1;
        if (side is { } given) return new ImagePreparation(given, given, channels);
        if (!a.HasSize && !b.HasSize)
            throw new InvalidDataException($"{nameOfA}, {nameOfB}: neither set has images of one size; say what to bring both to, such as --size 64.");
        bool takesA = a.HasSize && (!b.HasSize || (long)a.Width * a.Height <= (long)b.Width * b.Height);
        return takesA ? new ImagePreparation(a.Width, a.Height, channels) : new ImagePreparation(b.Width, b.Height, channels);
    }

    /// <summary>What becomes of such images; null for nothing.</summary>
    public string? Change(ImagePreparation how)
    {
        string was = HasSize ? string.Create(CultureInfo.InvariantCulture, $"images of {Width}×{Height}") : "images of several sizes";
        string? size = (Width, Height) == (how.Width, how.Height)
            ? null
            : string.Create(CultureInfo.InvariantCulture, $"{was} are resized to cover {how.Width}×{how.Height} (bicubic) and center-cropped");
        string? color = how.Channels == 3 && Channels <= 2 ? "gray images are compared as RGB, as the others are in colour"
            : how.Channels == 1 && Channels >= 3 ? "none shows a colour, and they are compared as gray"
            : null;
        return size is null ? color : color is null ? size : $"{size}; {color}";
    }
}
