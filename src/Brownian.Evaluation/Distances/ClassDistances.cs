using System.Globalization;

namespace Brownian.Evaluation;

/// <summary>
/// The distances of generated images of each class from those of the reference: a model can be right on the whole and mix up or neglect a class.
/// Classes have fewer images than the whole, so their Fréchet distances are too high by more: compare them with one another, and with the same
/// class of another model, not with the whole.
/// </summary>
public static class ClassDistances
{
    /// <summary>The distances of each class that both sets have enough images of.</summary>
    /// <param name="reference">With a label for each image; −1 belongs to no class.</param>
    /// <param name="generated">Likewise, of the same features.</param>
    /// <param name="nameOf">What warnings call a class.</param>
    /// <param name="k">The neighbours of <see cref="Neighbourhoods"/>.</param>
    /// <param name="warnings">Receives a line for each class that is left out.</param>
    /// <param name="threads">0 for one per processor; the numbers do not depend on it.</param>
    /// <param name="stop">Ends the work between two classes.</param>
    /// <exception cref="ArgumentException">A set has not one label for each image, or the features differ.</exception>
    public static IReadOnlyList<ClassDistance> Of(
        FeatureSet reference, FeatureSet generated, Func<int, string> nameOf, int k, ICollection<string> warnings, int threads = 0, CancellationToken stop = default)
    {
        ArgumentNullException.ThrowIfNull(nameOf);
        ArgumentNullException.ThrowIfNull(warnings);
        Points x = new(reference, "real images"), y = new(generated, "generated images");
        x.SameSpaceAs(y);
        Dictionary<int, int[]> rowsX = Rows(reference, x.Name), rowsY = Rows(generated, y.Name);
        int least = Math.Max(KernelDistance.Least, k + 1);
        var found = new List<ClassDistance>();
        foreach (int label in rowsX.Keys.Union(rowsY.Keys).Order())
        {
            stop.ThrowIfCancellationRequested();
            int[] ofX = rowsX.GetValueOrDefault(label, []), ofY = rowsY.GetValueOrDefault(label, []);
            if (ofX.Length < least || ofY.Length < least)
            {
                warnings.Add(string.Create(CultureInfo.InvariantCulture,
                    $"class {nameOf(label)}: left out, with {ofX.Length} real and {ofY.Length} generated images; it takes {least} of each."));
                continue;
            }
            Points classX = x.Take(ofX), classY = y.Take(ofY);
            NeighbourhoodScores scores = Neighbourhoods.Of(classX, classY, k, threads);
            double frechet = new FrechetDistance(GaussianStatistics.Of(classX, threads), threads).To(classY, threads);
            found.Add(new ClassDistance(
                label, frechet, KernelDistance.Between(classX, classY, threads), scores.Precision, scores.Recall, scores.Density, scores.Coverage));
        }
        return found;
    }

    static Dictionary<int, int[]> Rows(FeatureSet set, string name)
    {
        if (set.Labels.Length != set.Count)
            throw new ArgumentException($"{name}: {Counted.Of(set.Labels.Length, "label")} for {Counted.Of(set.Count, "image")}; distances by class take one for each.");
        return Enumerable.Range(0, set.Count).Where(image => set.Labels[image] >= 0).GroupBy(image => set.Labels[image])
            .ToDictionary(group => group.Key, group => group.ToArray());
    }
}

/// <summary>The distances of one class.</summary>
/// <param name="Label">The class.</param>
/// <param name="Frechet">See <see cref="FrechetDistance"/>.</param>
/// <param name="Kernel">See <see cref="KernelDistance"/>; it holds the counts.</param>
/// <param name="Precision">See <see cref="NeighbourhoodScores.Precision"/>.</param>
/// <param name="Recall">See <see cref="NeighbourhoodScores.Recall"/>.</param>
/// <param name="Density">See <see cref="NeighbourhoodScores.Density"/>.</param>
/// <param name="Coverage">See <see cref="NeighbourhoodScores.Coverage"/>.</param>
public sealed record ClassDistance(
    int Label, double Frechet, KernelEstimate Kernel, double Precision, double Recall, double Density, double Coverage);
