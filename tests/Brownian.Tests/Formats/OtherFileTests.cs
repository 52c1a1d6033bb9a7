using System.IO.Compression;
using Brownian.Nn;

namespace Brownian.Tests;

public sealed class OtherFileTests : IDisposable
{
    readonly ScratchFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    string Refused(string name, byte[] content)
    {
        string path = _folder.Write(name, content);
        string message = Assert.Throws<InvalidDataException>(() => WeightsFile.Open(path)).Message;
        Assert.StartsWith(path, message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
        return message;
    }

    [Theory]
    [InlineData("w.pth", "<!DOCTYPE html>\n<html><body>Sign in</body></html>", "an HTML page")]
    [InlineData("w.safetensors", "\r\n  <html lang=en>", "an HTML page")]
    [InlineData("w.bin", "<?xml version='1.0'?><Error>AccessDenied</Error>", "a server's error")]
    [InlineData("w.pt", "{\"error\": \"not found\"}", "a JSON text")]
    [InlineData("w.safetensors", "version https://git-lfs.github.com/spec/v1\noid sha256:abc\nsize 143\n", "run git lfs pull")]
    [InlineData("w.pth", "", "an empty file, not weights")]
    [InlineData("w.safetensors", "Access to it is restricted", "no safetensors file")]
    [InlineData("w.gguf", "GGUF\u0003", "a GGUF file")]
    [InlineData("model.ckpt.data-00000-of-00001", "1234567890123", "TensorFlow")]
    [InlineData("net.onnx", "1234567890123", "an ONNX model")]
    [InlineData("net.bin", "\u0008\u0008\u0012\u0007pytorch", "an ONNX model")]
    public void What_is_not_weights_is_named(string name, string content, string expected) =>
        Assert.Contains(expected, Refused(name, System.Text.Encoding.Latin1.GetBytes(content)), StringComparison.Ordinal);

    [Fact]
    public void Containers_of_other_kinds_are_named()
    {
        Assert.Contains("gunzip", Refused("w.pth", [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0]), StringComparison.Ordinal);
        Assert.Contains("HDF5", Refused("w.h5", [0x89, (byte)'H', (byte)'D', (byte)'F', 13, 10, 26, 10, 0]), StringComparison.Ordinal);
        Assert.Contains("NumPy arrays", Refused("w.npz", Zipped("arr_0.npy")), StringComparison.Ordinal);
        Assert.Contains("unpack it first", Refused("w.zip", Zipped("ddpm.pth")), StringComparison.Ordinal);
        Assert.Contains("no data.pkl", Refused("w.pt", Zipped("readme.txt")), StringComparison.Ordinal);
    }

    static byte[] Zipped(string name)
    {
        var file = new MemoryStream();
        using (var zip = new ZipArchive(file, ZipArchiveMode.Create, leaveOpen: true)) zip.CreateEntry(name);
        return file.ToArray();
    }
}
