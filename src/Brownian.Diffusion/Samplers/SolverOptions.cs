namespace Brownian.Diffusion;

/// <summary>What the samplers that walk along noise levels have in common.</summary>
public abstract record SolverOptions
{
    /// <summary>The noise levels to visit.</summary>
    public LevelSelection Levels { get; init; } = new();

    /// <summary>What keeps x̂_0 in range; ε̂ follows it.</summary>
    public X0Limit Limit { get; init; } = X0Limit.None;
}
