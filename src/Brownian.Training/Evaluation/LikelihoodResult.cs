using System.Globalization;

namespace Brownian;

/// <summary>A mean over images, in bits for each channel of each pixel ("bits/dim").</summary>
/// <param name="Mean">The mean.</param>
/// <param name="StandardError">
/// Of the mean, from the spread of the images: they are a sample of all there could be, and the draws of timesteps, noise and probes, which
/// differ from image to image, are in it. NaN for a single image.
/// </param>
public readonly record struct BitsPerDimension(double Mean, double StandardError)
{
    internal static BitsPerDimension Of(double[] images)
    {
        double mean = images.Average();
        double variance = images.Sum(bits => (bits - mean) * (bits - mean)) / (images.Length - 1);
        return new(mean, Math.Sqrt(variance / images.Length));
    }

    /// <summary>"3.412 ± 0.021"</summary>
    public override string ToString() => double.IsNaN(StandardError)
        ? string.Create(CultureInfo.InvariantCulture, $"{Mean:0.000}")
        : string.Create(CultureInfo.InvariantCulture, $"{Mean:0.000} ± {StandardError:0.000}");
}

/// <summary>A part of a code length.</summary>
/// <param name="Name">In a word or two.</param>
/// <param name="Bits">Its share.</param>
public readonly record struct LikelihoodPart(string Name, BitsPerDimension Bits);

/// <summary>How many bits images take under a model.</summary>
public abstract record LikelihoodResult
{
    /// <summary>The code length.</summary>
    public required BitsPerDimension Total { get; init; }

    /// <summary>The code length of each image, in the order of <see cref="ImageIndices"/>.</summary>
    public required IReadOnlyList<double> PerImage { get; init; }

    /// <summary>The images, by their places in the set, ascending.</summary>
    public required IReadOnlyList<int> ImageIndices { get; init; }

    /// <summary>How often the network was asked about each image.</summary>
    public required int NetworkCalls { get; init; }

    /// <summary>What a person should know, a line each; usually nothing.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];

    /// <summary>What <see cref="Total"/> is the sum of.</summary>
    public abstract IReadOnlyList<LikelihoodPart> Parts { get; }
}

/// <summary>By the variational bound: an upper bound of the bits of images drawn by ancestral sampling in all T steps.</summary>
public sealed record BoundLikelihood : LikelihoodResult
{
    /// <summary>L_T: what of the image is left in x_T.</summary>
    public required BitsPerDimension Prior { get; init; }

    /// <summary>L_{T−1} + … + L_1: the steps between.</summary>
    public required BitsPerDimension Middle { get; init; }

    /// <summary>L_0: the gray values, given x_1.</summary>
    public required BitsPerDimension Decoder { get; init; }

    /// <summary>The timesteps computed for each image.</summary>
    public required int Timesteps { get; init; }

    /// <summary>T. Where <see cref="Timesteps"/> are fewer, the middle is an estimate without bias.</summary>
    public required int OfTimesteps { get; init; }

    /// <summary>What single timesteps tell, ascending; those that no image drew are missing.</summary>
    public required IReadOnlyList<TimestepBits> Terms { get; init; }

    /// <inheritdoc/>
    public override IReadOnlyList<LikelihoodPart> Parts => [new("prior", Prior), new("middle", Middle), new("decoder", Decoder)];
}

/// <summary>The means of one timestep over the images that were asked there.</summary>
/// <param name="Timestep">t, from 0.</param>
/// <param name="Images">How many images.</param>
/// <param name="Bits">The bound's term.</param>
/// <param name="ImageError">(x̂_0 − x_0)², x̂_0 limited.</param>
/// <param name="NoiseError">(ε̂ − ε)².</param>
public readonly record struct TimestepBits(int Timestep, int Images, double Bits, double ImageError, double NoiseError)
{
    /// <summary>With some more images.</summary>
    internal TimestepBits With(VariationalTerms terms)
    {
        int images = Images, count = Images + terms.Bits.Length;
        return new(Timestep, count, Mean(Bits, terms.Bits), Mean(ImageError, terms.ImageErrors), Mean(NoiseError, terms.NoiseErrors));

        double Mean(double before, double[] more) => (before * images + more.Sum()) / count;
    }
}

/// <summary>By the probability-flow ODE: on average an upper bound of the bits of images drawn by solving it, but for the error of its steps.</summary>
public sealed record OdeLikelihood : LikelihoodResult
{
    /// <summary>−log₂ p_T(x_T): the noise that the image becomes.</summary>
    public required BitsPerDimension Noise { get; init; }

    /// <summary>−∫ div: the change of volume on the way.</summary>
    public required BitsPerDimension Volume { get; init; }

    /// <summary>−log₂ of the distance of gray values in [−1, 1], the same for all images: 6.994 at 8 bits.</summary>
    public required double GrayValues { get; init; }

    /// <summary>Steps from image to noise.</summary>
    public required int Steps { get; init; }

    /// <summary>Probes of the divergence at each step.</summary>
    public required int Probes { get; init; }

    /// <summary>
    /// σ/α where the path starts, the least that the network was trained with: the density is that of images with so much noise, which has a
    /// price in flat areas, such as 1.7 bits at 0.01.
    /// </summary>
    public required double SmallestNoise { get; init; }

    /// <inheritdoc/>
    public override IReadOnlyList<LikelihoodPart> Parts => [new("noise", Noise), new("volume", Volume), new("gray values", new(GrayValues, 0))];
}
