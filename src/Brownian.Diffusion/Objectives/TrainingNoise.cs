using Brownian.Tensors;

namespace Brownian;

/// <summary>Which ε an image is mixed with in training. The nearer the two, the less the paths from noise to images cross.</summary>
public enum NoiseAssignment
{
    /// <summary>Any.</summary>
    None,

    /// <summary>The nearest of a few drawn for the image (Li et al. 2025, Improved Immiscible Diffusion).</summary>
    Nearest,

    /// <summary>
    /// The batch's ε, dealt out so that the sum of squared distances is the least (Li et al. 2024, Immiscible Diffusion; Pooladian et al. 2023
    /// and Tong et al. 2023: optimal transport within the batch).
    /// </summary>
    Batch,
}

/// <summary>
/// The ε of training: N(0, I), unless something is set. All but <see cref="NoiseAssignment.Batch"/> is a function of seed, step, an image and its
/// position, whatever the parts that a step's images come in.
/// </summary>
public sealed record TrainingNoise
{
    /// <summary>The most images that ε is dealt out among; more are dealt with in groups of so many.</summary>
    public const int LargestGroup = 128;

    /// <summary>
    /// The deviation of a constant added to each channel of ε, at least 0: the network learns to change the brightness of a whole image
    /// (Guttenberg 2023, "Diffusion with offset noise"; 0.05 to 0.1). The noise that the network predicts contains it.
    /// </summary>
    public double Offset { get; init; }

    /// <summary>
    /// γ, at least 0: the network sees ε + γ·ξ with ξ ~ N(0, I) and is to answer for ε alone, so that it gets used to inputs as wrong as its own
    /// (Ning et al. 2023; 0.1).
    /// </summary>
    public double Perturbation { get; init; }

    /// <summary>Which ε goes to which image.</summary>
    public NoiseAssignment Assignment { get; init; }

    /// <summary>How many ε are drawn for each image, at least 2, with <see cref="NoiseAssignment.Nearest"/>.</summary>
    public int Candidates { get; init; } = 4;

    /// <summary>ε of some images of a step, as they lie.</summary>
    /// <param name="x0">Images, N×H×W×C.</param>
    /// <param name="seed">With the two that follow, it decides everything.</param>
    /// <param name="step">The training step, from 0.</param>
    /// <param name="firstImage">The position of the first image in the whole batch.</param>
    /// <exception cref="ArgumentException">A setting is out of range.</exception>
    internal Tensor Draw(Tensor x0, ulong seed, long step, int firstImage)
    {
        Validate();
        return Assignment switch
        {
            NoiseAssignment.Nearest => Nearest(x0, candidate => Candidate(x0, seed, step, firstImage, candidate)),
            NoiseAssignment.Batch => Dealt(x0, Candidate(x0, seed, step, firstImage, 0)),
            _ => Candidate(x0, seed, step, firstImage, 0),
        };
    }

    /// <summary>ε as the network sees it; null where that is ε.</summary>
    internal Tensor? Seen(Tensor noise, ulong seed, long step, int firstImage) => Perturbation == 0 ? null : TensorOps.Affine(
        1, noise, (float)Perturbation, Normal(noise, new Philox(seed, Philox.Stream("input perturbation", (ulong)step)), firstImage));

    // The first is the one that there is without an assignment.
    Tensor Candidate(Tensor x0, ulong seed, long step, int firstImage, int candidate)
    {
        Philox random = Of(candidate, "training noise", "noise candidates");
        Tensor noise = Normal(x0, random, firstImage);
        if (Offset == 0) return noise;
        Shape channels = Shape.Of(x0.Shape[0], x0.Shape.Channels);
        Philox offsets = Of(candidate, "noise offset", "noise offset candidates");
        return noise.AddRows(TensorOps.Normal(channels, offsets, x0.Device, (long)firstImage * channels.Channels).Scale((float)Offset));

        Philox Of(int candidate, string first, string others) => candidate == 0
            ? new(seed, Philox.Stream(first, (ulong)step))
            : new Philox(seed, Philox.Stream(others, (ulong)step)).At((ulong)candidate);
    }

    static Tensor Normal(Tensor like, Philox random, int firstImage) =>
        TensorOps.Normal(like.Shape, random, like.Device, (long)firstImage * (like.Shape.Count / like.Shape[0]));

    Tensor Nearest(Tensor x0, Func<int, Tensor> candidate)
    {
        int images = x0.Shape[0];
        Tensor best = candidate(0);
        double[] least = Distances(x0, best);
        for (int c = 1; c < Candidates; c++)
        {
            using TensorScope scope = x0.Device.OpenScope();
            Tensor other = candidate(c);
            double[] distances = Distances(x0, other);
            float[] keeps = new float[images], takes = new float[images];
            for (int n = 0; n < images; n++)
            {
                bool isNearer = distances[n] < least[n];
                (keeps[n], takes[n]) = isNearer ? (0, 1) : (1, 0);
                if (isNearer) least[n] = distances[n];
            }
            best.Assign(TensorOps.MixPerSample(keeps, best, takes, other));
        }
        return best;
    }

    static double[] Distances(Tensor x0, Tensor noise)
    {
        noise.MeanLoss(x0, PixelLoss.Squared.Spec, [], out Lazy<double[]> distances);
        return distances.Value;
    }

    // Whichever image gets which ε, Σ‖x_0 − ε‖² differs by −2·Σ x_0·ε alone. The products are the slope of Σ x_0·(P·ε) by P, and the best P is
    // a permutation.
    static Tensor Dealt(Tensor x0, Tensor noise)
    {
        int images = x0.Shape[0];
        Shape rows = Shape.Of(images, x0.Shape.Count / images), square = Shape.Of(images, images);
        Tensor deal = Tensor.Zeros(square, x0.Device).WithGrad();
        deal.Linear(noise.View(rows)).Multiply(x0.View(rows)).Sum().Backward();
        float[] products = deal.Grad!.ToArray();
        int[] chosen = new int[images];
        for (int first = 0; first < images; first += LargestGroup)
        {
            int count = Math.Min(LargestGroup, images - first);
            double[] cost = new double[count * count];
            for (int i = 0; i < cost.Length; i++) cost[i] = -products[(first + i / count) * images + first + i % count];
            int[] columns = LinearAssignment.Least(count, cost);
            for (int n = 0; n < count; n++) chosen[first + n] = first + columns[n];
        }
        return noise.PickSamples(chosen);
    }

    void Validate()
    {
        if (Offset is not (>= 0 and <= 1)) throw new ArgumentException($"The offset of training noise is {Offset}; it must be 0 to 1, such as 0.1.");
        if (Perturbation is not (>= 0 and <= 1))
            throw new ArgumentException($"The perturbation of training noise is {Perturbation}; it must be 0 to 1, such as 0.1.");
        if (Candidates is not (>= 2 and <= 1024)) throw new ArgumentException($"{Candidates} candidates of training noise; there must be 2 to 1024.");
    }
}
