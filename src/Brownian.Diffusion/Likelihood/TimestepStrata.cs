using Brownian.IO;
using Brownian.Tensors;

namespace Brownian;

/// <summary>
/// A few timesteps in the place of all: 1 to T − 1 in consecutive groups, of which each gives one at random that stands for the others. The
/// weighted sum of a function of the timestep has the full sum as its mean. Groups grow with t, as the bound's terms fall: the first
/// timesteps, where most bits are, stand for themselves alone.
/// </summary>
public sealed class TimestepStrata
{
    readonly int[] _first;      // of each group, and behind the last one

    /// <summary>Makes the groups.</summary>
    /// <param name="timesteps">T, at least 2.</param>
    /// <param name="count">How many groups, 1 to T − 1; with T − 1 all timesteps are taken.</param>
    /// <exception cref="ArgumentException">A number is out of range.</exception>
    public TimestepStrata(int timesteps, int count)
    {
        if (timesteps < 2) throw new ArgumentException($"A schedule of {Counted.Of(timesteps, "timestep")} has none to choose from; it needs 2 or more.");
        int all = timesteps - 1;
        if (count < 1 || count > all) throw new ArgumentException($"{Counted.Of(count, "group")} of {Counted.Of(all, "timestep")}; there must be 1 to {all}.");
        _first = new int[count + 1];
        _first[0] = 1;
        for (int i = 1; i <= count; i++)
        {
            double share = (double)i / count;
            int even = 1 + (int)Math.Round(all * share * share * share), least = _first[i - 1] + 1, most = timesteps - (count - i);
            _first[i] = Math.Clamp(even, least, most);
        }
    }

    /// <summary>How many groups.</summary>
    public int Count => _first.Length - 1;

    /// <summary>One timestep of each group, ascending, and how many timesteps are in the group.</summary>
    /// <param name="random">Its element g decides for group g.</param>
    public (int Timestep, int Weight)[] Draw(Philox random)
    {
        var drawn = new (int, int)[Count];
        Span<int> offset = stackalloc int[1];
        for (int g = 0; g < drawn.Length; g++)
        {
            int size = _first[g + 1] - _first[g];
            random.Integers(offset, size, g);
            drawn[g] = (_first[g] + offset[0], size);
        }
        return drawn;
    }
}
