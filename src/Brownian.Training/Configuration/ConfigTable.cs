namespace Brownian.Training;

/// <summary>One key of a section: its name, how to read it into the record and how to write it (null where it is absent).</summary>
sealed record ConfigKey<TSection>(string Name, Func<TSection, ConfigValue, TSection> Read, Func<TSection, object?> Write, bool MayBeNull = false);

/// <summary>The keys of one record.</summary>
sealed class ConfigTable<T>(ConfigKey<T>[] keys)
{
    public IEnumerable<string> Keys => keys.Select(key => key.Name);

    /// <summary>The record with one value read into it; its key was checked.</summary>
    /// <exception cref="InvalidDataException">The value is of the wrong type or missing.</exception>
    public T Read(T section, string key, ConfigValue value)
    {
        ConfigKey<T> found = Array.Find(keys, k => k.Name == key)!;
        if (value.IsNull && !found.MayBeNull)
            throw new InvalidDataException($"{value.Where}: {value.Key} has no value; give one or remove the key.");
        return found.Read(section, value);
    }

    /// <summary>What is present, in order.</summary>
    public IEnumerable<(string Key, object Value)> Write(T section)
    {
        foreach (ConfigKey<T> key in keys)
        {
            if (key.Write(section) is { } value) yield return (key.Name, value);
        }
    }
}
