namespace Brownian.Training;

/// <summary>Where images are looked for that a configuration names as <c>data/NAME</c>, and where they can be had.</summary>
public static class DataPlaces
{
    internal const string CifarSite = "www.cs.toronto.edu/~kriz/cifar.html";

    const string Prefix = "data/";

    /// <summary>Relative to the working folder; the first that exists is taken.</summary>
    static readonly string[] Places = ["data", "../data"];

    static readonly Dictionary<string, (string What, string Files, string Site)> Known = new(StringComparer.Ordinal)
    {
        ["mnist"] = ("MNIST", "its four files, train-images-idx3-ubyte.gz and so on", "yann.lecun.com/exdb/mnist"),
        ["fashion-mnist"] = ("Fashion-MNIST", "its four files, train-images-idx3-ubyte.gz and so on", "github.com/zalandoresearch/fashion-mnist"),
        ["cifar10"] = ("CIFAR-10", "data_batch_1.bin to 5 and batches.meta.txt of its binary version, or a zip of images", CifarSite),
        ["cifar100"] = ("CIFAR-100", "train.bin and fine_label_names.txt of its binary version", CifarSite),
        ["flowers"] = ("a set of photographs of flowers", "the images, such as those of Oxford's 102 Category Flower Dataset", "www.robots.ox.ac.uk/~vgg/data/flowers/102"),
        ["cars"] = ("a set of photographs of cars", "the images, such as those of the Stanford Cars Dataset", "ai.stanford.edu/~jkrause/cars/car_dataset.html"),
    };

    /// <summary>The path itself, unless it begins with <c>data/</c>: then the first of a few places where there is such a thing.</summary>
    /// <param name="path">As a configuration gives it.</param>
    /// <exception cref="FileNotFoundException">There is none in any of them; the message says what to put there, and who has it.</exception>
    public static string Find(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        if (!path.StartsWith(Prefix, StringComparison.Ordinal)) return path;
        string name = path[Prefix.Length..].TrimEnd('/');
        string[] places = [.. Places.Select(place => $"{place}/{name}")];
        return Array.Find(places, Path.Exists) ?? throw Missing(path, name, places);
    }

    static FileNotFoundException Missing(string path, string name, string[] places)
    {
        string looked = string.Join(", ", places);
        return new(
            Known.TryGetValue(name, out (string What, string Files, string Site) set)
                ? $"{path}: {set.What} is not there (nor in {string.Join(" or ", places[1..])}); put {set.Files} into that folder, from {set.Site}, "
                    + "or name another with --data PATH."
                : $"{path}: there is no such file or folder (looked for {looked}); name another with --data PATH.",
            path);
    }
}
