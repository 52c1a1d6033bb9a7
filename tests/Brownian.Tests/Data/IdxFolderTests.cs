using System.IO.Compression;

namespace Brownian.Tests;

/// <summary>Folders as MNIST and those after it are laid out.</summary>
public sealed class IdxFolderTests : IDisposable
{
    static readonly SourceOptions Test = new() { Split = DataSplit.Test };

    readonly ScratchFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("")]
    [InlineData("/MNIST")]
    [InlineData("/MNIST/raw")]
    public void Torchvisions_folder_is_found_from_the_root_from_the_set_and_from_raw(string below)
    {
        string path = Fixtures.Field("01-torchvision-mnist-raw") + below;
        using IImageSource train = ImageSources.Open(path), test = ImageSources.Open(path, Test), all = ImageSources.Open(path, new SourceOptions { Split = DataSplit.All });
        Assert.Equal(train.Count + test.Count, all.Count);
        Assert.Equal((28, 28), (train.Read(0).Width, test.Read(0).Height));
        Assert.Equal(test.Read(1).Pixels, all.Read(train.Count + 1).Pixels);
        Assert.Equal(test.Classes[test.Label(1)], all.Classes[all.Label(train.Count + 1)]);
        Assert.Contains("train is used; test is left out", train.Notes);
        string message = Assert.Throws<InvalidDataException>(() => ImageSources.Open(path, new SourceOptions { Split = DataSplit.Val })).Message;
        Assert.Equal($"{path}: it has no part val; it has train, test.", message);
    }

    [Fact]
    public void Of_two_sets_below_one_root_one_must_be_named()
    {
        foreach (string set in (string[])["MNIST", "FashionMNIST"])
        {
            _folder.Write($"{set}/raw/train-images-idx3-ubyte", IdxBytes.Images(2, 4, 4));
            _folder.Write($"{set}/raw/train-images-idx3-ubyte.gz", IdxBytes.Gzip(IdxBytes.Images(2, 4, 4)));
        }
        string message = Assert.Throws<InvalidDataException>(() => ImageSources.Open(_folder.Root)).Message;
        Assert.Equal($"{_folder.Root}: 2 sets of images are in it, FashionMNIST/raw, MNIST/raw; give one of them, such as {_folder.Path("FashionMNIST/raw")}.", message);
        using IImageSource one = ImageSources.Open(_folder.Path("MNIST"));
        Assert.Equal(2, one.Count);
    }

    [Theory]
    [InlineData("")]
    [InlineData("/emnist-letters-train-images-idx3-ubyte.gz")]
    public void Emnist_is_turned_back_and_has_letters_for_classes(string file)
    {
        string folder = Fixtures.Field("02-emnist-names");
        using IImageSource source = ImageSources.Open(folder + file);
        byte[] stored = Inflated($"{folder}/emnist-letters-train-images-idx3-ubyte.gz"), labels = Inflated($"{folder}/emnist-letters-train-labels-idx1-ubyte.gz");
        Assert.Equal(labels.Length - 8, source.Count);
        for (int i = 0; i < source.Count; i++)
        {
            byte[] pixels = source.Read(i).Pixels;
            for (int p = 0; p < 784; p++) Assert.Equal(stored[16 + 784 * i + p % 28 * 28 + p / 28], pixels[p]);
            // The mapping beside the images has the first two letters; others keep their number.
            Assert.Equal(labels[8 + i] <= 2 ? $"{(char)('A' + labels[8 + i] - 1)}" : $"{labels[8 + i]}", source.Classes[source.Label(i)]);
        }
        Assert.Contains(source.Notes, note => note.Contains("turned back", StringComparison.Ordinal));
        Assert.Contains(source.Notes, note => note.StartsWith("labels: 0", StringComparison.Ordinal) && note.EndsWith("without images, and left out", StringComparison.Ordinal));
        Assert.All(Enumerable.Range(0, source.Classes.Count), c => Assert.Contains(c, Enumerable.Range(0, source.Count).Select(source.Label)));
    }

    [Fact]
    public void Of_several_kinds_of_EMNIST_in_one_folder_one_must_be_named()
    {
        foreach (string kind in (string[])["letters", "digits"]) _folder.Write($"emnist-{kind}-train-images-idx3-ubyte", IdxBytes.Images(2, 4, 4));
        Assert.Contains(
            "emnist-digits-train-images-idx3-ubyte, emnist-letters-train-images-idx3-ubyte; give one of them",
            Assert.Throws<InvalidDataException>(() => ImageSources.Open(_folder.Root)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Images_of_four_dimensions_have_channels()
    {
        byte[] content = IdxBytes.File(0x804, [2, 4, 5, 3], [.. Enumerable.Range(0, 120).Select(IdxBytes.Element)]);
        using IImageSource source = ImageSources.Open(_folder.Write("train-images-idx4-ubyte", content));
        Image image = source.Read(1);
        Assert.Equal((5, 4, 3), (image.Width, image.Height, image.Channels));
        Assert.Equal(Enumerable.Range(60, 60).Select(IdxBytes.Element), image.Pixels);

        byte[] planes = IdxBytes.File(0x804, [1, 3, 4, 5], [.. Enumerable.Range(0, 60).Select(IdxBytes.Element)]);
        using IImageSource first = ImageSources.Open(_folder.Write("planes", planes));
        Assert.Equal([IdxBytes.Element(0), IdxBytes.Element(20), IdxBytes.Element(40), IdxBytes.Element(1)], first.Read(0).Pixels[..4]);
        Assert.Contains("N×C×H×W", first.Notes[0], StringComparison.Ordinal);
    }

    [Fact]
    public void Bytes_lost_in_a_stored_block_are_noticed()
    {
        byte[] elements = new byte[3000];
        new Random(2).NextBytes(elements);
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.NoCompression, leaveOpen: true)) gzip.Write(IdxBytes.File(0x803, [30, 10, 10], elements));
        byte[] good = packed.ToArray();
        // Eight bytes less: the block takes the checksum and the length for pixels, and the length is right where it now is.
        string path = _folder.Write("train-images-idx3-ubyte.gz", [.. good[..500], .. good[508..]]);
        string message = Assert.Throws<InvalidDataException>(() => ImageSources.Open(path)).Message;
        Assert.StartsWith($"{path}: the gzip data are damaged", message, StringComparison.Ordinal);
    }

    static byte[] Inflated(string path)
    {
        using var gzip = new GZipStream(File.OpenRead(path), CompressionMode.Decompress);
        using var target = new MemoryStream();
        gzip.CopyTo(target);
        return target.ToArray();
    }
}
