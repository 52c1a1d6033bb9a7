using Brownian.Diffusion;

namespace Brownian.Training;

/// <summary>What values a <see cref="UNet2DParams"/> may have, under diffusers' names.</summary>
static class UNet2DRules
{
    const int MaxChannels = 1 << 16;

    public static IEnumerable<(string Key, bool Good, string Message)> Of(UNet2DParams s) => Images(s).Concat(Levels(s)).Concat(Middle(s)).Concat(Rest(s));

    static IEnumerable<(string Key, bool Good, string Message)> Images(UNet2DParams s)
    {
        int levels = s.BlockOutChannels.Count;
        yield return ("sample_size", s.SampleSize.Count is 1 or 2 && s.SampleSize.All(side => side is >= 1 and <= 4096),
            $"is {s.SampleSize}; it must be one number, or [height, width], of 1 to 4096");
        yield return ("in_channels", s.InChannels is 1 or 3 or 4, $"is {s.InChannels}; images have 1, 3 or 4");
        yield return ("out_channels", s.OutChannels == s.InChannels || s.OutChannels == 2 * s.InChannels,
            $"is {s.OutChannels}; it must be in_channels, {s.InChannels}, or twice that for a learned variance");
        yield return ("block_out_channels", levels is >= 1 and <= 20, $"has {levels} entries; it must have 1 to 20");
        yield return ("norm_num_groups", s.NormNumGroups is >= 1 and <= MaxChannels, $"is {s.NormNumGroups}; it must be at least 1");
        yield return ("attention_head_dim", s.AttentionHeadDim is null or >= 1, $"is {s.AttentionHeadDim}; it must be at least 1");
    }

    static IEnumerable<(string Key, bool Good, string Message)> Levels(UNet2DParams s)
    {
        foreach (int channels in s.BlockOutChannels)
        {
            yield return ("block_out_channels", channels is >= 2 and <= MaxChannels && channels % s.NormNumGroups == 0,
                $"has {channels}; it must be at least 2 and a multiple of norm_num_groups, {s.NormNumGroups}");
        }
        int[] fromCoarsest = [.. s.BlockOutChannels.Reverse()];
        foreach ((string, bool, string) rule in Blocks("down_block_types", s.DownBlockTypes, UNet2DBlockNames.Down, s.BlockOutChannels, s)) yield return rule;
        foreach ((string, bool, string) rule in Blocks("up_block_types", s.UpBlockTypes, UNet2DBlockNames.Up, fromCoarsest, s)) yield return rule;
        foreach ((string, bool, string) rule in SkipRun("down_block_types", [.. s.DownBlockTypes])) yield return rule;
        foreach ((string, bool, string) rule in SkipRun("up_block_types", [.. s.UpBlockTypes.Reverse()])) yield return rule;
        yield return ("downsample_type", Enum.IsDefined(s.DownsampleType), $"is {s.DownsampleType}, which does not exist");
        yield return ("upsample_type", Enum.IsDefined(s.UpsampleType), $"is {s.UpsampleType}, which does not exist");
    }

    static IEnumerable<(string Key, bool Good, string Message)> Blocks(
        string key, Values<string> types, IEnumerable<string> known, IReadOnlyList<int> channels, UNet2DParams s)
    {
        yield return (key, types.Count == channels.Count,
            $"has {types.Count} entries for {channels.Count} levels; give one for each of block_out_channels");
        foreach (string type in types) yield return (key, known.Contains(type), $"has '{type}'; there are {string.Join(", ", known)}");
        for (int i = 0; i < types.Count; i++)
        {
            UNet2DBlock block = UNet2DBlockNames.Block(types[i]);
            yield return ("attention_head_dim", block != UNet2DBlock.Attention || s.AttentionHeadDim is null || channels[i] % s.AttentionHeadDim == 0,
                $"is {s.AttentionHeadDim}, which does not divide {channels[i]}, one of block_out_channels");
            if (block != UNet2DBlock.Skip) continue;
            yield return (key, s.InChannels == 3 && s.OutChannels == 3,
                $"has {types[i]}, which knows images of 3 channels only; in_channels and out_channels are {s.InChannels} and {s.OutChannels}");
            yield return ("block_out_channels", channels[i] % 4 == 0 && (channels[i] <= 128 || channels[i] % 32 == 0),
                $"has {channels[i]}; a {types[i]}'s must be a multiple of 4, and above 128 of 32");
        }
    }

    /// <summary>The image beside Skip blocks comes from, or goes to, the finest level: all between must pass it on.</summary>
    /// <param name="key">Of the list.</param>
    /// <param name="types">From the finest.</param>
    static IEnumerable<(string Key, bool Good, string Message)> SkipRun(string key, IReadOnlyList<string> types)
    {
        for (int i = 1; i < types.Count; i++)
        {
            bool skip = UNet2DBlockNames.Block(types[i]) == UNet2DBlock.Skip, finer = UNet2DBlockNames.Block(types[i - 1]) == UNet2DBlock.Skip;
            yield return (key, !skip || finer, $"has {types[i]} where the next finer level has {types[i - 1]}; all finer levels must be {types[i]} too");
        }
    }

    static IEnumerable<(string Key, bool Good, string Message)> Middle(UNet2DParams s)
    {
        int channels = s.BlockOutChannels[^1];
        yield return ("mid_block_type", s.MidBlockType == UNet2DParams.MiddleName, $"is '{s.MidBlockType}'; there is {UNet2DParams.MiddleName}");
        yield return ("attention_head_dim", !s.AddAttention || s.AttentionHeadDim is null || channels % s.AttentionHeadDim == 0,
            $"is {s.AttentionHeadDim}, which does not divide {channels}, one of block_out_channels");
        yield return ("mid_block_scale_factor", s.MidBlockScaleFactor is > 0 and < 1e6, $"is {s.MidBlockScaleFactor}; it must be above 0");
        yield return ("attn_norm_num_groups", s.AttnNormNumGroups is null || (s.AttnNormNumGroups >= 1 && channels % s.AttnNormNumGroups == 0),
            $"is {s.AttnNormNumGroups}; it must be at least 1 and divide {channels}, the last of block_out_channels");
    }

    static IEnumerable<(string Key, bool Good, string Message)> Rest(UNet2DParams s)
    {
        yield return ("layers_per_block", s.LayersPerBlock is >= 1 and <= 100, $"is {s.LayersPerBlock}; it must be at least 1");
        yield return ("norm_eps", s.NormEps is > 0 and < 1, $"is {s.NormEps}; it must be above 0 and below 1");
        yield return ("act_fn", s.ActFn is "silu" or "swish" or "mish", $"is '{s.ActFn}'; there are silu, swish (the same) and mish");
        yield return ("resnet_time_scale_shift", Enum.IsDefined(s.ResnetTimeScaleShift), $"is {s.ResnetTimeScaleShift}, which does not exist");
        yield return ("downsample_padding", s.DownsamplePadding is 0 or 1, $"is {s.DownsamplePadding}; it must be 0 or 1");
        yield return ("time_embedding_type", Enum.IsDefined(s.TimeEmbeddingType), $"is {s.TimeEmbeddingType}, which does not exist");
        yield return ("time_embedding_dim", s.TimeEmbeddingDim is null or (>= 2 and <= MaxChannels), $"is {s.TimeEmbeddingDim}; it must be at least 2");
        yield return ("num_train_timesteps", s.NumTrainTimesteps is null or (>= 1 and <= 1_000_000), $"is {s.NumTrainTimesteps}; it must be 1 to 1000000");
        yield return ("num_train_timesteps", s.TimeEmbeddingType != UNet2DTimeEmbedding.Learned || s.NumTrainTimesteps is not null,
            "is missing; a learned time embedding needs it");
        yield return ("freq_shift", s.FreqShift >= 0 && s.FreqShift < s.BlockOutChannels[0] / 2,
            $"is {s.FreqShift}; it must be at least 0 and below half of the first of block_out_channels, {s.BlockOutChannels[0]}");
        yield return ("dropout", s.Dropout is >= 0 and < 1, $"is {s.Dropout}; it must be at least 0 and below 1");
        yield return ("class_embed_type", s.ClassEmbedType is null, $"is '{s.ClassEmbedType}'; there is null, for learned rows");
        yield return ("num_class_embeds", s.NumClassEmbeds is null or >= 1, $"is {s.NumClassEmbeds}; it must be at least 1");
    }
}
