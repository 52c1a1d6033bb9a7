using Brownian.IO;
using Brownian.Tensors;

namespace Brownian;

/// <summary>
/// Timesteps with probability p_t ∝ √E[L_t²] of their recent losses, each loss weighted by 1/(T·p_t), so that the mean stays that of uniform
/// timesteps and varies less (Nichol &amp; Dhariwal 2021, §3.3). They are uniform until every timestep has its history. The probabilities are
/// those at the beginning of a step, whatever the parts that its images come in.
/// </summary>
public sealed record LossResampler : TimeDistribution, ILearnsFromLosses
{
    /// <summary>Losses remembered for each timestep.</summary>
    public const int History = 10;

    /// <summary>The share of timesteps that are uniform in any case, so that none is forgotten.</summary>
    public const double UniformShare = 0.001;

    readonly double[] _losses, _counts, _upTo;

    /// <summary>Begins with uniform timesteps.</summary>
    /// <param name="timesteps">T of the schedule.</param>
    public LossResampler(int timesteps)
    {
        (_losses, _counts, _upTo) = (new double[timesteps * History], new double[timesteps], new double[timesteps]);
        Prepare();
    }

    /// <inheritdoc/>
    public IReadOnlyList<(string Name, double[] Values)> State => [("timesteps.losses", _losses), ("timesteps.counts", _counts)];

    /// <summary>The probability of a timestep in the present step.</summary>
    /// <param name="timestep">From 0 to T − 1.</param>
    public double ProbabilityOf(int timestep) => _upTo[timestep] - (timestep == 0 ? 0 : _upTo[timestep - 1]);

    /// <inheritdoc/>
    public override TrainingTime[] Draw(INoiseProcess process, Philox random, int count, int first)
    {
        if (process is not NoiseSchedule schedule || schedule.Timesteps != _counts.Length)
            throw new ArgumentException($"Losses are remembered of {Counted.Of(_counts.Length, "timestep")}; the process must be a schedule of as many.");
        float[] shares = new float[count];
        random.Uniform(shares, first);
        return Array.ConvertAll(shares, share =>
        {
            int found = Array.BinarySearch(_upTo, share * _upTo[^1]);
            int timestep = Math.Min(found < 0 ? ~found : found + 1, _counts.Length - 1);     // the first whose sum is above the share
            return new TrainingTime(schedule.At(timestep), timestep, 1 / (_counts.Length * ProbabilityOf(timestep)));
        });
    }

    /// <inheritdoc/>
    public void Add(TrainingLoss loss)
    {
        double[] perImage = loss.PerImage.Value;
        for (int n = 0; n < perImage.Length; n++)
        {
            int timestep = loss.Times[n].Timestep;
            Span<double> history = _losses.AsSpan(timestep * History, History);
            if (_counts[timestep] == History) history[1..].CopyTo(history);      // the oldest goes
            else _counts[timestep]++;
            history[(int)_counts[timestep] - 1] = perImage[n];
        }
    }

    /// <inheritdoc/>
    public void Step(double rate) => Prepare();

    /// <inheritdoc/>
    public void Prepare()
    {
        int timesteps = _counts.Length;
        bool isReady = Array.TrueForAll(_counts, count => count == History);
        double[] roots = [.. Enumerable.Range(0, timesteps).Select(t => isReady ? RootMeanSquare(t) : 1)];
        double sum = roots.Sum(), upTo = 0;
        for (int t = 0; t < timesteps; t++)
        {
            double share = sum > 0 ? roots[t] / sum : 1.0 / timesteps;
            _upTo[t] = upTo += (1 - UniformShare) * share + UniformShare / timesteps;
        }
    }

    double RootMeanSquare(int timestep)
    {
        double sum = 0;
        foreach (double loss in _losses.AsSpan(timestep * History, History)) sum += loss * loss;
        return Math.Sqrt(sum / History);
    }
}

/// <summary>A part of an objective that learns while the network does, from the losses that it leads to.</summary>
public interface ILearnsFromLosses
{
    /// <summary>Numbers that are all it has learned, under their names in a checkpoint: written as they are, overwritten to go on from others.</summary>
    IReadOnlyList<(string Name, double[] Values)> State { get; }

    /// <summary>Sees the losses of a batch, or of a part of it: of finite ones only, and before the batch's scope ends.</summary>
    void Add(TrainingLoss loss);

    /// <summary>Learns from the losses since the last step.</summary>
    /// <param name="rate">The learning rate of the network.</param>
    void Step(double rate);

    /// <summary>Goes on from what <see cref="State"/> was overwritten with.</summary>
    void Prepare() { }
}
