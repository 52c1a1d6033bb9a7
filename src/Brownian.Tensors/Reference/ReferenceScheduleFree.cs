namespace Brownian.Tensors.Reference;

/// <summary>Schedule-free AdamW (Defazio et al. 2024, algorithm 1), in double.</summary>
sealed class ReferenceScheduleFree(double[] start, double beta1, double beta2, double epsilon, double decay)
{
    readonly double[] _z = (double[])start.Clone(), _v = new double[start.Length];
    double _squaredRates;
    int _steps;

    /// <summary>The average: what is used.</summary>
    public double[] X { get; } = (double[])start.Clone();

    /// <summary>Where gradients are taken.</summary>
    public double[] Y => [.. _z.Zip(X, (z, x) => (1 - beta1) * z + beta1 * x)];

    /// <summary>One step with the gradient at <see cref="Y"/>.</summary>
    public void Step(double rate, double[] gradient)
    {
        double[] y = Y;
        double correction = 1 - Math.Pow(beta2, ++_steps);
        _squaredRates += rate * rate;
        double share = _squaredRates == 0 ? 0 : rate * rate / _squaredRates;
        for (int i = 0; i < y.Length; i++)
        {
            _v[i] = beta2 * _v[i] + (1 - beta2) * gradient[i] * gradient[i];
            _z[i] -= rate * (gradient[i] / (Math.Sqrt(_v[i] / correction) + epsilon) + decay * y[i]);
            X[i] = (1 - share) * X[i] + share * _z[i];
        }
    }
}
