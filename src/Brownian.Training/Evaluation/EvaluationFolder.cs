namespace Brownian.Training;

/// <summary>The folders of evaluations, <c>NNNNN-name</c>: numbered as runs are, each number given once.</summary>
public static class EvaluationFolder
{
    /// <summary>Makes the next one, whole or not at all.</summary>
    /// <param name="parent">Where it goes; made if absent.</param>
    /// <param name="name">What follows the number.</param>
    /// <param name="fill">Writes the files into the folder that it is given.</param>
    /// <returns>The folder, as an absolute path.</returns>
    /// <exception cref="IOException">It cannot be made or written to.</exception>
    public static string Create(string parent, string name, Action<string> fill)
    {
        ArgumentException.ThrowIfNullOrEmpty(parent);
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(fill);
        return NumberedFolder.Create(parent, name, fill);
    }
}
