using Brownian.Tensors;

namespace Brownian;

/// <summary>
/// What keeps x̂_0 in the range of images. At high noise a small error of ε̂ is a large one of x̂_0, and a limit keeps it from spreading.
/// </summary>
public abstract record X0Limit
{
    X0Limit() { }

    /// <summary>No limit: Algorithm 2 of Ho et al. 2020 as printed, with the mean of eq. 11.</summary>
    public static X0Limit None { get; } = new Nothing();

    /// <summary>x̂_0 limited to [−range, range], as the authors' own code does.</summary>
    /// <param name="range">Above 0; images fill [−1, 1].</param>
    /// <exception cref="ArgumentException">The range is not positive.</exception>
    public static X0Limit Clip(float range = 1) =>
        range > 0 ? new Clipped(range) : throw new ArgumentException($"x0 cannot be clipped to a range of {range}; it must be above 0.");

    /// <summary>
    /// Dynamic thresholding (Saharia et al. 2022, §2.3): each image is clipped to a quantile s of its absolute values and divided by s.
    /// </summary>
    /// <param name="ratio">The quantile, in [0, 1].</param>
    /// <param name="largest">The largest s, at least 1; 1 makes this a plain clip.</param>
    /// <exception cref="ArgumentException">An argument is out of range.</exception>
    public static X0Limit Dynamic(double ratio = 0.995, double largest = 1) => ratio is >= 0 and <= 1 && largest >= 1
        ? new DynamicThreshold(ratio, largest)
        : throw new ArgumentException(
            $"Dynamic thresholding: the ratio {ratio} must lie in [0, 1] and the largest threshold {largest} be at least 1.");

    /// <summary>The limited images, N×H×W×C.</summary>
    public abstract Tensor Apply(Tensor x0);

    sealed record Nothing : X0Limit
    {
        public override Tensor Apply(Tensor x0) => x0;
    }

    sealed record Clipped(float Range) : X0Limit
    {
        public override Tensor Apply(Tensor x0) => x0.Clamp(-Range, Range);
    }

    sealed record DynamicThreshold(double Ratio, double Largest) : X0Limit
    {
        public override Tensor Apply(Tensor x0)
        {
            float[] images = x0.ToArray();
            int size = images.Length / x0.Shape[0];
            float[] sorted = new float[size];
            for (int n = 0; n < x0.Shape[0]; n++)
            {
                Span<float> image = images.AsSpan(n * size, size);
                for (int i = 0; i < size; i++) sorted[i] = Math.Abs(image[i]);
                Array.Sort(sorted);
                float s = (float)Math.Clamp(Quantile(sorted), 1, Largest);
                foreach (ref float pixel in image) pixel = Math.Clamp(pixel, -s, s) / s;
            }
            return Tensor.From(images, x0.Shape, x0.Device);
        }

        // Linear interpolation between the two nearest ranks.
        double Quantile(float[] sorted)
        {
            double rank = Ratio * (sorted.Length - 1);
            int below = (int)rank, above = Math.Min(below + 1, sorted.Length - 1);
            return sorted[below] + (rank - below) * (sorted[above] - (double)sorted[below]);
        }
    }
}
