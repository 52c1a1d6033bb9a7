namespace Brownian.Training;

/// <summary>The sizes of a <see cref="Diffusion.TutorialUNet"/> that fit together, under their names in the configuration.</summary>
static class ModelRules
{
    const int NormGroups = 8;
    const int LastUpChannels = 16;
    const int MaxChannels = 1 << 16;

    public static IEnumerable<(string Key, bool Good, string Message)> Of(ModelParams s)
    {
        int halvings = s.DownSample.Count(halves => halves), multiple = 1 << Math.Min(halvings, 20);
        yield return ("type", s.Type == ModelParams.TutorialUNet, $"is '{s.Type}'; there is {ModelParams.TutorialUNet}");
        yield return ("im_channels", s.ImageChannels is 1 or 3 or 4, $"is {s.ImageChannels}; images have 1, 3 or 4");
        yield return ("im_size", s.ImageSize is >= 1 and <= 4096, $"is {s.ImageSize}; it must be 1 to 4096");
        yield return ("down_channels", s.DownChannels.Count is >= 2 and <= 20,
            $"has {s.DownChannels.Count} entries; it needs at least 2, for one down block");
        yield return ("mid_channels", s.MidChannels.Count is >= 2 and <= 100,
            $"has {s.MidChannels.Count} entries; it needs at least 2, for one middle block");
        yield return ("down_sample", s.DownSample.Count == s.DownChannels.Count - 1,
            $"has {s.DownSample.Count} entries for {s.DownChannels.Count - 1} down blocks; give one fewer than down_channels has");
        yield return ("im_size", s.ImageSize % multiple == 0,
            $"is {s.ImageSize}, which cannot be halved {halvings} times; use a multiple of {multiple}");
        yield return ("num_heads", s.Heads >= 1 && LastUpChannels % s.Heads == 0,
            $"is {s.Heads}; it must divide {LastUpChannels}, the channels of the last up block");
        foreach ((string, bool, string) rule in Channels("down_channels", s.DownChannels, s.Heads)) yield return rule;
        foreach ((string, bool, string) rule in Channels("mid_channels", s.MidChannels, s.Heads)) yield return rule;
        yield return ("mid_channels", s.MidChannels[0] == s.DownChannels[^1],
            $"starts with {s.MidChannels[0]}; it must start with the last of down_channels, {s.DownChannels[^1]}");
        yield return ("mid_channels", s.MidChannels[^1] == s.DownChannels[^2],
            $"ends with {s.MidChannels[^1]}; it must end with the last but one of down_channels, {s.DownChannels[^2]}");
        yield return ("time_emb_dim", s.TimeEmbeddingSize >= 2 && s.TimeEmbeddingSize <= MaxChannels && s.TimeEmbeddingSize % 2 == 0,
            $"is {s.TimeEmbeddingSize}; it must be even, for sines and cosines");
        yield return ("num_down_layers", s.DownLayers is >= 1 and <= 100, $"is {s.DownLayers}; it must be at least 1");
        yield return ("num_mid_layers", s.MidLayers is >= 1 and <= 100, $"is {s.MidLayers}; it must be at least 1");
        yield return ("num_up_layers", s.UpLayers is >= 1 and <= 100, $"is {s.UpLayers}; it must be at least 1");
    }

    static IEnumerable<(string Key, bool Good, string Message)> Channels(string key, Values<int> channels, int heads)
    {
        foreach (int count in channels)
        {
            yield return (key, count >= 1 && count <= MaxChannels && count % NormGroups == 0,
                $"has {count}; it must be a multiple of {NormGroups}, the groups of the norms");
            yield return (key, count % heads == 0, $"has {count}, which num_heads, {heads}, does not divide");
        }
    }
}
