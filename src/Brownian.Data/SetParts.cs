using Brownian.Imaging;
using Brownian.IO;

namespace Brownian.Data;

/// <summary>The parts in which sets of images are published, told by the names of their files, arrays and folders.</summary>
static class SetParts
{
    static readonly Dictionary<string, DataSplit> Words = new(StringComparer.OrdinalIgnoreCase)
    {
        ["train"] = DataSplit.Train,
        ["training"] = DataSplit.Train,
        ["trainval"] = DataSplit.Train,
        ["test"] = DataSplit.Test,
        ["testing"] = DataSplit.Test,
        ["t10k"] = DataSplit.Test,
        ["val"] = DataSplit.Val,
        ["valid"] = DataSplit.Val,
        ["validation"] = DataSplit.Val,
        ["dev"] = DataSplit.Val,
    };

    /// <summary>The words of a name: what stands between signs.</summary>
    public static string[] WordsOf(string name) => name.Split(['_', '-', '.', ' ', '/', '\\'], StringSplitOptions.RemoveEmptyEntries);

    /// <summary>Whether a name is one of these words and nothing more.</summary>
    public static bool IsName(string name) => Words.ContainsKey(name);

    /// <summary>Which part a name speaks of (train_images, t10k-images-idx3-ubyte, test-00000-of-00001); null for none.</summary>
    public static DataSplit? Of(string name)
    {
        foreach (string word in WordsOf(name))
        {
            if (Words.TryGetValue(word, out DataSplit split) || Words.TryGetValue(word.TrimEnd("0123456789".ToCharArray()), out split)) return split;
        }
        return null;
    }

    /// <summary>Those of many things that belong to the wanted part.</summary>
    /// <param name="path">What errors begin with.</param>
    /// <param name="things">All of them, with what <see cref="Of"/> says.</param>
    /// <param name="wanted">The part.</param>
    /// <param name="notes">Receives a line on what is left out or taken instead.</param>
    /// <exception cref="InvalidDataException">There are parts, but not this one.</exception>
    public static T[] Choose<T>(string path, IReadOnlyCollection<(DataSplit? Split, T Thing)> things, DataSplit wanted, List<string> notes)
    {
        DataSplit[] named = [.. things.Select(thing => thing.Split).OfType<DataSplit>().Distinct().Order()];
        if (wanted == DataSplit.All || named.Length == 0) return [.. things.OrderBy(thing => thing.Split ?? DataSplit.Train).Select(thing => thing.Thing)];
        T[] chosen = [.. things.Where(thing => thing.Split == wanted).Select(thing => thing.Thing)];
        if (chosen.Length > 0)
        {
            string[] others = [.. named.Where(split => split != wanted).Select(Name), .. things.Any(thing => thing.Split is null) ? ["what has no part in its name"] : (string[])[]];
            if (others.Length > 0) notes.Add($"{Name(wanted)} is used; {string.Join(" and ", others)} {(others.Length == 1 ? "is" : "are")} left out");
            return chosen;
        }
        T[] unnamed = [.. things.Where(thing => thing.Split is null).Select(thing => thing.Thing)];
        if (wanted == DataSplit.Train && unnamed.Length > 0)
        {
            notes.Add($"{string.Join(" and ", named.Select(Name))} {(named.Length == 1 ? "is" : "are")} left out");
            return unnamed;
        }
        if (wanted == DataSplit.Train && named.Length == 1)
        {
            notes.Add($"there is only {Name(named[0])}: it is used");
            return [.. things.Select(thing => thing.Thing)];
        }
        string there = string.Join(", ", named.Select(Name));
        throw new InvalidDataException($"{path}: it has no part {Name(wanted)}; it has {there}{(unnamed.Length > 0 ? " and one without such a name" : "")}.");
    }

    /// <summary>Notes the image files that lie beside arrays or tables and are not used.</summary>
    /// <param name="folder">The folder of the set.</param>
    /// <param name="notes">Receives a line where there are some.</param>
    public static void NoteImages(string folder, List<string> notes)
    {
        int images = Directory.EnumerateFiles(folder).Count(ImageFile.HasExtension);
        if (images > 0) notes.Add($"{Counted.Of(images, "image file is", "image files are")} left out: the arrays and tables beside are used");
    }

    /// <summary>What a part is called where it is chosen.</summary>
    public static string Name(DataSplit split) => split.ToString().ToLowerInvariant();
}
