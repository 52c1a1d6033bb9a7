namespace Brownian.Data;

/// <summary>A place that holds several sets, of which one must be named.</summary>
static class SetChoice
{
    const int Listed = 12;

    /// <summary>The error that names them.</summary>
    /// <param name="path">The place.</param>
    /// <param name="sets">The paths of the sets, at least two.</param>
    public static InvalidDataException Needed(string path, IReadOnlyList<string> sets)
    {
        string[] names = [.. sets.Take(Listed).Select(set => Path.GetRelativePath(path, set).Replace(Path.DirectorySeparatorChar, '/'))];
        string more = sets.Count > Listed ? $" and {sets.Count - Listed} more" : "";
        return new InvalidDataException($"{path}: {sets.Count} sets of images are in it, {string.Join(", ", names)}{more}; give one of them, such as {sets[0]}.");
    }
}
