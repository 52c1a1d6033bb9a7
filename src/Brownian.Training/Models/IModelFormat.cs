using Brownian.Nn;
using Brownian.Tensors;

namespace Brownian;

/// <summary>A kind of folder that holds a model. A new one is a class like the others and a line in <see cref="ModelFolder.Formats"/>.</summary>
public interface IModelFormat
{
    /// <summary>What such a folder is, and how it is recognised: "a run (config.yaml)".</summary>
    string Description { get; }

    /// <summary>Whether a folder looks like one, whole or not.</summary>
    /// <param name="path">A folder.</param>
    bool Is(string path);

    /// <summary>Reads the model.</summary>
    /// <param name="path">A folder that <see cref="Is"/> one.</param>
    /// <param name="device">Where the model will compute.</param>
    /// <param name="warn">Told about damage that can be passed over.</param>
    /// <exception cref="InvalidDataException">A file is damaged, or the weights do not fit the network.</exception>
    /// <exception cref="IOException">A file is missing or cannot be read.</exception>
    DiffusionModel Open(string path, Device device, Action<string> warn);
}

/// <summary>A kind of folder that a model can be written as.</summary>
public interface IExportFormat : IModelFormat
{
    /// <summary>What <c>export --format</c> calls it.</summary>
    string Name { get; }

    /// <summary>What it is for, in a few words.</summary>
    string Purpose { get; }

    /// <summary>What to do with such a folder of a model.</summary>
    /// <param name="model">What was written.</param>
    string Use(DiffusionModel model);

    /// <summary>Writes a model; the folder appears whole or not at all.</summary>
    /// <param name="path">The folder to make.</param>
    /// <param name="model">What to write.</param>
    /// <param name="type">The weights' numbers: F32 or F16.</param>
    /// <exception cref="InvalidDataException">The format cannot hold the model.</exception>
    /// <exception cref="IOException">The folder exists and is not empty, or it cannot be written.</exception>
    void Save(string path, DiffusionModel model, SafetensorsType type);
}
