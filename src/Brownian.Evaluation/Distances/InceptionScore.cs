namespace Brownian.Evaluation;

/// <summary>
/// What a classifier makes of generated images. The inception score (Salimans et al. 2016, "Improved techniques for training GANs", §4) is
/// exp(mean KL(p(y|x) ‖ p(y))): from 1, where all images look alike or none like anything, to the number of classes, where each is surely of
/// one class and all classes are as frequent. It knows no reference: images of every class once, repeated for ever, score highest.
/// </summary>
public static class InceptionScore
{
    /// <summary>The score, and the shares and the entropy that explain it.</summary>
    /// <param name="logits">Count×classes, the logarithms of the classes' odds.</param>
    /// <param name="splits">Parts of images that follow one another, each scored by itself; papers take 10.</param>
    /// <param name="threshold">The probability from which on an image counts as confident, in (0, 1].</param>
    /// <exception cref="ArgumentException">There are fewer images than splits.</exception>
    public static ClassifierScore Of(Points logits, int splits = 1, double threshold = 0.95)
    {
        ArgumentNullException.ThrowIfNull(logits);
        ArgumentOutOfRangeException.ThrowIfLessThan(splits, 1);
        if (threshold is not (> 0 and <= 1)) throw new ArgumentOutOfRangeException(nameof(threshold), $"A threshold of {threshold}; give a probability above 0, at most 1.");
        logits.AtLeast(splits, splits == 1 ? "the inception score" : $"the inception score over {splits} splits");
        var all = new ClassProbabilities(logits);
        int n = logits.Count;
        int[] images = [.. Enumerable.Range(0, n)];
        var scores = new double[splits];
        for (int i = 0; i < splits; i++) scores[i] = all.Score(images[(int)((long)i * n / splits)..(int)((long)(i + 1) * n / splits)]);
        double mean = scores.Average(), deviation = Math.Sqrt(scores.Sum(score => (score - mean) * (score - mean)) / splits);
        double[] shares = all.Shares(images);
        return new ClassifierScore(mean, deviation, scores, all.ConfidentShare(images, threshold), threshold, ClassProbabilities.Entropy(shares), shares);
    }
}

/// <summary>The probabilities of the classes for each image.</summary>
sealed class ClassProbabilities
{
    readonly int _classes;
    readonly double[] _probabilities, _largest, _entropies;

    public ClassProbabilities(Points logits)
    {
        int n = logits.Count;
        _classes = logits.Dimensions;
        _probabilities = new double[n * _classes];
        _largest = new double[n];
        _entropies = new double[n];
        logits.CopyTo(0, _probabilities);
        for (int i = 0; i < n; i++)
        {
            Span<double> row = _probabilities.AsSpan(i * _classes, _classes);
            Softmax(row);
            _largest[i] = Largest(row);
            _entropies[i] = Entropy(row);
        }
    }

    /// <summary>−Σ p·ln p</summary>
    public static double Entropy(ReadOnlySpan<double> probabilities)
    {
        double sum = 0;
        foreach (double p in probabilities) sum -= p > 0 ? p * Math.Log(p) : 0;
        return sum;
    }

    /// <summary>The inception score of some images: the mean divergence from their mean is that mean's entropy less the mean of their entropies.</summary>
    public double Score(int[] images)
    {
        double entropies = 0;
        foreach (int image in images) entropies += _entropies[image];
        return Math.Exp(Entropy(Shares(images)) - entropies / images.Length);
    }

    /// <summary>The mean of the probabilities of some images.</summary>
    public double[] Shares(int[] images)
    {
        var mean = new double[_classes];
        foreach (int image in images)
        {
            for (int j = 0; j < _classes; j++) mean[j] += _probabilities[image * _classes + j];
        }
        for (int j = 0; j < _classes; j++) mean[j] /= images.Length;
        return mean;
    }

    /// <summary>The share of some images whose likeliest class has at least this probability.</summary>
    public double ConfidentShare(int[] images, double threshold) => (double)images.Count(image => _largest[image] >= threshold) / images.Length;

    static double Largest(ReadOnlySpan<double> values)
    {
        double largest = values[0];
        foreach (double value in values) largest = Math.Max(largest, value);
        return largest;
    }

    static void Softmax(Span<double> row)
    {
        double largest = Largest(row), sum = 0;
        for (int j = 0; j < row.Length; j++) sum += row[j] = Math.Exp(row[j] - largest);
        for (int j = 0; j < row.Length; j++) row[j] /= sum;
    }
}

/// <summary>What <see cref="InceptionScore"/> finds.</summary>
/// <param name="Score">The mean over the splits, from 1 to the number of classes.</param>
/// <param name="Deviation">The standard deviation over the splits, with their number as its divisor; 0 with one.</param>
/// <param name="PerSplit">The score of each.</param>
/// <param name="ConfidentShare">The share of images whose likeliest class has at least the probability <paramref name="Threshold"/>.</param>
/// <param name="Threshold">That probability.</param>
/// <param name="Entropy">Of the mean of the images' class distributions, in nats; the logarithm of the number of classes where all are as frequent.</param>
/// <param name="ClassShares">The mean probability of each class.</param>
public sealed record ClassifierScore(
    double Score, double Deviation, IReadOnlyList<double> PerSplit, double ConfidentShare, double Threshold, double Entropy,
    IReadOnlyList<double> ClassShares);
