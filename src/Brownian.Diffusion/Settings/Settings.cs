using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Text.RegularExpressions;

namespace Brownian;

/// <summary>A condition on a setting.</summary>
/// <param name="Property">The name of the property that is at fault where it does not hold.</param>
/// <param name="Holds">Whether it holds.</param>
/// <param name="Message">Follows the name: "is 3; it must be even". Other properties are called by their names.</param>
public readonly record struct Rule(string Property, bool Holds, string Message)
{
    /// <summary>A rule from its three parts.</summary>
    public static implicit operator Rule((string Property, bool Holds, string Message) parts) => new(parts.Property, parts.Holds, parts.Message);
}

/// <summary>
/// A record of settings that configuration files can give: its properties with a <see cref="KeyAttribute"/>. The record says what its keys
/// are and which values they may have, and nothing else needs to know.
/// </summary>
[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicProperties | DynamicallyAccessedMemberTypes.PublicParameterlessConstructor)]
public abstract partial record Settings
{
    static readonly ConcurrentDictionary<Type, SettingKey[]> Tables = new();

    /// <summary>The keys of this record, in the order they are written.</summary>
    public virtual IReadOnlyList<SettingKey> Keys => KeysOf(GetType());

    /// <summary>What messages call the record.</summary>
    protected virtual string Title => GetType().Name;

    /// <summary>What values the settings may have. A later rule may rely on those before it.</summary>
    public virtual IEnumerable<Rule> Rules() => [];

    /// <summary>That every choice is one there is.</summary>
    public IEnumerable<Rule> Defined()
    {
        foreach (SettingKey key in Keys)
        {
            if (key.Of(this) is Enum choice) yield return (key.Property, Enum.IsDefined(choice.GetType(), choice), $"is {choice}, which does not exist");
        }
    }

    /// <summary>Throws unless every rule holds.</summary>
    /// <exception cref="ArgumentException">Names the first property at fault, its value and what it must be.</exception>
    public void Validate()
    {
        foreach (Rule rule in Defined().Concat(Rules()))
        {
            if (!rule.Holds) throw new ArgumentException($"{Title}: {rule.Property} {rule.Message}.");
        }
    }

    /// <summary>The key of a property.</summary>
    public string KeyOf(string property) => Keys.First(key => key.Property == property).Name;

    /// <summary>A text that calls properties by their names, with their keys in place of these.</summary>
    public string InKeys(string text) =>
        Word().Replace(text, word => Keys.FirstOrDefault(key => key.Property == word.Value)?.Name ?? word.Value);

    /// <summary>The settings that a file should hold, in order: all but those that are absent or quiet.</summary>
    public IEnumerable<(SettingKey Key, object Value)> Written()
    {
        foreach (SettingKey key in Keys)
        {
            object? value = key.Of(this);
            if (key.IsQuiet && Equals(value, key.Default)) continue;
            if (Written(key.Property, value) is { } written) yield return (key, written);
        }
    }

    /// <summary>What a file says about a property; null for nothing.</summary>
    protected virtual object? Written(string property, object? value) => value;

    internal Settings Copy() => (Settings)MemberwiseClone();

    /// <summary>The keys that a record declares itself.</summary>
    protected static IReadOnlyList<SettingKey> KeysOf(
        [DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicProperties | DynamicallyAccessedMemberTypes.PublicParameterlessConstructor)] Type type)
    {
        if (Tables.TryGetValue(type, out SettingKey[]? known)) return known;
        object defaults = Activator.CreateInstance(type)!;
        SettingKey[] keys =
        [
            .. type.GetProperties().Where(property => property.IsDefined(typeof(KeyAttribute)))
                .OrderBy(property => Depth(property.DeclaringType)).ThenBy(property => property.MetadataToken).Select(property => new SettingKey(property, defaults)),
        ];
        return Tables[type] = keys;
    }

    // The keys of a base come before those of what derives from it.
    static int Depth(Type? type) => type is null ? 0 : 1 + Depth(type.BaseType);

    [GeneratedRegex(@"\b[A-Z]\w*\b", RegexOptions.CultureInvariant)]
    private static partial Regex Word();
}

/// <summary>A key of a <see cref="Settings"/> record.</summary>
public sealed class SettingKey
{
    readonly KeyAttribute _declared;
    readonly Func<Settings, object?> _get;
    readonly Func<Settings, object?, Settings> _set;

    internal SettingKey(PropertyInfo property, object defaults)
    {
        (_declared, Property, Default) = (property.GetCustomAttribute<KeyAttribute>()!, property.Name, property.GetValue(defaults));
        Declaring = property.DeclaringType!;
        Type = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
        _get = property.GetValue;
        _set = (settings, value) =>
        {
            Settings copy = settings.Copy();
            property.SetValue(copy, value);
            return copy;
        };
    }

    SettingKey(SettingKey key, Func<Settings, object?> get, Func<Settings, object?, Settings> set) =>
        (_declared, Property, Declaring, Type, _get, _set) = (key._declared, key.Property, key.Declaring, key.Type, get, set);

    /// <summary>As a file has it.</summary>
    public string Name => _declared.Name;

    /// <summary>The name of the property.</summary>
    public string Property { get; }

    /// <summary>The record that declares the property.</summary>
    public Type Declaring { get; }

    /// <summary>The type of a value that is there.</summary>
    public Type Type { get; }

    /// <summary>The value of a new record.</summary>
    public object? Default { get; }

    /// <summary>Whether the key may be present without a value; it then has the default.</summary>
    public bool MayBeEmpty => Default is null || _declared.MayBeEmpty;

    /// <summary>See <see cref="KeyAttribute"/>.</summary>
    public bool IsQuiet => _declared.Quiet;

    /// <inheritdoc cref="KeyAttribute.OneOrMany"/>
    public bool IsOneOrMany => _declared.OneOrMany;

    /// <inheritdoc cref="KeyAttribute.Option"/>
    public string? Option => _declared.Option;

    /// <inheritdoc cref="KeyAttribute.Help"/>
    public string Help => _declared.Help ?? "";

    /// <inheritdoc cref="KeyAttribute.Least"/>
    public double Least => _declared.Least;

    /// <summary>The value that a record has.</summary>
    public object? Of(Settings settings) => _get(settings);

    /// <summary>The record with another value.</summary>
    /// <typeparam name="T">The record.</typeparam>
    /// <param name="settings">The record that is copied.</param>
    /// <param name="value">Of the property's type.</param>
    public T Set<T>(T settings, object? value) where T : Settings => (T)_set(settings, value);

    /// <summary>The same key of a record that holds what others declare: null stands for what was not given.</summary>
    /// <typeparam name="T">The record.</typeparam>
    public SettingKey HeldBy<T>(Func<T, object?> get, Func<T, object?, T> set) where T : Settings =>
        new(this, settings => get((T)settings), (settings, value) => set((T)settings, value));

    /// <summary>A value as the key's type: whole numbers stand for numbers, names for choices.</summary>
    /// <exception cref="ArgumentException">It is of another type.</exception>
    public object Accept(object value)
    {
        ArgumentNullException.ThrowIfNull(value);
        if (value.GetType() == Type) return value;
        if (value is int whole && Type == typeof(double)) return (double)whole;
        if (value is string name && Type.IsEnum && Names.Find(Type, name) is { } choice) return choice;
        throw new ArgumentException(
            $"{Name} is {value}; it must be {(Type.IsEnum ? string.Join(" or ", Names.All(Type)) : $"a value of type {Type.Name}")}.");
    }
}
