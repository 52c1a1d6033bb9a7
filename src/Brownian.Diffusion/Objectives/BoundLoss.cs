using Brownian.Tensors;

namespace Brownian.Diffusion;

/// <summary>The variational bound of a batch, on the tape.</summary>
static class BoundLoss
{
    /// <param name="objective">The forward process and what is predicted.</param>
    /// <param name="term">How the bound counts.</param>
    /// <param name="x0">Images, N×H×W×C.</param>
    /// <param name="xt">Noised images, N×H×W×C.</param>
    /// <param name="output">The network's answer, N×H×W×C or, with a learned variance, N×H×W×2C.</param>
    /// <param name="times">The timestep of each image.</param>
    /// <param name="perImage">Each image's part is added to it.</param>
    public static Tensor Of(
        TrainingObjective objective, VariationalTerm term, Tensor x0, Tensor xt, Tensor output, TrainingTime[] times, double[] perImage)
    {
        int channels = x0.Shape.Channels, width = term.Learns ? 2 * channels : channels;
        if (objective.Process is not NoiseSchedule schedule)
            throw new ArgumentException($"The variational bound needs a schedule of timesteps, not a {objective.Process.GetType().Name}.");
        if (output.Shape != x0.Shape.WithChannels(width))
        {
            throw new ArgumentException(
                $"The network answered {output.Shape} to {x0.Shape}; the variance {term.Variance} needs {width} channels.");
        }
        VariationalBound bound = new(schedule, objective.Predicts, term.Variance);
        float[] clean = x0.ToArray(), noisy = xt.ToArray(), answer = output.ToArray(), gradient = new float[answer.Length];
        int images = times.Length, size = clean.Length / images;
        double scale = term.Weight * schedule.Timesteps, total = 0;
        for (int n = 0; n < images; n++)
        {
            double bits = 0;
            for (int i = n * size; i < (n + 1) * size; i++)
            {
                int at = i / channels * width + i % channels;
                VariationalBound.Term pixel = bound.Of(times[n].Timestep, clean[i], noisy[i], answer[at], term.Learns ? answer[at + channels] : 0);
                bits += pixel.Bits;
                if (term.Alone) gradient[at] = (float)(scale * pixel.ByOutput / clean.Length);
                if (term.Learns) gradient[at + channels] = (float)(scale * pixel.ByVariance / clean.Length);
            }
            double part = scale * bits / size;
            perImage[n] += part;
            total += part;
        }
        return output.LossWithGradient(total / images, Tensor.From(gradient, output.Shape, output.Device));
    }
}
