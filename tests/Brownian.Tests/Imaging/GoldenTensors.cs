using System.Buffers.Binary;
using System.Text.Json;

namespace Brownian.Tests;

/// <summary>The tensors of a file of reference images as they are stored. It trusts the file, as only our own fixtures come here.</summary>
static class GoldenTensors
{
    public static IReadOnlyDictionary<string, (string Dtype, int[] Shape, byte[] Bytes)> Read(string path)
    {
        byte[] file = File.ReadAllBytes(path);
        int header = (int)BinaryPrimitives.ReadUInt64LittleEndian(file);
        using JsonDocument json = JsonDocument.Parse(file.AsMemory(8, header));
        var tensors = new Dictionary<string, (string, int[], byte[])>();
        foreach (JsonProperty entry in json.RootElement.EnumerateObject().Where(e => e.Name != "__metadata__"))
        {
            int[] shape = [.. entry.Value.GetProperty("shape").EnumerateArray().Select(d => d.GetInt32())];
            int[] range = [.. entry.Value.GetProperty("data_offsets").EnumerateArray().Select(d => d.GetInt32())];
            byte[] bytes = file[(8 + header + range[0])..(8 + header + range[1])];
            tensors[entry.Name] = (entry.Value.GetProperty("dtype").GetString()!, shape, bytes);
        }
        return tensors;
    }
}
