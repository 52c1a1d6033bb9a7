using Brownian.Diffusion;
using Brownian.Tensors;

namespace Brownian.Training;

/// <summary>
/// Section <c>model_params</c>: the network. Each <c>type</c> has a record of its own with its own keys; a key of another type is an error.
/// </summary>
public abstract record ModelParams
{
    private protected ModelParams() { }

    /// <summary><c>type</c>: which architecture, as the configuration names it.</summary>
    public string Type => ModelType.Of(this).Name;

    /// <summary>The channels of an image.</summary>
    public abstract int Channels { get; }

    /// <summary>The channels of the network's answer: as many, or twice as many for a learned variance.</summary>
    public virtual int OutputChannels => Channels;

    /// <summary>The number of classes that the network can be told, that for "any image" included; 0 for an unconditional one.</summary>
    public virtual int Classes => 0;

    /// <summary>The height of an image in pixels.</summary>
    public abstract int Height { get; }

    /// <summary>The width of an image in pixels.</summary>
    public abstract int Width { get; }

    /// <summary>A network of this type and size with fresh weights.</summary>
    /// <param name="device">Where it computes.</param>
    /// <param name="seed">Of the weights.</param>
    /// <exception cref="ArgumentException">The numbers do not make a network.</exception>
    public abstract IDenoisingNetwork CreateNetwork(Device device, ulong seed = 0);

    /// <summary>The key that gives the size of an image.</summary>
    internal abstract string SizeKey { get; }

    /// <summary>True where height and width may differ; the key then takes <c>[height, width]</c> too.</summary>
    internal virtual bool MayBeOblong => false;

    /// <summary>The keys that give the channels of an image.</summary>
    internal abstract IReadOnlyList<string> ChannelKeys { get; }

    /// <summary>The key that gives the number of classes.</summary>
    internal virtual string ClassesKey => "num_class_embeds";

    /// <summary>The same network for so many classes; null for a type that cannot be told any.</summary>
    internal virtual ModelParams? WithClasses(int classes) => null;

    /// <summary>What values the section may have, under the names of its keys; a later rule may rely on those before it.</summary>
    internal abstract IEnumerable<(string Key, bool Good, string Message)> Rules();

    /// <summary>The key that gives the most timesteps the network can tell apart, and its value; null for no limit.</summary>
    internal virtual (string Key, int Most)? TimestepLimit => null;

    /// <summary>Why a network that can be sampled from cannot be trained; null for none.</summary>
    internal virtual ConfigProblem? WhyNotTrainable => null;
}
