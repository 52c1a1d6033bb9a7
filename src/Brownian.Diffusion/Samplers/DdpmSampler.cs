using Brownian.Tensors;

namespace Brownian;

/// <summary>
/// Algorithm 2 of Ho et al. 2020, ancestral sampling: x_T is noise, and each step draws x_s from q(x_s | x_t, x̂_0). With fewer steps
/// than T, s is the next timestep visited and α_t becomes ᾱ_t/ᾱ_s.
/// </summary>
public sealed record DdpmSampler : TimestepSampler
{
    /// <summary>All timesteps, x̂_0 clipped to [−1, 1].</summary>
    public DdpmSampler() => Limit = X0Limit.Clip();

    /// <summary>The variance of a reverse step.</summary>
    public ReverseVariance Variance { get; init; } = ReverseVariance.Small;

    /// <inheritdoc/>
    protected override void Walk(SamplingRun run)
    {
        NoiseSchedule schedule = run.Schedule;
        int[] timesteps = Timesteps.Of(schedule.Timesteps);
        foreach (LevelStep step in run.Along([.. timesteps.Select(schedule.At), NoiseLevel.Clean]))
        {
            int t = timesteps[step.Index], s = step.Index + 1 < timesteps.Length ? timesteps[step.Index + 1] : -1;
            Posterior posterior = schedule.PosteriorOf(t, s);
            Prediction prediction = run.Predict(step.From, keepEps: true);
            Tensor next = LinearCombination.Of((posterior.X0, prediction.X0), (posterior.Xt, run.X));     // μ̃(x_t, x̂_0), eq. 7
            run.X = t > 0 ? AddNoise(next, posterior, prediction.Variance, run.Noise()) : next;
        }
    }

    /// <summary>mean + σ·z</summary>
    Tensor AddNoise(Tensor mean, Posterior posterior, Tensor? variance, Tensor z)
    {
        if (Variance is not (ReverseVariance.Learned or ReverseVariance.LearnedRange))
            return LinearCombination.Of((1, mean), (posterior.Deviation(Variance), z));

        if (variance is null)
            throw new ArgumentException($"The variance {Names.Of(Variance)} needs a network with twice the channels; use small or large with this one.");
        float[] v = variance.ToArray();
        for (int i = 0; i < v.Length; i++)
            v[i] = (float)(Variance == ReverseVariance.Learned ? Math.Exp(v[i] / 2.0) : posterior.LearnedDeviation(v[i]));
        return mean.Add(Tensor.From(v, mean.Shape, mean.Device).Multiply(z));
    }
}
