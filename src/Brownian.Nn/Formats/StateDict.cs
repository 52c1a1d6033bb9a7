using System.Text.RegularExpressions;

namespace Brownian.Nn;

/// <summary>
/// The weights of one network in a file that may hold more: the tensors below one key and prefix that have the names of all of the
/// network's parameters. What wrappers put before every name is found by these names, so that no wrapper has to be known.
/// </summary>
public sealed partial class StateDict : RenamedTensors
{
    // Of several networks' weights in one file, all raw, the one that Python's scripts load.
    static readonly string[] UsualKeys = ["model", "state_dict", "model_state_dict", "network", "net", "unet"];

    const string ListedAverage = "shadow_params";

    // Beside the "module." of an average that torch.optim.swa_utils.AveragedModel keeps.
    const string AverageCount = "n_averaged";

    StateDict(ITensorFile file, Place place, Func<string, string?> rename) : base(file, rename) =>
        (Key, Prefix, IsAverage) = (place.Key, place.Prefix, place.IsAverage);

    /// <summary>Where in the file the state dict is: keys with slashes between; empty where the file is the state dict.</summary>
    public string Key { get; }

    /// <summary>What all names of the network begin with there, such as "model." or "module."; empty for nothing.</summary>
    public string Prefix { get; }

    /// <summary>Whether these are an average over the steps of training, by the name that the file gives them.</summary>
    public bool IsAverage { get; }

    /// <summary>What else in the file has all names of the network: how <see cref="Open"/> is told to take it, and whether it is an average.</summary>
    public IReadOnlyList<(string Key, bool IsAverage)> Others { get; private init; } = [];

    /// <summary>An average that lacks a tensor of the network, where there is one and raw weights were taken: its key, and the tensor; null otherwise.</summary>
    public (string Key, string Missing)? IncompleteAverage { get; private init; }

    /// <summary>A tensor of an average that has not the network's names, where there is one and raw weights were taken; null otherwise.</summary>
    public string? AverageOfOtherNames { get; private init; }

    /// <summary>The classes of objects that the file holds besides tensors, which were passed over unread.</summary>
    public IReadOnlyList<string> Unread { get; private init; } = [];

    /// <summary>Opens a file of weights as <see cref="WeightsFile.Open"/> does and finds the network's weights in it; averaged ones before raw ones.</summary>
    /// <param name="path">The file.</param>
    /// <param name="needed">The names of the network's parameters.</param>
    /// <param name="key">
    /// A key, a prefix or both (<c>ema</c>, <c>model.</c>, <c>ema/ema_model.model</c>) where the weights are; "." for the top of the file;
    /// null to look everywhere.
    /// </param>
    /// <exception cref="InvalidDataException">The file is damaged, or the key is not there or not clear; the message says which there are.</exception>
    /// <exception cref="IOException">The file is missing or cannot be opened.</exception>
    public static StateDict Open(string path, IEnumerable<string> needed, string? key = null) => Find(WeightsFile.Open(path), needed, key);

    /// <summary>The same in a file that is open.</summary>
    /// <param name="file">The file; closed with the result, or on failure.</param>
    /// <param name="needed">The names of the network's parameters.</param>
    /// <param name="key">As for <see cref="Open"/>.</param>
    /// <inheritdoc cref="Open"/>
    public static StateDict Find(ITensorFile file, IEnumerable<string> needed, string? key = null)
    {
        ArgumentNullException.ThrowIfNull(file);
        ArgumentNullException.ThrowIfNull(needed);
        try
        {
            return Of(file, needed.ToHashSet(StringComparer.Ordinal), key);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    static StateDict Of(ITensorFile file, HashSet<string> needed, string? key)
    {
        RefuseOptimizer(file);
        List<Place> all = Places(file, needed);
        Place[] there = Under(all, key);
        if (key is not null && there.Length == 0 && !file.Names.Any(name => Place.Covers(key, name)))
            throw new InvalidDataException($"{file.Path}: holds no tensors under {SafetensorsHeader.Quote(key)}; {WhatThereIs(file)}.");
        Place[] whole = [.. there.Where(place => place.Found == needed.Count)];
        if (!whole.Any(place => place.IsAverage) && Listed(file, key) is { } list)
            return FromList(file, list, [.. all.Where(place => place.Found == needed.Count)]);
        // Where no place has all names, the likeliest one's error will name what is missing.
        Place chosen = whole.Length > 0 ? Choose(file, whole) : there.MaxBy(place => place.Found) ?? throw Foreign(file, needed);
        return Taken(file, chosen, all, needed);
    }

    static StateDict Taken(ITensorFile file, Place chosen, List<Place> all, HashSet<string> needed)
    {
        Place[] whole = [.. all.Where(place => place.Found == needed.Count)];
        Place? partial = whole.Any(place => place.IsAverage) ? null : all.Find(place => place.IsAverage && place.Found * 2 >= needed.Count);
        Place[] others = [.. whole.Where(place => place != chosen)];
        string[] inside = [.. others.Select(place => place.Start)
            .Where(start => start.Length > chosen.Start.Length && start.StartsWith(chosen.Start, StringComparison.Ordinal))];
        return new StateDict(file, chosen, name =>
        {
            // Beside tensors of its own, a dict may hold other dicts; as a state dict it is the tensors.
            bool own = name.StartsWith(chosen.Start, StringComparison.Ordinal) && !name.AsSpan(chosen.Start.Length).Contains('/')
                && !inside.Any(start => name.StartsWith(start, StringComparison.Ordinal));
            return own ? name[chosen.Start.Length..] : null;
        })
        {
            Others = [.. others.Select(place => (place.Told(whole), place.IsAverage))],
            Unread = UnreadIn(file),
            IncompleteAverage = chosen.IsAverage || partial is null ? null : (partial.Start.TrimEnd('.', '/'), Missing(file, partial, needed)),
            AverageOfOtherNames = partial is not null || whole.Any(place => place.IsAverage) ? null : StrangeAverage(file, chosen),
        };
    }

    static string Missing(ITensorFile file, Place place, HashSet<string> needed)
    {
        var names = file.Names.ToHashSet(StringComparer.Ordinal);
        return needed.First(name => !names.Contains(place.Start + name));
    }

    // CompVis' LitEma drops the dots of names; some averages leave tensors out.
    static string? StrangeAverage(ITensorFile file, Place chosen)
    {
        string[] averaged = [.. file.Names.Where(name => new Place(name).IsAverage)];
        return averaged.Length * 2 >= chosen.Found ? averaged[0] : null;
    }

    /// <summary>Every place where tensors have names of the network.</summary>
    static List<Place> Places(ITensorFile file, HashSet<string> needed)
    {
        var places = new Dictionary<string, Place>(StringComparer.Ordinal);
        string[] averages = [.. file.Names.Where(name => Place.LastPart(name) == AverageCount).Select(name => name[..^AverageCount.Length] + "module.")];
        HashSet<string>.AlternateLookup<ReadOnlySpan<char>> lookup = needed.GetAlternateLookup<ReadOnlySpan<char>>();
        foreach (string name in file.Names)
        {
            for (int start = 0; start >= 0; start = NextPart(name, start))
            {
                if (!lookup.Contains(name.AsSpan(start))) continue;
                string before = name[..start];
                if (!places.TryGetValue(before, out Place? place)) places.Add(before, place = Made(before));
                place.Found++;
            }
        }
        return [.. places.Values];

        Place Made(string start)
        {
            bool counted = averages.Any(average => start.StartsWith(average, StringComparison.Ordinal));
            return counted ? new Place(start) { IsAverage = true } : new Place(start);
        }
    }

    static int NextPart(string name, int start) => name.AsSpan(start).IndexOfAny('.', '/') is var next and >= 0 ? start + next + 1 : -1;

    static Place[] Under(List<Place> places, string? key)
    {
        if (key is null) return [.. places];
        Place[] exact = [.. places.Where(place => Place.Same(place.Start, key))];
        Place[] below = exact.Length > 0 ? exact : [.. places.Where(place => Place.Covers(key, place.Start))];
        // A prefix alone, whatever the key it is under.
        return below.Length > 0 ? below : [.. places.Where(place => place.Prefix.Length > 0 && Place.Same(place.Prefix, key))];
    }

    static Place Choose(ITensorFile file, Place[] whole)
    {
        if (whole.FirstOrDefault(place => place.IsAverage) is { } average) return average;
        if (whole.Length == 1) return whole[0];
        foreach (string usual in UsualKeys)
        {
            if (whole.FirstOrDefault(place => place.Start.Split('/', '.')[0] == usual) is { } known) return known;
        }
        if (whole.FirstOrDefault(place => place.Start.Length == 0) is { } top) return top;
        throw new InvalidDataException(
            $"{file.Path}: it is not clear which of its tensors are the network's; {WhatThereIs(file)}. Name one as the key (--key {whole[0].Told(whole)}).");
    }

    static InvalidDataException Foreign(ITensorFile file, HashSet<string> needed)
    {
        const int Most = 3;
        string own = needed.Count == 0 ? "" : $", such as {SafetensorsHeader.Quote(needed.First())}";
        string there = string.Join(", ", file.Names.Take(Most).Select(SafetensorsHeader.Quote));
        string objects = SourceOf(file) is TorchFile { Unread: [var (place, name), ..] } && place.Length > 0
            ? $" {SafetensorsHeader.Quote(place)} is an object of {name}, which is not read: save its state_dict()." : "";
        return new InvalidDataException(
            $"{file.Path}: no tensor in it has a name of the network's{own}; it holds {(there.Length > 0 ? there : "none")}. Is model_params right?{objects}");
    }

    // What torch.optim saves: numbers of parameters in place of names.
    static void RefuseOptimizer(ITensorFile file)
    {
        if (file.Names.Count == 0 || !file.Names.All(name => OfOptimizer().IsMatch(name))) return;
        throw new InvalidDataException(
            $"{file.Path}: the state of an optimiser ({SafetensorsHeader.Quote(file.Names[0])} …), not a network's weights; "
            + "give the file of weights that was saved beside it.");
    }

    static string? Listed(ITensorFile file, string? key) => file.Names
        .Select(name => OfList().Match(name)).FirstOrDefault(match => match.Success && (key is null || Place.Covers(key, match.Groups[1].Value)))?.Groups[1].Value;

    /// <summary>
    /// The average as diffusers' EMAModel keeps it: a list in the order of the network's parameters. The names come from the raw weights
    /// beside it, if every shape agrees.
    /// </summary>
    static StateDict FromList(ITensorFile file, string list, Place[] whole)
    {
        int count = file.Names.Count(name => name.StartsWith(list + "/", StringComparison.Ordinal));
        string what = $"{file.Path}: its averaged weights, {SafetensorsHeader.Quote(list)}, are a list of {Counted.Of(count, "tensor")} without names";
        const string Remedy = "in Python, ema.copy_to(model.parameters()) and save model.state_dict()";
        if (whole.Length == 0) throw new InvalidDataException($"{what}, and no weights with names lie beside them; {Remedy}.");
        Place raw = Choose(file, whole);
        string[] trained = [.. file.Names.Where(name => name.StartsWith(raw.Start, StringComparison.Ordinal) && !IsStatistic(name))];
        var names = new Dictionary<string, string>(StringComparer.Ordinal);
        for (int i = 0; i < Math.Min(count, trained.Length); i++)
        {
            string stored = $"{list}/{i}";
            if (file.TryGetShape(stored, out var theirs) && file.TryGetShape(trained[i], out var own) && theirs.SequenceEqual(own))
                names[stored] = trained[i][raw.Start.Length..];
        }
        if (names.Count != count || count != trained.Length)
        {
            throw new InvalidDataException(
                $"{what}, which do not fit the {trained.Length} of {SafetensorsHeader.Quote(raw.Told(whole))}; {Remedy}, "
                + $"or take the raw ones (--key {raw.Told(whole)}).");
        }
        foreach (string name in file.Names)
        {
            if (name.StartsWith(raw.Start, StringComparison.Ordinal) && IsStatistic(name)) names[name] = name[raw.Start.Length..];
        }
        return new StateDict(file, new Place(list + "/") { IsAverage = true }, names.GetValueOrDefault)
        {
            Others = [.. whole.Select(place => (place.Told(whole), place.IsAverage))],
            Unread = UnreadIn(file),
        };
    }

    static bool IsStatistic(string name) => name.EndsWith(".running_mean", StringComparison.Ordinal)
        || name.EndsWith(".running_var", StringComparison.Ordinal) || name.EndsWith(".num_batches_tracked", StringComparison.Ordinal);

    static IReadOnlyList<string> UnreadIn(ITensorFile file) => SourceOf(file) is TorchFile torch ? torch.UnreadClasses : [];

    static string WhatThereIs(ITensorFile file)
    {
        const int Most = 12;
        string[] tops = [.. file.Names.Where(name => name.Contains('/')).Select(name => name[..name.IndexOf('/', StringComparison.Ordinal)]).Distinct()];
        IEnumerable<string> keys = tops.Take(Most).Select(top =>
        {
            int count = file.Names.Count(name => name.StartsWith(top + "/", StringComparison.Ordinal));
            return $"{SafetensorsHeader.Quote(top)} ({Counted.Of(count, "tensor")})";
        });
        string text = string.Join(", ", keys);
        return text.Length == 0 ? (file.Names.Count == 1 ? "its only tensor is at the top" : $"all of its {file.Names.Count} tensors are at the top") : $"its keys are {text}";
    }

    [GeneratedRegex(@"(^|/)(state/\d+/\w+|param_groups/.*)$", RegexOptions.CultureInvariant)]
    private static partial Regex OfOptimizer();

    [GeneratedRegex($@"^((?:.*/)?{ListedAverage})/\d+$", RegexOptions.CultureInvariant)]
    private static partial Regex OfList();

    /// <summary>A place in the file: what the names of its tensors begin with.</summary>
    sealed partial class Place(string start)
    {
        /// <summary>"ema/ema_model.model."</summary>
        public string Start => start;

        /// <summary>"ema"</summary>
        public string Key { get; } = start.Contains('/') ? start[..start.LastIndexOf('/')] : start.EndsWith('.') ? "" : start;

        /// <summary>"ema_model.model."</summary>
        public string Prefix { get; } = start.EndsWith('.') ? start[(start.LastIndexOf('/') + 1)..] : "";

        /// <summary>How many of the needed names are there.</summary>
        public int Found { get; set; }

        // ema-pytorch keeps the raw weights a second time, as online_model, under the key of the average.
        public bool IsAverage { get; init; } = Averaged().IsMatch(start) && !start.Contains("online_model", StringComparison.Ordinal);

        /// <summary>The shortest key that means this place.</summary>
        public string Told(Place[] whole)
        {
            if (start.Length == 0) return ".";
            string full = start.TrimEnd('.', '/');
            bool alone = Key.Length > 0 && whole.Count(place => Covers(Key, place.Start)) == 1;
            return alone ? Key : full;
        }

        /// <summary>Whether a key that a user gave is this start.</summary>
        public static bool Same(string start, string key) => Plain(start) == Plain(key);

        /// <summary>Whether a name lies below the key that a user gave.</summary>
        public static bool Covers(string key, string name) =>
            Plain(key).Length == 0 || Plain(name) == Plain(key) || Plain(name).StartsWith(Plain(key) + ".", StringComparison.Ordinal);

        /// <summary>What follows the last dot or slash of a name.</summary>
        public static string LastPart(string name) => name[(name.AsSpan().LastIndexOfAny('.', '/') + 1)..];

        static string Plain(string start) => start.Replace('/', '.').Trim('.');

        [GeneratedRegex(@"(^|[/._])(ema|avg|averaged?|swa|shadow|polyak)([/._\d]|$)", RegexOptions.CultureInvariant | RegexOptions.IgnoreCase)]
        private static partial Regex Averaged();
    }
}
