using Brownian.Tensors;

namespace Brownian;

/// <summary>
/// How many bits an 8-bit image takes by the variational bound, L_T + Σ L_{t−1} + L_0 (Ho et al. 2020, eq. 5), term by term, in bits for each
/// channel of each pixel. That is the bound of the images which a <see cref="DdpmSampler"/> of the same variance and limit draws in T steps without
/// self-conditioning.
/// </summary>
public sealed class VariationalBits
{
    readonly IDenoiser _denoiser;
    readonly NoiseSchedule _schedule;
    readonly ReverseVariance _variance;
    readonly X0Limit _limit;
    readonly VariationalBound _bound;

    /// <summary>The bound of a denoiser.</summary>
    /// <param name="denoiser">Trained with a schedule of timesteps.</param>
    /// <param name="variance">The variance of the reverse step.</param>
    /// <param name="limit">What keeps x̂_0 in range; none where it is null.</param>
    /// <exception cref="ArgumentException">The denoiser was trained with a continuum of noise, or with a single timestep.</exception>
    public VariationalBits(IDenoiser denoiser, ReverseVariance variance = ReverseVariance.Small, X0Limit? limit = null)
    {
        ArgumentNullException.ThrowIfNull(denoiser);
        _schedule = denoiser.Process as NoiseSchedule ?? throw new ArgumentException(
            $"The variational bound needs a network trained with a schedule of timesteps, not with a {denoiser.Process.GetType().Name}; "
            + "use the probability-flow ODE.");
        if (_schedule.Timesteps < 2) throw new ArgumentException("The variational bound needs a schedule of 2 timesteps or more, not of 1.");
        (_denoiser, _variance, _limit) = (denoiser, variance, limit ?? X0Limit.None);
        _bound = new VariationalBound(_schedule, Parameterization.Sample, variance);        // x̂_0, once it is limited, is all that the mean needs
    }

    /// <summary>T, the timesteps that have a term.</summary>
    public int Timesteps => _schedule.Timesteps;

    /// <summary>L_T of each image: how far x_T is from noise alone.</summary>
    /// <param name="x0">Images, N×H×W×C, in [−1, 1].</param>
    public double[] Prior(Tensor x0)
    {
        ArgumentNullException.ThrowIfNull(x0);
        using NoGrad noGrad = _denoiser.Device.NoGrad();
        return Bits(x0, x0, x0, _bound.Prior);
    }

    /// <summary>
    /// The term of a timestep for each image, at one ε: L_0 at t = 0, the paper's L_t at others. NaN where the network's answer to the batch
    /// is not finite.
    /// </summary>
    /// <param name="t">The timestep, from 0 to T − 1.</param>
    /// <param name="x0">Images of 8 bits, N×H×W×C, in [−1, 1].</param>
    /// <param name="noise">ε, standard normal, shaped as <paramref name="x0"/>.</param>
    /// <exception cref="ArgumentException">The timestep is out of range, or the network does not say what the variance asks of it.</exception>
    public VariationalTerms Term(int t, Tensor x0, Tensor noise)
    {
        ArgumentNullException.ThrowIfNull(x0);
        using NoGrad noGrad = _denoiser.Device.NoGrad();
        NoiseLevel level = _schedule.At(t);
        Tensor xt = LinearCombination.Of((level.Alpha, x0), (level.Sigma, noise));
        Prediction prediction = _denoiser.Predict(xt, level);
        // A limit makes finite pixels of infinite ones.
        bool isFinite = double.IsFinite(prediction.X0.SumOfSquares());
        Tensor guess = _limit.Apply(prediction.X0);
        _ = guess.MeanLoss(x0, new LossSpec(LossOp.Squared), [], out Lazy<double[]> errors);
        double[] bits = Bits(WithVariance(guess, prediction.Variance), x0, xt, _bound.At(t));
        if (!isFinite) Array.Fill(bits, double.NaN);
        return new(bits, errors.Value, level.SignalToNoise);
    }

    static double[] Bits(Tensor output, Tensor x0, Tensor xt, PixelBound term)
    {
        PixelBound[] terms = [.. Enumerable.Repeat(term, x0.Shape[0])];
        _ = output.MeanBound(x0, xt, terms, trainsPrediction: false, out Lazy<double[]> bits);
        return bits.Value;
    }

    Tensor WithVariance(Tensor x0, Tensor? variance)
    {
        if (_variance is not (ReverseVariance.Learned or ReverseVariance.LearnedRange)) return x0;
        return variance is not null ? Reshaping.ConcatChannels(x0, variance) : throw new ArgumentException(
            $"The variance {Names.Of(_variance)} needs a network with twice the channels; use small or large with this one.");
    }
}

/// <summary>What one timestep tells of N images.</summary>
/// <param name="Bits">The term of each image, in bits for each channel of each pixel.</param>
/// <param name="ImageErrors">The mean of (x̂_0 − x_0)² over each image, x̂_0 limited.</param>
/// <param name="SignalToNoise">ᾱ/(1 − ᾱ) of the timestep.</param>
public readonly record struct VariationalTerms(double[] Bits, double[] ImageErrors, double SignalToNoise)
{
    /// <summary>The mean of (ε̂ − ε)² over each image, ε̂ being what remains of x_t without the limited x̂_0.</summary>
    public double[] NoiseErrors
    {
        get
        {
            double ratio = SignalToNoise;
            return Array.ConvertAll(ImageErrors, error => ratio * error);
        }
    }
}
