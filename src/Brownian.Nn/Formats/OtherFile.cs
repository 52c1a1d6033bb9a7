using System.Text;

namespace Brownian.Nn;

/// <summary>Files that are found under the names of weights and are something else, told by their first bytes.</summary>
static class OtherFile
{
    const int Looked = 512;

    static readonly (byte[] Start, string What)[] Kinds =
    [
        ("GGUF"u8.ToArray(), "a GGUF file, which is not read; get the weights as safetensors or .pth"),
        ([0x89, (byte)'H', (byte)'D', (byte)'F', 0x0d, 0x0a, 0x1a, 0x0a], HierarchicalData),
        ([0x1f, 0x8b], "compressed with gzip; unpack it first (gunzip)"),
        ([(byte)'B', (byte)'Z', (byte)'h'], "compressed with bzip2; unpack it first (bunzip2)"),
        ([0xfd, (byte)'7', (byte)'z', (byte)'X', (byte)'Z', 0], "compressed with xz; unpack it first (unxz)"),
        ([0x28, 0xb5, 0x2f, 0xfd], "compressed with zstd; unpack it first (unzstd)"),
        ([(byte)'7', (byte)'z', 0xbc, 0xaf, 0x27, 0x1c], "a 7z archive; unpack it first"),
        ([(byte)'R', (byte)'a', (byte)'r', (byte)'!'], "a rar archive; unpack it first"),
        ([0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y'], "one NumPy array (.npy), not the tensors of a network"),
        ([0x89, (byte)'P', (byte)'N', (byte)'G'], "a PNG picture, not weights"),
        ([0xff, 0xd8, 0xff], "a JPEG picture, not weights"),
    ];

    const string HierarchicalData = "an HDF5 file (.h5), as Keras and TensorFlow write; convert its weights to PyTorch's names and safetensors";

    /// <returns>What it is and what to do; null for anything that may be weights.</returns>
    public static string? WhatIs(string path)
    {
        byte[] start = new byte[Looked];
        using (FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, bufferSize: 0))
            Array.Resize(ref start, file.ReadAtLeast(start, start.Length, throwOnEndOfStream: false));
        if (MistakenText.WhatIs(start, "weights") is { } text) return text;
        foreach ((byte[] signature, string what) in Kinds)
        {
            if (start.AsSpan().StartsWith(signature)) return what;
        }
        string name = System.IO.Path.GetFileName(path);
        if (name.Contains(".ckpt.", StringComparison.OrdinalIgnoreCase) || name.Contains(".data-00000-of-", StringComparison.OrdinalIgnoreCase))
            return "a checkpoint of TensorFlow; convert its weights to PyTorch's names and safetensors";
        bool isOnnx = name.EndsWith(".onnx", StringComparison.OrdinalIgnoreCase) || IsOnnx(start);
        return isOnnx ? "an ONNX model, which is not read; export the network's state dict as safetensors or .pth" : JsonKind(start);
    }

    // A message of protocol buffers: field 1, the version of the format, then field 2, who wrote it.
    static bool IsOnnx(ReadOnlySpan<byte> start) => start.Length > 4 && start[0] == 0x08 && start[1] is > 0 and < 32 && start[2] == 0x12 && start[3] is > 0 and < 64;

    static string? JsonKind(ReadOnlySpan<byte> start)
    {
        string text = Encoding.UTF8.GetString(start).TrimStart('\uFEFF', ' ', '\r', '\n', '\t');
        bool isJson = text.StartsWith('{') || text.StartsWith('[');
        return isJson && !start.Contains((byte)0) ? "a JSON text, perhaps a server's error, not weights; download the file again" : null;
    }
}
