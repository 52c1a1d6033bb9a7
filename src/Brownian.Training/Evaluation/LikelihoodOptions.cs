namespace Brownian;

/// <summary>Of which images the likelihood is taken, and how exactly.</summary>
public sealed record LikelihoodOptions
{
    /// <summary>How many images, chosen by the seed; all of a set that has no more.</summary>
    public int Count { get; init; } = 256;

    /// <summary>Chooses images, timesteps, noise and probes.</summary>
    public ulong Seed { get; init; }

    /// <summary>
    /// For the bound: of how many of the T timesteps each image's terms are computed, 2 to T; null for 100, or T where that is less. For the
    /// ODE: the steps from image to noise; null for 50.
    /// </summary>
    public int? Steps { get; init; }

    /// <summary>For the ODE: probes of the divergence at each step. More make its error smaller, and that of the images none.</summary>
    public int Probes { get; init; } = 1;

    /// <summary>Images computed together; changes time and memory only.</summary>
    public int BatchSize { get; init; } = 32;

    internal void Check()
    {
        if (Count < 1) throw new ArgumentException($"The likelihood of {Counted.Of(Count, "image")}; ask for at least 1.");
        if (BatchSize < 1) throw new ArgumentException($"The likelihood in batches of {BatchSize}; a batch has at least 1 image.");
        if (Probes < 1) throw new ArgumentException($"The divergence from {Probes} probes; it needs at least 1.");
    }
}

/// <summary>How far an evaluation of the likelihood is.</summary>
/// <param name="Done">Images asked about, each as often as the network is asked.</param>
/// <param name="Count">All of them.</param>
public readonly record struct LikelihoodProgress(long Done, long Count);
