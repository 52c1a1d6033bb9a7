namespace Brownian.Diffusion;

/// <summary>Schedules by the names that configuration files use, those of diffusers included.</summary>
public static class NoiseScheduleNames
{
    /// <summary>All names; several may stand for one schedule.</summary>
    public static IReadOnlyList<string> All { get; } =
    [
        "linear", "scaled_linear", "quadratic", "cosine", "squaredcos_cap_v2", "sigmoid", "sigmoid_signal", "exponential", "exp", "laplace",
    ];

    /// <summary>The schedule of that name.</summary>
    /// <param name="name">One of <see cref="All"/>.</param>
    /// <param name="timesteps">T, at least 1.</param>
    /// <param name="betaStart">β_0, in (0, 1), where the schedule has one.</param>
    /// <param name="betaEnd">β_{T−1}, in (0, 1), where the schedule has one.</param>
    /// <exception cref="ArgumentException">There is none, or a number is out of range.</exception>
    public static NoiseSchedule Create(string name, int timesteps = 1000, double betaStart = 1e-4, double betaEnd = 0.02) => name switch
    {
        "linear" => NoiseSchedule.Linear(timesteps, betaStart, betaEnd),
        "scaled_linear" or "quadratic" => NoiseSchedule.ScaledLinear(timesteps, betaStart, betaEnd),
        "cosine" or "squaredcos_cap_v2" => NoiseSchedule.Cosine(timesteps),
        "sigmoid" => NoiseSchedule.Sigmoid(timesteps, betaStart, betaEnd),
        "sigmoid_signal" => NoiseSchedule.SigmoidSignal(timesteps),
        "exponential" or "exp" => NoiseSchedule.Exponential(timesteps),
        "laplace" => NoiseSchedule.Laplace(timesteps),
        _ => throw new ArgumentException($"'{name}' is no noise schedule; use {string.Join(", ", All)}."),
    };
}
