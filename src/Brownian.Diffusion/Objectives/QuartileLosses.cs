namespace Brownian;

/// <summary>
/// The mean loss by quartile of the timestep. The mean over all timesteps hides what happens at each noise level: the first
/// quartile's loss, that of almost clean images, is an order of magnitude above the last's. Images count by <see cref="TrainingTime.Weight"/>.
/// </summary>
/// <param name="timesteps">T of the schedule.</param>
public sealed class QuartileLosses(int timesteps)
{
    readonly double[] _sums = new double[4], _weights = new double[4];
    readonly long[] _counts = new long[4];

    /// <summary>The quartile of a timestep: 0 for t in [0, T/4), … 3 for t in [3T/4, T).</summary>
    public int QuartileOf(int timestep) => (uint)timestep < (uint)timesteps
        ? (int)(4L * timestep / timesteps)
        : throw new ArgumentException($"Timestep {timestep} is outside 0 to {timesteps - 1}.");

    /// <summary>The mean loss of the images added so far with a timestep in that quartile; NaN if there were none.</summary>
    /// <param name="quartile">From 0 to 3.</param>
    public double Mean(int quartile) => _sums[quartile] / _weights[quartile];

    /// <summary>The number of images added so far with a timestep in that quartile.</summary>
    /// <param name="quartile">From 0 to 3.</param>
    public long Count(int quartile) => _counts[quartile];

    /// <summary>Adds the images of one batch.</summary>
    public void Add(TrainingLoss loss)
    {
        double[] perImage = loss.PerImage.Value;
        for (int n = 0; n < loss.Times.Length; n++)
        {
            int quartile = QuartileOf(loss.Times[n].Timestep);
            _sums[quartile] += loss.Times[n].Weight * perImage[n];
            _weights[quartile] += loss.Times[n].Weight;
            _counts[quartile]++;
        }
    }

    /// <summary>Forgets everything added.</summary>
    public void Clear()
    {
        Array.Clear(_sums);
        Array.Clear(_weights);
        Array.Clear(_counts);
    }
}
