namespace Brownian.Data;

/// <summary>Sets of one size, one after the other: the parts of one set, or its shards. Classes of one name are one class.</summary>
sealed class JoinedImages : IImageDataset
{
    readonly IImageDataset[] _sets;
    readonly int[] _ends;
    readonly int[][] _classes;

    JoinedImages(string title, IImageDataset[] sets)
    {
        _sets = sets;
        _ends = new int[sets.Length];
        for (int i = 0; i < sets.Length; i++) _ends[i] = checked((i == 0 ? 0 : _ends[i - 1]) + sets[i].Count);
        string[] classes = [.. sets.SelectMany(set => set.Classes).Distinct()];
        if (Array.TrueForAll(classes, name => int.TryParse(name, out _))) classes = [.. classes.OrderBy(name => int.Parse(name, null))];
        Classes = classes;
        _classes = [.. sets.Select(set => set.Classes.Select(name => Array.IndexOf(classes, name)).ToArray())];
        Description = $"{title}: {this.Summary()}";
    }

    public int Count => _ends[^1];

    public int Width => _sets[0].Width;

    public int Height => _sets[0].Height;

    public int Channels => _sets[0].Channels;

    public int BitDepth => _sets[0].BitDepth;

    public IReadOnlyList<string> Classes { get; }

    public string Description { get; }

    public bool MayBeMirrored => _sets[0].MayBeMirrored;

    public string Fingerprint => string.Join(' ', _sets.Select(set => set.Fingerprint));

    public string Content => Array.Exists(_sets, set => set.Content.Length == 0) ? "" : string.Join(' ', _sets.Select(set => set.Content));

    public long UnreadBytes => _sets.Sum(set => set.UnreadBytes);

    /// <summary>One set as it is, several joined.</summary>
    /// <param name="path">What errors begin with.</param>
    /// <param name="title">Of the whole, where there are several.</param>
    /// <param name="sets">At least one; they belong to the result.</param>
    /// <exception cref="InvalidDataException">Their images differ in size.</exception>
    public static IImageDataset Of(string path, string title, IImageDataset[] sets)
    {
        if (sets.Length == 1) return sets[0];
        static string Size(IImageDataset set) => $"{set.Width}×{set.Height}×{set.Channels} of {set.BitDepth} bits";
        IImageDataset? other = Array.Find(sets, set => Size(set) != Size(sets[0]));
        return other is null
            ? new JoinedImages(title, sets)
            : throw new InvalidDataException($"{path}: its parts have images of {Size(sets[0])} and of {Size(other)}, which make no one set; give one of them.");
    }

    public void Read(int index, Span<byte> pixels)
    {
        this.CheckIndex(index);
        (int set, int at) = Place(index);
        _sets[set].Read(at, pixels);
    }

    public int Label(int index)
    {
        this.CheckIndex(index);
        (int set, int at) = Place(index);
        int label = _sets[set].Label(at);
        return label < 0 ? -1 : _classes[set][label];
    }

    public void Dispose()
    {
        foreach (IImageDataset set in _sets) set.Dispose();
    }

    (int Set, int At) Place(int index)
    {
        int set = 0;
        while (index >= _ends[set]) set++;
        return (set, set == 0 ? index : index - _ends[set - 1]);
    }
}
