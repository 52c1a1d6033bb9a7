namespace Brownian.Diffusion;

/// <summary>The timesteps of improved-diffusion's <c>--timestep_respacing</c> (Nichol &amp; Dhariwal 2021, §4).</summary>
public static class TimestepSections
{
    /// <summary>Cuts 0 … T − 1 into sections of equal size and spreads a number of steps evenly over each, both ends included.</summary>
    /// <param name="trained">T of the schedule.</param>
    /// <param name="counts">The steps of each section, the cleanest first.</param>
    /// <exception cref="ArgumentException">A section is given more steps than it has timesteps, or none.</exception>
    public static TimestepSelection Of(int trained, params ReadOnlySpan<int> counts)
    {
        if (counts.IsEmpty) throw new ArgumentException("Timesteps need at least 1 section; there are none.");
        List<int> timesteps = [];
        for (int i = 0, start = 0; i < counts.Length; i++)
        {
            int size = trained / counts.Length + (i < trained % counts.Length ? 1 : 0);
            if (counts[i] < 1 || counts[i] > size)
                throw new ArgumentException($"Section {i} of {counts.Length} has {size} timesteps; it cannot be walked in {counts[i]} steps.");
            double stride = counts[i] == 1 ? 1 : (size - 1) / (counts[i] - 1.0), at = 0;
            for (int k = 0; k < counts[i]; k++, at += stride) timesteps.Add(start + (int)Math.Round(at, MidpointRounding.ToEven));
            start += size;
        }
        return Descending(timesteps);
    }

    /// <summary>Multiples of the smallest whole stride that yields exactly so many timesteps: <c>ddimN</c>.</summary>
    /// <param name="trained">T of the schedule.</param>
    /// <param name="count">How many.</param>
    /// <exception cref="ArgumentException">No stride does.</exception>
    public static TimestepSelection Strided(int trained, int count)
    {
        for (int stride = 1; stride < trained; stride++)
        {
            if ((trained - 1) / stride + 1 == count) return Descending([.. Enumerable.Range(0, count).Select(i => i * stride)]);
        }
        throw new ArgumentException($"No whole stride visits exactly {count} of {trained} timesteps; use a count that divides {trained}.");
    }

    static TimestepSelection Descending(List<int> timesteps)
    {
        timesteps.Reverse();
        return new() { Custom = [.. timesteps] };
    }
}
