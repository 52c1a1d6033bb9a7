using System.Text;

namespace Brownian.Tests;

/// <summary>Makes NumPy's files by hand, good ones and bad ones.</summary>
static class NpyBytes
{
    /// <summary>Element e of a uint8 array is e·7 + 1 modulo 256.</summary>
    public static byte[] Images(params int[] shape) =>
        File("|u1", shape, [.. Enumerable.Range(0, shape.Aggregate(1, (a, b) => a * b)).Select(IdxBytes.Element)]);

    public static byte[] Labels(params long[] labels) => File("<i8", [labels.Length], [.. labels.SelectMany(BitConverter.GetBytes)]);

    public static byte[] Floats(int[] shape, IEnumerable<float> values) => File("<f4", shape, [.. values.SelectMany(BitConverter.GetBytes)]);

    public static byte[] File(string descr, int[] shape, byte[] content, bool fortran = false, int version = 1) =>
        WithHeader($"{{'descr': '{descr}', 'fortran_order': {fortran}, 'shape': ({string.Concat(shape.Select(extent => $"{extent}, "))}), }}", content, version);

    public static byte[] WithHeader(string header, byte[] content, int version = 1)
    {
        byte[] text = Encoding.UTF8.GetBytes(header + "\n");
        byte[] length = version == 1 ? BitConverter.GetBytes((ushort)text.Length) : BitConverter.GetBytes(text.Length);
        return [0x93, .. "NUMPY"u8, (byte)version, 0, .. length, .. text, .. content];
    }
}
