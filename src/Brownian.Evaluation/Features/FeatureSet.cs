namespace Brownian.Evaluation;

/// <summary>The features of a set of images, row by row.</summary>
/// <param name="Identity">That of the <see cref="FeatureNetwork"/> that gave them.</param>
/// <param name="Dimensions">The numbers in a row.</param>
/// <param name="Values">Count×Dimensions, all finite.</param>
public sealed record FeatureSet(string Identity, int Dimensions, float[] Values)
{
    /// <summary>The number of images.</summary>
    public int Count => Values.Length / Dimensions;

    /// <summary>The class of each image, −1 for none; empty where the set has no classes.</summary>
    public int[] Labels { get; init; } = [];

    /// <summary>Count×<see cref="FeatureNetwork.Classes"/>, what a classifier says; empty without one.</summary>
    public float[] Logits { get; init; } = [];

    /// <summary>The features of one image.</summary>
    public ReadOnlySpan<float> this[int image] => Values.AsSpan(image * Dimensions, Dimensions);
}
