using System.Globalization;

namespace Brownian.Cli;

/// <summary>The classes of judged images as those of the real ones.</summary>
sealed class ClassPairs
{
    const int Least = 50;

    readonly int[] _realOf;

    ClassPairs(IReadOnlyList<string> names, int[] realOf) => (Names, _realOf) = (names, realOf);

    /// <summary>The names of the real images' classes.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <exception cref="ArgumentException">A set has no classes, or they are not those of the other.</exception>
    public static ClassPairs Of(string option, IReadOnlyList<string> judged, string nameOfJudged, IReadOnlyList<string> real, string nameOfReal)
    {
        foreach ((IReadOnlyList<string> classes, string name) in (ReadOnlySpan<(IReadOnlyList<string>, string)>)[(judged, nameOfJudged), (real, nameOfReal)])
        {
            if (classes.Count == 0) throw new ArgumentException($"{option}: {name} has no classes; put the images of each into a folder of its name, or leave the option out.");
        }
        return Try(judged, real, forced: true) ?? throw new ArgumentException(
            $"{option}: the classes of {nameOfJudged} ({string.Join(", ", judged.Take(8))}) are not those of {nameOfReal} ({string.Join(", ", real.Take(8))}); give them the same names.");
    }

    /// <summary>By their names; null where a judged class is no class of the real images.</summary>
    public static ClassPairs? Try(IReadOnlyList<string> judged, IReadOnlyList<string> real, bool forced = false)
    {
        Dictionary<string, int> numbers = real.Index().ToDictionary(pair => pair.Item, pair => pair.Index, StringComparer.Ordinal);
        if (judged.All(numbers.ContainsKey)) return new ClassPairs(real, [.. judged.Select(name => numbers[name])]) { Forced = forced };
        // Classes without names are called by their numbers.
        bool isNumbered = judged.Index().All(pair => pair.Item == pair.Index.ToString(CultureInfo.InvariantCulture));
        return isNumbered && judged.Count == real.Count ? new ClassPairs(real, [.. Enumerable.Range(0, real.Count)]) { Forced = forced } : null;
    }

    /// <summary>Always shown, however few images a class has.</summary>
    public bool Forced { get; init; }

    /// <summary>Whether the numbers of a class say something, of so many images in all.</summary>
    public bool AreEnough(int images) => Forced || images / Names.Count >= Least;

    /// <summary>The labels as numbers of the real images' classes.</summary>
    public int[] Relabel(int[] labels) => Array.ConvertAll(labels, label => label < 0 ? -1 : _realOf[label]);
}
