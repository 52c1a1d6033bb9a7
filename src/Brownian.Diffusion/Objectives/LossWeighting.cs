namespace Brownian;

/// <summary>The kinds of <see cref="LossWeighting"/>.</summary>
public enum WeightingKind
{
    /// <summary>All levels alike.</summary>
    None,

    /// <summary>min(SNR, γ) on the loss of x_0 (Hang et al. 2023).</summary>
    MinSnr,

    /// <summary>SNR·γ/(SNR + γ) on the loss of x_0: the same without a kink (Crowson et al. 2024).</summary>
    SoftMinSnr,

    /// <summary>1/(k + SNR)^γ on the loss of ε (Choi et al. 2022).</summary>
    P2,
}

/// <summary>
/// How much each noise level counts in the loss. Papers weight the loss of x_0 or of ε; here a weight is converted to that of whatever the
/// network predicts. As x̂_0 and ε̂ are linear in its output, an error e of the output is one of X0.Second·e and of Eps.Second·e.
/// </summary>
public abstract record LossWeighting
{
    LossWeighting() { }

    /// <summary>The weighting of a kind.</summary>
    /// <param name="kind">Which.</param>
    /// <param name="snrGamma">γ of <see cref="MinSnr"/> and of <see cref="SoftMinSnr"/>.</param>
    /// <param name="p2Gamma">γ of <see cref="P2"/>.</param>
    /// <param name="p2K">k of <see cref="P2"/>.</param>
    public static LossWeighting Of(WeightingKind kind, double snrGamma = 5, double p2Gamma = 1, double p2K = 1) => kind switch
    {
        WeightingKind.MinSnr => MinSnr(snrGamma),
        WeightingKind.SoftMinSnr => SoftMinSnr(snrGamma),
        WeightingKind.P2 => P2(p2Gamma, p2K),
        _ => None,
    };

    /// <summary>All levels alike, in terms of the output: the simple loss (Ho et al. 2020, eq. 14).</summary>
    public static LossWeighting None { get; } = new Equal();

    /// <summary>
    /// The loss of x_0 is weighted by min(SNR, γ) (Hang et al. 2023, eq. 7 and 8): min(SNR, γ)/SNR for ε, min(SNR, γ)/(SNR + 1) for v.
    /// </summary>
    /// <param name="gamma">γ, above 0; 5 in the paper.</param>
    /// <exception cref="ArgumentException">γ is not positive.</exception>
    public static LossWeighting MinSnr(double gamma = 5) => gamma > 0
        ? new MinSnrWeighting(gamma)
        : throw new ArgumentException($"gamma of min-SNR is {gamma}; it must be above 0, such as 5.");

    /// <summary>
    /// The loss of x_0 is weighted by SNR·γ/(SNR + γ) (Crowson et al. 2024, HDiT, soft min-SNR): γ/(SNR + γ) for ε. With σ = 1/√SNR it is
    /// 1/(σ² + 1/γ).
    /// </summary>
    /// <param name="gamma">γ, above 0; 4 in the paper, which is 1/σ_data² of images of deviation 0.5.</param>
    /// <exception cref="ArgumentException">γ is not positive.</exception>
    public static LossWeighting SoftMinSnr(double gamma = 4) => gamma > 0
        ? new SoftMinSnrWeighting(gamma)
        : throw new ArgumentException($"gamma of soft min-SNR is {gamma}; it must be above 0, such as 4.");

    /// <summary>The loss of ε is weighted by 1/(k + SNR)^γ (Choi et al. 2022, P2, eq. 8): less for levels of little noise.</summary>
    /// <param name="gamma">γ, at least 0; 0.5 or 1 in the paper.</param>
    /// <param name="k">k, above 0.</param>
    /// <exception cref="ArgumentException">An argument is out of range.</exception>
    public static LossWeighting P2(double gamma = 1, double k = 1) => gamma >= 0 && k > 0
        ? new P2Weighting(gamma, k)
        : throw new ArgumentException($"P2 weights need gamma of at least 0 and k above 0, such as 1 and 1; they are {gamma} and {k}.");

    /// <summary>The weight of the output's loss at a level.</summary>
    public abstract double Of(Parameterization predicts, NoiseLevel level);

    sealed record Equal : LossWeighting
    {
        public override double Of(Parameterization predicts, NoiseLevel level) => 1;
    }

    sealed record MinSnrWeighting(double Gamma) : LossWeighting
    {
        // SNR·X0.Second² = Eps.Second², since x_t is fixed; so no 0·∞ where there is no signal.
        public override double Of(Parameterization predicts, NoiseLevel level) =>
            Math.Min(Math.Pow(predicts.Eps(level).Second, 2), Gamma * Math.Pow(predicts.X0(level).Second, 2));
    }

    sealed record SoftMinSnrWeighting(double Gamma) : LossWeighting
    {
        // As above, both limits of min-SNR, of which this is half the harmonic mean.
        public override double Of(Parameterization predicts, NoiseLevel level) =>
            1 / (1 / Math.Pow(predicts.Eps(level).Second, 2) + 1 / (Gamma * Math.Pow(predicts.X0(level).Second, 2)));
    }

    sealed record P2Weighting(double Gamma, double K) : LossWeighting
    {
        public override double Of(Parameterization predicts, NoiseLevel level) =>
            Math.Pow(predicts.Eps(level).Second, 2) / Math.Pow(K + level.SignalToNoise, Gamma);
    }
}
