using Brownian.IO;

namespace Brownian;

/// <summary>How a sampler that takes fewer than T steps spreads them over 0 … T − 1. The names are diffusers'.</summary>
public enum TimestepSpacing
{
    /// <summary>Multiples of ⌊T/steps⌋, plus an offset: ends at the offset, starts below T − 1.</summary>
    Leading,

    /// <summary>Back from T − 1 by T/steps: starts at T − 1, ends above 0.</summary>
    Trailing,

    /// <summary>Even from T − 1 to 0, both included.</summary>
    Linspace,

    /// <summary>Even from T − 1 to 0 with one step more, whose timestep 0 is left out: from there to images is a step itself.</summary>
    LinspaceAboveZero,

    /// <summary>Multiples of ⌊T/(steps + 1)⌋, plus an offset, without the last, which would be the offset itself.</summary>
    LeadingAboveZero,
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
    public Values<int>? Custom { get; init; }

    /// <summary>Where <see cref="TimestepSpacing.Linspace"/> falls between two timesteps, stay there instead of rounding.</summary>
    public bool Fractional { get; init; }

    /// <summary>The timesteps of a schedule, descending, as whole numbers.</summary>
    /// <param name="trained">T of the schedule.</param>
    /// <exception cref="ArgumentException">There are more steps than timesteps, or one is out of range or out of order.</exception>
    public int[] Of(int trained) => Array.ConvertAll((this with { Fractional = false }).Times(trained), t => (int)t);

    /// <summary>The same, with fractions where <see cref="Fractional"/> asks for them.</summary>
    /// <inheritdoc cref="Of"/>
    public double[] Times(int trained)
    {
        double[] timesteps = Custom?.Select(t => (double)t).ToArray() ?? Spread(Count ?? trained, trained);
        if (timesteps.Length == 0) throw new ArgumentException("A sampler needs at least 1 step; there are none.");
        for (int i = 0; i < timesteps.Length; i++)
        {
            if (!(timesteps[i] >= 0 && timesteps[i] < trained))
                throw new ArgumentException($"Sampling step {i} is at timestep {timesteps[i]}, outside the schedule's 0 to {trained - 1}.");
            if (i > 0 && timesteps[i] >= timesteps[i - 1])
            {
                throw new ArgumentException(
                    $"Sampling steps must descend: step {i} is at timestep {timesteps[i]}, the one before at {timesteps[i - 1]}.");
            }
        }
        return timesteps;
    }

    double[] Spread(int count, int trained)
    {
        if (count < 1 || count > trained)
            throw new ArgumentException($"Cannot sample in {Counted.Of(count, "step")} with a schedule of {Counted.Of(trained, "timestep")}; use 1 to {trained}.");
        int offset = Count is null ? 0 : Offset;
        double[] timesteps = new double[count];
        for (int i = 0; i < count; i++)
        {
            timesteps[i] = Spacing switch
            {
                TimestepSpacing.Trailing => Rounded(trained - i * ((double)trained / count)) - 1,
                TimestepSpacing.Linspace => count == 1 ? 0 : Whole(Math.Min((trained - 1.0) / (count - 1) * (count - 1 - i), trained - 1)),
                TimestepSpacing.LinspaceAboveZero => Whole(Math.Min((trained - 1.0) / count * (count - i), trained - 1)),
                TimestepSpacing.LeadingAboveZero => (count - i) * (trained / (count + 1)) + offset,
                _ => (count - 1 - i) * (trained / count) + offset,
            };
        }
        return timesteps;
    }

    double Whole(double value) => Fractional ? value : Rounded(value);

    static double Rounded(double value) => Math.Round(value, MidpointRounding.ToEven);
}
