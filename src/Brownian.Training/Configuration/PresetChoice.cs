using System.Globalization;
using System.Text;

namespace Brownian;

/// <summary>
/// What to train on images of which nobody says how: the preset whose own images look most alike, with their colours and a size that
/// suits them.
/// </summary>
/// <param name="Preset">Its name; <c>default</c> for <see cref="TrainConfig.Default"/>.</param>
/// <param name="Reason">Why, in a few words.</param>
/// <param name="Config">The preset with these images.</param>
public sealed record PresetChoice(string Preset, string Reason, TrainConfig Config)
{
    /// <summary>What <see cref="Preset"/> says of <see cref="TrainConfig.Default"/>, which has a name in no list.</summary>
    const string Default = "default";

    // Digits, icons and textures are learned at their own size, photographs at one that a network can fill.
    const int Looked = 64, LargestDigit = 36, LargestIcon = 48, LargestKept = 64, LeastKept = 12;

    /// <summary>Looks at a few dozen images, spread evenly over the set.</summary>
    /// <param name="source">The images.</param>
    /// <param name="path">Where they are, as <c>dataset_params.im_path</c> names it; null where they are given to the trainer.</param>
    /// <exception cref="InvalidDataException">None of those looked at can be read.</exception>
    public static PresetChoice For(IImageSource source, string? path = null)
    {
        ArgumentNullException.ThrowIfNull(source);
        List<Image> images = ReadSome(source);
        bool alike = images.All(image => (image.Width, image.Height) == (images[0].Width, images[0].Height));
        int side = images.Select(image => Math.Min(image.Width, image.Height)).Order().ElementAt(images.Count / 2);
        int channels = ChannelsOf(images);
        string kind = channels switch { 1 => "gray", 3 => "in colour", _ => $"of {Counted.Of(channels, "channel")}" };
        (string preset, string like) = (channels, side) switch
        {
            (1, <= LargestDigit) => (Default, "small and gray as digits are"),
            (_, <= LargestIcon) => ("cifar10", $"small and {kind}"),
            _ => ("flowers", $"photographs, {kind}"),
        };
        TrainConfig config = preset == Default ? TrainConfig.Default : Presets.Load(preset);
        int size = alike && images[0].Width == images[0].Height && side is >= LeastKept and <= LargestKept ? side : config.Model.Width;
        string sizes = alike ? $"{images[0].Width}×{images[0].Height}" : $"about {side} pixels";
        return new(preset, $"the images are {like} ({sizes})", Fitted(config, source, path, channels, size));
    }

    static TrainConfig Fitted(TrainConfig config, IImageSource source, string? path, int channels, int size)
    {
        NetworkOptions model = config.Model;
        List<string> overrides = [$"model_params.{model.KeyOf(nameof(model.ImageSize))}={size}"];
        overrides.AddRange(model.ChannelProperties.Select(property => $"model_params.{model.KeyOf(property)}={channels}"));
        config = config.With(overrides);
        return config with
        {
            Dataset = new DatasetParams { ImagePath = path ?? config.Dataset.ImagePath },
            Train = config.Train with
            {
                TaskName = path is null ? config.Train.TaskName : NameOf(path),
                BatchSize = Math.Min(config.Train.BatchSize, source.Count),
            },
        };
    }

    static List<Image> ReadSome(IImageSource source)
    {
        int count = Math.Min(Looked, source.Count);
        List<Image> images = [];
        InvalidDataException? problem = null;
        for (int i = 0; i < count; i++)
        {
            try
            {
                images.Add(source.Read((int)((long)i * source.Count / count)));
            }
            catch (InvalidDataException e)
            {
                problem = e;
            }
        }
        return images.Count > 0 ? images : throw problem!;
    }

    // Arrays keep their channels; colours are learned where some image shows one.
    static int ChannelsOf(List<Image> images) => images[0] is { Channels: var channels, HasAlpha: false } && channels is not (1 or 3)
        ? channels
        : images.Exists(image => image.ShowsColor) ? 3 : 1;

    // The name of a run is the name of a folder.
    static string NameOf(string path)
    {
        string name = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(path)));
        int dot = name.IndexOf('.', 1);
        var safe = new StringBuilder();
        foreach (char c in dot > 0 ? name[..dot] : name) safe.Append(char.IsAsciiLetterOrDigit(c) ? char.ToLower(c, CultureInfo.InvariantCulture) : '-');
        string trimmed = safe.ToString().Trim('-');
        return trimmed.Length == 0 ? "images" : trimmed[..Math.Min(trimmed.Length, 40)];
    }
}
