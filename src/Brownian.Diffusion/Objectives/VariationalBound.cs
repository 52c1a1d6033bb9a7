using Brownian.Tensors;

namespace Brownian;

/// <summary>
/// The terms of the variational bound: the Kullback–Leibler divergences L_{t−1} of q(x_{t−1} | x_t, x_0) from the network's
/// p(x_{t−1} | x_t), and at t = 0 the code length L_0 of an 8-bit image (Ho et al. 2020, eq. 5 and 13).
/// </summary>
/// <param name="schedule">The forward process.</param>
/// <param name="predicts">What the network predicts.</param>
/// <param name="variance">The variance of the reverse step.</param>
public sealed class VariationalBound(NoiseSchedule schedule, Parameterization predicts, ReverseVariance variance)
{
    /// <summary>
    /// L_T as a function of one pixel: the divergence of q(x_T | x_0) from the standard normal noise that sampling starts with. No network
    /// has a part in it, and of a pixel only x_0 counts.
    /// </summary>
    public PixelBound Prior
    {
        get
        {
            NoiseLevel last = schedule.At(schedule.Timesteps - 1);
            return new PixelBound { Posterior = (last.Alpha, 0), LogPosteriorVariance = 2 * Math.Log(last.Sigma) };
        }
    }

    /// <summary>The term of a timestep, as a function of one pixel.</summary>
    /// <param name="t">The timestep.</param>
    public PixelBound At(int t)
    {
        Mix toX0 = predicts.X0(schedule.At(t));
        double a = schedule.PosteriorMeanX0[t], b = schedule.PosteriorMeanXt[t];
        return new PixelBound
        {
            Posterior = (a, b),
            LogPosteriorVariance = schedule.PosteriorLogVarianceClipped[t],
            Mean = (a * toX0.First + b, a * toX0.Second),        // of x̂_0 = toX0·(x_t, output) and x_t
            LogVariance = LogVariance(t),
            IsLast = t == 0,
        };
    }

    (double AtZero, double ByV) LogVariance(int t)
    {
        double small = schedule.PosteriorLogVarianceClipped[t], large = Math.Log(schedule.Betas[t]);
        return variance switch
        {
            ReverseVariance.Learned => (0, 1),
            ReverseVariance.LearnedRange => ((large + small) / 2, (large - small) / 2),     // eq. 15 of Nichol & Dhariwal, by v from −1 to 1
            ReverseVariance.Large or ReverseVariance.LargeLog => (t == 0 ? small : large, 0),
            _ => (small, 0),
        };
    }
}
