using Brownian.Data;
using Brownian.Diffusion;
using Brownian.Imaging;
using Brownian.Tensors;

namespace Brownian.Training;

/// <summary>Where a sampler's result becomes images: numbers that are not finite are an error, not black pixels.</summary>
static class FiniteImages
{
    /// <summary>Draws a batch.</summary>
    /// <exception cref="InvalidDataException">A result is not finite; the message names the seed and the step.</exception>
    public static IReadOnlyList<Image> Draw(Sampler sampler, IDenoiser denoiser, ReadOnlySpan<ulong> seeds, Drawing drawing)
    {
        Tensor x = sampler.Sample(denoiser, seeds, drawing.OnStep, drawing.Progress, drawing.Cancel);
        int bad = FirstBad(x);
        return bad < 0 ? Pixels.ToImages(x) : throw Broken(sampler, denoiser, seeds, bad, drawing.Cancel);
    }

    // The same again, which is the same to the bit, to find the step: nobody else pays for looking.
    static InvalidDataException Broken(Sampler sampler, IDenoiser denoiser, ReadOnlySpan<ulong> seeds, int image, CancellationToken cancel)
    {
        SampleStep? first = null;
        sampler.Sample(denoiser, seeds, step =>
        {
            if (first is null && (FirstBad(step.X0) >= 0 || FirstBad(step.X) >= 0)) first = step;
        }, null, cancel);
        string where = first is { } step ? $"from step {step.Index + 1} of {step.Count} on, at timestep {step.Timestep:0.#}" : "at the last step";
        return new InvalidDataException(
            $"the image of seed {seeds[image]} is not finite (NaN or infinity) {where}: the network's results overflow; "
            + "take an earlier checkpoint, or weights that fit the network and its settings.");
    }

    // The number of the first image that holds a number that is not finite; -1 for none.
    static int FirstBad(Tensor x)
    {
        if (double.IsFinite(x.SumOfSquares())) return -1;
        float[] values = x.ToArray();
        int bad = Array.FindIndex(values, value => !float.IsFinite(value));     // finite squares can overflow in their sum
        return bad < 0 ? -1 : bad / (values.Length / x.Shape[0]);
    }
}

/// <summary>Who is told of a batch while it is drawn, and how it is ended.</summary>
readonly record struct Drawing(Action<SampleStep>? OnStep, IProgress<SampleProgress>? Progress, CancellationToken Cancel);
