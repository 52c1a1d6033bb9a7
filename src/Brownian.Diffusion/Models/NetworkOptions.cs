using Brownian.Tensors;

namespace Brownian;

/// <summary>
/// What a network is made of: section <c>model_params</c> of a configuration. Each architecture has a record of its own, beside its code.
/// </summary>
public abstract record NetworkOptions : Settings
{
    /// <summary>Width and height of the images in pixels, or height and width where they differ.</summary>
    public abstract Values<int> ImageSize { get; init; }

    /// <summary>The channels of an image.</summary>
    public abstract int Channels { get; }

    /// <summary>Show the network its last estimate of the image beside x_t (self-conditioning, Chen et al. 2023).</summary>
    [Key("self_condition", Quiet = true)] public bool SelfConditioned { get; init; }

    /// <summary>The channels that the network sees: a constructor's first layer takes so many.</summary>
    public int SeenChannels => SelfConditioned ? 2 * Channels : Channels;

    /// <summary>The channels of the network's answer: as many, or twice as many for a learned variance.</summary>
    public virtual int OutputChannels => Channels;

    /// <summary>The classes that the network can be told, that for "any image" included; 0 for an unconditional one.</summary>
    public virtual int Classes => 0;

    /// <summary>The height of an image in pixels.</summary>
    public int Height => ImageSize[0];

    /// <summary>The width of an image in pixels.</summary>
    public int Width => ImageSize[^1];

    /// <summary>Heights and widths must be multiples of this: an image is halved once per level below the first.</summary>
    public abstract int SizeMultiple { get; }

    /// <summary>How configurations call the architecture.</summary>
    public string Type => NetworkType.Of(this).Name;

    /// <summary>The properties that give the channels of an image.</summary>
    public abstract IReadOnlyList<string> ChannelProperties { get; }

    /// <summary>The property that gives the number of classes; null for a network that cannot be told any.</summary>
    public virtual string? ClassesProperty => null;

    /// <summary>The property that gives the most timesteps the network can tell apart, and its value; null for no limit.</summary>
    public virtual (string Property, int Most)? TimestepLimit => null;

    /// <summary>A rule that training adds to those for sampling; null for none.</summary>
    public virtual Rule? TrainingRule => null;

    /// <summary>The same network for so many classes, 0 for an unconditional one; null for one that cannot be told any.</summary>
    public virtual NetworkOptions? WithClasses(int classes) => null;

    /// <summary>A network of this make with fresh weights.</summary>
    /// <param name="device">Where it computes.</param>
    /// <param name="seed">Of the weights.</param>
    /// <exception cref="ArgumentException">The options do not make a network.</exception>
    public abstract IDenoisingNetwork CreateNetwork(Device device, ulong seed = 0);

    /// <inheritdoc/>
    protected override string Title => NetworkType.Of(this).ClassName;

    /// <summary>The size of the images, which any network limits alike.</summary>
    protected Rule SizeRule => new(
        nameof(ImageSize), ImageSize.Count is 1 or 2 && ImageSize.All(side => side is >= 1 and <= 4096),
        $"is {ImageSize}; it must be one number, or [height, width], of 1 to 4096");
}

/// <summary>An architecture that configurations can name.</summary>
/// <param name="Name">Its <c>type</c> in <c>model_params</c>.</param>
/// <param name="Initial">Its options before any key is read.</param>
public sealed record NetworkType(string Name, NetworkOptions Initial)
{
    /// <summary>All of them: to add one here is to write its file and a line; a program adds its own with <see cref="Register"/>.</summary>
    public static IReadOnlyList<NetworkType> All { get; private set; } =
    [
        new("tutorial_unet", new TutorialUNetOptions()),
        new("unet2d", new UNet2DOptions()),
        new("plain_unet", new PlainUNetOptions()),
        new("residual_unet", new ResidualUNetOptions()),
        new("simple_unet", new SimpleUNetOptions()),
    ];

    static readonly Lock Adding = new();

    /// <summary>Adds an architecture of the program's own, so that runs and models with it can be saved and opened.</summary>
    /// <param name="name">Its <c>type</c> in <c>model_params</c>.</param>
    /// <param name="initial">Its options before any key is read.</param>
    /// <exception cref="ArgumentException">There is one of that name, or of those options, already.</exception>
    public static void Register(string name, NetworkOptions initial)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(initial);
        lock (Adding)
        {
            if (All.FirstOrDefault(type => type.Name == name || type.Initial.GetType() == initial.GetType()) is { } there)
                throw new ArgumentException($"There is a network '{there.Name}' of {there.Initial.GetType().Name} already.");
            All = [.. All, new(name, initial)];
        }
    }

    /// <summary>The name of the class in messages.</summary>
    internal string ClassName => Initial.GetType().Name.Replace("Options", "", StringComparison.Ordinal);

    /// <summary>The type of given options; one that is not listed is called by the name of its record.</summary>
    public static NetworkType Of(NetworkOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return All.FirstOrDefault(type => type.Initial.GetType() == options.GetType()) ?? new(options.GetType().Name, options);
    }
}
