using Brownian.Nn;
using Brownian.Tensors;

namespace Brownian;

/// <summary>
/// The loss becomes e^{−u(σ)}·L + u(σ), where u is learned beside the network and tends to ln E[L at σ]: every noise level contributes gradients
/// of the same size, however large its losses are (Karras et al. 2024, EDM2, eq. 14 and 15, after Kendall et al. 2018). u is one linear layer
/// over Fourier features of ln(σ/α)/4 and begins at 0. It is no part of the model.
/// </summary>
public sealed class LearnedUncertainty : ILearnsFromLosses
{
    /// <summary>The number of features.</summary>
    public const int Features = 128;

    const double LargestFeature = 3;        // ln(σ/α)/4 of noise or signal alone is infinite

    readonly AdamOptions _options;
    readonly double[] _frequencies = new double[Features], _phases = new double[Features];
    readonly double[] _weights = new double[Features], _first = new double[Features], _second = new double[Features], _steps = [0];
    readonly double[] _gradient = new double[Features];
    double _images;

    /// <summary>Begins with u = 0, which is the loss as it is.</summary>
    /// <param name="seed">Decides the features' frequencies and phases.</param>
    /// <param name="options">Of Adam. Its weight decay and its limit on the gradient are the network's alone.</param>
    public LearnedUncertainty(ulong seed, AdamOptions options)
    {
        _options = options;
        float[] normal = new float[Features], uniform = new float[Features];
        new Philox(seed, Philox.Stream("uncertainty frequencies")).Normal(normal);
        new Philox(seed, Philox.Stream("uncertainty phases")).Uniform(uniform);
        for (int i = 0; i < Features; i++) (_frequencies[i], _phases[i]) = (2 * Math.PI * normal[i], 2 * Math.PI * uniform[i]);
    }

    /// <inheritdoc/>
    public IReadOnlyList<(string Name, double[] Values)> State =>
    [
        ("uncertainty.weight", _weights), ("uncertainty.exp_avg", _first), ("uncertainty.exp_avg_sq", _second), ("uncertainty.steps", _steps),
    ];

    /// <summary>u of a noise level.</summary>
    public double Of(NoiseLevel level)
    {
        double u = 0;
        double[] features = FeaturesOf(level);
        for (int i = 0; i < Features; i++) u += _weights[i] * features[i];
        return u;
    }

    /// <inheritdoc/>
    public void Add(TrainingLoss loss)
    {
        double[] perImage = loss.PerImage.Value;
        for (int n = 0; n < perImage.Length; n++)
        {
            TrainingTime time = loss.Times[n];
            double slope = time.Weight * (1 - Math.Exp(-Of(time.Level)) * perImage[n]);      // of e^{−u}·L + u by u
            double[] features = FeaturesOf(time.Level);
            for (int i = 0; i < Features; i++) _gradient[i] += slope * features[i];
        }
        _images += perImage.Length;
    }

    /// <inheritdoc/>
    /// <remarks>Adam (Kingma &amp; Ba 2015, algorithm 1). So few numbers are the host's.</remarks>
    public void Step(double rate)
    {
        _steps[0]++;
        double correction1 = 1 - Math.Pow(_options.Beta1, _steps[0]), correction2 = 1 - Math.Pow(_options.Beta2, _steps[0]);
        for (int i = 0; i < Features; i++)
        {
            double gradient = _gradient[i] / _images;
            _first[i] = _options.Beta1 * _first[i] + (1 - _options.Beta1) * gradient;
            _second[i] = _options.Beta2 * _second[i] + (1 - _options.Beta2) * gradient * gradient;
            _weights[i] -= rate * (_first[i] / correction1) / (Math.Sqrt(_second[i] / correction2) + _options.Epsilon);
        }
        Array.Clear(_gradient);
        _images = 0;
    }

    double[] FeaturesOf(NoiseLevel level)
    {
        double c = Math.Clamp(-level.Lambda / 4, -LargestFeature, LargestFeature);
        double[] features = new double[Features];
        for (int i = 0; i < Features; i++) features[i] = Math.Sqrt(2) * Math.Cos(_frequencies[i] * c + _phases[i]);
        return features;
    }
}
