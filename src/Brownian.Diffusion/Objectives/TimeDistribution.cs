using Brownian.Tensors;

namespace Brownian.Diffusion;

/// <summary>The kinds of <see cref="TimeDistribution"/>.</summary>
public enum TimeKind
{
    /// <summary>All noise levels alike.</summary>
    Uniform,

    /// <summary>Those in the middle more often (Esser et al. 2024, §3.1).</summary>
    LogitNormal,

    /// <summary>ln(σ/α) is normal (Karras et al. 2022, table 1).</summary>
    LogNormal,
}

/// <summary>The noise level that one image is trained at.</summary>
/// <param name="Level">The level.</param>
/// <param name="Timestep">Its place among the T of the process, from 0, for statistics.</param>
public readonly record struct TrainingTime(NoiseLevel Level, int Timestep);

/// <summary>Which noise levels are trained how often.</summary>
public abstract record TimeDistribution
{
    TimeDistribution() { }

    /// <summary>The distribution of a kind.</summary>
    /// <param name="kind">Which.</param>
    /// <param name="mean">Of the normal distribution; null for the usual one.</param>
    /// <param name="deviation">Of it, above 0; null for the usual one.</param>
    public static TimeDistribution Of(TimeKind kind, double? mean = null, double? deviation = null) => kind switch
    {
        TimeKind.LogitNormal => LogitNormal(mean ?? 0, deviation ?? 1),
        TimeKind.LogNormal => LogNormalSigma(mean ?? -1.2, deviation ?? 1.2),
        _ => Uniform,
    };

    /// <summary>All timesteps of a schedule, or all times of a rectified flow, alike.</summary>
    public static TimeDistribution Uniform { get; } = new UniformTimes();

    /// <summary>Times whose logit is normal: more in the middle, where a rectified flow is hardest (Esser et al. 2024, §3.1).</summary>
    /// <param name="mean">m: above 0 for more noise.</param>
    /// <param name="deviation">s, above 0.</param>
    /// <exception cref="ArgumentException">The deviation is not positive.</exception>
    public static TimeDistribution LogitNormal(double mean = 0, double deviation = 1) => deviation > 0
        ? new LogitNormalTimes(mean, deviation)
        : throw new ArgumentException($"The deviation of logit-normal times is {deviation}; it must be above 0, such as 1.");

    /// <summary>ln(σ/α) is normal (Karras et al. 2022, table 1: P_mean, P_std).</summary>
    /// <param name="mean">P_mean.</param>
    /// <param name="deviation">P_std, above 0.</param>
    /// <exception cref="ArgumentException">The deviation is not positive.</exception>
    public static TimeDistribution LogNormalSigma(double mean = -1.2, double deviation = 1.2) => deviation > 0
        ? new LogNormalSigmas(mean, deviation)
        : throw new ArgumentException($"The deviation of log-normal sigmas is {deviation}; it must be above 0, such as 1.2.");

    /// <summary>The times of some images of a batch: those of an image depend on its position alone.</summary>
    /// <param name="process">The levels there are.</param>
    /// <param name="random">One generator for each training step.</param>
    /// <param name="count">How many images.</param>
    /// <param name="first">The position of the first of them.</param>
    /// <exception cref="ArgumentException">The process has no such times.</exception>
    public abstract TrainingTime[] Draw(INoiseProcess process, Philox random, int count, int first);

    static int Bucket(INoiseProcess process, double share) => Math.Clamp((int)(share * process.Timesteps), 0, process.Timesteps - 1);

    static TrainingTime OfShare(INoiseProcess process, double share) => new(process.AtShare(share), Bucket(process, share));

    static float[] Normals(Philox random, int count, int first)
    {
        float[] z = new float[count];
        random.Normal(z, first);
        return z;
    }

    sealed record UniformTimes : TimeDistribution
    {
        public override TrainingTime[] Draw(INoiseProcess process, Philox random, int count, int first)
        {
            if (process is NoiseSchedule schedule)
            {
                int[] timesteps = new int[count];
                random.Integers(timesteps, schedule.Timesteps, first);
                return Array.ConvertAll(timesteps, t => new TrainingTime(schedule.At(t), t));
            }
            float[] shares = new float[count];
            random.Uniform(shares, first);
            // (0, 1]: at 0 an image has no noise, and ε cannot be told from it.
            return Array.ConvertAll(shares, share => OfShare(process, 1 - (double)share));
        }
    }

    sealed record LogitNormalTimes(double Mean, double Deviation) : TimeDistribution
    {
        public override TrainingTime[] Draw(INoiseProcess process, Philox random, int count, int first) =>
            Array.ConvertAll(Normals(random, count, first), z => OfShare(process, 1 / (1 + Math.Exp(-(Mean + Deviation * z)))));
    }

    sealed record LogNormalSigmas(double Mean, double Deviation) : TimeDistribution
    {
        // The place is that of the normal draw among four deviations to either side.
        public override TrainingTime[] Draw(INoiseProcess process, Philox random, int count, int first) =>
            Array.ConvertAll(
                Normals(random, count, first),
                z => new TrainingTime(process.AtRatio(Math.Exp(Mean + Deviation * z)), Bucket(process, (z + 4) / 8)));
    }
}
