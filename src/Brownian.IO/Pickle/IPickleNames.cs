namespace Brownian.IO;

/// <summary>
/// What a pickle refers to outside of itself. The machine builds plain data alone; functions and classes are names to it, and what is
/// done for a name is decided here.
/// </summary>
interface IPickleNames
{
    /// <summary>What stands for a function or class.</summary>
    /// <exception cref="InvalidDataException">It is none of the known ones.</exception>
    object Find(string module, string name);

    /// <summary>What comes of calling what <see cref="Find"/> returned.</summary>
    /// <exception cref="InvalidDataException">It cannot be called with these arguments.</exception>
    object? Call(object? function, object?[] arguments);

    /// <summary>What becomes of something that was called when the pickle gives it a state: attributes, as a rule, which no weight is.</summary>
    /// <param name="built">What <see cref="Call"/> returned.</param>
    /// <param name="state">Its state.</param>
    /// <exception cref="InvalidDataException">It cannot have such a state.</exception>
    object? Build(object? built, object? state) => built;

    /// <summary>What is kept outside the pickle under an identity.</summary>
    /// <exception cref="InvalidDataException">There is nothing of that identity.</exception>
    object Load(object? identity);
}
