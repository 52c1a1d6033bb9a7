using Brownian.Tensors;

namespace Brownian;

/// <summary>
/// Takes a stochastic step from σ to σ' as a deterministic one to a lower σ_down, then noise of deviation σ_up: σ_down² + σ_up² = σ'². At
/// η = 1 it is DDPM's step written in σ (Song et al. 2021, appendix; k-diffusion's <c>get_ancestral_step</c>).
/// </summary>
public abstract record AncestralSampler : LevelSampler
{
    /// <summary>η: 0 adds no noise, 1 as much as DDPM.</summary>
    [Key("eta")] public double Eta { get; init; } = 1;

    /// <summary>The standard deviation of the noise added, in units of the right one.</summary>
    [Key("s_noise")] public double NoiseScale { get; init; } = 1;

    /// <inheritdoc/>
    public override IEnumerable<Rule> Rules()
    {
        foreach (Rule rule in base.Rules()) yield return rule;
        yield return (nameof(Eta), Eta >= 0 && double.IsFinite(Eta), $"is {Eta}; it must be at least 0, such as 1");
        yield return (nameof(NoiseScale), NoiseScale >= 0, $"is {NoiseScale}; it must be at least 0, such as 1");
    }

    /// <summary>σ_down and σ_up.</summary>
    private protected (double Down, double Up) Between(NoiseLevel from, NoiseLevel to)
    {
        double s = from.Sigma * from.Sigma, t = to.Sigma * to.Sigma;
        double up = Math.Min(to.Sigma, Eta * Math.Sqrt(t * (s - t) / s));
        return (Math.Sqrt(Math.Max(0, t - up * up)), up);
    }

    private protected Tensor AddNoise(Tensor x, double up, SamplingRun run, int draw = 0) =>
        up > 0 ? LinearCombination.Of((1, x), (up * NoiseScale, run.Noise(draw))) : x;
}

/// <summary>
/// Ancestral sampling with Euler's steps (k-diffusion's <c>sample_euler_ancestral</c>): from σ down to σ_down by the ODE, then up to the next
/// σ' by noise. One evaluation a step.
/// </summary>
public sealed record EulerAncestralSampler : AncestralSampler
{
    /// <inheritdoc/>
    protected override void Walk(SamplingRun run)
    {
        foreach (LevelStep step in run.Along(run.UnitSignalLevels(Levels)))
        {
            (double down, double up) = Between(step.From, step.To);
            Tensor eps = run.Predict(step.From).Eps;
            run.X = up > 0
                ? LinearCombination.Of((1, run.X), (down - step.From.Sigma, eps), (up * NoiseScale, run.Noise()))
                : LinearCombination.Of((1, run.X), (down - step.From.Sigma, eps));
        }
    }
}

/// <summary><see cref="Dpm2Sampler"/> with ancestral noise (k-diffusion's <c>sample_dpm_2_ancestral</c>).</summary>
public sealed record Dpm2AncestralSampler : AncestralSampler
{
    /// <inheritdoc/>
    public override int Evaluations => 2;

    /// <inheritdoc/>
    protected override void Walk(SamplingRun run)
    {
        foreach (LevelStep step in run.Along(run.UnitSignalLevels(Levels)))
        {
            (double down, double up) = Between(step.From, step.To);
            Tensor slope = Dpm2Sampler.Slope(run, run.X, step.From, down);
            run.X = AddNoise(LinearCombination.Of((1, run.X), (down - step.From.Sigma, slope)), up, run);
        }
    }
}

/// <summary>
/// DPM-Solver++(2S) with ancestral noise (k-diffusion's <c>sample_dpmpp_2s_ancestral</c>): a single step of order 2 in λ = −ln σ down to σ_down,
/// with the slope halfway, then noise. Two evaluations a step, one in the last.
/// </summary>
public sealed record Dpmpp2sAncestralSampler : AncestralSampler
{
    /// <inheritdoc/>
    public override int Evaluations => 2;

    /// <inheritdoc/>
    protected override void Walk(SamplingRun run)
    {
        foreach (LevelStep step in run.Along(run.UnitSignalLevels(Levels)))
        {
            (double down, double up) = Between(step.From, step.To);
            Tensor x0 = run.Predict(step.From).X0;
            if (down > 0)
            {
                NoiseLevel middle = run.Process.AtRatio(Math.Sqrt(step.From.Sigma * down)).UnitSignal;
                x0 = run.Predict(ExponentialStep.FirstOrder(run.X, x0, step.From, middle), middle).X0;
            }
            run.X = AddNoise(ExponentialStep.FirstOrder(run.X, x0, step.From, step.To with { Sigma = down }), up, run);
        }
    }
}

/// <summary>
/// DPM-Solver++ for the stochastic equation, of order 2 in one step (k-diffusion's <c>sample_dpmpp_sde</c>), with ancestral noise halfway and
/// at the end. Two evaluations a step, one in the last.
/// </summary>
public sealed record DpmppSdeSampler : AncestralSampler
{
    /// <inheritdoc/>
    public override int Evaluations => 2;

    /// <inheritdoc/>
    protected override void Walk(SamplingRun run)
    {
        foreach (LevelStep step in run.Along(run.UnitSignalLevels(Levels)))
        {
            Tensor x0 = run.Predict(step.From).X0;
            if (step.To.Sigma == 0)
            {
                run.X = x0;
                continue;
            }
            NoiseLevel middle = run.Process.AtRatio(Math.Sqrt(step.From.Sigma * step.To.Sigma)).UnitSignal;
            Tensor halfway = Advance(run, x0, step.From, middle, draw: 0);
            run.X = Advance(run, run.Predict(halfway, middle).X0, step.From, step.To, draw: 1);
        }
    }

    Tensor Advance(SamplingRun run, Tensor x0, NoiseLevel from, NoiseLevel to, int draw)
    {
        (double down, double up) = Between(from, to);
        return AddNoise(ExponentialStep.FirstOrder(run.X, x0, from, to with { Sigma = down }), up, run, draw);
    }
}
