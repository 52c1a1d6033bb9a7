namespace Brownian.Nn;

/// <summary>What a safetensors file says about one tensor.</summary>
public sealed class SafetensorsEntry
{
    internal SafetensorsEntry(string name, SafetensorsType type, long[] shape, long begin, long end)
    {
        (Name, Type, Shape) = (name, type, shape);
        (Begin, End) = (begin, end);
    }

    /// <summary>The tensor's name; any text, the empty one included.</summary>
    public string Name { get; }

    /// <summary>The type its elements are stored as.</summary>
    public SafetensorsType Type { get; }

    /// <summary>Its dimensions, outermost first: empty for a scalar, with a zero for an empty tensor.</summary>
    public long[] Shape { get; }

    /// <summary>The number of its elements.</summary>
    public long Count => (End - Begin) / SizeOf(Type);

    /// <summary>Byte range within the data section; the header's checks make it Count elements long.</summary>
    internal long Begin { get; }

    internal long End { get; }

    internal static int SizeOf(SafetensorsType type) => type switch
    {
        SafetensorsType.F64 or SafetensorsType.I64 => 8,
        SafetensorsType.F32 or SafetensorsType.I32 => 4,
        SafetensorsType.F16 or SafetensorsType.BF16 or SafetensorsType.I16 => 2,
        _ => 1,
    };

    /// <summary>Elements of a shape, or false where the product passes 64 bits or a dimension is negative.</summary>
    internal static bool TryCount(ReadOnlySpan<long> shape, out long count)
    {
        count = 1;
        foreach (long dim in shape)
        {
            if (dim < 0 || Math.BigMul(count, dim, out long product) != 0 || product < 0) return false;
            count = product;
        }
        return true;
    }
}
