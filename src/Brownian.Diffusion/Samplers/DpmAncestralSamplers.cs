using Brownian.Tensors;

namespace Brownian.Diffusion;

/// <summary>
/// DPM-Solver++(2S) with ancestral noise (k-diffusion's <c>sample_dpmpp_2s_ancestral</c>): a single step of order 2 in λ = −ln σ down to σ_down,
/// with the slope halfway, then noise. Two evaluations a step, one in the last.
/// </summary>
/// <param name="options">What the algorithm leaves open.</param>
public sealed class Dpmpp2sAncestralSampler(AncestralOptions options) : Sampler
{
    /// <inheritdoc/>
    protected override X0Limit Limit => options.Limit;

    /// <inheritdoc/>
    protected override void Walk(SamplingRun run)
    {
        ArgumentNullException.ThrowIfNull(run);
        options.Check("dpmpp_2s_a");
        foreach (LevelStep step in run.Along(run.UnitSignalLevels(options.Levels, "dpmpp_2s_a")))
        {
            Ancestral to = Ancestral.Between(step.From, step.To, options.Eta);
            NoiseLevel down = step.To with { Sigma = to.Down };
            Tensor x0 = run.Predict(step.From).X0;
            if (to.Down > 0)
            {
                NoiseLevel middle = run.Process.AtRatio(Math.Sqrt(step.From.Sigma * to.Down)).UnitSignal;
                x0 = run.Predict(Dpmpp.First(run.X, x0, step.From, middle), middle).X0;
            }
            Tensor next = Dpmpp.First(run.X, x0, step.From, down);
            run.X = to.Up > 0 ? LinearCombination.Of((1, next), (to.Up * options.Noise, run.Noise())) : next;
        }
    }
}

/// <summary>
/// DPM-Solver++ for the stochastic equation, of order 2 in one step (k-diffusion's <c>sample_dpmpp_sde</c>), with ancestral noise halfway and
/// at the end. Two evaluations a step, one in the last.
/// </summary>
/// <param name="options">What the algorithm leaves open.</param>
public sealed class DpmppSdeSampler(AncestralOptions options) : Sampler
{
    /// <inheritdoc/>
    protected override X0Limit Limit => options.Limit;

    /// <inheritdoc/>
    protected override void Walk(SamplingRun run)
    {
        ArgumentNullException.ThrowIfNull(run);
        options.Check("dpmpp_sde");
        foreach (LevelStep step in run.Along(run.UnitSignalLevels(options.Levels, "dpmpp_sde")))
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
        Ancestral part = Ancestral.Between(from, to, options.Eta);
        Tensor next = Dpmpp.First(run.X, x0, from, to with { Sigma = part.Down });
        return part.Up > 0 ? LinearCombination.Of((1, next), (part.Up * options.Noise, run.Noise(draw))) : next;
    }
}

static class Dpmpp
{
    /// <summary>x' = σ'/σ·x − α'·(e^{−h} − 1)·x̂_0: the first order of DPM-Solver++, which is exact for a constant x̂_0.</summary>
    public static Tensor First(Tensor x, Tensor x0, NoiseLevel from, NoiseLevel to)
    {
        ExponentialStep e = ExponentialStep.OfImage(from, to);
        return LinearCombination.Of((e.Keep, x), (e.Zeroth, x0));
    }
}
