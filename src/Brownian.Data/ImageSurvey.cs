using System.Globalization;
using Brownian.IO;

namespace Brownian.Data;

/// <summary>What images are as they are stored, before anything is done to them: formats, modes, depths, transparency.</summary>
sealed class ImageSurvey
{
    readonly Dictionary<string, int> _formats = new(StringComparer.Ordinal), _modes = new(StringComparer.Ordinal), _sizes = new(StringComparer.Ordinal);
    int _deep, _transparent, _gray, _small;
    int _least = ushort.MaxValue, _most;

    /// <summary>The number of images.</summary>
    public int Count { get; private set; }

    /// <summary>Whether most show a colour. Gray ones do not, however they are stored: mirrored writing is none.</summary>
    public bool IsColored => 2 * (Count - _gray) > Count;

    /// <summary>How many show no colour, however they are stored.</summary>
    public int Gray => _gray;

    /// <summary>How many have 16 bits per sample.</summary>
    public int Deep => _deep;

    /// <summary>How many have a pixel that is not opaque.</summary>
    public int Transparent => _transparent;

    /// <summary>The least and the largest sample of those with 16 bits; null where there is none.</summary>
    public (int Least, int Most)? DeepRange => _deep == 0 ? null : (_least, _most);

    /// <summary>The least and the largest of both sides.</summary>
    public ((int Width, int Height) Least, (int Width, int Height) Most) Sides { get; private set; } = ((int.MaxValue, int.MaxValue), (0, 0));

    /// <summary>How many images have a size, as "width×height", the commonest first.</summary>
    public IReadOnlyList<KeyValuePair<string, int>> Sizes => Ordered(_sizes);

    /// <summary>How many images are of a file format, the commonest first; those that are not from files are not counted.</summary>
    public IReadOnlyList<KeyValuePair<string, int>> Formats => Ordered(_formats);

    /// <summary>How many images are gray, RGB and so on, the commonest first.</summary>
    public IReadOnlyList<KeyValuePair<string, int>> Modes => Ordered(_modes);

    /// <summary>"32×32", or "460×500 to 800×600": the least and the largest of both sides.</summary>
    public string SizeRange
    {
        get
        {
            string least = $"{Sides.Least.Width}×{Sides.Least.Height}", most = $"{Sides.Most.Width}×{Sides.Most.Height}";
            return least == most ? least : $"{least} to {most}";
        }
    }

    /// <summary>Counts an image that was looked at.</summary>
    public void Add(ImageFacts facts)
    {
        Count++;
        if (facts.Format.Length > 0) CountOne(_formats, facts.Format);
        CountOne(_modes, facts.Mode);
        CountOne(_sizes, $"{facts.Width}×{facts.Height}");
        if (!facts.ShowsColor) _gray++;
        if (facts.IsTransparent) _transparent++;
        if (facts.DeepRange is { } range)
        {
            _deep++;
            (_least, _most) = (Math.Min(_least, range.Least), Math.Max(_most, range.Most));
        }
        Sides = (
            (Math.Min(Sides.Least.Width, facts.Width), Math.Min(Sides.Least.Height, facts.Height)),
            (Math.Max(Sides.Most.Width, facts.Width), Math.Max(Sides.Most.Height, facts.Height)));
    }

    /// <summary>What the files are, and what a preparation makes of them that one might not want, a line each.</summary>
    public IEnumerable<string> Notes(ImagePreparation how)
    {
        if (_formats.Count > 0) yield return $"files: {Words(Formats)}; {Words(Modes)}";
        if (DeepRange is { } range)
        {
            string values = $"{Of(_deep)} 16 bits, with values from {range.Least} to {range.Most}";
            string set = how.Range == DepthRange.Set ? "scaled from this range to all of theirs" : "scaled as they are";
            string kept = how.BitDepth == 16 ? "kept" : "rounded to 8";
            yield return $"{values}: {set}, {kept}{DeepAdvice(range, how)}";
        }
        if (_transparent > 0 && how.DropsAlpha)
        {
            yield return $"{Of(_transparent)} transparent pixels: laid on {how.Background} (dataset_params.background); "
                + "im_channels 4 of data and network keeps the alpha";
        }
        if (how.Channels is 3 or 4 && _gray == Count && Count > 0)
            yield return "no image shows a colour: 1 channel of data and network would learn the same faster";
        if (how.Channels == 1 && _gray < Count)
            yield return $"{Of(Count - _gray)} colours, which become gray: 3 channels of data and network keep them";
        if (_small > 0)
            yield return $"{Of(_small)} fewer pixels than {how.Width}×{how.Height} and {(_small == 1 ? "is" : "are")} enlarged: a smaller network would lose nothing";
    }

    /// <summary>Counts an image that is enlarged.</summary>
    public void AddSmall() => _small++;

    string Of(int count) => count == Count ? "all images have" : Counted.Of(count, "image has", "images have");

    // 12 bits in 16 leave 15 of 16 grays unused: nearly black.
    static string DeepAdvice((int Least, int Most) range, ImagePreparation how)
    {
        List<string> advice = [];
        if (how.Range == DepthRange.Full && range.Most - range.Least < ushort.MaxValue / 2) advice.Add("dataset_params.value_range=set uses all of it");
        if (how.BitDepth == 8) advice.Add("dataset_params.bit_depth=16 keeps them");
        return advice.Count == 0 ? "" : $"; {string.Join(", ", advice)}";
    }

    /// <summary>"20 PNG, 10 JPEG".</summary>
    public static string Words(IEnumerable<KeyValuePair<string, int>> counts) =>
        string.Join(", ", counts.Select(pair => string.Create(CultureInfo.InvariantCulture, $"{pair.Value} {pair.Key}")));

    static KeyValuePair<string, int>[] Ordered(Dictionary<string, int> counts) =>
        [.. counts.OrderByDescending(pair => pair.Value).ThenBy(pair => pair.Key, StringComparer.Ordinal)];

    static void CountOne(Dictionary<string, int> counts, string what) => counts[what] = counts.GetValueOrDefault(what) + 1;
}

/// <summary>What one image is.</summary>
/// <param name="Width">In pixels.</param>
/// <param name="Height">In pixels.</param>
/// <param name="Channels">As stored.</param>
/// <param name="Format">Of its file; empty for others.</param>
/// <param name="Mode">"gray", "RGBA" and so on, with the depth where it is 16 bits.</param>
/// <param name="ShowsColor">Some pixel is not gray.</param>
/// <param name="IsTransparent">Some pixel is not opaque.</param>
/// <param name="DeepRange">The least and the largest sample of 16 bits, alpha not counted; null for 8 bits.</param>
readonly record struct ImageFacts(
    int Width, int Height, int Channels, string Format, string Mode, bool ShowsColor, bool IsTransparent, (int Least, int Most)? DeepRange)
{
    public static ImageFacts Of(Image image)
    {
        string mode = image.Channels switch { 1 => "gray", 2 when image.HasAlpha => "gray with alpha", 3 => "RGB", 4 when image.HasAlpha => "RGBA", int n => $"of {n} channels" };
        return new(
            image.Width, image.Height, image.Channels, image.Format, image.BitDepth == 16 ? $"{mode} of 16 bits" : mode,
            image.ShowsColor, image.HasTransparency, image.BitDepth == 16 ? RangeOf(image) : null);
    }

    static (int, int) RangeOf(Image image)
    {
        Span<ushort> samples = image.Deep;
        int least = ushort.MaxValue, most = 0, colors = image.HasAlpha ? image.Channels - 1 : image.Channels;
        for (int i = 0; i < samples.Length; i++)
        {
            if (i % image.Channels >= colors) continue;
            least = Math.Min(least, samples[i]);
            most = Math.Max(most, samples[i]);
        }
        return (least, most);
    }
}
