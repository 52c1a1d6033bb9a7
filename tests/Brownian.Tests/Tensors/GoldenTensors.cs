using System.Runtime.InteropServices;
using System.Text.Json;
using Brownian.Tensors;

namespace Brownian.Tests.Tensors;

/// <summary>The F32 and F64 tensors of a safetensors file of reference numbers, in double.</summary>
sealed class GoldenTensors
{
    readonly byte[] _file;
    readonly JsonElement _header;
    readonly int _data;

    public GoldenTensors(string path)
    {
        _file = File.ReadAllBytes(path);
        int headerLength = checked((int)BitConverter.ToInt64(_file));
        _data = 8 + headerLength;
        _header = JsonDocument.Parse(_file.AsMemory(8, headerLength)).RootElement;
    }

    public bool Has(string name) => _header.TryGetProperty(name, out _);

    /// <summary>One tensor, its axes reordered: axis i of the result is axis order[i] of the file. No order leaves it as it is.</summary>
    public (double[] Values, Shape Shape) Read(string name, params int[] order)
    {
        JsonElement entry = _header.GetProperty(name);
        int[] extents = [.. entry.GetProperty("shape").EnumerateArray().Select(e => e.GetInt32())];
        int[] offsets = [.. entry.GetProperty("data_offsets").EnumerateArray().Select(e => e.GetInt32())];
        ReadOnlySpan<byte> bytes = _file.AsSpan(_data + offsets[0], offsets[1] - offsets[0]);
        double[] values = entry.GetProperty("dtype").GetString() switch
        {
            "F64" => MemoryMarshal.Cast<byte, double>(bytes).ToArray(),
            "F32" => Compare.Doubles(MemoryMarshal.Cast<byte, float>(bytes).ToArray()),
            string other => throw new InvalidDataException($"{name} is {other}"),
            null => throw new InvalidDataException($"{name} has no type"),
        };
        if (extents.Length == 0) extents = [1];
        return order.Length == 0 ? (values, Shape.Of(extents)) : (Permute(values, extents, order),
            Shape.Of([.. order.Select(axis => extents[axis])]));
    }

    static double[] Permute(double[] x, int[] extents, int[] order)
    {
        int[] strides = new int[extents.Length];
        for (int axis = extents.Length - 1, stride = 1; axis >= 0; stride *= extents[axis--]) strides[axis] = stride;
        double[] y = new double[x.Length];
        int[] at = new int[order.Length];
        for (int i = 0; i < y.Length; i++)
        {
            int from = 0;
            for (int axis = 0; axis < order.Length; axis++) from += at[axis] * strides[order[axis]];
            y[i] = x[from];
            for (int axis = order.Length - 1; axis >= 0 && ++at[axis] == extents[order[axis]]; axis--) at[axis] = 0;
        }
        return y;
    }
}
