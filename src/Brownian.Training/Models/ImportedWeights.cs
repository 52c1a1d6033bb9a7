using Brownian.Nn;

namespace Brownian;

/// <summary>Which weights of a file were taken, and what else was in it.</summary>
public sealed record ImportedWeights
{
    /// <summary>Where in the file they were: keys with slashes between; empty for its top.</summary>
    public required string Key { get; init; }

    /// <summary>What all their names began with besides; empty for nothing.</summary>
    public required string Prefix { get; init; }

    /// <summary>Whether they are an average over the steps of training.</summary>
    public required bool IsAverage { get; init; }

    /// <summary>What else in the file has all names of the network: the key that takes it, and whether it is an average.</summary>
    public required IReadOnlyList<(string Key, bool IsAverage)> Others { get; init; }

    /// <summary>Classes of objects in the file that were passed over unread.</summary>
    public required IReadOnlyList<string> Unread { get; init; }

    /// <summary>What is in doubt: what was assumed that the file does not say, and averaged weights that could not be taken.</summary>
    public IReadOnlyList<string> Assumptions { get; private init; } = [];

    /// <summary>Finds a network's weights in a file of Python's.</summary>
    /// <param name="file">The file; closed with the weights, or on failure.</param>
    /// <param name="description">The network.</param>
    /// <param name="parameters">Its parameters.</param>
    /// <param name="key">As for <see cref="StateDict.Open"/>.</param>
    /// <param name="newOrder">As for <see cref="GuidedUNet.Of"/>.</param>
    /// <exception cref="InvalidDataException">They are not there, or of another network.</exception>
    internal static (ImportedWeights Taken, ITensorFile Weights) Find(
        ITensorFile file, ModelDescription description, ParameterSet parameters, string? key, bool newOrder)
    {
        if (OtherNetworks.Named(file) is { } other)
        {
            file.Dispose();
            throw new InvalidDataException($"{file.Path}: {other}.");
        }
        if (GuidedUNet.IsIn(file)) return FindGuided(file, description, key, newOrder);
        if (newOrder) throw new ArgumentException($"{file.Path}: not of guided-diffusion, whose order of attention was asked for; leave it out.");
        if (description.Model is UNet2DOptions) file = new RenamedTensors(file, UNet2DNames.Modern);
        IEnumerable<string> needed = parameters.Where(parameter => parameter.Layout != ParameterLayout.Count).Select(parameter => parameter.Name);
        StateDict weights = StateDict.Find(file, needed, key);
        return (Of(weights), weights);
    }

    static (ImportedWeights Taken, ITensorFile Weights) FindGuided(ITensorFile file, ModelDescription description, string? key, bool newOrder)
    {
        StateDict weights = StateDict.Find(file, GuidedUNet.NamesIn(file), key);
        try
        {
            GuidedUNet network = GuidedUNet.Of(weights, description.Model, newOrder);
            ImportedWeights taken = Of(weights);
            return (taken with { Assumptions = [.. taken.Assumptions, .. Assumed(description, newOrder)] }, network);
        }
        catch
        {
            weights.Dispose();
            throw;
        }
    }

    static IEnumerable<string> Assumed(ModelDescription description, bool newOrder)
    {
        const int Unscaled = 1000;
        var network = (UNet2DOptions)description.Model;
        bool attends = network.AttentionHeadDim is { } heads && heads < network.BlockOutChannels[^1];
        if (attends && !newOrder)
        {
            yield return "each attention head's queries, keys and values lie together, as by default; if the network was trained with "
                + "use_new_attention_order, add --new-attention-order.";
        }
        if (network.AttentionHeadDim is null)
        {
            yield return "attention has one head, as model_params says; for a network of num_heads or num_head_channels set attention_head_dim, "
                + "which the file does not say.";
        }
        if (description.Diffusion.Timesteps != Unscaled)
        {
            yield return $"the network is told timesteps 0 to {description.Diffusion.Timesteps - 1}; if it was trained with rescale_timesteps, which tells it "
                + $"0 to {Unscaled - 1}, its images will be wrong.";
        }
    }

    static ImportedWeights Of(StateDict weights) => new()
    {
        Key = weights.Key,
        Prefix = weights.Prefix,
        IsAverage = weights.IsAverage,
        Others = weights.Others,
        Unread = weights.Unread,
        Assumptions = (weights.IncompleteAverage, weights.AverageOfOtherNames) switch
        {
            ((var key, var missing), _) => [$"averaged weights are there, too, under '{key}', but without '{missing}'; the raw ones were taken."],
            (_, { } average) => [$"averaged weights are there, too ('{average}' …), under names that are not the network's; the raw ones were taken."],
            _ => [],
        },
    };
}
