namespace Brownian.IO;

/// <summary>A Python dict as its pairs in order: keys of any kind, not looked up, so that no choice of them can make hashing slow.</summary>
sealed class PickleDict
{
    List<(object? Key, object? Value)>? _pairs;

    public IReadOnlyList<(object? Key, object? Value)> Pairs => _pairs ?? (IReadOnlyList<(object?, object?)>)[];

    public void Add(object? key, object? value) => (_pairs ??= []).Add((key, value));
}
