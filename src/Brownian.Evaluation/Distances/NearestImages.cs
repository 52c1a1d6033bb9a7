using System.Globalization;
using System.Text.Json.Serialization;
using Brownian.Tensors;

namespace Brownian.Evaluation;

/// <summary>
/// Are generated images copies of training images? The distance of each to its nearest training image is compared with that of images which
/// were not trained on: a model that has learnt the distribution is no nearer than they are (Meehan, Chaudhuri &amp; Dasgupta 2020, "A
/// non-parametric test to detect data-copying in generative models"). Some things are more alike by nature, as ones are among digits, and a model
/// that makes more of them is no copier: the paper compares within cells of space. Here each distance is taken relative to the spacing where it
/// ends instead: d/(d + s), with s the distance from the training image to its own nearest other one. That is 0 for a copy, ½ for an image as near
/// as its neighbour is to that one.
/// </summary>
public static class NearestImages
{
    /// <summary>The fewest images of each kind that a verdict can be given on.</summary>
    public const int Least = 20;

    const double Certain = 3;             // standard errors: chance passes them once in 740 times
    const double Hint = 1.96;             // from here on the interval leaves out one half
    static readonly double[] Shares = [0, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1];

    /// <summary>The training image nearest to each of some images, by Euclidean distance; the first of several at the same distance.</summary>
    /// <param name="images">The images.</param>
    /// <param name="training">At least 1, of the same features.</param>
    /// <param name="threads">0 for one per processor; the result does not depend on it.</param>
    /// <exception cref="ArgumentException">There is no training image, or they have different features.</exception>
    public static Neighbour[] Of(Points images, Points training, int threads = 0) => Find(images, training, null, 1, threads);

    /// <summary>The training image nearest to each of some training images, itself left out.</summary>
    /// <param name="training">At least 2.</param>
    /// <param name="rows">Which images.</param>
    /// <param name="threads">0 for one per processor; the result does not depend on it.</param>
    /// <exception cref="ArgumentException">There are fewer than 2 training images.</exception>
    public static Neighbour[] Within(Points training, int[] rows, int threads = 0)
    {
        ArgumentNullException.ThrowIfNull(training);
        ArgumentNullException.ThrowIfNull(rows);
        training.AtLeast(2, "the nearest other image");
        return Find(training.Take(rows), training, rows, 1, threads);
    }

    /// <summary>Compares the distances to the training images and says what follows from them.</summary>
    /// <param name="training">What the model was trained on; at least <see cref="Least"/> images.</param>
    /// <param name="generated">What it generates; at least <see cref="Least"/> images.</param>
    /// <param name="heldOut">
    /// Images of the same kind that it was not trained on, at least <see cref="Least"/>. Null: training images stand in for them, each with its
    /// nearest other one. That is as good where training images are independent of one another; where they hold the same thing twice, they lie
    /// nearer to one another than new images do, and copies are overlooked.
    /// </param>
    /// <param name="options">What else the comparison can be told.</param>
    /// <exception cref="ArgumentException">There are too few images, or they have different features.</exception>
    public static NearestReport Compare(Points training, Points generated, Points? heldOut, NearestOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(training);
        ArgumentNullException.ThrowIfNull(generated);
        options ??= new NearestOptions();
        generated.AtLeast(Least, "a verdict on copies");
        training.AtLeast(Least, "a verdict on copies");
        heldOut?.AtLeast(Least, "a verdict on copies");
        int[]? selves = null;
        Neighbour[] found = Of(generated, training, options.Threads), baseline;
        if (heldOut is not null)
        {
            baseline = Of(heldOut.Draw(options.MostHeldOut, options.Seed), training, options.Threads);
        }
        else
        {
            int[] order = new Philox((ulong)options.Seed, Philox.Stream("evaluation.nearest")).Permutation(training.Count);
            selves = order[..Math.Min(order.Length, options.MostHeldOut)];
            baseline = Within(training, selves, options.Threads);
        }

        // Around each training image that was found, two others: the nearest one may be the very image that found it.
        int[] hit = [.. found.Concat(baseline).Select(neighbour => neighbour.Image).Distinct().Order()];
        Neighbour[] around = Find(training.Take(hit), training, hit, 2, options.Threads);
        double Relative(Neighbour neighbour, int self)
        {
            int place = 2 * Array.BinarySearch(hit, neighbour.Image);
            double spacing = around[around[place].Image == self ? place + 1 : place].Distance;
            return neighbour.Distance == 0 ? 0 : neighbour.Distance / (neighbour.Distance + spacing);
        }

        return Judge(
            [.. found.Select(neighbour => neighbour with { Relative = Relative(neighbour, -1) })],
            [.. baseline.Select((neighbour, i) => neighbour with { Relative = Relative(neighbour, selves is null ? -1 : selves[i]) })],
            training.Count, heldOut is not null, options);
    }

    internal static NearestReport Judge(
        Neighbour[] found, Neighbour[] baseline, int training, bool heldOut, NearestOptions options)
    {
        double[] distances = Array.ConvertAll(found, n => n.Distance), others = Array.ConvertAll(baseline, n => n.Distance);
        double[] ours = Array.ConvertAll(found, n => n.Relative), theirs = Array.ConvertAll(baseline, n => n.Relative);
        foreach (double[] values in (double[][])[ours, theirs, distances, others]) Array.Sort(values);
        (double nearer, double error, double z) = Ranks(ours, theirs);

        // A threshold with fewer than five images below it would be one image's whim.
        double expected = Math.Min(0.5, Math.Max(options.CloseShare, 5.0 / theirs.Length)), threshold = Bootstrap.Quantile(theirs, expected);
        double close = (double)Below(ours, threshold).Less / ours.Length;
        double closeZ = (close - expected) / Math.Sqrt(expected * (1 - expected) * (1.0 / ours.Length + 1.0 / theirs.Length));
        int identical = distances.Count(distance => distance == 0), identicalOthers = others.Count(distance => distance == 0);

        CopyVerdict verdict = z > Certain ? CopyVerdict.Copies
            : closeZ > Certain || AreCopied(identical, ours.Length, identicalOthers, theirs.Length) ? CopyVerdict.SomeCopies
            : z < -Certain ? CopyVerdict.Farther
            : CopyVerdict.NoCopies;
        var report = new NearestReport
        {
            TrainingCount = training,
            GeneratedCount = found.Length,
            BaselineCount = baseline.Length,
            Baseline = heldOut ? NearestBaseline.HeldOut : NearestBaseline.Training,
            Quantiles = Array.ConvertAll(Shares, share => new NearestQuantile(
                share, Bootstrap.Quantile(distances, share), Bootstrap.Quantile(others, share), Bootstrap.Quantile(ours, share), Bootstrap.Quantile(theirs, share))),
            Identical = identical,
            BaselineIdentical = identicalOthers,
            Nearer = nearer,
            NearerLow = Math.Max(0, nearer - 1.96 * error),
            NearerHigh = Math.Min(1, nearer + 1.96 * error),
            Z = z,
            CloseThreshold = threshold,
            CloseExpected = expected,
            CloseShare = close,
            CloseZ = closeZ,
            Verdict = verdict,
            Neighbours = found,
            BaselineNeighbours = baseline,
        };
        return report with { Text = TextOf(report) };
    }

    // Where no image that was not learned from equals a training image, one that does is no chance.
    static bool AreCopied(int ours, int n, int theirs, int m)
    {
        if (ours == 0 || theirs == 0) return ours > 0;
        double share = (double)(ours + theirs) / (n + m);
        return (double)ours / n - (double)theirs / m > Certain * Math.Sqrt(share * (1 - share) * (1.0 / n + 1.0 / m));
    }

    // The k nearest of each, from the nearest on. Products only tell which distances are worth computing exactly.
    static Neighbour[] Find(Points x, Points training, int[]? selves, int k, int threads)
    {
        ArgumentNullException.ThrowIfNull(x);
        ArgumentNullException.ThrowIfNull(training);
        x.SameSpaceAs(training);
        training.AtLeast(k, "the nearest image");
        double[] normX = PointDistances.SquaredNorms(x), normY = PointDistances.SquaredNorms(training);
        var nearest = new Neighbour[x.Count * k];
        Array.Fill(nearest, new Neighbour(-1, double.PositiveInfinity));
        double share = PointDistances.Rounding(x.Dimensions);
        PairProducts.ForEach(x, training, threads, (row, first, products) =>
        {
            Span<Neighbour> best = nearest.AsSpan(row * k, k);
            double limit = best[^1].Distance;                          // squared, until all are found
            for (int j = 0; j < products.Length; j++)
            {
                double sum = normX[row] + normY[first + j];
                if (sum - 2 * products[j] > limit + sum * share || selves?[row] == first + j) continue;
                double distance = x.SquaredDistance(row, training, first + j);
                if (distance >= limit) continue;
                int place = k - 1;
                for (; place > 0 && best[place - 1].Distance > distance; place--) best[place] = best[place - 1];
                best[place] = new Neighbour(first + j, distance);
                limit = best[^1].Distance;
            }
        });
        return Array.ConvertAll(nearest, neighbour => neighbour with { Distance = Math.Sqrt(neighbour.Distance) });
    }

    // The chance that one of ours is nearer than one of theirs (ties count half), its standard error (DeLong et al. 1988), and the z of
    // Mann and Whitney (1947) against one half, with ties taken into account.
    static (double Nearer, double Error, double Z) Ranks(double[] ours, double[] theirs)
    {
        double n = ours.Length, m = theirs.Length;
        double[] above = Array.ConvertAll(ours, value => Placement(theirs, value)), below = Array.ConvertAll(theirs, value => 1 - Placement(ours, value));
        double nearer = above.Average();
        double variance = Variance(above, nearer) / n + Variance(below, nearer) / m;
        double ties = 0;
        double[] all = [.. ours, .. theirs];
        Array.Sort(all);
        for (int i = 0, next; i < all.Length; i = next)
        {
            next = i + 1;
            while (next < all.Length && all[next] == all[i]) next++;
            double t = next - i;
            ties += t * t * t - t;
        }
        double nullVariance = (n + m + 1 - ties / ((n + m) * (n + m - 1))) / (12 * n * m);
        return (nearer, Math.Sqrt(variance), nullVariance > 0 ? (nearer - 0.5) / Math.Sqrt(nullVariance) : 0);
    }

    // The share of sorted values above one, equal ones half.
    static double Placement(double[] sorted, double value)
    {
        (int less, int equal) = Below(sorted, value);
        return 1 - (less + 0.5 * equal) / sorted.Length;
    }

    static (int Less, int Equal) Below(double[] sorted, double value)
    {
        int First(Func<double, bool> isPast)
        {
            int low = 0, high = sorted.Length;
            while (low < high)
            {
                int middle = (low + high) / 2;
                if (isPast(sorted[middle])) high = middle;
                else low = middle + 1;
            }
            return low;
        }

        int less = First(v => v >= value);
        return (less, First(v => v > value) - less);
    }

    static double Variance(double[] values, double mean) => values.Sum(value => (value - mean) * (value - mean)) / (values.Length - 1);

    static string TextOf(NearestReport r)
    {
        string others = r.Baseline == NearestBaseline.HeldOut ? "held-out images" : "other training images";
        string evidence = string.Create(CultureInfo.InvariantCulture,
            $"relative to the spacing of the training images there, the generated image of a random pair is the closer one {r.Nearer:P1} of the time (95 %: {r.NearerLow:P1} to {r.NearerHigh:P1}; 50 % means no copying), and {r.CloseShare:P1} of the generated images are as close as the closest {r.CloseExpected:P1} of the {others}");
        string verdict = r.Verdict switch
        {
            CopyVerdict.Copies => $"copies: generated images are closer to the training images than {others} are",
            CopyVerdict.SomeCopies => $"some copies: more generated images lie very close to a training image than {others} do",
            CopyVerdict.Farther => $"no copies: generated images are farther from the training images than {others} are, as malformed images are"
                + (r.Baseline == NearestBaseline.HeldOut ? "" : ", or training images come in pairs, which held-out images would tell"),
            _ when r.Z > Hint => $"a hint of copying, too weak for a verdict: generated images seem a little closer to the training images than {others} are, and more of them would tell",
            _ => $"no sign of copying: generated images are no closer to the training images than {others} are",
        };
        string identical = r.Identical == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"; {r.Identical} of {r.GeneratedCount} equal a training image exactly, as do {r.BaselineIdentical} of {r.BaselineCount} {others}");
        return $"{verdict}; {evidence}{identical}.";
    }
}

/// <summary>What a comparison of nearest images can be told.</summary>
public sealed record NearestOptions
{
    /// <summary>The share of held-out images that counts as close; at least five images are taken.</summary>
    public double CloseShare { get; init; } = 0.01;

    /// <summary>The most held-out images, or training images in their place, that are looked at; drawn at random from more.</summary>
    public int MostHeldOut { get; init; } = 10_000;

    /// <summary>Of that draw.</summary>
    public long Seed { get; init; }

    /// <summary>0 for one per processor; the result does not depend on it.</summary>
    public int Threads { get; init; }
}

/// <summary>A training image and how far it is.</summary>
/// <param name="Image">Which, counted from 0.</param>
/// <param name="Distance">Euclidean; 0 for an exact copy alone.</param>
public readonly record struct Neighbour(int Image, double Distance)
{
    /// <summary>d/(d + s): see <see cref="NearestImages"/>; 0 where no comparison was made.</summary>
    public double Relative { get; init; }
}

/// <summary>What generated images are compared with.</summary>
public enum NearestBaseline
{
    /// <summary>Images that were not trained on.</summary>
    [JsonStringEnumMemberName("held_out")]
    HeldOut,

    /// <summary>Training images, each with its nearest other one.</summary>
    [JsonStringEnumMemberName("training")]
    Training,
}

/// <summary>What follows from the distances.</summary>
public enum CopyVerdict
{
    /// <summary>Neither nearer nor farther than held-out images, as far as the numbers of images tell.</summary>
    [JsonStringEnumMemberName("no_copies")]
    NoCopies,

    /// <summary>Nearer throughout.</summary>
    [JsonStringEnumMemberName("copies")]
    Copies,

    /// <summary>Not nearer throughout, but too many are very near.</summary>
    [JsonStringEnumMemberName("some_copies")]
    SomeCopies,

    /// <summary>Farther away.</summary>
    [JsonStringEnumMemberName("farther")]
    Farther,
}

/// <summary>A quantile of the distances to the nearest training image.</summary>
/// <param name="Share">The share of images below it.</param>
/// <param name="Generated">Of generated images.</param>
/// <param name="Baseline">Of the images they are compared with.</param>
/// <param name="RelativeGenerated">Of the relative distances of generated images, from 0 to 1: see <see cref="NearestImages"/>.</param>
/// <param name="RelativeBaseline">Of those of the images they are compared with.</param>
public sealed record NearestQuantile(double Share, double Generated, double Baseline, double RelativeGenerated, double RelativeBaseline);

/// <summary>What <see cref="NearestImages.Compare"/> finds.</summary>
public sealed record NearestReport
{
    /// <summary>The space that distances are measured in: pixels, or a network's name. Set by who knows.</summary>
    public string Space { get; init; } = "";

    /// <summary>The training images.</summary>
    public required int TrainingCount { get; init; }

    /// <summary>The generated images.</summary>
    public required int GeneratedCount { get; init; }

    /// <summary>The images that they are compared with.</summary>
    public required int BaselineCount { get; init; }

    /// <summary>What those are.</summary>
    public required NearestBaseline Baseline { get; init; }

    /// <summary>Of the distances.</summary>
    public required IReadOnlyList<NearestQuantile> Quantiles { get; init; }

    /// <summary>Generated images that equal a training image in every number.</summary>
    public required int Identical { get; init; }

    /// <summary>The same of the images that they are compared with.</summary>
    public required int BaselineIdentical { get; init; }

    /// <summary>The chance that a generated image is nearer to the training images than one of the others, by relative distances; 0.5 without copying.</summary>
    public required double Nearer { get; init; }

    /// <summary>The lower end of its interval of 95 %.</summary>
    public required double NearerLow { get; init; }

    /// <summary>The upper end.</summary>
    public required double NearerHigh { get; init; }

    /// <summary>How many standard errors <see cref="Nearer"/> is above 0.5, by the rank test of Mann and Whitney. Above 3: copies.</summary>
    public required double Z { get; init; }

    /// <summary>The relative distance below which <see cref="CloseExpected"/> of the others lie.</summary>
    public required double CloseThreshold { get; init; }

    /// <summary>The share that would lie below it without copying.</summary>
    public required double CloseExpected { get; init; }

    /// <summary>The share of generated images below it.</summary>
    public required double CloseShare { get; init; }

    /// <summary>How many standard errors <see cref="CloseShare"/> is above <see cref="CloseExpected"/>. Above 3: some copies at least.</summary>
    public required double CloseZ { get; init; }

    /// <summary>What follows.</summary>
    public required CopyVerdict Verdict { get; init; }

    /// <summary>The verdict in words, with its numbers.</summary>
    public string Text { get; init; } = "";

    /// <summary>The nearest training image of each generated one.</summary>
    [JsonIgnore]
    public IReadOnlyList<Neighbour> Neighbours { get; init; } = [];

    /// <summary>That of each image it is compared with.</summary>
    [JsonIgnore]
    public IReadOnlyList<Neighbour> BaselineNeighbours { get; init; } = [];
}
