namespace Brownian.Diffusion;

/// <summary>How a sampler that takes fewer than T steps spreads them over 0 … T − 1. The names are diffusers'.</summary>
public enum TimestepSpacing
{
    /// <summary>Multiples of ⌊T/steps⌋, plus an offset: ends at the offset, starts below T − 1.</summary>
    Leading,

    /// <summary>Back from T − 1 by T/steps: starts at T − 1, ends above 0.</summary>
    Trailing,

    /// <summary>Even from T − 1 to 0, both included.</summary>
    Linspace,
}

/// <summary>The timesteps a sampler visits.</summary>
public sealed record TimestepSelection
{
    /// <summary>All T timesteps.</summary>
    public static TimestepSelection All { get; } = new();

    /// <summary>The number of steps; null for all T.</summary>
    public int? Count { get; init; }

    /// <summary>How <see cref="Count"/> steps are spread.</summary>
    public TimestepSpacing Spacing { get; init; } = TimestepSpacing.Leading;

    /// <summary>Added to every timestep of <see cref="TimestepSpacing.Leading"/>; diffusers' <c>steps_offset</c>.</summary>
    public int Offset { get; init; }

    /// <summary>These timesteps, descending, instead of a count.</summary>
    public IReadOnlyList<int>? Custom { get; init; }

    /// <summary>The timesteps of a schedule, descending.</summary>
    /// <param name="trained">T of the schedule.</param>
    /// <exception cref="ArgumentException">There are more steps than timesteps, or one is out of range or out of order.</exception>
    public int[] Of(int trained)
    {
        int[] timesteps = Custom?.ToArray() ?? Spread(Count ?? trained, trained);
        if (timesteps.Length == 0) throw new ArgumentException("A sampler needs at least 1 step; there are none.");
        for (int i = 0; i < timesteps.Length; i++)
        {
            if ((uint)timesteps[i] >= (uint)trained)
                throw new ArgumentException($"Sampling step {i} is at timestep {timesteps[i]}, outside the schedule's 0 to {trained - 1}.");
            if (i > 0 && timesteps[i] >= timesteps[i - 1])
            {
                throw new ArgumentException(
                    $"Sampling steps must descend: step {i} is at timestep {timesteps[i]}, the one before at {timesteps[i - 1]}.");
            }
        }
        return timesteps;
    }

    int[] Spread(int count, int trained)
    {
        if (count < 1 || count > trained)
            throw new ArgumentException($"Cannot sample in {count} steps with a schedule of {trained} timesteps; use 1 to {trained}.");
        int[] timesteps = new int[count];
        for (int i = 0; i < count; i++)
        {
            timesteps[i] = Spacing switch
            {
                TimestepSpacing.Trailing => Rounded(trained - i * ((double)trained / count)) - 1,
                TimestepSpacing.Linspace => count == 1 ? 0 : Rounded((trained - 1.0) / (count - 1) * (count - 1 - i)),
                _ => (count - 1 - i) * (trained / count) + (Count is null ? 0 : Offset),
            };
        }
        return timesteps;
    }

    static int Rounded(double value) => (int)Math.Round(value, MidpointRounding.ToEven);
}
