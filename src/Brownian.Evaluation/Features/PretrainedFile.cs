using System.Globalization;

namespace Brownian.Evaluation;

/// <summary>
/// A file of weights that does not come with this program and is not fetched by it: where users get it, and how a copy is known to be whole.
/// </summary>
public sealed record PretrainedFile
{
    /// <summary>What it is called where it comes from.</summary>
    public required string Name { get; init; }

    /// <summary>Where it comes from, in words that follow "it is".</summary>
    public required string Origin { get; init; }

    /// <summary>In bytes.</summary>
    public required long Size { get; init; }

    /// <summary>Of its content, in hexadecimal.</summary>
    public required string Sha256 { get; init; }

    /// <summary>Where the tools that fetch it leave it.</summary>
    internal Func<IEnumerable<string>> Places { get; init; } = () => [];

    /// <summary>Name, size, checksum and origin, for a line of help.</summary>
    public string Description => string.Create(CultureInfo.InvariantCulture, $"{Name} ({Size:N0} bytes, SHA-256 {Sha256}); it is {Origin}");

    /// <summary>A copy that another tool has fetched to this machine, unchecked; null where there is none.</summary>
    public string? Find() => Places().FirstOrDefault(File.Exists);

    /// <summary>Refuses a path where no file is, with all that a user needs to get it.</summary>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    internal void MustExist(string network, string path)
    {
        if (File.Exists(path)) return;
        string what = Directory.Exists(path) ? "is a folder" : "does not exist";
        string found = Find() is { } copy ? $". A copy lies at {copy}" : "";
        throw new FileNotFoundException($"{path}: {what}; {network} needs the path of {Description}{found}");
    }

    /// <summary>The checksum of a file, which must be the known one.</summary>
    /// <exception cref="InvalidDataException">The file is another one, or damaged.</exception>
    internal string Check(string network, string path)
    {
        string actual = Files.Naming(path, () => Files.Sha256(path));
        if (actual == Sha256) return actual;
        throw new InvalidDataException($"{path}: SHA-256 {actual}, where the weights of {network} have {Sha256}; get {Description}");
    }

    /// <summary>A file of a NuGet package in the folder that packages are restored to.</summary>
    /// <param name="package">Its name.</param>
    /// <param name="version">Its version.</param>
    /// <param name="path">Inside the package, with slashes.</param>
    internal static IEnumerable<string> InNuGetPackage(string package, string version, string path)
    {
        string? root = Environment.GetEnvironmentVariable("NUGET_PACKAGES");
        if (string.IsNullOrEmpty(root)) root = Path.Combine(Home, ".nuget", "packages");
        yield return Path.Combine([root, package.ToLowerInvariant(), version, .. path.Split('/')]);
    }

    /// <summary>A file that PyTorch's <c>load_state_dict_from_url</c> has fetched.</summary>
    internal static IEnumerable<string> InTorchHub(string name)
    {
        string? torch = Environment.GetEnvironmentVariable("TORCH_HOME"), cache = Environment.GetEnvironmentVariable("XDG_CACHE_HOME");
        if (string.IsNullOrEmpty(cache)) cache = Path.Combine(Home, ".cache");
        if (string.IsNullOrEmpty(torch)) torch = Path.Combine(cache, "torch");
        yield return Path.Combine(torch, "hub", "checkpoints", name);
    }

    static string Home => Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
}
