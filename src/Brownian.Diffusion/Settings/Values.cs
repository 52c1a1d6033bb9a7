using System.Collections;
using System.Runtime.CompilerServices;

namespace Brownian;

/// <summary>An immutable list that is equal to another with the same elements, so that the records that hold it compare by value.</summary>
/// <typeparam name="T">The elements.</typeparam>
[CollectionBuilder(typeof(Values), nameof(Values.Of))]
public sealed class Values<T> : IReadOnlyList<T>, IEquatable<Values<T>>
{
    readonly T[] _items;

    internal Values(T[] items) => _items = items;

    /// <inheritdoc/>
    public int Count => _items.Length;

    /// <inheritdoc/>
    public T this[int index] => _items[index];

    /// <inheritdoc/>
    public bool Equals(Values<T>? other) => other is not null && _items.AsSpan().SequenceEqual(other._items);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as Values<T>);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = new HashCode();
        foreach (T item in _items) hash.Add(item);
        return hash.ToHashCode();
    }

    /// <inheritdoc/>
    public IEnumerator<T> GetEnumerator() => ((IEnumerable<T>)_items).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>The elements, as YAML and C# write them: <c>[1, 2]</c>.</summary>
    public override string ToString() => $"[{string.Join(", ", _items)}]";
}

/// <summary>Makes <see cref="Values{T}"/>; collection expressions call it.</summary>
public static class Values
{
    /// <summary>A copy of the given elements.</summary>
    /// <typeparam name="T">The elements.</typeparam>
    /// <param name="items">Any number of them.</param>
    public static Values<T> Of<T>(ReadOnlySpan<T> items) => new(items.ToArray());
}
