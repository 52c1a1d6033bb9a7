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
        int classes = logits.Dimensions, n = logits.Count;
        var probabilities = new double[n * classes];
        logits.CopyTo(0, probabilities);
        for (int i = 0; i < n; i++) Softmax(probabilities.AsSpan(i * classes, classes));

        var scores = new double[splits];
        for (int i = 0; i < splits; i++)
        {
            int from = (int)((long)i * n / splits), to = (int)((long)(i + 1) * n / splits);
            scores[i] = Score(probabilities.AsSpan(from * classes, (to - from) * classes), classes);
        }
        double mean = scores.Average();
        double[] shares = Marginal(probabilities, classes);
        int confident = 0;
        for (int i = 0; i < n; i++)
        {
            if (Largest(probabilities.AsSpan(i * classes, classes)) >= threshold) confident++;
        }
        double deviation = Math.Sqrt(scores.Sum(score => (score - mean) * (score - mean)) / splits);
        return new ClassifierScore(mean, deviation, scores, (double)confident / n, threshold, Entropy(shares), shares);
    }

    static double Score(ReadOnlySpan<double> probabilities, int classes)
    {
        double[] marginal = Marginal(probabilities, classes);
        double sum = 0;
        for (int i = 0; i < probabilities.Length; i++)
        {
            if (probabilities[i] > 0) sum += probabilities[i] * (Math.Log(probabilities[i]) - Math.Log(marginal[i % classes]));
        }
        return Math.Exp(sum / (probabilities.Length / classes));
    }

    static double[] Marginal(ReadOnlySpan<double> probabilities, int classes)
    {
        var mean = new double[classes];
        for (int i = 0; i < probabilities.Length; i++) mean[i % classes] += probabilities[i];
        for (int j = 0; j < classes; j++) mean[j] /= probabilities.Length / classes;
        return mean;
    }

    static double Entropy(double[] shares) => -shares.Sum(share => share > 0 ? share * Math.Log(share) : 0);

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
