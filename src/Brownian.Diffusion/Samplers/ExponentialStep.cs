using Brownian.Tensors;

namespace Brownian;

/// <summary>
/// The coefficients of an exponential integrator's step in λ = ln(α/σ), which solves the linear part of the ODE exactly (Lu et al. 2022,
/// DPM-Solver, eq. 3.4; DPM-Solver++, eq. 9). With m what is integrated, x̂_0 or ε̂,
/// x' = Keep·x + Zeroth·m + First·m' + Second·m'', where m' and m'' are differences of m divided by those of λ, in units of the step.
/// Exchanging α and σ and turning the sign of λ leads from one form to the other, so one set of formulas serves both.
/// </summary>
readonly record struct ExponentialStep
{
    ExponentialStep(double keep, double add, double z) => (Keep, Add, Z) = (keep, add, z);

    /// <summary>The weight of x.</summary>
    public double Keep { get; }

    /// <summary>h = λ' − λ, or −h·(1 + η) for x̂_0: the exponent.</summary>
    public double Z { get; }

    /// <summary>α' or σ'.</summary>
    public double Add { get; }

    /// <summary>e^z − 1.</summary>
    public double ExpM1 => ExponentialMinusOne(Z);

    /// <summary>The weight of m.</summary>
    public double Zeroth => -Add * ExpM1;

    /// <summary>The weight of the first difference by the midpoint rule.</summary>
    public double FirstByMidpoint => Zeroth / 2;

    /// <summary>The weight of the first difference by integration.</summary>
    public double First => Add * (1 - ExpM1 / Z);

    /// <summary>The weight of the second difference by integration.</summary>
    public double Second => -Add * ((ExpM1 - Z) / (Z * Z) - 0.5);

    /// <summary>A step that integrates x̂_0 (DPM-Solver++).</summary>
    /// <param name="from">Where x is.</param>
    /// <param name="to">Where it goes.</param>
    /// <param name="eta">η of the stochastic equation: 0 for the ODE, 1 for the SDE (k-diffusion's dpmpp_2m_sde).</param>
    public static ExponentialStep OfImage(NoiseLevel from, NoiseLevel to, double eta = 0)
    {
        double h = to.Lambda - from.Lambda;
        return new(to.Sigma / from.Sigma * (eta == 0 ? 1 : Math.Exp(-eta * h)), to.Alpha, -h * (1 + eta));
    }

    /// <summary>A step that integrates ε̂ (DPM-Solver). <paramref name="to"/> must hold some noise.</summary>
    public static ExponentialStep OfNoise(NoiseLevel from, NoiseLevel to) => new(to.Alpha / from.Alpha, to.Sigma, to.Lambda - from.Lambda);

    /// <summary>The deviation of the noise that the SDE adds in a step: σ'·√(1 − e^{−2ηh}).</summary>
    public static double Noise(NoiseLevel from, NoiseLevel to, double eta) =>
        eta == 0 ? 0 : to.Sigma * Math.Sqrt(-ExponentialMinusOne(-2 * eta * (to.Lambda - from.Lambda)));

    /// <summary>x' = σ'/σ·x − α'·(e^{−h} − 1)·x̂_0: the first order of DPM-Solver++, which is exact for a constant x̂_0.</summary>
    public static Tensor FirstOrder(Tensor x, Tensor x0, NoiseLevel from, NoiseLevel to)
    {
        ExponentialStep e = OfImage(from, to);
        return LinearCombination.Of((e.Keep, x), (e.Zeroth, x0));
    }

    // e^z − 1 without the loss of digits at small z: e^{z/2}·2·sinh(z/2), whose factors are exact there.
    static double ExponentialMinusOne(double z) => Math.Abs(z) < 1 ? Math.Exp(z / 2) * 2 * Math.Sinh(z / 2) : Math.Exp(z) - 1;
}
