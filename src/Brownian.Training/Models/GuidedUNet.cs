using System.Text.Json.Nodes;
using Brownian.Nn;

namespace Brownian;

/// <summary>
/// The U-Net of OpenAI's improved-diffusion and guided-diffusion under the names of <see cref="UNet2D"/>: the same layers where
/// they are configured alike, with one map for queries, keys and values, and blocks counted from input to output.
/// </summary>
sealed class GuidedUNet : ITensorFile
{
    // The name that no other network's file has.
    const string First = "input_blocks.0.0.weight";
    const int Groups = 32;
    const double Epsilon = 1e-5;

    static readonly string[] Parts = ["input_blocks.", "middle_block.", "output_blocks.", "time_embed.", "label_emb.", "out."];

    readonly ITensorFile _file;
    readonly Dictionary<string, Source> _sources = new(StringComparer.Ordinal);

    GuidedUNet(ITensorFile file, UNet2DOptions options, bool newOrder)
    {
        _file = file;
        new Mapping(options, newOrder, _sources).Run();
        Names = [.. _sources.Keys];
        var used = _sources.Values.Select(source => source.Name).ToHashSet(StringComparer.Ordinal);
        if (file.Names.FirstOrDefault(name => !used.Contains(name)) is { } extra)
            throw new InvalidDataException($"{file.Path}: tensor '{extra}' is no part of a U-Net of guided-diffusion as model_params has it.");
    }

    /// <summary>Whether a file holds such a network, at its top or below a key or prefix.</summary>
    public static bool IsIn(ITensorFile file) => file.Names.Any(IsFirst);

    /// <summary>The names of the network in a file, by which <see cref="StateDict.Find"/> finds it.</summary>
    public static IEnumerable<string> NamesIn(ITensorFile file)
    {
        string first = file.Names.First(IsFirst), start = first[..^First.Length];
        return file.Names.Where(name => name.StartsWith(start, StringComparison.Ordinal)).Select(name => name[start.Length..])
            .Where(name => Parts.Any(part => name.StartsWith(part, StringComparison.Ordinal)));
    }

    /// <summary>Reads a network as the configured one.</summary>
    /// <param name="file">The network's tensors; closed with the result.</param>
    /// <param name="options">The network of the configuration.</param>
    /// <param name="newOrder">
    /// Whether all heads' queries come first in the map, then all keys (<c>use_new_attention_order</c>), not each head's three together.
    /// </param>
    /// <exception cref="InvalidDataException">It is another network; the message names the settings that disagree.</exception>
    public static GuidedUNet Of(ITensorFile file, NetworkOptions options, bool newOrder)
    {
        UNet2DOptions wanted = new Inference(file, options).Run();
        if (options is not UNet2DOptions own)
        {
            JsonObject json = ConfigSection.Model.ToJson(new TrainConfig { Model = wanted });
            throw new InvalidDataException(
                $"{file.Path}: a U-Net of guided-diffusion, where model_params is a {options.Type}; it must be {json.ToJsonString()} "
                + "with the attention_head_dim of its training.");
        }
        string[] differing = [.. wanted.Keys.Where(key => Text(key, wanted) != Text(key, own))
            .Select(key => $"{key.Name} must be {Text(key, wanted)}, not {Text(key, own)}")];
        if (differing.Length > 0)
            throw new InvalidDataException($"{file.Path}: a U-Net of guided-diffusion that model_params does not describe: {string.Join("; ", differing)}.");
        return new GuidedUNet(file, own, newOrder);
    }

    /// <inheritdoc/>
    public string Path => _file.Path;

    /// <inheritdoc/>
    public IReadOnlyList<string> Files => _file.Files;

    /// <inheritdoc/>
    public IReadOnlyList<string> Names { get; }

    /// <inheritdoc/>
    public bool TryGetShape(string name, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out IReadOnlyList<long>? shape)
    {
        shape = null;
        if (!_sources.TryGetValue(name, out Source source) || !_file.TryGetShape(source.Name, out IReadOnlyList<long>? stored)) return false;
        shape = source.ShapeOf(stored);
        return true;
    }

    /// <inheritdoc/>
    public SafetensorsType TypeOf(string name) => _file.TypeOf(_sources[name].Name);

    /// <inheritdoc/>
    public float[] ReadFloats(string name)
    {
        Source source = _sources[name];
        return source.Take(_file.ReadFloats(source.Name));
    }

    /// <summary>Closes the file.</summary>
    public void Dispose() => _file.Dispose();

    static bool IsFirst(string name) => name.EndsWith(First, StringComparison.Ordinal)
        && (name.Length == First.Length || name[^(First.Length + 1)] is '.' or '/');

    static string Text(SettingKey key, UNet2DOptions options) => key.Of(options) is { } value ? ConfigText.Json(value).ToJsonString() : "null";

    /// <summary>Where a tensor's numbers are: a whole tensor of the file, or a third of the rows of the map to queries, keys and values.</summary>
    /// <param name="Name">The file's tensor.</param>
    /// <param name="IsPointwise">Its last extent is that of a convolution over one pixel, which a linear map has not.</param>
    /// <param name="Third">Which third: 0, 1, 2; -1 for the whole.</param>
    /// <param name="Heads">Into how many stretches of rows a third is spread; 1 where it is one.</param>
    readonly record struct Source(string Name, bool IsPointwise = false, int Third = -1, int Heads = 1)
    {
        public long[] ShapeOf(IReadOnlyList<long> stored)
        {
            long[] shape = [.. stored];
            while (IsPointwise && shape.Length > 2 && shape[^1] == 1) shape = shape[..^1];
            if (Third >= 0 && shape.Length > 0 && shape[0] % 3 == 0) shape[0] /= 3;
            return shape;
        }

        public float[] Take(float[] stored)
        {
            if (Third < 0) return stored;
            float[] taken = new float[stored.Length / 3];
            int stretch = taken.Length / Heads;
            for (int head = 0; head < Heads; head++)
                stored.AsSpan((3 * head + Third) * stretch, stretch).CopyTo(taken.AsSpan(head * stretch));
            return taken;
        }
    }

    /// <summary>Walks both networks side by side.</summary>
    sealed class Mapping(UNet2DOptions options, bool newOrder, Dictionary<string, Source> sources)
    {
        public void Run()
        {
            int levels = options.BlockOutChannels.Count, layers = options.LayersPerBlock, block = 1;
            Layer("conv_in", "input_blocks.0.0");
            Layer("time_embedding.linear_1", "time_embed.0");
            Layer("time_embedding.linear_2", "time_embed.2");
            if (options.Classes > 0) sources.Add("class_embedding.weight", new("label_emb.weight"));
            for (int level = 0; level < levels; level++)
            {
                string own = $"down_blocks.{level}";
                bool attends = options.DownBlocks[level] == UNet2DBlock.Attention;
                for (int layer = 0; layer < layers; layer++, block++)
                {
                    Resnet($"{own}.resnets.{layer}", $"input_blocks.{block}.0", Widens(level, layer));
                    if (attends) Attention($"{own}.attentions.{layer}", $"input_blocks.{block}.1", options.BlockOutChannels[level]);
                }
                if (level == levels - 1) continue;
                Resampler($"{own}.downsamplers.0", $"input_blocks.{block++}.0", "op", options.DownBlocks[level], options.DownsampleType);
            }
            Resnet("mid_block.resnets.0", "middle_block.0", widens: false);
            Attention("mid_block.attentions.0", "middle_block.1", options.BlockOutChannels[^1]);
            Resnet("mid_block.resnets.1", "middle_block.2", widens: false);
            block = 0;
            for (int level = levels - 1; level >= 0; level--)
            {
                string own = $"up_blocks.{levels - 1 - level}";
                bool attends = options.UpBlocks[level] == UNet2DBlock.Attention;
                for (int layer = 0; layer <= layers; layer++, block++)
                {
                    Resnet($"{own}.resnets.{layer}", $"output_blocks.{block}.0", widens: true);
                    if (attends) Attention($"{own}.attentions.{layer}", $"output_blocks.{block}.1", options.BlockOutChannels[level]);
                    if (layer == layers && level > 0)
                        Resampler($"{own}.upsamplers.0", $"output_blocks.{block}.{(attends ? 2 : 1)}", "conv", options.UpBlocks[level], options.UpsampleType);
                }
            }
            Layer("conv_norm_out", "out.0");
            Layer("conv_out", "out.2");
        }

        bool Widens(int level, int layer) =>
            layer == 0 && level > 0 && options.BlockOutChannels[level - 1] != options.BlockOutChannels[level];

        void Layer(string ours, string theirs, bool isPointwise = false)
        {
            sources.Add($"{ours}.weight", new($"{theirs}.weight", isPointwise));
            sources.Add($"{ours}.bias", new($"{theirs}.bias"));
        }

        void Resnet(string ours, string theirs, bool widens)
        {
            Layer($"{ours}.norm1", $"{theirs}.in_layers.0");
            Layer($"{ours}.conv1", $"{theirs}.in_layers.2");
            Layer($"{ours}.time_emb_proj", $"{theirs}.emb_layers.1");
            Layer($"{ours}.norm2", $"{theirs}.out_layers.0");
            Layer($"{ours}.conv2", $"{theirs}.out_layers.3");
            if (widens) Layer($"{ours}.conv_shortcut", $"{theirs}.skip_connection");
        }

        void Resampler(string ours, string theirs, string conv, UNet2DBlock block, UNet2DSampling sampling)
        {
            if (block == UNet2DBlock.Resnet || (block == UNet2DBlock.Attention && sampling == UNet2DSampling.Resnet)) Resnet(ours, theirs, widens: false);
            else Layer($"{ours}.conv", $"{theirs}.{conv}");
        }

        void Attention(string ours, string theirs, int channels)
        {
            int heads = newOrder ? 1 : channels / (options.AttentionHeadDim ?? channels);
            Layer($"{ours}.group_norm", $"{theirs}.norm");
            string[] maps = ["to_q", "to_k", "to_v"];
            for (int third = 0; third < maps.Length; third++)
            {
                sources.Add($"{ours}.{maps[third]}.weight", new($"{theirs}.qkv.weight", IsPointwise: true, third, heads));
                sources.Add($"{ours}.{maps[third]}.bias", new($"{theirs}.qkv.bias", false, third, heads));
            }
            Layer($"{ours}.to_out.0", $"{theirs}.proj_out", isPointwise: true);
        }
    }

    /// <summary>Finds out how a file's network was configured, as far as its weights show it.</summary>
    sealed class Inference(ITensorFile file, NetworkOptions options)
    {
        public UNet2DOptions Run()
        {
            int blocksUp = CountOf("output_blocks"), blocksDown = CountOf("input_blocks");
            int first = Enumerable.Range(0, blocksUp).FirstOrDefault(block => UpsamplerOf(block) is not null, blocksUp - 1);
            int layers = first, levels = layers < 1 ? 0 : blocksUp / (layers + 1);
            if (layers < 1 || levels * (layers + 1) != blocksUp || blocksDown != blocksUp)
            {
                throw Bad($"a U-Net of guided-diffusion with {blocksDown} input_blocks and {blocksUp} output_blocks, which no network here has: "
                    + "blocks are missing, or its resolutions are not joined by convolutions or resnets (conv_resample is false)");
            }
            string Down(int level) => $"input_blocks.{1 + level * (layers + 1)}";
            string Up(int level) => $"output_blocks.{(levels - 1 - level) * (layers + 1)}";
            int[] channels = [.. Enumerable.Range(0, levels).Select(level => (int)Extent($"{Down(level)}.0.out_layers.3.weight", 0))];
            bool resnets = levels > 1 && UpsamplerOf(first)!.EndsWith("in_layers.0.weight", StringComparison.Ordinal);
            bool scaleShift = Extent($"{Down(0)}.0.emb_layers.1.weight", 0) == 2 * channels[0];
            bool attends = false;
            UNet2DOptions? own = options as UNet2DOptions;
            string Block(string place, Values<string>? given, int position, bool isDown, bool resamples)
            {
                if (Has($"{place}.1.qkv.weight"))
                {
                    attends |= resamples;
                    return isDown ? "AttnDownBlock2D" : "AttnUpBlock2D";
                }
                string plain = isDown ? "DownBlock2D" : "UpBlock2D", resnet = isDown ? "ResnetDownsampleBlock2D" : "ResnetUpsampleBlock2D";
                // Without a resampling at its end, the two are one.
                if (!resamples && given is { } names && position < names.Count && names[position] is { } name && (name == plain || name == resnet)) return name;
                return resnets && resamples ? resnet : plain;
            }
            string[] downs = [.. Enumerable.Range(0, levels)
                .Select(level => Block(Down(level), own?.DownBlockTypes, level, isDown: true, level < levels - 1))];
            bool attendsDown = attends;
            attends = false;
            string[] ups = [.. Enumerable.Range(0, levels).Reverse()
                .Select(level => Block(Up(level), own?.UpBlockTypes, levels - 1 - level, isDown: false, level > 0))];
            int features = (int)Extent("time_embed.2.weight", 0);
            UNet2DOptions start = own ?? new UNet2DOptions { ImageSize = options.ImageSize };
            return start with
            {
                InChannels = (int)Extent(First, 1),
                OutChannels = (int)Extent("out.2.weight", 0),
                CenterInputSample = false,
                TimeEmbeddingType = UNet2DTimeEmbedding.Positional,
                TimeEmbeddingDim = features == start.TimeEmbeddingDim || features != 4 * channels[0] ? features : null,
                FreqShift = 0,
                FlipSinToCos = true,
                DownBlockTypes = Values.Of<string>(downs),
                UpBlockTypes = Values.Of<string>(ups),
                BlockOutChannels = Values.Of<int>(channels),
                LayersPerBlock = layers,
                MidBlockScaleFactor = 1,
                DownsamplePadding = 1,
                DownsampleType = attendsDown ? Sampling(resnets) : start.DownsampleType,
                UpsampleType = attends ? Sampling(resnets) : start.UpsampleType,
                ActFn = start.ActFn == "swish" ? "swish" : "silu",
                NormNumGroups = Groups,
                AttnNormNumGroups = scaleShift || start.AttnNormNumGroups is not null ? Groups : null,
                NormEps = Epsilon,
                ResnetTimeScaleShift = scaleShift ? UNet2DConditioning.ScaleShift : UNet2DConditioning.Default,
                AddAttention = true,
                ClassEmbedType = null,
                NumClassEmbeds = Has("label_emb.weight") ? (int)Extent("label_emb.weight", 0) : null,
            };
        }

        static UNet2DSampling Sampling(bool resnets) => resnets ? UNet2DSampling.Resnet : UNet2DSampling.Conv;

        int CountOf(string list)
        {
            int count = 0;
            while (file.Names.Any(name => name.StartsWith($"{list}.{count}.", StringComparison.Ordinal))) count++;
            return count;
        }

        // The last part of a block, after a resnet and perhaps attention: a convolution or a resnet.
        string? UpsamplerOf(int block) => Enumerable.Range(1, 2)
            .SelectMany(IEnumerable<string> (part) => [$"output_blocks.{block}.{part}.conv.weight", $"output_blocks.{block}.{part}.in_layers.0.weight"])
            .FirstOrDefault(Has);

        bool Has(string name) => file.TryGetShape(name, out _);

        long Extent(string name, int dimension) => file.TryGetShape(name, out IReadOnlyList<long>? shape) && dimension < shape.Count
            ? shape[dimension]
            : throw Bad($"a U-Net of guided-diffusion without '{name}'");

        InvalidDataException Bad(string what) => new($"{file.Path}: {what}.");
    }
}

/// <summary>Networks of other programs, told by names that no network here has.</summary>
static class OtherNetworks
{
    static readonly (string Name, string Network)[] Known =
    [
        ("down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q.weight", Conditional),
        ("transformer_blocks.0.attn2.to_k.weight", "Stable Diffusion or a network like it, under its first names, which needs a text encoder and an autoencoder"),
        ("first_stage_model.decoder.conv_in.weight",
            "a latent diffusion model, whose network draws codes that an autoencoder (first_stage_model) makes images of; networks of pixels are read"),
        ("final_res_block.block1.proj.weight", "the Unet of lucidrains' denoising-diffusion-pytorch, whose linear attention no network here has"),
        ("map_layer0.weight", "a network of EDM (SongUNet or DhariwalUNet), which no network here is"),
        ("mid.block_1.norm1.weight",
            "the U-Net of Ho et al. in PyTorch (pytorch_diffusion), or an autoencoder; convert it with diffusers to a UNet2DModel and import that folder"),
        ("blocks.0.adaLN_modulation.1.weight", "a diffusion transformer (DiT), which no network here is"),
    ];

    const string Conditional = "a UNet2DConditionModel (Stable Diffusion), which needs a text encoder and an autoencoder";

    /// <returns>What a file holds; null where that is not known.</returns>
    public static string? Named(ITensorFile file) => Known
        .Where(known => file.Names.Any(name => name.EndsWith(known.Name, StringComparison.Ordinal)))
        .Select(known => known.Network).FirstOrDefault();
}
