namespace Brownian.Peers;

/// <summary>A network that is compared.</summary>
/// <param name="Name">Of its configuration.</param>
/// <param name="Title">As the page calls it.</param>
/// <param name="Batch">Images in a training step.</param>
sealed record Network(string Name, string Title, int Batch)
{
    /// <summary>The repository.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>All of them, in the order of the page.</summary>
    public static IReadOnlyList<Network> All { get; } =
    [
        new("tutorial-mnist", "tutorial-mnist, 28×28", 64),
        new("plain-cifar10", "plain-cifar10, 32×32", 32),
        new("residual-flowers", "residual-flowers, 32×32", 16),
        new("simple-cars", "simple-cars, 64×64", 16),
        new("cifar10-paper", "cifar10-paper (ddpm-cifar10-32), 32×32", 16),
        new("mnist", "mnist, 28×28", 64) { Folder = Path.Combine("bench", "recipes") },
    ];

    /// <summary>Where its configuration is, from the repository's root.</summary>
    public string Folder { get; init; } = "configs";

    /// <summary>Its configuration.</summary>
    public string Config => Path.Combine(Root, Folder, $"{Name}.yaml");

    /// <summary>10⁹ operations of one forward pass of one image, a multiply-add counted as two.</summary>
    public static double Counted(string config) => 2e-9 * NetworkSummary.Of(device => TrainConfig.Load(config).Model.CreateNetwork(device)).MultiplyAdds;

    static string FindRoot()
    {
        string? folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "Brownian.slnx"))) folder = Path.GetDirectoryName(folder);
        return folder ?? throw new DirectoryNotFoundException("bench/compare runs from a checkout: Brownian.slnx is not above the program.");
    }
}
