using System.Globalization;
using System.IO.Compression;

namespace Brownian.Tests;

/// <summary>Arrays of NumPy are sets of images.</summary>
public sealed class NumpyFilesTests : IDisposable
{
    static readonly SourceOptions Test = new() { Split = DataSplit.Test }, Val = new() { Split = DataSplit.Val }, All = new() { Split = DataSplit.All };

    readonly ScratchFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(DataSplit.Train, 20)]
    [InlineData(DataSplit.Val, 4)]
    [InlineData(DataSplit.Test, 4)]
    [InlineData(DataSplit.All, 28)]
    public void Medmnist_has_three_parts(DataSplit split, int count)
    {
        using IImageSource source = ImageSources.Open(Fixtures.Field("04-medmnist-npz/pathmnist.npz"), new SourceOptions { Split = split });
        Assert.Equal(count, source.Count);
        Image image = source.Read(count - 1);
        Assert.Equal((28, 28, 3, 8), (image.Width, image.Height, image.Channels, image.BitDepth));
        Assert.NotEmpty(source.Classes);
        Assert.InRange(source.Label(0), 0, source.Classes.Count - 1);
        if (split != DataSplit.All) Assert.Contains($"{split} is used;", source.Notes[0], StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void What_sample_writes_is_a_set()
    {
        using IImageSource source = ImageSources.Open(Fixtures.Field("04b-npy/faces.npy"));
        Image image = source.Read(19);
        Assert.Equal((20, 28, 28, 3), (source.Count, image.Width, image.Height, image.Channels));
        Assert.Empty(source.Classes);
        Assert.Empty(source.Notes);

        string path = _folder.Path("own.npy");
        Npy.Write(path, [2, 4, 5, 1], 1, [[.. Enumerable.Range(0, 20).Select(i => (byte)i)], [.. Enumerable.Range(20, 20).Select(i => (byte)i)]], overwrite: false);
        using IImageSource own = ImageSources.Open(path);
        Assert.Equal(Enumerable.Range(20, 20).Select(i => (byte)i), own.Read(1).Pixels);
    }

    [Theory]
    [InlineData("x_train", "y_train", "x_test", "y_test")]
    [InlineData("train_images", "train_labels", "test_images", "test_labels")]
    [InlineData("X_train", "Y_train", "X_test", "Y_test")]
    [InlineData("train_x", "train_y", "test_x", "test_y")]
    public void The_parts_of_an_npz_go_by_many_names(string images, string labels, string testImages, string testLabels)
    {
        string path = _folder.Write("set.npz", ZipBytes.File(
            (images + ".npy", NpyBytes.Images(3, 8, 9)), (labels + ".npy", NpyBytes.Labels(4, 2, 4)),
            (testImages + ".npy", NpyBytes.Images(2, 8, 9)), (testLabels + ".npy", NpyBytes.Labels(2, 9))));
        using IImageSource train = ImageSources.Open(path), test = ImageSources.Open(path, Test), all = ImageSources.Open(path, All);
        Assert.Equal([1, 0, 1], Labels(train));
        Assert.Equal(["2", "4"], train.Classes);
        Assert.Equal(["2", "9"], test.Classes);
        Assert.Equal(["2", "4", "9"], all.Classes);
        Assert.Equal([1, 0, 1, 0, 2], Labels(all));
        Assert.Equal(Enumerable.Range(72, 72).Select(IdxBytes.Element), train.Read(1).Pixels);
        Assert.Equal(Enumerable.Range(72, 72).Select(IdxBytes.Element), all.Read(4).Pixels);
        Assert.Contains("no part val", Assert.Throws<InvalidDataException>(() => ImageSources.Open(path, Val)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("images", "labels")]
    [InlineData("X", "y")]
    [InlineData("x", "y")]
    [InlineData("arr_0", "arr_1")]
    [InlineData("data", "target")]
    public void Sets_without_parts_are_given_whole(string images, string labels)
    {
        foreach (CompressionLevel level in (CompressionLevel[])[CompressionLevel.NoCompression, CompressionLevel.Optimal])
        {
            string path = _folder.Write("set.npz", ZipBytes.File(level, (images + ".npy", NpyBytes.Images(3, 8, 9)), (labels + ".npy", NpyBytes.Labels(0, 1, 1))));
            using IImageSource source = ImageSources.Open(path, Test);
            Assert.Equal([0, 1, 1], Labels(source));
            Assert.Equal(IdxBytes.Element(72), source.Read(1).Pixels[0]);
            Assert.Empty(source.Notes);
        }
    }

    [Theory]
    [InlineData("5,8,9", 9, 8, 1, "")]
    [InlineData("5,8,9,2", 9, 8, 2, "")]
    [InlineData("5,8,9,5", 9, 8, 5, "")]
    [InlineData("5,16,16,12", 16, 16, 12, "")]
    [InlineData("5,3,8,9", 9, 8, 3, "N×C×H×W")]
    [InlineData("5,12,16,16", 16, 16, 12, "N×C×H×W")]
    [InlineData("5,784", 28, 28, 1, "28×28")]
    public void Shapes_are_images(string shape, int width, int height, int channels, string note)
    {
        int[] extents = [.. shape.Split(',').Select(extent => int.Parse(extent, CultureInfo.InvariantCulture))];
        using IImageSource source = ImageSources.Open(_folder.Write("a.npy", NpyBytes.Images(extents)));
        Image image = source.Read(4);
        Assert.Equal((5, width, height, channels), (source.Count, image.Width, image.Height, image.Channels));
        bool planes = note.Contains('C', StringComparison.Ordinal);
        int Place(int p, int c) => 4 * image.Pixels.Length + (planes ? c * width * height + p : p * channels + c);
        for (int p = 0; p < width * height; p++)
        {
            for (int c = 0; c < channels; c++) Assert.Equal(IdxBytes.Element(Place(p, c)), image.Pixels[p * channels + c]);
        }
        if (note.Length == 0) Assert.Empty(source.Notes);
        else Assert.Contains(note, Assert.Single(source.Notes), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("<f4", 0.0, 0.25, 1.0, 16, "0 for black and 1")]
    [InlineData(">f4", 0.0, 0.25, 1.0, 16, "0 for black and 1")]
    [InlineData("<f8", -1.0, 0.25, 1.0, 16, "-1 for black and 1")]
    [InlineData("<f2", -1.0, 0.25, 1.0, 16, "-1 for black and 1")]
    [InlineData("<f4", 0.0, 127.5, 255.0, 16, "0 for black and 255")]
    [InlineData("<f4", 0.0, 127.0, 255.0, 8, "8-bit")]
    [InlineData("<i8", 0, 127, 255, 8, "8-bit")]
    [InlineData(">i2", 0, 127, 255, 8, "8-bit")]
    [InlineData("<u2", 0, 300, 4095, 16, "16-bit")]
    [InlineData(">u2", 0, 300, 65535, 16, "16-bit")]
    [InlineData("<u2", 0, 127, 255, 8, "8-bit")]
    [InlineData("|b1", 0, 1, 1, 8, "black and white")]
    [InlineData("|u1", 0, 1, 1, 8, "black and white")]
    public void What_numbers_stand_for_is_found_and_said(string type, double least, double middle, double most, int depth, string note)
    {
        byte[] content = [.. new[] { least, middle, most, most }.SelectMany(value => Bytes(type, value))];
        using IImageSource source = ImageSources.Open(_folder.Write("a.npy", NpyBytes.File(type, [1, 2, 2], content)));
        Assert.Contains(note, Assert.Single(source.Notes), StringComparison.Ordinal);
        Image image = source.Read(0);
        Assert.Equal(depth, image.BitDepth);
        int white = depth == 8 ? 255 : 65535;
        double from = note.StartsWith("-1", StringComparison.Ordinal) ? -1 : 0;
        double to = note switch { "8-bit" => 255, "16-bit" => 65535, "0 for black and 255" => 255, _ => 1 };
        int[] expected = [.. new[] { least, middle, most, most }.Select(value => (int)Math.Round((value - from) / (to - from) * white, MidpointRounding.AwayFromZero))];
        Assert.Equal(expected, depth == 8 ? image.Pixels.Select(pixel => (int)pixel) : image.Deep.ToArray().Select(pixel => (int)pixel));
    }

    [Fact]
    public void Fortran_order_and_later_versions_of_the_header_are_read()
    {
        // Element (n, h, w) is 100n + 10h + w; in Fortran's order n runs fastest.
        byte[] content = [.. from w in Enumerable.Range(0, 4) from h in Enumerable.Range(0, 3) from n in Enumerable.Range(0, 2) select (byte)(100 * n + 10 * h + w)];
        foreach (int version in (int[])[1, 2, 3])
        {
            using IImageSource source = ImageSources.Open(_folder.Write("f.npy", NpyBytes.File("|u1", [2, 3, 4], content, fortran: true, version)));
            Assert.Equal(from h in Enumerable.Range(0, 3) from w in Enumerable.Range(0, 4) select (byte)(100 + 10 * h + w), source.Read(1).Pixels);
        }
    }

    [Theory]
    [InlineData("images.npy", "labels.npy")]
    [InlineData("images.npy", "y.npy")]
    [InlineData("x_train.npy", "y_train.npy")]
    [InlineData("faces.npy", "faces_labels.npy")]
    public void Labels_lie_beside_their_images(string images, string labels)
    {
        string path = _folder.Write("set/" + images, NpyBytes.Images(3, 8, 9));
        _folder.Write("set/" + labels, NpyBytes.File("|u1", [3, 1], [7, 5, 7]));
        using IImageSource file = ImageSources.Open(path);
        Assert.Equal([1, 0, 1], Labels(file));
        if (images == "faces.npy") return;
        using IImageSource folder = ImageSources.Open(_folder.Path("set"));
        Assert.Equal([1, 0, 1], Labels(folder));
    }

    [Fact]
    public void Labels_of_several_classes_are_left_out_and_rows_with_a_single_one_are_classes()
    {
        string one = _folder.Write("a.npz", ZipBytes.File(("images.npy", NpyBytes.Images(2, 8, 8)), ("labels.npy", NpyBytes.File("|u1", [2, 3], [0, 0, 1, 1, 0, 0]))));
        using IImageSource hot = ImageSources.Open(one);
        Assert.Equal(["0", "2"], hot.Classes);
        Assert.Equal([1, 0], Labels(hot));
        Assert.Contains("1: a class without images", Assert.Single(hot.Notes), StringComparison.Ordinal);

        string many = _folder.Write("b.npz", ZipBytes.File(("images.npy", NpyBytes.Images(2, 8, 8)), ("labels.npy", NpyBytes.File("|u1", [2, 3], [0, 1, 1, 1, 0, 0]))));
        using IImageSource multi = ImageSources.Open(many);
        Assert.Empty(multi.Classes);
        Assert.Contains("several classes at once", Assert.Single(multi.Notes), StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_of_single_images_is_a_set_of_any_sizes()
    {
        _folder.Write("set/image_2.npy", NpyBytes.Images(5, 7));
        _folder.Write("set/image_1.npy", NpyBytes.Images(8, 9, 3));
        using IImageSource source = ImageSources.Open(_folder.Path("set"));
        Assert.Equal([(9, 8, 3), (7, 5, 1)], Enumerable.Range(0, 2).Select(source.Read).Select(image => (image.Width, image.Height, image.Channels)));
    }

    [Fact]
    public void An_array_of_floats_can_be_trained_on()
    {
        string path = _folder.Write("a.npy", NpyBytes.Floats([4, 8, 8, 3], Enumerable.Range(0, 768).Select(i => i / 767f)));
        IImageDataset set = Prepared.Open(path, new ImagePreparation(4, 4, 3));
        Assert.Equal(4, set.Count);
    }

    public static TheoryData<string, byte[], string> Bad()
    {
        byte[] good = NpyBytes.Images(2, 8, 9);
        byte[] none = [];
        const string Header = "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 8, 9), }";
        return new()
        {
            { "cut", good[..^1], "is the file cut off" },
            { "cut in the header", good[..20], "header is cut off" },
            { "objects", NpyBytes.File("|O", [2, 8, 9], none), "Python's objects" },
            { "text", NpyBytes.File("<U5", [2, 8, 9], none), "type '<U5'" },
            { "complex", NpyBytes.File("<c8", [2, 8, 9], none), "type '<c8'" },
            { "table", NpyBytes.WithHeader("{'descr': [('a', '<i4')], 'fortran_order': False, 'shape': (2,), }", none), "table of several columns" },
            { "version", NpyBytes.File("|u1", [2, 8, 9], none, version: 9), "version 9" },
            { "terabytes", NpyBytes.File("<f8", [2_000_000_000, 2000, 2000], none), "cut off" },
            { "overflow", NpyBytes.WithHeader(Header.Replace("(2, 8, 9)", "(4000000000, 4000000000, 4000000000)", StringComparison.Ordinal), none), "more than there can be" },
            { "negative", NpyBytes.WithHeader(Header.Replace("(2,", "(-2,", StringComparison.Ordinal), none), "whole numbers" },
            { "no images", NpyBytes.Images(0, 8, 9), "holds no images" },
            { "one number", NpyBytes.File("|u1", [], [1]), "single number" },
            { "one image", NpyBytes.Images(8, 9, 3), "single image" },
            { "five dimensions", NpyBytes.Images(1, 2, 3, 4, 5), "images are" },
            { "no dictionary", NpyBytes.WithHeader("[1, 2]", none), "is expected" },
            { "open", NpyBytes.WithHeader("{'descr': '|u1", none), "does not end" },
            { "nan", NpyBytes.Floats([1, 2, 2], [0, float.NaN, 1, 1]), "NaN" },
            { "infinite", NpyBytes.Floats([1, 2, 2], [0, float.PositiveInfinity, 1, 1]), "NaN or infinite" },
            { "range", NpyBytes.Floats([1, 2, 2], [-0.4f, 2.8f, 1, 1]), "-0.4 to 2.8" },
            { "hounsfield", NpyBytes.File("<i2", [1, 1, 2], [0x00, 0xFC, 0xFF, 0x0B]), "-1024 to 3071" },
        };
    }

    [Theory]
    [MemberData(nameof(Bad))]
    public void What_is_no_set_of_images_is_told_in_one_line_by_itself_and_in_a_zip(string kind, byte[] content, string problem)
    {
        string file = _folder.Write(kind + ".npy", content);
        foreach (string path in (string[])[file, _folder.Write(kind + ".npz", ZipBytes.File(("images.npy", content)))])
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            string message = Assert.Throws<InvalidDataException>(() => ImageSources.Open(path)).Message;
            Assert.StartsWith(path + ": ", message, StringComparison.Ordinal);
            Assert.Contains(problem, message, StringComparison.Ordinal);
            Assert.DoesNotContain('\n', message);
            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 4 << 20);
        }
    }

    [Fact]
    public void A_wrong_checksum_in_an_npz_is_noticed()
    {
        byte[] npz = ZipBytes.File(CompressionLevel.NoCompression, ("images.npy", NpyBytes.Images(2, 8, 9)));
        npz[^150] ^= 1;
        string path = _folder.Write("a.npz", npz);
        Assert.Contains("checksum", Assert.Throws<InvalidDataException>(() => ImageSources.Open(path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Spoiled_bytes_anywhere_give_images_or_one_error()
    {
        byte[][] files = [NpyBytes.Images(2, 8, 9), ZipBytes.File(("images.npy", NpyBytes.Images(2, 8, 9)), ("labels.npy", NpyBytes.Labels(1, 2)))];
        foreach (byte[] good in files)
        {
            for (int at = 6; at < good.Length; at++)
            {
                byte[] spoiled = [.. good];
                spoiled[at] ^= 0x15;
                string path = _folder.Write("s.npz", spoiled);
                Exception? e = Record.Exception(() => ImageSources.Open(path).Dispose());
                if (e is not null) Assert.StartsWith(path, Assert.IsType<InvalidDataException>(e).Message, StringComparison.Ordinal);
            }
        }
    }

    static IEnumerable<byte> Bytes(string type, double value)
    {
        byte[] bytes = type[1..] switch
        {
            "f2" => BitConverter.GetBytes((Half)value),
            "f4" => BitConverter.GetBytes((float)value),
            "f8" => BitConverter.GetBytes(value),
            "i8" => BitConverter.GetBytes((long)value),
            "i2" => BitConverter.GetBytes((short)value),
            "u2" => BitConverter.GetBytes((ushort)value),
            _ => [(byte)value],
        };
        return type[0] == '>' ? bytes.Reverse() : bytes;
    }

    static int[] Labels(IImageSource source) => [.. Enumerable.Range(0, source.Count).Select(source.Label)];
}
