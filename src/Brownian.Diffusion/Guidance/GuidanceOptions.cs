namespace Brownian;

/// <summary>How strongly images are guided towards their labels.</summary>
public sealed record GuidanceOptions
{
    /// <summary>
    /// w: 0 ignores labels, 1 is the conditional network as trained, which then is asked once per step; 1.5 to 8 are usual. At least 0.
    /// </summary>
    public double Scale { get; init; } = 3;

    /// <summary>φ of Lin et al. 2024, §3.4: how far guided images are brought back to the contrast of unguided ones, from 0 to 1.</summary>
    public double Rescale { get; init; }

    /// <summary>The label that stands for "any image"; null for the network's last class.</summary>
    public int? NoLabel { get; init; }

    internal void Check()
    {
        if (!(Scale >= 0 && double.IsFinite(Scale))) throw new ArgumentException($"The guidance scale is {Scale}; it must be at least 0, such as 3.");
        if (Rescale is not (>= 0 and <= 1)) throw new ArgumentException($"The guidance rescale is {Rescale}; it must lie between 0 and 1.");
    }
}
