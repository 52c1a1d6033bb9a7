using System.Diagnostics.CodeAnalysis;

namespace Brownian;

/// <summary>
/// The variances β_t of the forward process and everything that follows from them, in double. Immutable. Index t counts from 0, so
/// t = 0 is the paper's t = 1; T is <see cref="Timesteps"/>.
/// </summary>
public sealed partial class NoiseSchedule : INoiseProcess
{
    readonly double[] _betas, _alphasCumprod, _posteriorX0, _posteriorXt, _posteriorVariance, _posteriorLogVariance, _signalToNoise;

    NoiseSchedule(double[] betas)
    {
        int count = betas.Length;
        _betas = betas;
        _alphasCumprod = new double[count];
        _posteriorX0 = new double[count];
        _posteriorXt = new double[count];
        _posteriorVariance = new double[count];
        _posteriorLogVariance = new double[count];
        _signalToNoise = new double[count];
        double before = 1;
        for (int t = 0; t < count; t++)
        {
            double now = before * (1 - betas[t]);                        // ᾱ_t = Π (1 − β_s), s ≤ t
            Posterior posterior = Posterior.Between(now, before, betas[t]);
            _alphasCumprod[t] = now;
            _posteriorX0[t] = posterior.X0;
            _posteriorXt[t] = posterior.Xt;
            _posteriorVariance[t] = posterior.Variance;
            _signalToNoise[t] = now / (1 - now);
            before = now;
        }
        // β̃_0 = 0 has no logarithm; β̃_1 stands in for it (Nichol & Dhariwal 2021).
        for (int t = 0; t < count; t++) _posteriorLogVariance[t] = Math.Log(_posteriorVariance[count == 1 ? 0 : Math.Max(t, 1)]);
    }

    /// <summary>T, the number of steps of the forward process.</summary>
    public int Timesteps => _betas.Length;

    /// <summary>β_t, the variance of the noise added at step t (Ho et al. 2020, eq. 2).</summary>
    public ReadOnlySpan<double> Betas => _betas;

    /// <summary>ᾱ_t, the share of the variance of x_0 left in x_t (eq. 4).</summary>
    public ReadOnlySpan<double> AlphasCumprod => _alphasCumprod;

    /// <summary>√ᾱ_{t−1}·β_t/(1 − ᾱ_t): the weight of x_0 in the posterior mean (eq. 7).</summary>
    public ReadOnlySpan<double> PosteriorMeanX0 => _posteriorX0;

    /// <summary>√α_t·(1 − ᾱ_{t−1})/(1 − ᾱ_t): the weight of x_t in the posterior mean (eq. 7).</summary>
    public ReadOnlySpan<double> PosteriorMeanXt => _posteriorXt;

    /// <summary>β̃_t = (1 − ᾱ_{t−1})/(1 − ᾱ_t)·β_t (eq. 7); 0 at t = 0.</summary>
    public ReadOnlySpan<double> PosteriorVariance => _posteriorVariance;

    /// <summary>log β̃_t, with log β̃_1 at t = 0, where β̃ vanishes; −∞ there if T = 1.</summary>
    public ReadOnlySpan<double> PosteriorLogVarianceClipped => _posteriorLogVariance;

    /// <summary>ᾱ_t/(1 − ᾱ_t): signal to noise, as a ratio of variances.</summary>
    public ReadOnlySpan<double> SignalToNoise => _signalToNoise;

    /// <summary>The schedule that follows a curve.</summary>
    /// <param name="curve">Any but <see cref="BetaSchedule.Custom"/>.</param>
    /// <param name="timesteps">T, at least 1.</param>
    /// <param name="betaStart">β_0, in (0, 1), where the curve has one.</param>
    /// <param name="betaEnd">β_{T−1}, in (0, 1), where the curve has one.</param>
    /// <exception cref="ArgumentException">A number is out of range.</exception>
    public static NoiseSchedule Of(BetaSchedule curve, int timesteps = 1000, double betaStart = 1e-4, double betaEnd = 0.02) =>
        BetaCurves.Of(curve, timesteps, betaStart, betaEnd);

    /// <summary>β from <paramref name="betaStart"/> to <paramref name="betaEnd"/> in equal steps (Ho et al. 2020).</summary>
    /// <param name="timesteps">T, at least 1.</param>
    /// <param name="betaStart">β_0, in (0, 1).</param>
    /// <param name="betaEnd">β_{T−1}, in (0, 1).</param>
    /// <param name="scaledToTimesteps">Multiplies both ends by 1000/T, so that the noise at the end does not depend on T.</param>
    /// <exception cref="ArgumentException">T is not positive or a β falls outside (0, 1).</exception>
    public static NoiseSchedule Linear(int timesteps = 1000, double betaStart = 1e-4, double betaEnd = 0.02, bool scaledToTimesteps = false)
    {
        double scale = scaledToTimesteps ? 1000.0 / timesteps : 1;
        return new(Checked(BetaCurves.Linear(timesteps, betaStart * scale, betaEnd * scale)));
    }

    /// <summary>√β in equal steps, as latent diffusion does (Rombach et al. 2022); elsewhere called quadratic.</summary>
    /// <inheritdoc cref="Linear"/>
    public static NoiseSchedule ScaledLinear(int timesteps = 1000, double betaStart = 1e-4, double betaEnd = 0.02) =>
        new(Checked(BetaCurves.ScaledLinear(timesteps, betaStart, betaEnd)));

    /// <summary>ᾱ follows a squared cosine (Nichol &amp; Dhariwal 2021, eq. 17); <c>squaredcos_cap_v2</c> in diffusers.</summary>
    /// <param name="timesteps">T, at least 1.</param>
    /// <param name="offset">s, which keeps β from vanishing near t = 0.</param>
    /// <param name="maxBeta">The cap on β, below 1.</param>
    /// <exception cref="ArgumentException">T is not positive or a β falls outside (0, 1).</exception>
    public static NoiseSchedule Cosine(int timesteps = 1000, double offset = 0.008, double maxBeta = 0.999) =>
        new(Checked(BetaCurves.FromAlphaBar(timesteps, maxBeta, u => BetaCurves.SquaredCosine(u, offset))));

    /// <summary>ᾱ(u) = e^{−12u}; <c>exp</c> in diffusers.</summary>
    /// <param name="timesteps">T, at least 1.</param>
    /// <param name="maxBeta">The cap on β, below 1.</param>
    /// <exception cref="ArgumentException">T is not positive or a β falls outside (0, 1).</exception>
    public static NoiseSchedule Exponential(int timesteps = 1000, double maxBeta = 0.999) =>
        new(Checked(BetaCurves.FromAlphaBar(timesteps, maxBeta, u => Math.Exp(-12 * u))));

    /// <summary>ᾱ follows a sigmoid from <paramref name="start"/> to <paramref name="end"/> (Jabri et al. 2022, algorithm 2).</summary>
    /// <param name="timesteps">T, at least 1.</param>
    /// <param name="start">Where on the sigmoid images are.</param>
    /// <param name="end">Where noise is.</param>
    /// <param name="temperature">τ, above 0: smaller is steeper.</param>
    /// <param name="maxBeta">The cap on β, below 1.</param>
    /// <exception cref="ArgumentException">T is not positive or a β falls outside (0, 1).</exception>
    public static NoiseSchedule SigmoidSignal(
        int timesteps = 1000, double start = -3, double end = 3, double temperature = 1, double maxBeta = 0.999) =>
        new(Checked(BetaCurves.FromAlphaBar(timesteps, maxBeta, u => BetaCurves.SigmoidSignal(u, start, end, temperature))));

    /// <summary>β follows a sigmoid over [−6, 6] (Xu et al. 2022, GeoDiff); <c>sigmoid</c> in diffusers.</summary>
    /// <inheritdoc cref="Linear"/>
    public static NoiseSchedule Sigmoid(int timesteps = 1000, double betaStart = 1e-4, double betaEnd = 0.02) =>
        new(Checked(BetaCurves.Sigmoid(timesteps, betaStart, betaEnd)));

    /// <summary>log SNR follows a Laplace distribution around 0 (Hang et al. 2024); <c>laplace</c> in diffusers.</summary>
    /// <param name="timesteps">T, at least 1.</param>
    /// <param name="maxBeta">The cap on β, below 1.</param>
    /// <exception cref="ArgumentException">T is not positive or a β falls outside (0, 1).</exception>
    public static NoiseSchedule Laplace(int timesteps = 1000, double maxBeta = 0.999) =>
        new(Checked(BetaCurves.FromAlphaBar(timesteps, maxBeta, BetaCurves.Laplace)));

    /// <summary>A schedule from its variances.</summary>
    /// <param name="betas">β_0 … β_{T−1}, each in (0, 1); the last may be 1, which leaves no signal at all.</param>
    /// <exception cref="ArgumentException">There are none, or one is out of range.</exception>
    public static NoiseSchedule FromBetas(ReadOnlySpan<double> betas) => new(Checked(betas.ToArray()));

    /// <summary>
    /// This schedule stretched so that its last timestep is noise alone, ᾱ_{T−1} = 0, and its first is unchanged
    /// (Lin et al. 2024, algorithm 1). A network that predicts ε cannot start from there; one that predicts velocity can.
    /// </summary>
    public NoiseSchedule RescaledToZeroTerminalSnr()
    {
        if (Timesteps == 1) Refuse("A schedule of 1 timestep cannot be rescaled: its first timestep is its last; use 2 or more.");
        double first = Math.Sqrt(_alphasCumprod[0]), last = Math.Sqrt(_alphasCumprod[^1]);
        double[] betas = new double[Timesteps];
        double before = 1;
        for (int t = 0; t < betas.Length; t++)
        {
            double root = (Math.Sqrt(_alphasCumprod[t]) - last) * (first / (first - last));
            double now = root * root;
            betas[t] = 1 - now / before;
            before = now;
        }
        return new(Checked(betas));
    }

    /// <summary>The signal and noise in x_t (eq. 4).</summary>
    /// <param name="timestep">t, from 0 to T − 1.</param>
    /// <exception cref="ArgumentException">t is out of range.</exception>
    public NoiseLevel At(int timestep)
    {
        double alphaBar = AlphaBar(timestep);
        return new(Math.Sqrt(alphaBar), Math.Sqrt(1 - alphaBar), timestep);
    }

    /// <summary>q(x_s | x_t, x_0) for a step back from t to s, which need not be t − 1.</summary>
    /// <param name="timestep">t, from 0 to T − 1.</param>
    /// <param name="previous">s, below t; −1 for x_0 itself.</param>
    /// <exception cref="ArgumentException">t or s is out of range.</exception>
    public Posterior PosteriorOf(int timestep, int previous)
    {
        if (previous < -1 || previous >= timestep)
            Refuse($"A step back leads from timestep {timestep} to one from -1 to {timestep - 1}, not to {previous}.");
        double now = AlphaBar(timestep), before = previous < 0 ? 1 : AlphaBar(previous);
        return Posterior.Between(now, before, 1 - now / before);
    }

    double AlphaBar(int timestep)
    {
        if ((uint)timestep >= (uint)Timesteps) Refuse($"Timestep {timestep} is outside this schedule's 0 to {Timesteps - 1}.");
        return _alphasCumprod[timestep];
    }

    static double[] Checked(double[] betas)
    {
        if (betas.Length == 0) Refuse("A noise schedule needs at least 1 timestep.");
        for (int t = 0; t < betas.Length; t++)
        {
            bool lastMayBeOne = t == betas.Length - 1 && betas[t] == 1;
            if (!(betas[t] > 0 && betas[t] < 1) && !lastMayBeOne)
                Refuse($"Noise schedule: beta is {betas[t]} at timestep {t} of {betas.Length}; it must lie between 0 and 1.");
        }
        return betas;
    }

    [DoesNotReturn]
    static void Refuse(string message) => throw new ArgumentException(message);
}
