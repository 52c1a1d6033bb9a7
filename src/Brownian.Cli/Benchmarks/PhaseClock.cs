using System.Diagnostics;
using Brownian.Tensors;

namespace Brownian.Cli;

/// <summary>The parts of a training step.</summary>
enum Phase
{
    /// <summary>Making the batch: upload and everything drawn, such as t and ε.</summary>
    Data,

    /// <summary>x_t, the network and the loss.</summary>
    Forward,

    /// <summary>Gradients.</summary>
    Backward,

    /// <summary>Zeroing gradients, clipping and the update of the weights.</summary>
    Optimiser,
}

/// <summary>How long each part of each step took.</summary>
sealed class PhaseClock(Device device)
{
    readonly List<double>[] _milliseconds = [.. Enum.GetValues<Phase>().Select(_ => new List<double>(64))];
    long _last;

    /// <summary>A step begins.</summary>
    public void Begin()
    {
        device.Synchronize();
        _last = Stopwatch.GetTimestamp();
    }

    /// <summary>What was done since the last call was this part.</summary>
    public void End(Phase phase)
    {
        device.Synchronize();
        long now = Stopwatch.GetTimestamp();
        _milliseconds[(int)phase].Add(Stopwatch.GetElapsedTime(_last, now).TotalMilliseconds);
        _last = now;
    }

    /// <summary>The median of each part; empty where the work has no parts.</summary>
    public IReadOnlyDictionary<Phase, double> Medians() =>
        Enum.GetValues<Phase>().Where(phase => _milliseconds[(int)phase].Count > 0).ToDictionary(phase => phase, phase => Median(_milliseconds[(int)phase]));

    /// <summary>The middle value, or the mean of the middle two.</summary>
    public static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}
