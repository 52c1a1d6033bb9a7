using Brownian.IO;
using Brownian.Tensors;

namespace Brownian;

/// <summary>
/// The density of images under the probability-flow ODE (Song et al. 2021, eq. 13 and 39): an image is carried to noise along
/// dx = x̂_0·dα + ε̂·dσ, and log p(x) = log p_T(x_T) + ∫ div(dx/dσ) dσ. The divergence is Hutchinson's estimate (eq. 40): for signs z drawn at
/// random, the mean of zᵀ·J·z is the trace of J, and Jᵀ·z is one backward pass. The network has no limit of x̂_0 here, which
/// would have no derivative, and its batch norms use their running statistics.
/// </summary>
/// <remarks>
/// The levels are even in log(σ/α), over which the divergence of flat and of smooth parts of an image changes evenly, so that the trapezoidal
/// rule is all but exact for it. Between two levels x takes a step of Kutta's third-order method in the process's straight coordinates: at
/// equal cost its error is a tenth of that of Heun's.
/// </remarks>
public sealed class ProbabilityFlow
{
    // A flow has neither a smallest nor a largest noise. These are t = 0.001 and 0.999, below the distance of gray values and next to noise alone.
    const double SmallestRatio = 1e-3, LargestRatio = 1e3;

    readonly IDenoiser _denoiser;
    readonly NoiseLevel[] _levels;
    readonly double _alphaBySigma, _logRatioStep;

    /// <summary>Lays out the path from image to noise.</summary>
    /// <param name="denoiser">A network that gradients flow through; without guidance.</param>
    /// <param name="steps">Steps from the smallest noise to the largest, at least 1: 50 for an error of about 0.003 bits.</param>
    /// <exception cref="ArgumentException">There are no steps.</exception>
    public ProbabilityFlow(IDenoiser denoiser, int steps = 50)
    {
        ArgumentNullException.ThrowIfNull(denoiser);
        if (steps < 1) throw new ArgumentException($"The probability-flow ODE in {Counted.Of(steps, "step")}; it needs at least 1, such as 50.");
        _denoiser = denoiser;
        INoiseProcess process = denoiser.Process;
        IReadOnlyList<NoiseLevel> range = process.Levels(new() { Timesteps = new() { Count = 2, Spacing = TimestepSpacing.Linspace }, Final = FinalSigma.SigmaMin });
        double smallest = range[^1].Ratio, largest = process.Straight(range[0]).Ratio;
        if (smallest == 0) smallest = SmallestRatio;
        if (double.IsInfinity(largest)) largest = LargestRatio;
        _logRatioStep = Math.Log(largest / smallest) / steps;
        _levels = [.. Enumerable.Range(0, steps + 1).Select(i => At(smallest * Math.Exp(i * _logRatioStep)))];
        // Straight coordinates are linear: α + σ = 1 of a flow, α = 1 of the others.
        _alphaBySigma = (_levels[^1].Alpha - _levels[0].Alpha) / (_levels[^1].Sigma - _levels[0].Sigma);
    }

    /// <summary>The noise of the level that the path starts from, for images in [−1, 1]: the density is that of images with so much of it.</summary>
    public double SmallestNoise => _levels[0].Ratio;

    /// <summary>How often the network is asked about an image: in each step twice, and at each level once for each probe, with a backward pass.</summary>
    /// <param name="probes">How many z at each level.</param>
    public int Calls(int probes) => 2 * (_levels.Length - 1) + probes * _levels.Length;

    /// <summary>The density of each image. To be called where gradients are recorded.</summary>
    /// <param name="x0">Images, N×H×W×C, in [−1, 1]; of gray values after <see cref="Dequantization"/>.</param>
    /// <param name="random">One for each image, from which its z are drawn: others at each level, so that their errors cancel.</param>
    /// <param name="probes">How many z at each level, at least 1.</param>
    /// <param name="onLevel">Called after each level, while others may have the device.</param>
    /// <param name="cancel">Checked before each level, and while another thread has the device.</param>
    /// <exception cref="ArgumentException">No gradient flows through the network, or a number does not fit.</exception>
    /// <exception cref="InvalidOperationException">Gradients are not recorded here.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancel"/> was cancelled.</exception>
    public LogDensity[] Of(
        Tensor x0, ReadOnlySpan<Philox> random, int probes = 1, Action? onLevel = null, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(x0);
        if (random.Length != x0.Shape[0]) throw new ArgumentException($"{Counted.Of(random.Length, "generator")} for {Counted.Of(x0.Shape[0], "image")}; give one each.");
        if (probes < 1) throw new ArgumentException($"The divergence from {probes} probes; it needs at least 1.");
        Device device = _denoiser.Device;
        if (!device.RecordsGradients)
            throw new InvalidOperationException("The probability-flow ODE needs gradients, which are not recorded under NoGrad; call it outside.");
        double[] volume = new double[x0.Shape[0]];
        Tensor x = LinearCombination.Of((_levels[0].Alpha, x0));
        for (int i = 0; i < _levels.Length; i++)
        {
            cancel.ThrowIfCancellationRequested();
            using (TensorScope step = device.OpenStep(cancel))
            {
                (Tensor slope, double[] trace) = SlopeAndTrace(x, _levels[i], Generators(random, i), probes);
                bool isEnd = i == 0 || i == _levels.Length - 1;
                double weight = SigmaByLogRatio(_levels[i]) * _logRatioStep * (isEnd ? 0.5 : 1);
                for (int n = 0; n < volume.Length; n++) volume[n] += weight * trace[n];
                if (i + 1 < _levels.Length) x.Assign(Next(x, slope, _levels[i], _levels[i + 1]));
                step.EndTurn();
                onLevel?.Invoke();
            }
        }
        return Densities(x.ToArray(), volume);
    }

    NoiseLevel At(double ratio) => _denoiser.Process.Straight(_denoiser.Process.AtRatio(ratio));

    static Philox[] Generators(ReadOnlySpan<Philox> random, int level)
    {
        var each = new Philox[random.Length];
        for (int n = 0; n < each.Length; n++) each[n] = random[n].At((ulong)level);
        return each;
    }

    // dσ/dlog(σ/α) = ασ/(α − σ·dα/dσ)
    double SigmaByLogRatio(NoiseLevel level) => level.Alpha * level.Sigma / (level.Alpha - level.Sigma * _alphaBySigma);

    /// <summary>dx/dσ = x̂_0·dα/dσ + ε̂.</summary>
    Tensor Slope(Tensor x, NoiseLevel level)
    {
        Prediction prediction = _denoiser.Predict(x, level);
        return _alphaBySigma == 0 ? prediction.Eps : TensorOps.Affine((float)_alphaBySigma, prediction.X0, 1, prediction.Eps);
    }

    (Tensor Slope, double[] Trace) SlopeAndTrace(Tensor x, NoiseLevel level, Philox[] random, int probes)
    {
        int images = x.Shape[0], size = x.Shape.Count / images;
        double[] trace = new double[images];
        Tensor? slope = null;
        for (int probe = 0; probe < probes; probe++)
        {
            Tensor at = x.View(x.Shape).WithGrad();
            slope = Slope(at, level);       // once for each probe: a backward pass uses up what was recorded
            float[] z = Signs(random, size, probe);
            Tensor sum = slope.Multiply(Tensor.From(z, x.Shape, x.Device)).Sum();
            if (!sum.NeedsGrad)
                throw new ArgumentException($"The probability-flow ODE needs a gradient, which a {_denoiser.GetType().Name} does not let through; use the variational bound.");
            sum.Backward();
            float[] product = at.Grad!.ToArray();       // Jᵀ·z, as no image depends on another
            for (int i = 0; i < product.Length; i++) trace[i / size] += (double)product[i] * z[i] / probes;
        }
        return (slope!, trace);
    }

    // Rademacher's distribution: its zᵀ·J·z has the least variance, and none for a diagonal J.
    static float[] Signs(Philox[] random, int size, int probe)
    {
        int[] coins = new int[size];
        float[] signs = new float[random.Length * size];
        for (int n = 0; n < random.Length; n++)
        {
            random[n].At((ulong)probe).Integers(coins, 2);
            for (int i = 0; i < size; i++) signs[n * size + i] = 2 * coins[i] - 1;
        }
        return signs;
    }

    // Kutta 1901: slopes at the start, halfway, and at the end.
    Tensor Next(Tensor x, Tensor first, NoiseLevel from, NoiseLevel to)
    {
        using NoGrad noGrad = _denoiser.Device.NoGrad();
        double h = to.Sigma - from.Sigma;
        NoiseLevel halfway = At((from.Sigma + to.Sigma) / (from.Alpha + to.Alpha));
        Tensor second = Slope(LinearCombination.Of((1, x), (h / 2, first)), halfway);
        Tensor third = Slope(LinearCombination.Of((1, x), (-h, first), (2 * h, second)), to);
        return LinearCombination.Of((1, x), (h / 6, first), (4 * h / 6, second), (h / 6, third));
    }

    // Samplers start from N(0, α² + σ²), and so does the density.
    LogDensity[] Densities(float[] noise, double[] volume)
    {
        int size = noise.Length / volume.Length;
        double variance = _levels[^1].Power;
        var densities = new LogDensity[volume.Length];
        for (int n = 0; n < densities.Length; n++)
        {
            double squares = 0;
            foreach (float value in noise.AsSpan(n * size, size)) squares += (double)value * value;
            double ofNoise = -(size * Math.Log(2 * Math.PI * variance) + squares / variance) / 2;
            densities[n] = new(size, ofNoise, volume[n] + size * Math.Log(_levels[0].Alpha));
        }
        return densities;
    }
}

/// <summary>The logarithm of the density of one image, in nats.</summary>
/// <param name="Dimensions">The channels of all its pixels.</param>
/// <param name="Noise">log p_T(x_T): of the noise that the image becomes.</param>
/// <param name="Volume">∫ div: how much the neighbourhood of the image grows on its way there.</param>
public readonly record struct LogDensity(int Dimensions, double Noise, double Volume)
{
    /// <summary>log p(x).</summary>
    public double Total => Noise + Volume;

    /// <summary>A part of it, or all, as a code length: bits for each channel of each pixel.</summary>
    public double Bits(double nats) => -nats / (Dimensions * Math.Log(2));
}
