using System.IO.Compression;
using Brownian.Nn;

namespace Brownian.Tests;

public sealed class TorchWriterTests : IDisposable
{
    readonly ScratchFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    static void Copy(SafetensorsFile from, TorchWriter to)
    {
        foreach (string name in from.Names)
        {
            double[] values = from.ReadDoubles(name);
            to.Add(name, from[name].Type, from[name].Shape, stream =>
            {
                foreach (double value in values) stream.Write(Bytes(from[name].Type, value));
            });
        }
    }

    static byte[] Bytes(SafetensorsType type, double value) => type switch
    {
        SafetensorsType.F64 => BitConverter.GetBytes(value),
        SafetensorsType.F32 => BitConverter.GetBytes((float)value),
        SafetensorsType.F16 => BitConverter.GetBytes((Half)value),
        SafetensorsType.BF16 => BitConverter.GetBytes((float)value)[2..],
        SafetensorsType.I64 => BitConverter.GetBytes((long)value),
        SafetensorsType.I32 => BitConverter.GetBytes((int)value),
        SafetensorsType.I16 => BitConverter.GetBytes((short)value),
        SafetensorsType.I8 => [(byte)(sbyte)value],
        _ => [(byte)value],
    };

    [Theory]
    [InlineData("dtypes")]
    [InlineData("module_sd")]
    [InlineData("ordered")]
    public void Tensors_of_every_type_come_back(string name)
    {
        string path = _folder.Path("copy.pth");
        using SafetensorsFile expected = SafetensorsFile.Read(Fixtures.Golden($"formats/expected_{name}.safetensors"));
        var writer = new TorchWriter();
        Copy(expected, writer);
        writer.Write(path);
        using TorchFile copy = TorchFile.Read(path);
        Assert.Equal(expected.Names, copy.Names);
        foreach (string tensor in expected.Names)
        {
            Assert.True(copy.TryGetShape(tensor, out IReadOnlyList<long>? shape));
            Assert.Equal(expected[tensor].Shape, shape);
            Assert.Equal(expected.ReadDoubles(tensor), copy.ReadDoubles(tensor));
        }
    }

    [Fact]
    public void The_zip_is_laid_out_as_torch_load_expects()
    {
        string path = _folder.Path("net.pth"), again = _folder.Path("again/net.pth");
        var writer = new TorchWriter();
        writer.Add("w", SafetensorsType.F32, [2, 3], stream => stream.Write(new byte[24]));
        writer.Add("n", SafetensorsType.I64, [], stream => stream.Write(new byte[8]));
        writer.Write(path);
        using (ZipArchive zip = ZipFile.OpenRead(path))
        {
            Assert.Equal(["net/data.pkl", "net/byteorder", "net/data/0", "net/data/1", "net/version"], zip.Entries.Select(entry => entry.FullName));
            Assert.All(zip.Entries, entry => Assert.Equal(entry.Length, entry.CompressedLength));
            using var version = new StreamReader(zip.GetEntry("net/version")!.Open());
            Assert.Equal("3\n", version.ReadToEnd());
            using var pickle = new MemoryStream();
            using (Stream entry = zip.GetEntry("net/data.pkl")!.Open()) entry.CopyTo(pickle);
            byte[] expected = new PickleBytes().Raw("ccollections\nOrderedDict\n)R(")
                .Text("w").Raw("ctorch._utils\n_rebuild_tensor_v2\n((").Text("storage").Raw("ctorch\nFloatStorage\n").Text("0").Text("cpu")
                .Raw("K\u0006tQK\0(K\u0002K\u0003t(K\u0003K\u0001t\u0089ccollections\nOrderedDict\n)RtR")
                .Text("n").Raw("ctorch._utils\n_rebuild_tensor_v2\n((").Text("storage").Raw("ctorch\nLongStorage\n").Text("1").Text("cpu")
                .Raw("K\u0001tQK\0(t(t\u0089ccollections\nOrderedDict\n)RtRu").Stop();
            Assert.Equal(expected, pickle.ToArray());
        }
        Directory.CreateDirectory(_folder.Path("again"));
        writer.Write(again);
        Assert.Equal(File.ReadAllBytes(path), File.ReadAllBytes(again));
        Assert.Throws<IOException>(() => writer.Write(path));
        Assert.Throws<ArgumentException>(() => writer.Add("w", SafetensorsType.F32, [1], _ => { }));
    }
}
