using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace Brownian.Tests;

/// <summary>Writes pickles by hand, and files of torch.save around them.</summary>
sealed class PickleBytes
{
    readonly List<byte> _bytes = [];

    public PickleBytes() => Raw(0x80, 2);

    public PickleBytes Raw(params byte[] bytes)
    {
        _bytes.AddRange(bytes);
        return this;
    }

    public PickleBytes Raw(string opcodes) => Raw(Encoding.Latin1.GetBytes(opcodes));

    public PickleBytes Repeat(int times, params byte[] bytes)
    {
        for (int i = 0; i < times; i++) Raw(bytes);
        return this;
    }

    public PickleBytes Text(string text)
    {
        byte[] utf8 = Encoding.UTF8.GetBytes(text), length = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(length, utf8.Length);
        return Raw("X").Raw(length).Raw(utf8);
    }

    public PickleBytes Long(long value)
    {
        byte[] bytes = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, value);
        return Raw(0x8a, 8).Raw(bytes);
    }

    public PickleBytes Longs(params long[] values)
    {
        Raw("(");
        foreach (long value in values) Long(value);
        return Raw("t");
    }

    /// <summary>A tensor of floats.</summary>
    public PickleBytes Tensor(string key, long stored, long offset, long[] shape, long[] strides) =>
        Raw("ctorch._utils\n_rebuild_tensor_v2\n(").Storage(key, stored).Long(offset).Longs(shape).Longs(strides)
            .Raw(0x89).Raw("ccollections\nOrderedDict\n)RtR");

    public PickleBytes Storage(string key, long stored, string type = "FloatStorage") =>
        Raw("(").Text("storage").Raw($"ctorch\n{type}\n").Text(key).Text("cpu").Long(stored).Raw("tQ");

    public byte[] Stop() => [.. Raw(".")._bytes];

    /// <summary>The whole of a file as torch.save writes it, with storages of floats.</summary>
    public byte[] Zip(CompressionLevel level = CompressionLevel.NoCompression, params (string Key, float[] Values)[] storages)
    {
        var file = new MemoryStream();
        using (var zip = new ZipArchive(file, ZipArchiveMode.Create, leaveOpen: true))
        {
            using (Stream entry = zip.CreateEntry("archive/data.pkl", level).Open()) entry.Write(Stop());
            foreach ((string key, float[] values) in storages)
            {
                using Stream entry = zip.CreateEntry($"archive/data/{key}", level).Open();
                foreach (float value in values) entry.Write(BitConverter.GetBytes(value));
            }
        }
        return file.ToArray();
    }
}
