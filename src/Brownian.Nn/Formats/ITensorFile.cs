using System.Diagnostics.CodeAnalysis;

namespace Brownian.Nn;

/// <summary>Tensors by name, whatever the format that holds them. Opening reads names and shapes; numbers are read when asked for.</summary>
public interface ITensorFile : IDisposable
{
    /// <summary>The file, as messages name it.</summary>
    string Path { get; }

    /// <summary>All files that the numbers are in: one, or the index and the files it names.</summary>
    IReadOnlyList<string> Files { get; }

    /// <summary>The tensors' names, each once.</summary>
    IReadOnlyList<string> Names { get; }

    /// <summary>Whether there is such a tensor, and its dimensions, outermost first: none for a scalar.</summary>
    bool TryGetShape(string name, [NotNullWhen(true)] out IReadOnlyList<long>? shape);

    /// <summary>The type that a tensor's elements are stored as.</summary>
    /// <exception cref="InvalidDataException">There is no such tensor.</exception>
    SafetensorsType TypeOf(string name);

    /// <summary>A tensor's elements, outermost dimension first; doubles and integers are rounded to nearest.</summary>
    /// <exception cref="InvalidDataException">There is no such tensor, it is larger than an array can be, or the file is damaged.</exception>
    float[] ReadFloats(string name);
}
