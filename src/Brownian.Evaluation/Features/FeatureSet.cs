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

    /// <summary>The first images.</summary>
    /// <param name="count">At most <see cref="Count"/>.</param>
    public FeatureSet First(int count)
    {
        int classes = Logits.Length / Count;
        return this with
        {
            Values = Values[..(count * Dimensions)],
            Labels = Labels.Length == 0 ? [] : Labels[..count],
            Logits = Logits[..(count * classes)],
        };
    }

    /// <summary>Some of the images.</summary>
    /// <param name="images">Their numbers, in the order of the new rows.</param>
    public FeatureSet Only(IReadOnlyList<int> images)
    {
        ArgumentNullException.ThrowIfNull(images);
        int classes = Logits.Length / Count;
        float[] values = new float[images.Count * Dimensions], logits = new float[images.Count * classes];
        for (int i = 0; i < images.Count; i++)
        {
            this[images[i]].CopyTo(values.AsSpan(i * Dimensions));
            Logits.AsSpan(images[i] * classes, classes).CopyTo(logits.AsSpan(i * classes));
        }
        return this with { Values = values, Logits = logits, Labels = Labels.Length == 0 ? [] : [.. images.Select(image => Labels[image])] };
    }

    /// <summary>These images and then others by the same network.</summary>
    /// <param name="more">The others.</param>
    /// <exception cref="ArgumentException">They are by another network.</exception>
    public FeatureSet With(FeatureSet more)
    {
        ArgumentNullException.ThrowIfNull(more);
        if (more.Identity != Identity) throw new ArgumentException($"FeatureSet: features of {more.Identity} cannot follow those of {Identity}.", nameof(more));
        return this with { Values = [.. Values, .. more.Values], Labels = [.. Labels, .. more.Labels], Logits = [.. Logits, .. more.Logits] };
    }
}
