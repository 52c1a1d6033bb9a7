namespace Brownian.Nn;

/// <summary>The element types of a safetensors file that can be read here.</summary>
public enum SafetensorsType
{
    /// <summary>IEEE 754 double.</summary>
    F64,

    /// <summary>IEEE 754 single.</summary>
    F32,

    /// <summary>IEEE 754 half.</summary>
    F16,

    /// <summary>The upper 16 bits of a single.</summary>
    BF16,

    /// <summary>Signed 64-bit integer.</summary>
    I64,

    /// <summary>Signed 32-bit integer.</summary>
    I32,

    /// <summary>Signed 16-bit integer.</summary>
    I16,

    /// <summary>Signed byte.</summary>
    I8,

    /// <summary>Unsigned byte.</summary>
    U8,

    /// <summary>A byte, 0 for false.</summary>
    Bool,
}

/// <summary>What kinds of numbers the types are.</summary>
public static class SafetensorsTypes
{
    /// <summary>Whether elements are floating-point numbers, and neither integers nor booleans.</summary>
    /// <param name="type">Of the elements.</param>
    public static bool IsFloat(this SafetensorsType type) =>
        type is SafetensorsType.F64 or SafetensorsType.F32 or SafetensorsType.F16 or SafetensorsType.BF16;
}
