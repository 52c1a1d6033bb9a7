namespace Brownian.Tests;

/// <summary>What a path holds is found out by looking.</summary>
public sealed class ImageSourcesTests : IDisposable
{
    readonly ScratchFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Sub_folders_are_classes_and_everything_is_in_ordinal_order()
    {
        foreach (string name in (string[])["10/b.png", "2/z.png", "10/a.PNG", "2/deep/er/c.jpg", "0/a.bmp", "lone.png"])
            _folder.Write($"images/{name}", []);
        foreach (string name in (string[])["0/readme.txt", ".cache/a.png", "0/._a.png"]) _folder.Write($"images/{name}", [1, 2, 3]);

        using IImageSource source = ImageSources.Open(_folder.Path("images") + Path.DirectorySeparatorChar);
        Assert.Equal("images (a folder of images)", source.Title);
        Assert.Equal(["0", "10", "2"], source.Classes);
        Assert.Equal([0, 1, 1, 2, 2, -1], Labels(source));
        Assert.Equal(_folder.Path("images/10/a.PNG"), source.NameOf(1).Replace("//", "/", StringComparison.Ordinal));
        Assert.True(source.IsPictures);
    }

    [Fact]
    public void A_folder_for_tests_beside_one_to_train_on_is_left_out()
    {
        foreach (string name in (string[])["train/cat/1.png", "train/dog/2.png", "test/cat/3.png", "val/4.png"]) _folder.Write($"set/{name}", []);
        using IImageSource source = ImageSources.Open(_folder.Path("set"));
        Assert.Equal(["cat", "dog"], source.Classes);
        Assert.Equal("set (a folder of images)", source.Title);
        Assert.Equal(["split train: train (2 images); left out: test (1 image), val (1 image)"], source.Notes);
        Assert.Equal(2, source.Count);
    }

    [Fact]
    public void A_zip_gives_images_classes_and_labels_whatever_its_name()
    {
        string path = _folder.Write("images.dat", ZipBytes.File(
            ("all/cat/1.png", Gray(1)), ("all/dog/3.png", Gray(3)), ("all/cat/2.png", Gray(2)), ("all/", []), ("__MACOSX/all/cat/._1.png", [1])));
        using IImageSource source = ImageSources.Open(path);
        Assert.Equal("images.dat (a zip of images)", source.Title);
        Assert.Equal(["cat", "dog"], source.Classes);
        Assert.Equal([0, 0, 1], Labels(source));
        Assert.Equal([1, 2, 3], Enumerable.Range(0, 3).Select(i => (int)source.Read(i).Pixels[0]));
        Assert.Equal($"{path}: all/dog/3.png", source.NameOf(2));
    }

    [Fact]
    public void Names_in_a_zip_are_labels_only_and_cannot_write_to_the_terminal()
    {
        string path = _folder.Write("a.zip", ZipBytes.File(("../../up/1.png", Gray(1)), ("c\u001b[2Jat/2.png", Gray(2)), ("dog/3.png", Gray(3))));
        using IImageSource source = ImageSources.Open(path);
        Assert.Equal(["c?[2Jat", "dog"], source.Classes);
        Assert.DoesNotContain('\u001b', source.NameOf(0));
        Assert.Equal([path], Directory.GetFiles(_folder.Root, "*", SearchOption.AllDirectories));
    }

    [Fact]
    public void A_folder_of_zips_is_one_set_without_those_for_tests()
    {
        _folder.Write("zips/x-train-2.zip", ZipBytes.File(("dog/1.png", Gray(1))));
        _folder.Write("zips/x-train-1.zip", ZipBytes.File(("train/cat/2.png", Gray(2)), ("train/dog/3.png", Gray(3))));
        _folder.Write("zips/x-test.zip", ZipBytes.File(("test/bird/4.png", Gray(4))));
        using IImageSource source = ImageSources.Open(_folder.Path("zips"));
        Assert.Equal("zips (x-train-1.zip and x-train-2.zip in it)", source.Title);
        Assert.Equal(["cat", "dog"], source.Classes);
        Assert.Equal([0, 1, 1], Labels(source));
        Assert.Equal([2, 3, 1], Enumerable.Range(0, 3).Select(i => (int)source.Read(i).Pixels[0]));
    }

    [Fact]
    public void Cifar_10_is_read_from_its_batches_with_the_names_of_its_classes()
    {
        _folder.Write("c/cifar-10-batches-bin/data_batch_2.bin", CifarBytes.File([9]));
        _folder.Write("c/cifar-10-batches-bin/data_batch_1.bin", CifarBytes.File([3], [0]));
        _folder.Write("c/cifar-10-batches-bin/test_batch.bin", CifarBytes.File([5]));
        string names = string.Join('\n', Enumerable.Range(0, 10).Select(i => $"name{i}")) + "\n\n";
        _folder.Write("c/cifar-10-batches-bin/batches.meta.txt", names);
        CifarDataset set = CifarDataset.Open(_folder.Path("c"));
        Assert.Equal((3, 32, 32, 3), (set.Count, set.Width, set.Height, set.Channels));
        Assert.Equal([3, 0, 9], Enumerable.Range(0, 3).Select(set.Label));
        Assert.Equal("name9", set.Classes[9]);
        byte[] pixels = new byte[3072];
        set.Read(1, pixels);
        Assert.Equal([1, 4, 7, 2, 5, 8], pixels[..6]);
        Assert.Equal("c (CIFAR-10, binary version): 3 images, 32×32×3, 10 classes", set.Description);
        using IImageSource source = ImageSources.Open(_folder.Path("c"));
        Assert.True(source.IsPictures);
        Assert.Equal(1, CifarDataset.Open(_folder.Path("c/cifar-10-batches-bin/test_batch.bin")).Count);
    }

    [Fact]
    public void Cifar_100_has_its_fine_labels()
    {
        _folder.Write("train.bin", CifarBytes.File([19, 99], [0, 7]));
        CifarDataset set = CifarDataset.Open(_folder.Root);
        Assert.Equal([99, 7], Enumerable.Range(0, 2).Select(set.Label));
        Assert.Equal(100, set.Classes.Count);
        Assert.Equal("42", set.Classes[42]);
    }

    [Fact]
    public void Cifar_files_that_are_damaged_are_named()
    {
        byte[] good = CifarBytes.File([1], [2]);
        Refuse("cut.bin", good[..^1], "6145 bytes", "3073");
        Refuse("none.bin", [], "empty");
        Refuse("label.bin", CifarBytes.File([1], [10]), "image 1 is of class 10");
        Refuse("fine.bin", CifarBytes.File([1, 100]), "class 100");
        _folder.Write("mixed/data_batch_1.bin", good);
        string other = _folder.Write("mixed/data_batch_2.bin", CifarBytes.File([1, 2]));
        Assert.StartsWith($"{other}: ", Assert.Throws<InvalidDataException>(() => ImageSources.Open(_folder.Path("mixed"))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_holds_no_images_is_named_with_what_would_do()
    {
        string nowhere = _folder.Path("nowhere");
        Assert.StartsWith($"{nowhere}: ", Assert.Throws<FileNotFoundException>(() => ImageSources.Open(nowhere)).Message, StringComparison.Ordinal);
        Refuse("photo.jpg", [0xFF, 0xD8, 0xFF, 0xE0], "single image");
        Refuse("readme.txt", "hello there"u8.ToArray(), "not a file of images that is read");
        Refuse("mnist.npz", "version https://git-lfs.github.com/spec/v1\n"u8.ToArray(), "git lfs pull");
        Refuse("train.parquet", "<!DOCTYPE html><html>"u8.ToArray(), "HTML page");
        Refuse("cifar-10-binary.tar.gz", IdxBytes.Gzip([1]), "the tar archive is damaged");
        Refuse("empty.zip", ZipBytes.File(), "no images");
        Refuse("text.zip", ZipBytes.File(("a.txt", [1])), "no images");
        _folder.Write("text/a.txt", [1]);
        Assert.StartsWith(
            $"{_folder.Path("text")}: there are no images",
            Assert.Throws<InvalidDataException>(() => ImageSources.Open(_folder.Path("text"))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_zips_hold_CIFAR_10()
    {
        using IImageSource source = ImageSources.Open(Fixtures.Data("cifar10"));
        Assert.Equal(50_000, source.Count);
        Assert.Equal(["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"], source.Classes);
        Assert.All(Labels(source).CountBy(label => label), pair => Assert.Equal(5000, pair.Value));
        Image image = source.Read(49_999);
        Assert.Equal((32, 32, 3), (image.Width, image.Height, image.Channels));
    }

    void Refuse(string name, byte[] content, params string[] says)
    {
        string path = _folder.Write(name, content);
        string message = Assert.Throws<InvalidDataException>(() => ImageSources.Open(path)).Message;
        Assert.StartsWith(path, message, StringComparison.Ordinal);
        Assert.All(says, text => Assert.Contains(text, message, StringComparison.Ordinal));
    }

    static IEnumerable<int> Labels(IImageSource source) => Enumerable.Range(0, source.Count).Select(source.Label);

    static byte[] Gray(byte level) => PngBytes.File(2, 1, [level, level, level, level]);
}
