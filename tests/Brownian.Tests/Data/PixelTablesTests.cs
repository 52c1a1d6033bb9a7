using System.Diagnostics;
using System.Text;

namespace Brownian.Tests;

/// <summary>Tables of pixels are sets of images.</summary>
public sealed class PixelTablesTests : IDisposable
{
    readonly ScratchFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_label_and_784_pixels_a_line_are_read_with_the_header_that_MNIST_has()
    {
        string path = Fixtures.Field("03-mnist-csv/mnist_train.csv");
        using IImageSource source = ImageSources.Open(path);
        string[][] lines = [.. File.ReadLines(path).Skip(1).Select(line => line.Split(','))];
        Assert.Equal(lines.Length, source.Count);
        for (int i = 0; i < lines.Length; i++)
        {
            Assert.Equal(lines[i][0], source.Classes[source.Label(i)]);
            Image image = source.Read(i);
            Assert.Equal((28, 28, 1), (image.Width, image.Height, image.Channels));
            Assert.Equal(lines[i][1..].Select(byte.Parse), image.Pixels);
        }
    }

    [Theory]
    [InlineData("", "0", "{0}", ",")]
    [InlineData("label", "0", "{0}", ",")]
    [InlineData("", "", "{0}", ",")]
    [InlineData("class", "", "{0}", ";")]
    public void The_label_is_first_or_where_the_header_says(string label, string first, string format, string delimiter)
    {
        bool last = label == "class", labelled = first.Length > 0 || last;
        string Row(string own, IEnumerable<string> pixels) => string.Join(delimiter, last ? [.. pixels, own] : labelled ? [own, .. pixels] : (string[])[.. pixels]);
        var text = new StringBuilder();
        if (label.Length > 0) text.Append(Row(label, Enumerable.Range(0, 64).Select(i => $"pixel{i}"))).Append("\r\n");
        for (int n = 0; n < 3; n++) text.Append(Row($"{5 - n}", Enumerable.Range(0, 64).Select(i => string.Format(null, format, (i * 3 + n) % 256)))).Append("\r\n");
        using IImageSource source = ImageSources.Open(_folder.Write("a.csv", text.ToString()));
        Assert.Equal(3, source.Count);
        Assert.Equal(Enumerable.Range(0, 64).Select(i => (byte)(i * 3 + 2)), source.Read(2).Pixels);
        Assert.Equal(labelled ? ["3", "4", "5"] : [], source.Classes);
        Assert.Equal(labelled ? 0 : -1, source.Label(2));
        if (labelled && label.Length == 0) Assert.Contains(source.Notes, note => note.Contains("no header", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Colours_are_ordered_as_the_header_says_or_as_they_are_smooth(bool header)
    {
        // A smooth image, once in threes and once in planes.
        double Value(int p, int c) => c * 80 + p;
        foreach (bool planes in (bool[])[false, true])
        {
            var order = Enumerable.Range(0, 192).Select(i => planes ? (P: i % 64, C: i / 64) : (P: i / 3, C: i % 3)).ToArray();
            string names = header ? string.Join(',', order.Select(at => $"{"rgb"[at.C]}{at.P}")) + "\n" : "";
            using IImageSource source = ImageSources.Open(_folder.Write("c.csv", names + string.Join(',', order.Select(at => Value(at.P, at.C))) + "\n"));
            Image image = source.Read(0);
            Assert.Equal((8, 8, 3), (image.Width, image.Height, image.Channels));
            Assert.Equal(Enumerable.Range(0, 192).Select(i => (byte)Value(i / 3, i % 3)), image.Pixels);
        }
    }

    [Fact]
    public void Numbers_between_0_and_1_become_16_bits_and_words_are_classes()
    {
        string Line(string label, double scale) => label + "," + string.Join(',', Enumerable.Range(0, 64).Select(i => (i / 63.0 * scale).ToString("R", System.Globalization.CultureInfo.InvariantCulture)));
        string header = "label," + string.Join(',', Enumerable.Range(0, 64).Select(i => $"p{i}"));
        using IImageSource source = ImageSources.Open(_folder.Write("a.csv", $"{header}\n{Line("dog", 1)}\n{Line("\"cat\"", 0.5)}\n"));
        Assert.Equal(["cat", "dog"], source.Classes);
        Assert.Equal([1, 0], [source.Label(0), source.Label(1)]);
        Image image = source.Read(1);
        Assert.Equal(16, image.BitDepth);
        Assert.Equal(32768, image.Deep[63]);
        Assert.Contains("1 for white", source.Notes[0], StringComparison.Ordinal);
    }

    [Fact]
    public void Tables_beside_each_other_are_parts()
    {
        string Rows(int count) => string.Concat(Enumerable.Repeat("1," + string.Join(',', Enumerable.Range(0, 64)) + "\n", count));
        _folder.Write("set/mnist_train.csv", Rows(3));
        _folder.Write("set/mnist_test.csv", Rows(2));
        _folder.Write("set/sample_submission.csv", "ImageId,Label\n1,0\n");
        using IImageSource train = ImageSources.Open(_folder.Path("set")), test = ImageSources.Open(_folder.Path("set"), new SourceOptions { Split = DataSplit.Test });
        Assert.Equal((3, 2), (train.Count, test.Count));
        Assert.Contains("train is used; test is left out", train.Notes);
    }

    [Theory]
    [InlineData("1,{63}", 3, "64 columns instead of the 65")]
    [InlineData("1,{65}", 3, "66 columns instead of the 65")]
    [InlineData("1,{63},x", 3, "'x', which is no number")]
    [InlineData("1,{63},", 3, "column 65 is empty")]
    [InlineData("1,{63},300000", 0, "300000")]
    [InlineData("1,{63},-7", 0, "-7")]
    public void Errors_name_the_line(string bad, int line, string problem)
    {
        string good = "1," + string.Join(',', Enumerable.Range(0, 64));
        foreach (int count in (int[])[63, 65]) bad = bad.Replace($"{{{count}}}", string.Join(',', Enumerable.Range(0, count)), StringComparison.Ordinal);
        string path = _folder.Write("a.csv", $"{good}\n{good}\n{bad}\n{good}\n");
        string message = Assert.Throws<InvalidDataException>(() => ImageSources.Open(path)).Message;
        Assert.StartsWith(line > 0 ? $"{path}:{line}: " : $"{path}: ", message, StringComparison.Ordinal);
        Assert.Contains(problem, message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_table_of_something_else_is_told_and_a_folder_of_images_with_one_is_a_folder_of_images()
    {
        string path = _folder.Write("set/list.csv", "file,label\na.png,1\n");
        Assert.Contains("no square number", Assert.Throws<InvalidDataException>(() => ImageSources.Open(path)).Message, StringComparison.Ordinal);
        _folder.Write("set/a.png", PngBytes.File(2, 1, [1, 2, 3, 4]));
        using IImageSource source = ImageSources.Open(_folder.Path("set"));
        Assert.Equal(2, source.Read(0).Width);
    }

    [Fact]
    public void Sixty_thousand_lines_take_a_few_seconds()
    {
        string line = "7," + string.Join(',', Enumerable.Range(0, 784).Select(i => i % 256)) + "\n";
        string path = _folder.Write("big.csv", string.Concat(Enumerable.Repeat(line, 60_000)));
        var clock = Stopwatch.StartNew();
        using IImageSource source = ImageSources.Open(path);
        Assert.Equal(60_000, source.Count);
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(20), $"{clock.Elapsed}");
    }

    [Fact]
    public void Spoiled_bytes_anywhere_give_images_or_one_error()
    {
        byte[] good = Encoding.ASCII.GetBytes("label," + string.Join(',', Enumerable.Range(0, 64).Select(i => $"p{i}")) + "\n3," + string.Join(',', Enumerable.Range(0, 64)) + "\n");
        for (int at = 0; at < good.Length; at++)
        {
            byte[] spoiled = [.. good];
            spoiled[at] ^= 0x15;
            string path = _folder.Write("s.csv", spoiled);
            Exception? e = Record.Exception(() => ImageSources.Open(path).Dispose());
            if (e is not null) Assert.StartsWith(path, Assert.IsType<InvalidDataException>(e).Message, StringComparison.Ordinal);
        }
    }
}
