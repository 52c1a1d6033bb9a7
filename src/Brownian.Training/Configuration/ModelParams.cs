using Brownian.Diffusion;

namespace Brownian.Training;

/// <summary>Section <c>model_params</c>: the network. The initial values are those of the tutorial's default.yaml, with 10,188,081 parameters.</summary>
public sealed record ModelParams
{
    /// <summary>The only <see cref="Type"/> there is.</summary>
    public const string TutorialUNet = "tutorial_unet";

    /// <summary><c>type</c>: which architecture.</summary>
    public string Type { get; init; } = TutorialUNet;

    /// <summary><c>im_channels</c>: channels of the images, in and out.</summary>
    public int ImageChannels { get; init; } = 1;

    /// <summary><c>im_size</c>: width and height of the images in pixels.</summary>
    public int ImageSize { get; init; } = 28;

    /// <summary><c>down_channels</c>: the width at each resolution, from the finest; one more than there are down blocks.</summary>
    public Values<int> DownChannels { get; init; } = [32, 64, 128, 256];

    /// <summary><c>mid_channels</c>: from the last of <see cref="DownChannels"/> to the last but one.</summary>
    public Values<int> MidChannels { get; init; } = [256, 256, 128];

    /// <summary><c>down_sample</c>: whether each down block halves the image.</summary>
    public Values<bool> DownSample { get; init; } = [true, true, false];

    /// <summary><c>time_emb_dim</c>: the length of the sinusoidal time embedding, even.</summary>
    public int TimeEmbeddingSize { get; init; } = 128;

    /// <summary><c>num_down_layers</c>: ResNet and attention layers in each down block.</summary>
    public int DownLayers { get; init; } = 2;

    /// <summary><c>num_mid_layers</c>: the same in each middle block.</summary>
    public int MidLayers { get; init; } = 2;

    /// <summary><c>num_up_layers</c>: the same in each up block.</summary>
    public int UpLayers { get; init; } = 2;

    /// <summary><c>num_heads</c>: heads of every attention.</summary>
    public int Heads { get; init; } = 4;

    /// <summary>The same for the network itself.</summary>
    internal TutorialUNetOptions ToOptions() => new()
    {
        ImChannels = ImageChannels,
        ImSize = ImageSize,
        DownChannels = DownChannels,
        MidChannels = MidChannels,
        DownSample = DownSample,
        TimeEmbDim = TimeEmbeddingSize,
        NumDownLayers = DownLayers,
        NumMidLayers = MidLayers,
        NumUpLayers = UpLayers,
        NumHeads = Heads,
    };
}
