using System.Globalization;

namespace Brownian.Evaluation;

/// <summary>
/// A file of weights that does not come with this program and is not fetched by it: where users get it, and how a copy is known to be whole.
/// </summary>
public sealed record PretrainedFile
{
    /// <summary>The environment variable that names a folder of such files.</summary>
    public const string Variable = "BROWNIAN_WEIGHTS";

    const string LocalFolder = "weights";

    /// <summary>What it is called where it comes from.</summary>
    public required string Name { get; init; }

    /// <summary>What else it may be called.</summary>
    public string? OtherName { get; init; }

    /// <summary>Where it comes from, in words that follow "from".</summary>
    public required string Origin { get; init; }

    /// <summary>In bytes.</summary>
    public required long Size { get; init; }

    /// <summary>Of its content, in hexadecimal.</summary>
    public required string Sha256 { get; init; }

    /// <summary>Where the tools that fetch it leave it.</summary>
    internal Func<IEnumerable<string>> Places { get; init; } = () => [];

    /// <summary>The folders in which files of weights are looked for, in this order.</summary>
    public static IReadOnlyList<string> Folders =>
    [
        .. Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } folder ? [folder] : (string[])[],
        LocalFolder,
        Path.Combine(UserFolder.Cache, LocalFolder),
    ];

    /// <summary>Name, size, checksum and origin, for a line of help.</summary>
    public string Description => string.Create(CultureInfo.InvariantCulture, $"{Name} ({Size:N0} bytes, SHA-256 {Sha256}) from {Origin}");

    /// <summary>A copy in one of <see cref="Folders"/>, or one that another tool has fetched to this machine, unchecked; null where there is none.</summary>
    public string? Find() => Folders.SelectMany(Named).Concat(Places()).FirstOrDefault(File.Exists);

    IEnumerable<string> Named(string folder) => ((string?[])[Name, OtherName]).OfType<string>().Select(name => Path.Combine(folder, name));

    /// <summary>What to put where, in one line.</summary>
    internal string Missing(string network) =>
        $"{network}: its weights are not found; get {Description}, and put it into {LocalFolder}/ or the folder that {Variable} names.";

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
        Require(network, path, actual);
        return actual;
    }

    /// <summary>Refuses another checksum than the known one.</summary>
    /// <exception cref="InvalidDataException">The file is another one, or damaged.</exception>
    internal void Require(string network, string path, string actual)
    {
        if (actual != Sha256) throw new InvalidDataException($"{path}: SHA-256 {actual}, where the weights of {network} have {Sha256}; get {Description}");
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
