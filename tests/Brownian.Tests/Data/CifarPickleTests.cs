using System.Buffers.Binary;
using System.Text;

namespace Brownian.Tests;

/// <summary>CIFAR's pickles are read and never run.</summary>
public sealed class CifarPickleTests : IDisposable
{
    readonly ScratchFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Batches_of_Python_2_and_3_are_one_set_with_the_names_of_its_classes(bool old)
    {
        foreach ((string file, byte first, int[] labels) in (ReadOnlySpan<(string, byte, int[])>)[("data_batch_1", 200, [3, 0]), ("data_batch_2", 7, [9]), ("test_batch", 50, [5])])
            _folder.Write($"c/cifar-10-batches-py/{file}", old ? Old(first, "labels", labels) : New(first, "labels", labels));
        _folder.Write("c/cifar-10-batches-py/batches.meta", Names("label_names", [.. Enumerable.Range(0, 10).Select(i => $"name{i}")]));
        foreach (string path in (string[])["c", "c/cifar-10-batches-py"])
        {
            using IImageSource source = ImageSources.Open(_folder.Path(path)), test = ImageSources.Open(_folder.Path(path), new SourceOptions { Split = DataSplit.Test });
            Assert.Equal((3, 1, 10), (source.Count, test.Count, source.Classes.Count));
            Assert.Equal([3, 0, 9], Enumerable.Range(0, 3).Select(source.Label));
            Assert.Equal("name9", source.Classes[9]);
            Assert.True(source.IsPictures);
            // Element e of a batch is first + 3·e: planes of 1024.
            byte[] pixels = source.Read(1).Pixels;
            Assert.Equal([Element(200, 3072), Element(200, 4096), Element(200, 5120), Element(200, 3073)], pixels[..4]);
            Assert.Equal(Element(7, 0), source.Read(2).Pixels[0]);
        }
    }

    [Fact]
    public void Cifar_100_has_its_fine_labels_and_a_single_file_is_enough()
    {
        string path = _folder.Write("cifar-100-python/train", Old(1, "fine_labels", [19, 99]));
        _folder.Write("cifar-100-python/meta", Names("fine_label_names", [.. Enumerable.Range(0, 100).Select(i => $"fine{i}")]));
        foreach (string place in (string[])[path, _folder.Root])
        {
            using IImageSource source = ImageSources.Open(place);
            Assert.Equal("fine99", source.Classes[source.Label(1)]);
            Assert.Equal(100, source.Classes.Count);
        }
    }

    [Fact]
    public void Without_names_classes_are_those_that_have_images()
    {
        using IImageSource source = ImageSources.Open(_folder.Write("data_batch_1", New(1, "labels", [7, 2])));
        Assert.Equal(["2", "7"], source.Classes);
        Assert.Equal(1, source.Label(0));
    }

    [Theory]
    [InlineData("posix", "system")]
    [InlineData("builtins", "eval")]
    [InlineData("numpy", "load")]
    [InlineData("numpy.core.multiarray", "frombuffer")]
    public void What_would_run_is_refused_by_name(string module, string name)
    {
        byte[] pickle = [0x80, 2, .. Encoding.ASCII.GetBytes($"c{module}\n{name}\n"), .. Short("echo"), 0x85, .. "R."u8];
        string path = _folder.Write("py/data_batch_1", pickle);
        foreach (string place in (string[])[path, _folder.Path("py")])
        {
            string message = Assert.Throws<InvalidDataException>(() => ImageSources.Open(place)).Message;
            Assert.StartsWith(path + ": ", message, StringComparison.Ordinal);
            Assert.Contains(name, message, StringComparison.Ordinal);
            Assert.Contains("refused", message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Cut_and_spoiled_pickles_give_images_or_one_error()
    {
        byte[] good = Old(1, "labels", [1, 2]);
        for (int i = 0; i < 400; i++)
        {
            byte[] bad = i % 2 == 0 ? good[..(2 + i * 17 % (good.Length - 2))] : [.. good];
            bad[i * 31 % Math.Min(300, bad.Length)] ^= (byte)(1 + i % 200);
            string path = _folder.Write("data_batch_1", bad);
            long before = GC.GetAllocatedBytesForCurrentThread();
            Exception? e = Record.Exception(() => ImageSources.Open(path).Dispose());
            if (e is not null) Assert.StartsWith(path, Assert.IsType<InvalidDataException>(e).Message, StringComparison.Ordinal);
            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 8 << 20);
        }
    }

    static byte Element(byte first, int e) => (byte)(first + 3 * e);

    static byte[] Data(byte first, int count) => [.. Enumerable.Range(0, count * 3072).Select(e => Element(first, e))];

    // As cPickle of Python 2 wrote the published files: str for names and for the bytes of the array.
    static byte[] Old(byte first, string labelKey, int[] labels)
    {
        byte[] data = Data(first, labels.Length), length = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(length, data.Length);
        return
        [
            0x80, 2, (byte)'}', .. Memo(1), (byte)'(', .. Short("batch_label"), .. Memo(2), .. Short("training batch 1 of 5"), .. Memo(3),
            .. Short(labelKey), .. Memo(4), (byte)']', .. Memo(5), (byte)'(', .. labels.SelectMany(label => new[] { (byte)'K', (byte)label }), .. "e"u8,
            .. Short("data"), .. Memo(6), .. "cnumpy.core.multiarray\n_reconstruct\n"u8, .. Memo(7), .. "cnumpy\nndarray\n"u8, .. Memo(8), (byte)'K', 0, 0x85, .. Memo(9), .. Short("b"), 0x87, .. Memo(10), (byte)'R', .. Memo(11),
            (byte)'(', (byte)'K', 1, (byte)'K', (byte)labels.Length, (byte)'M', 0, 12, 0x86, .. Memo(12),
            .. "cnumpy\ndtype\n"u8, .. Memo(13), .. Short("u1"), (byte)'K', 0, (byte)'K', 1, 0x87, .. Memo(14), (byte)'R', .. Memo(15),
            (byte)'(', (byte)'K', 3, .. Short("|"), .. "NNNJ"u8, 255, 255, 255, 255, (byte)'J', 255, 255, 255, 255, (byte)'K', 0, .. "tb"u8,
            0x89, (byte)'T', .. length, .. data, .. "tb"u8,
            .. Short("filenames"), .. Memo(16), (byte)']', .. Memo(17), (byte)'(', .. labels.SelectMany(label => Short($"image_{label}.png")), .. "eu."u8,
        ];
    }

    static byte[] Memo(byte index) => [(byte)'q', index];

    static byte[] Short(string text) => [(byte)'U', (byte)text.Length, .. Encoding.ASCII.GetBytes(text)];

    // As Python 3 pickles it by protocol 4, with bytes for keys.
    static byte[] New(byte first, string labelKey, int[] labels)
    {
        byte[] data = Data(first, labels.Length), length = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(length, data.Length);
        return
        [
            0x80, 4, (byte)'}', 0x94, (byte)'(', .. Bytes(labelKey), 0x94, (byte)']', 0x94, (byte)'(',
            .. labels.SelectMany(label => new[] { (byte)'K', (byte)label }), (byte)'e',
            .. Bytes("data"), 0x94, .. Global("numpy._core.multiarray", "_reconstruct"), .. Global("numpy", "ndarray"), (byte)'K', 0, 0x85, 0x94,
            .. Bytes("b"), 0x94, 0x87, 0x94, (byte)'R', 0x94,
            (byte)'(', (byte)'K', 1, (byte)'K', (byte)labels.Length, (byte)'M', 0, 12, 0x86, 0x94,
            .. Global("numpy", "dtype"), .. Text("u1"), 0x94, 0x89, 0x88, 0x87, 0x94, (byte)'R', 0x94,
            (byte)'(', (byte)'K', 3, .. Text("|"), 0x94, .. "NNNJ"u8, 255, 255, 255, 255, (byte)'J', 255, 255, 255, 255, (byte)'K', 0, (byte)'t', 0x94, (byte)'b',
            0x89, (byte)'B', .. length, .. data, 0x94, (byte)'t', 0x94, (byte)'b', (byte)'u', (byte)'.',
        ];
    }

    static byte[] Names(string key, string[] names) =>
        [0x80, 4, (byte)'}', (byte)'(', .. Text("num_vis"), (byte)'M', 0, 12, .. Text(key), (byte)']', (byte)'(', .. names.SelectMany(Text), .. "eu."u8];

    static byte[] Global(string module, string name) => [.. Text(module), 0x94, .. Text(name), 0x94, 0x93, 0x94];

    static byte[] Text(string text) => [0x8c, (byte)text.Length, .. Encoding.ASCII.GetBytes(text)];

    static byte[] Bytes(string text) => [(byte)'C', (byte)text.Length, .. Encoding.ASCII.GetBytes(text)];
}
