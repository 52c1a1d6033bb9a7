namespace Brownian;

/// <summary>
/// Declares a property of a <see cref="Settings"/> record as a key of configuration files. The declaration is the only one: files are read,
/// written and overridden by it, and messages about a value name its key. Keys are written in the order of their properties.
/// </summary>
/// <param name="name">The key, as a file has it.</param>
[AttributeUsage(AttributeTargets.Property)]
public sealed class KeyAttribute(string name) : Attribute
{
    /// <summary>The key, as a file has it.</summary>
    public string Name => name;

    /// <summary>
    /// Written only where the value is not the default. Keys that came after the first release are quiet, so that older files, and their
    /// hashes, stay as they are.
    /// </summary>
    public bool Quiet { get; init; }

    /// <summary>A list of one element is written without brackets, and read with or without.</summary>
    public bool OneOrMany { get; init; }

    /// <summary>The key may be present without a value, which then is the default.</summary>
    public bool MayBeEmpty { get; init; }

    /// <summary>The command line's option for it, such as <c>--eta</c>; null for none.</summary>
    public string? Option { get; init; }

    /// <summary>What the option's help says: one line.</summary>
    public string? Help { get; init; }

    /// <summary>The least number that the option takes.</summary>
    public double Least { get; init; }
}
