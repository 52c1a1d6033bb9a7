namespace Brownian.Training;

/// <summary>What a model can be written as.</summary>
public enum ExportFormat
{
    /// <summary>A pipeline folder that diffusers loads; for networks of type unet2d.</summary>
    Diffusers,

    /// <summary><c>model.safetensors</c>, the state dict under the names of PyTorch, and <c>config.yaml</c>.</summary>
    Safetensors,

    /// <summary>A model folder of Brownian, as training writes it.</summary>
    Brownian,
}
