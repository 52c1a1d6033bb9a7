using Brownian.IO;
using Brownian.Tensors;

namespace Brownian;

/// <summary>The variational bound of a batch, on the tape.</summary>
static class BoundLoss
{
    /// <param name="objective">The forward process and what is predicted.</param>
    /// <param name="term">How the bound counts.</param>
    /// <param name="x0">Images, N×H×W×C.</param>
    /// <param name="xt">Noised images, N×H×W×C.</param>
    /// <param name="output">The network's answer, N×H×W×C or, with a learned variance, N×H×W×2C.</param>
    /// <param name="times">The timestep of each image.</param>
    /// <param name="perImage">Each image's part, times its weight.</param>
    public static Tensor Of(
        TrainingObjective objective, VariationalTerm term, Tensor x0, Tensor xt, Tensor output, TrainingTime[] times,
        out Lazy<double[]> perImage)
    {
        int channels = x0.Shape.Channels, width = term.Learns ? 2 * channels : channels;
        if (objective.Process is not NoiseSchedule schedule)
            throw new ArgumentException($"The variational bound needs a schedule of timesteps, not a {objective.Process.GetType().Name}.");
        if (output.Shape != x0.Shape.WithChannels(width))
        {
            throw new ArgumentException(
                $"The network answered {output.Shape} to {x0.Shape}; the variance {term.Variance} needs {Counted.Of(width, "channel")}.");
        }
        VariationalBound bound = new(schedule, objective.Predicts, term.Variance);
        PixelBound[] bounds = Array.ConvertAll(times, time => bound.At(time.Timestep) with { Weight = time.Weight });
        Tensor mean = output.MeanBound(x0, xt, bounds, trainsPrediction: term.Alone, out Lazy<double[]> bits);
        double scale = term.Weight * schedule.Timesteps;
        perImage = new(() => Array.ConvertAll(bits.Value, each => scale * each));
        return mean.Scale((float)scale);
    }
}
