using Brownian.Tensors;

namespace Brownian;

/// <summary>The kinds of <see cref="TimeDistribution"/>.</summary>
public enum TimeKind
{
    /// <summary>All noise levels alike.</summary>
    Uniform,

    /// <summary>Those in the middle more often (Esser et al. 2024, §3.1).</summary>
    LogitNormal,

    /// <summary>ln(σ/α) is normal (Karras et al. 2022, table 1).</summary>
    LogNormal,

    /// <summary>ln SNR follows a Laplace distribution (Hang et al. 2024).</summary>
    Laplace,

    /// <summary>Timesteps as often as their losses are large (Nichol &amp; Dhariwal 2021, §3.3): <see cref="LossResampler"/>.</summary>
    LossSecondMoment,
}

/// <summary>The noise level that one image is trained at.</summary>
/// <param name="Level">The level.</param>
/// <param name="Timestep">Its place among the T of the process, from 0, for statistics.</param>
/// <param name="Weight">
/// What its loss counts, so that the mean stays that of another distribution, which the levels are to be judged by: 1 where there is none.
/// </param>
public readonly record struct TrainingTime(NoiseLevel Level, int Timestep, double Weight = 1);

/// <summary>Which noise levels are trained how often. Of a schedule, only its timesteps are: the nearest stands for a level between two.</summary>
public abstract record TimeDistribution
{
    private protected TimeDistribution() { }

    /// <summary>The distribution of a kind.</summary>
    /// <param name="kind">Which.</param>
    /// <param name="timesteps">T of the process.</param>
    /// <param name="mean">Where its middle is; null for the usual one.</param>
    /// <param name="deviation">How wide it is, above 0; null for the usual one.</param>
    public static TimeDistribution Of(TimeKind kind, int timesteps, double? mean = null, double? deviation = null) => kind switch
    {
        TimeKind.LogitNormal => LogitNormal(mean ?? 0, deviation ?? 1),
        TimeKind.LogNormal => LogNormalSigma(mean ?? -1.2, deviation ?? 1.2),
        TimeKind.Laplace => Laplace(mean ?? 0, deviation ?? 0.5),
        TimeKind.LossSecondMoment => new LossResampler(timesteps),
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

    /// <summary>ln SNR = 2·ln(α/σ) follows a Laplace distribution: most often where signal and noise are alike (Hang et al. 2024).</summary>
    /// <param name="mean">μ: above 0 for less noise.</param>
    /// <param name="scale">b, above 0; 0.5 in the paper.</param>
    /// <exception cref="ArgumentException">The scale is not positive.</exception>
    public static TimeDistribution Laplace(double mean = 0, double scale = 0.5) => scale > 0
        ? new LaplaceTimes(mean, scale)
        : throw new ArgumentException($"The scale of Laplace times is {scale}; it must be above 0, such as 0.5.");

    /// <summary>The times of some images of a batch: those of an image depend on its position alone.</summary>
    /// <param name="process">The levels there are.</param>
    /// <param name="random">One generator for each training step.</param>
    /// <param name="count">How many images.</param>
    /// <param name="first">The position of the first of them.</param>
    /// <exception cref="ArgumentException">The process has no such times.</exception>
    public abstract TrainingTime[] Draw(INoiseProcess process, Philox random, int count, int first);

    static int Bucket(INoiseProcess process, double share) => Math.Clamp((int)(share * process.Timesteps), 0, process.Timesteps - 1);

    static TrainingTime OfShare(INoiseProcess process, double share) => new(process.AtShare(share), Bucket(process, share));

    static TrainingTime OfRatio(INoiseProcess process, double ratio, double share)
    {
        if (process is not NoiseSchedule schedule) return new(process.AtRatio(ratio), Bucket(process, share));
        int nearest = (int)Math.Round(schedule.AtRatio(ratio).Timestep);
        return new(schedule.At(nearest), nearest);
    }

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
        // The place among a continuum is that of the normal draw among four deviations to either side.
        public override TrainingTime[] Draw(INoiseProcess process, Philox random, int count, int first) =>
            Array.ConvertAll(Normals(random, count, first), z => OfRatio(process, Math.Exp(Mean + Deviation * z), (z + 4) / 8));
    }

    sealed record LaplaceTimes(double Mean, double Scale) : TimeDistribution
    {
        public override TrainingTime[] Draw(INoiseProcess process, Philox random, int count, int first)
        {
            float[] shares = new float[count];
            random.Uniform(shares, first);
            return Array.ConvertAll(shares, share => OfRatio(process, Math.Exp(-LogSnr(share) / 2), share));
        }

        // Falls as the share of noise grows. Half of the grain of the shares keeps the logarithm's argument off 0.
        double LogSnr(double share)
        {
            double side = share + 1.0 / (1 << 25) - 0.5;
            return Mean + Scale * Math.Sign(side) * Math.Log(1 - 2 * Math.Abs(side));
        }
    }
}
