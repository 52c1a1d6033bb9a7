namespace Brownian.Diffusion;

/// <summary>
/// A stochastic step from σ to σ' as a deterministic one to a lower σ_down, then noise of deviation σ_up: σ_down² + σ_up² = σ'². At η = 1 it
/// is DDPM's step written in σ (Song et al. 2021, appendix; k-diffusion's <c>get_ancestral_step</c>).
/// </summary>
/// <param name="Down">σ_down.</param>
/// <param name="Up">σ_up.</param>
readonly record struct Ancestral(double Down, double Up)
{
    public static Ancestral Between(NoiseLevel from, NoiseLevel to, double eta)
    {
        double s = from.Sigma * from.Sigma, t = to.Sigma * to.Sigma;
        double up = Math.Min(to.Sigma, eta * Math.Sqrt(t * (s - t) / s));
        return new(Math.Sqrt(Math.Max(0, t - up * up)), up);
    }
}

/// <summary>The choices that ancestral samplers leave open.</summary>
public sealed record AncestralOptions : SolverOptions
{
    /// <summary>η: 0 adds no noise, 1 as much as DDPM. At least 0.</summary>
    public double Eta { get; init; } = 1;

    /// <summary>The standard deviation of the noise added, in units of the right one.</summary>
    public double Noise { get; init; } = 1;

    internal void Check(string sampler)
    {
        if (!(Eta >= 0 && double.IsFinite(Eta))) throw new ArgumentException($"Eta of {sampler} is {Eta}; it must be at least 0, such as 1.");
    }
}
