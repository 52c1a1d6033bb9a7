namespace Brownian.Nn;

/// <summary>
/// The weights of one network in a file that may hold more: a training checkpoint's state dict under its key, without the prefixes that
/// wrappers of the network put before every name.
/// </summary>
public sealed class StateDict : RenamedTensors
{
    // The first that is there; a checkpoint's weights come before their average, as Python loads them.
    static readonly string[] KnownKeys =
        ["model", "state_dict", "model_state_dict", "network", "net", "unet", "ema", "ema_model", "ema_state_dict", "ema_model_state_dict"];

    static readonly string[] Wrappers = ["module.", "_orig_mod."];    // DataParallel, torch.compile

    StateDict(ITensorFile file, string key, Func<string, string?> rename) : base(file, rename) => Key = key;

    /// <summary>Where in the file the state dict is: keys with slashes between; empty where the file is the state dict.</summary>
    public string Key { get; }

    /// <summary>Opens a file of weights as <see cref="WeightsFile.Open"/> does and finds the state dict in it.</summary>
    /// <param name="path">The file.</param>
    /// <param name="key">Where in it the state dict is; null to look under the names that training scripts use.</param>
    /// <exception cref="InvalidDataException">The file is damaged, or the key is not there or not clear; the message says which there are.</exception>
    /// <exception cref="IOException">The file is missing or cannot be opened.</exception>
    public static StateDict Open(string path, string? key = null)
    {
        ITensorFile file = WeightsFile.Open(path);
        try
        {
            return Of(file, key ?? FindKey(file));
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    static StateDict Of(ITensorFile file, string key)
    {
        string prefix = key.Length == 0 ? "" : key + "/";
        string[] own = [.. file.Names.Where(name => name.StartsWith(prefix, StringComparison.Ordinal))];
        // Beside tensors of its own, a dict may hold other dicts; as a state dict it is the tensors. Names of safetensors are flat.
        string[] direct = file is TorchFile ? [.. own.Where(name => !name.AsSpan(prefix.Length).Contains('/'))] : [];
        if (direct.Length > 0) own = direct;
        if (own.Length == 0 && key.Length > 0) throw new InvalidDataException($"{file.Path}: holds no tensors under {SafetensorsHeader.Quote(key)}; {WhatThereIs(file)}.");
        int start = own.Length == 0 ? 0 : StartOfNames(own, prefix.Length);
        var chosen = own.ToHashSet(StringComparer.Ordinal);
        return new StateDict(file, key, name => chosen.Contains(name) ? name[start..] : null);
    }

    static int StartOfNames(string[] names, int start)
    {
        while (Wrappers.FirstOrDefault(wrapper => names.All(name => name.AsSpan(start).StartsWith(wrapper))) is { } found) start += found.Length;
        return start;
    }

    static string FindKey(ITensorFile file)
    {
        if (file is not TorchFile || !file.Names.Any(name => name.Contains('/'))) return "";
        string[] tops = Tops(file);
        if (KnownKeys.FirstOrDefault(tops.Contains) is { } known) return known;
        if (file.Names.Any(name => !name.Contains('/'))) return "";
        return tops.Length == 1 ? tops[0] : throw new InvalidDataException(
            $"{file.Path}: it is not clear which of its tensors are the network's; {WhatThereIs(file)}. Name one as the key (--key NAME).");
    }

    static string[] Tops(ITensorFile file) =>
        [.. file.Names.Where(name => name.Contains('/')).Select(name => name[..name.IndexOf('/', StringComparison.Ordinal)]).Distinct()];

    static string WhatThereIs(ITensorFile file)
    {
        const int Most = 12;
        IEnumerable<string> keys = Tops(file).Take(Most).Select(top =>
        {
            int count = file.Names.Count(name => name.StartsWith(top + "/", StringComparison.Ordinal));
            return $"{SafetensorsHeader.Quote(top)} ({count} tensor{(count == 1 ? "" : "s")})";
        });
        string text = string.Join(", ", keys);
        return text.Length == 0 ? $"all of its {file.Names.Count} tensors are at the top" : $"its keys are {text}";
    }
}
