using Brownian.Training;

namespace Brownian.Tests;

public sealed class ImageFolderDatasetTests : IDisposable
{
    readonly ScratchFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Sub_folders_are_classes_and_everything_is_in_ordinal_order()
    {
        string[] names = ["images/10/b.png", "images/2/z.png", "images/10/a.PNG", "images/2/deep/er/c.png", "images/0/a.png"];
        foreach (string name in names)
            folder.Write(name, Gray(name));
        folder.Write("images/0/readme.txt", [1, 2, 3]);
        folder.Write("images/0/photo.jpg", [1, 2, 3]);
        folder.Write("images/.cache/a.png", [1, 2, 3]);
        folder.Write("images/0/._a.png", [1, 2, 3]);

        ImageFolderDataset set = ImageFolderDataset.Open(Path.Combine(folder.Root, "images"), channels: 1);

        Assert.Equal((5, 3, 2, 1), (set.Count, set.Width, set.Height, set.Channels));
        Assert.Equal(["0", "10", "2"], set.Classes);
        Assert.Equal([0, 1, 1, 2, 2], Enumerable.Range(0, 5).Select(set.Label));
        string[] expected = ["images/0/a.png", "images/10/a.PNG", "images/10/b.png", "images/2/deep/er/c.png", "images/2/z.png"];
        Assert.Equal(expected.Select(GrayPixels), Enumerable.Range(0, 5).Select(i => Read(set, i)));
        Assert.Equal("images: 5 images, 3×2×1, 3 classes", set.Description);
    }

    [Fact]
    public void A_flat_folder_is_unlabelled()
    {
        folder.Write("b.png", Gray("b"));
        folder.Write("a.png", Gray("a"));
        ImageFolderDataset set = ImageFolderDataset.Open(folder.Root + Path.DirectorySeparatorChar, channels: 1);
        Assert.Empty(set.Classes);
        Assert.Equal([-1, -1], Enumerable.Range(0, 2).Select(set.Label));
        Assert.Equal(GrayPixels("a"), Read(set, 0));
    }

    [Fact]
    public void Images_take_the_channels_that_are_asked_for()
    {
        folder.Write("colour.png", PngBytes.File(1, 3, [10, 20, 30, 40, 50, 60]));
        folder.Write("gray.png", PngBytes.File(1, 1, [7, 9]));
        ImageFolderDataset set = ImageFolderDataset.Open(folder.Root, channels: 3);
        Assert.Equal([10, 20, 30, 40, 50, 60], Read(set, 0));
        Assert.Equal([7, 7, 7, 9, 9, 9], Read(set, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => ImageFolderDataset.Open(folder.Root, channels: 2));
    }

    [Fact]
    public void Another_size_is_an_error_that_names_the_file_and_both_sizes()
    {
        string first = folder.Write("0/a.png", Gray("a"));
        for (int i = 0; i < 20; i++)
            folder.Write($"1/{i:00}.png", i is 7 or 15 ? PngBytes.File(2, 1, [1, 2, 3, 4, 5, 6]) : Gray("x"));

        var e = Assert.Throws<InvalidDataException>(() => ImageFolderDataset.Open(folder.Root, channels: 1));

        string bad = Path.Combine(folder.Root, "1/07.png");
        Assert.Equal($"{bad}: 2×3 pixels, but {first} has 3×2; all images must have one size.", e.Message);
    }

    [Fact]
    public void Nothing_to_read_names_the_folder_and_damage_names_the_file()
    {
        string nowhere = Path.Combine(folder.Root, "nowhere");
        AssertNames<DirectoryNotFoundException>(nowhere, nowhere);

        folder.Write("a.txt", [1]);
        AssertNames<InvalidDataException>(folder.Root + ":", folder.Root);

        folder.Write("a.png", Gray("a"));
        string bad = folder.Write("b.png", [1, 2, 3]);
        AssertNames<InvalidDataException>(bad, folder.Root);
    }

    [Fact]
    public void Reading_checks_the_index_and_the_target()
    {
        folder.Write("a.png", Gray("a"));
        ImageFolderDataset set = ImageFolderDataset.Open(folder.Root);
        Assert.Throws<ArgumentOutOfRangeException>(() => set.Read(1, new byte[18]));
        Assert.Throws<ArgumentOutOfRangeException>(() => set.Label(-1));
        Assert.Throws<ArgumentException>(() => set.Read(0, new byte[6]));
    }

    static void AssertNames<E>(string path, string opened) where E : Exception =>
        Assert.StartsWith(path, Assert.Throws<E>(() => ImageFolderDataset.Open(opened)).Message, StringComparison.Ordinal);

    static byte[] Gray(string name) => PngBytes.File(3, 1, GrayPixels(name));

    /// <summary>2 rows of 3, told from those of other names by the sum of the name's letters.</summary>
    static byte[] GrayPixels(string name) => [.. Enumerable.Range(0, 6).Select(i => (byte)(name.Sum(c => c) + 31 * i))];

    static byte[] Read(ImageFolderDataset set, int index)
    {
        byte[] pixels = new byte[set.ImageBytes()];
        set.Read(index, pixels);
        return pixels;
    }
}
