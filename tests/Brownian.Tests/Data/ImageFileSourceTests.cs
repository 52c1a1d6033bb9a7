using System.Formats.Tar;
using System.Globalization;

namespace Brownian.Tests;

/// <summary>Folders and archives as people have them: which images are taken, which classes they have, and what is said of the rest.</summary>
public sealed class ImageFileSourceTests : IDisposable
{
    readonly ScratchFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("cars", 4, "", "split train: cars_train (4 images); left out: cars_test (3 images)")]
    [InlineData("dogscats", 6, "cats dogs", "split train: training_set (6 images); left out: test_set (4 images)")]
    [InlineData("intel", 6, "buildings forest", "split train: seg_train (6 images); left out: seg_pred (2 images), seg_test (4 images)")]
    [InlineData("preview-at-root", 4, "cat dog", "split train: train (4 images); left out: val (1 image)|left out: preview.jpg, beside the splits")]
    [InlineData(
        "xray", 4, "NORMAL PNEUMONIA",
        "left out: 1 image in __MACOSX, which the system keeps for itself|split train: train (4 images); left out: test (4 images), val (4 images)")]
    public void Layouts_of_published_sets_give_their_classes(string name, int count, string classes, string notes)
    {
        using IImageSource source = ImageSources.Open(Fixtures.Field($"14-kaggle-layouts/{name}"));
        Assert.Equal(count, source.Count);
        Assert.Equal(classes, string.Join(' ', source.Classes));
        Assert.Equal(notes, string.Join('|', source.Notes));
    }

    [Theory]
    [InlineData(DataSplit.Test, "chest_xray/test", 4)]
    [InlineData(DataSplit.Val, "chest_xray/val", 4)]
    [InlineData(DataSplit.All, "", 12)]
    public void Another_split_is_given_when_asked_for(DataSplit split, string folder, int count)
    {
        using IImageSource source = ImageSources.Open(Fixtures.Field("14-kaggle-layouts/xray"), new SourceOptions { Split = split });
        Assert.Equal(count, source.Count);
        Assert.Equal(["NORMAL", "PNEUMONIA"], source.Classes);
        if (split != DataSplit.All)
            Assert.All(Enumerable.Range(0, count), i => Assert.Contains(folder, source.NameOf(i), StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("train/1.png plane/2.png ship/3.png", "plane ship train", "")]                          // trains are things too
    [InlineData("train/a/1.png train_masks/a/2.png test/a/3.png", "", "train (1 image)")]
    [InlineData("cat/train/1.png cat/test/2.png dog/train/3.png dog/test/4.png", "cat dog", "train (2 images); left out: test (2 images)")]
    [InlineData("a/b/c/cat/1.png a/b/c/dog/2.png", "cat dog", "")]
    [InlineData("a/1.png a/2.png", "", "")]                                                              // one folder tells nothing apart
    [InlineData("train2017/1.png val2017/2.png", "", "train2017 (1 image); left out: val2017 (1 image)")]
    [InlineData("cat/1.png dog/2.png cat/@eaDir/1.png/SYNOPHOTO_THUMB.jpg @eaDir/x.jpg", "cat dog", "2 images in @eaDir")]
    public void Folders_are_wrappers_splits_or_classes(string names, string classes, string note)
    {
        foreach (string name in names.Split(' ')) _folder.Write($"set/{name}", []);
        using IImageSource source = ImageSources.Open(_folder.Path("set"));
        Assert.Equal(classes, string.Join(' ', source.Classes));
        Assert.Contains(note, string.Join('|', source.Notes), StringComparison.Ordinal);
        Assert.Equal(note == "", source.Notes.Count == 0);
    }

    [Fact]
    public void A_split_that_is_not_there_is_refused_with_those_that_are()
    {
        foreach (string name in (string[])["train/1.png", "val/2.png"]) _folder.Write($"set/{name}", []);
        foreach (string name in (string[])["cat/1.png", "dog/2.png"]) _folder.Write($"plain/{name}", []);
        var test = new SourceOptions { Split = DataSplit.Test };
        string message = Assert.Throws<InvalidDataException>(() => ImageSources.Open(_folder.Path("set"), test)).Message;
        Assert.Equal($"{_folder.Path("set")}: there is no split 'test' among train, val; set dataset_params.split to train, val or all.", message);
        Assert.Contains("not kept in splits", Assert.Throws<InvalidDataException>(() => ImageSources.Open(_folder.Path("plain"), test)).Message, StringComparison.Ordinal);
        Assert.Equal(2, ImageSources.Open(_folder.Path("plain"), new SourceOptions { Split = DataSplit.All }).Count);
    }

    [Fact]
    public void Names_of_files_give_classes_when_asked_for_and_are_pointed_out_otherwise()
    {
        string path = Fixtures.Field("15-class-by-filename-prefix");
        using IImageSource plain = ImageSources.Open(path), prefixed = ImageSources.Open(path, new SourceOptions { Labels = LabelSource.Prefix });
        Assert.Empty(plain.Classes);
        Assert.Equal(["names begin with cat, dog: dataset_params.labels=prefix makes these the classes"], plain.Notes);
        Assert.Equal(["cat", "dog"], prefixed.Classes);
        Assert.All(
            Enumerable.Range(0, prefixed.Count),
            i => Assert.StartsWith(prefixed.Classes[prefixed.Label(i)], Path.GetFileName(prefixed.NameOf(i)), StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("american_bulldog_12.jpg", "american_bulldog")]
    [InlineData("cat.7.jpg", "cat")]
    [InlineData("Rose (3).png", "Rose")]
    public void A_prefix_is_what_stands_before_the_number(string file, string prefix)
    {
        _folder.Write($"set/{file}", []);
        using IImageSource source = ImageSources.Open(_folder.Path("set"), new SourceOptions { Labels = LabelSource.Prefix });
        Assert.Equal([prefix], source.Classes);
    }

    [Fact]
    public void A_table_of_labels_goes_before_folders()
    {
        string path = Fixtures.Field("16-hf-imagefolder-metadata");
        using IImageSource source = ImageSources.Open(path);
        Assert.Equal(["0", "1"], source.Classes);
        string[] rows = File.ReadAllLines(Path.Combine(path, "train", "metadata.csv"));
        for (int i = 0; i < source.Count; i++)
        {
            string row = rows.Single(row => row.StartsWith(Path.GetFileName(source.NameOf(i)), StringComparison.Ordinal));
            Assert.Contains($",{source.Classes[source.Label(i)]}", row, StringComparison.Ordinal);
        }
        using IImageSource unlabelled = ImageSources.Open(path, new SourceOptions { Labels = LabelSource.Folder });
        Assert.Empty(unlabelled.Classes);
    }

    [Fact]
    public void Tables_may_be_of_JSON_lines_quoted_and_incomplete()
    {
        foreach (string name in (string[])["1.png", "2.png", "sub/3.png"]) _folder.Write($"set/{name}", []);
        _folder.Write("set/metadata.jsonl", "{\"file_name\": \"1.png\", \"label\": \"cat\", \"more\": [1]}\n\n{\"file_name\": \"sub/3.png\", \"label\": \"dog\"}\n");
        using IImageSource lines = ImageSources.Open(_folder.Path("set"));
        Assert.Equal(["cat", "dog"], lines.Classes);
        Assert.Equal([0, -1, 1], Enumerable.Range(0, 3).Select(lines.Label));
        Assert.Equal(["classes are those of metadata.jsonl, which says nothing of 1 image"], lines.Notes);

        _folder.Write("quoted/a, b.png", []);
        _folder.Write("quoted/c.png", []);
        _folder.Write("quoted/metadata.csv", "\uFEFFlabel,file_name\r\n\"the \"\"first\"\"\",\"a, b.png\"\r\nsecond,c.png\r\n");
        using IImageSource quoted = ImageSources.Open(_folder.Path("quoted"));
        Assert.Equal(["second", "the \"first\""], quoted.Classes);

        _folder.Write("quoted/metadata.csv", "label,file_name\nonly one\n");
        Assert.Contains(
            "metadata.csv cannot be read: row 2 has another number of fields (1) than the header (2)",
            Assert.Throws<InvalidDataException>(() => ImageSources.Open(_folder.Path("quoted"))).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("file_name;label\n1.png;cat\n2.png;dog\n", "cat dog", "classes are those of metadata.csv")]
    [InlineData("file_name\tlabel\n1.png\tcat\n2.png\tdog\n", "cat dog", "classes are those of metadata.csv")]
    [InlineData("file_name,label\n1.png,cat\n2.png,dog\n9.png,dog\n", "cat dog", "metadata.csv speaks of 1 image that is not there")]
    [InlineData("id,breed\n1,pug\n", "", "metadata.csv is not used: it has no rows with file_name or filename, and label or labels or class")]
    public void Tables_are_understood_or_said_not_to_be(string table, string classes, string note)
    {
        foreach (string name in (string[])["1.png", "2.png"]) _folder.Write($"set/{name}", []);
        _folder.Write("set/metadata.csv", table);
        using IImageSource source = ImageSources.Open(_folder.Path("set"));
        Assert.Equal(classes, string.Join(' ', source.Classes));
        Assert.Contains(note, string.Join('|', source.Notes), StringComparison.Ordinal);
    }

    [Fact]
    public void An_image_of_two_classes_is_refused()
    {
        _folder.Write("set/1.png", []);
        _folder.Write("set/metadata.csv", "file_name,label\n1.png,cat\n1.png,dog\n");
        Assert.Contains("it calls 1.png both cat and dog", Assert.Throws<InvalidDataException>(() => ImageSources.Open(_folder.Path("set"))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_lone_split_is_used_and_said_and_another_is_refused()
    {
        _folder.Write("set/val/cat/1.png", []);
        _folder.Write("set/val/dog/2.png", []);
        using IImageSource source = ImageSources.Open(_folder.Path("set"));
        Assert.Equal(["there is only val: it is used"], source.Notes);
        Assert.Equal(["cat", "dog"], source.Classes);
        Assert.Empty(ImageSources.Open(_folder.Path("set"), new SourceOptions { Split = DataSplit.Val }).Notes);
        Assert.Contains(
            "no split 'test', only val", Assert.Throws<InvalidDataException>(() => ImageSources.Open(_folder.Path("set"), new SourceOptions { Split = DataSplit.Test })).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Links_that_lead_round_are_followed_once_and_pipes_are_not_opened()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "links need rights on Windows");
        _folder.Write("set/cat/1.png", Gray(1));
        _folder.Write("set/dog/2.png", Gray(2));
        Directory.CreateSymbolicLink(_folder.Path("set/dog/up"), _folder.Path("set"));
        Directory.CreateSymbolicLink(_folder.Path("set/self"), _folder.Path("set/self"));
        using IImageSource source = ImageSources.Open(_folder.Path("set"));
        Assert.Equal(2, source.Count);
        _folder.Write("set/cat/0.png", []);         // as a pipe, it has no length
        using IImageSource empty = ImageSources.Open(_folder.Path("set"));
        Assert.EndsWith("0.png: the file is empty", Assert.Throws<InvalidDataException>(() => empty.Read(0)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Shards_are_no_classes_and_their_labels_are_numbers()
    {
        using IImageSource source = ImageSources.Open(Fixtures.Field("09-edm-dataset.zip"));
        Assert.Equal(Enumerable.Range(0, 10).Select(i => i.ToString(CultureInfo.InvariantCulture)), source.Classes);
        Assert.Equal(12, source.Count);

        byte[] png = PngBytes.File(1, 1, [0]);
        string path = _folder.Write("none.zip", ZipBytes.File(("00000/a.png", png), ("00001/b.png", png), ("dataset.json", "{\"labels\": null}"u8.ToArray())));
        using IImageSource none = ImageSources.Open(path);
        Assert.Empty(none.Classes);
        Assert.Equal(["dataset.json has no labels: its folders are no classes"], none.Notes);

        path = _folder.Write("ten.zip", ZipBytes.File(
            ("00000/a.png", png), ("00000/b.png", png), ("dataset.json", "{\"labels\": [[\"00000/a.png\", 10], [\"00000/b.png\", 9]]}"u8.ToArray())));
        using IImageSource ten = ImageSources.Open(path);
        Assert.Equal(["9", "10"], ten.Classes);
        Assert.Equal([1, 0], Enumerable.Range(0, 2).Select(ten.Label));
    }

    [Fact]
    public void A_tar_is_read_where_it_lies_and_a_compressed_one_inflated()
    {
        using IImageSource field = ImageSources.Open(Fixtures.Field("06-images.tar"));
        Assert.Equal(3, field.Count);
        Assert.Equal(28, field.Read(2).Width);

        byte[] tar = Tar(("all/cat/1.png", Gray(1)), ("all/dog/3.png", Gray(3)), ("./all/cat/2.png", Gray(2)));
        foreach ((string name, byte[] content) in ((string, byte[])[])[("set.tar", tar), ("set.tar.gz", IdxBytes.Gzip(tar)), ("set.tgz", IdxBytes.Gzip(tar))])
        {
            using IImageSource source = ImageSources.Open(_folder.Write(name, content));
            Assert.Equal(["cat", "dog"], source.Classes);
            Assert.Equal([1, 2, 3], Enumerable.Range(0, 3).Select(i => (int)source.Read(i).Pixels[0]));
            Assert.Equal($"{_folder.Path(name)}: all/dog/3.png", source.NameOf(2));
        }
    }

    [Fact]
    public void A_tar_that_is_cut_or_damaged_is_named()
    {
        byte[] tar = Tar(("1.png", Gray(1)), ("2.png", new byte[5000])), gzip = IdxBytes.Gzip(tar);
        for (int length = 1; length < tar.Length - 1024; length += 311)
        {
            Assert.All(
                (string[])[_folder.Write("cut.tar", tar[..length]), _folder.Write("cut.tar.gz", gzip[..(length * (gzip.Length - 1) / tar.Length + 1)])],
                path =>
                {
                    try
                    {
                        using IImageSource source = ImageSources.Open(path);
                        Assert.Equal(1, source.Count);      // cut between two files it is a shorter tar
                    }
                    catch (InvalidDataException e)
                    {
                        Assert.StartsWith(path, e.Message, StringComparison.Ordinal);
                    }
                });
        }
    }

    [Fact]
    public void The_fingerprint_follows_names_sizes_times_and_labels()
    {
        foreach (string name in (string[])["cat/1.png", "dog/2.png"]) _folder.Write($"set/{name}", [1]);
        string path = _folder.Path("set");
        string before = Fingerprint();
        Assert.Equal(before, Fingerprint());
        File.SetLastWriteTimeUtc(_folder.Path("set/dog/2.png"), DateTime.UnixEpoch);
        string touched = Fingerprint();
        _folder.Write("set/dog/2.png", [1, 2]);
        string longer = Fingerprint();
        File.Move(_folder.Path("set/dog/2.png"), _folder.Path("set/cat/2.png"));
        string moved = Fingerprint();
        Assert.Distinct([before, touched, longer, moved]);

        string Fingerprint()
        {
            using IImageSource source = ImageSources.Open(path);
            return source.Fingerprint(source.Count);
        }
    }

    static byte[] Gray(byte level) => PngBytes.File(2, 1, [level, level, level, level]);

    static byte[] Tar(params (string Name, byte[] Content)[] entries)
    {
        using var target = new MemoryStream();
        using (var writer = new TarWriter(target, leaveOpen: true))
        {
            foreach ((string name, byte[] content) in entries)
                writer.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, name) { DataStream = new MemoryStream(content) });
            writer.WriteEntry(new PaxTarEntry(TarEntryType.SymbolicLink, "link.png") { LinkName = "/etc/passwd" });
        }
        return target.ToArray();
    }
}
