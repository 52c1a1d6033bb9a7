namespace Brownian.Diffusion;

/// <summary>
/// What a network predicts, as data: the training target is a mix of (x_0, ε), and x_0 and ε are mixes of (x_t, output), for any
/// noise level. Nothing else in the library asks which one is in use.
/// </summary>
public abstract record Parameterization
{
    Parameterization() { }

    /// <summary>The noise ε (Ho et al. 2020, eq. 11 and 14).</summary>
    public static Parameterization Epsilon { get; } = new PredictsEpsilon();

    /// <summary>The image x_0 itself.</summary>
    public static Parameterization Sample { get; } = new PredictsSample();

    /// <summary>v = √ᾱ·ε − √(1 − ᾱ)·x_0 (Salimans &amp; Ho 2022).</summary>
    public static Parameterization Velocity { get; } = new PredictsVelocity();

    /// <summary>The name in configuration files, which is diffusers' <c>prediction_type</c>: epsilon, sample or v_prediction.</summary>
    public abstract string Name { get; }

    /// <summary>What the network is trained to output, as a mix of (x_0, ε).</summary>
    public abstract Mix Target(NoiseLevel level);

    /// <summary>x̂_0 as a mix of (x_t, output).</summary>
    public abstract Mix X0(NoiseLevel level);

    /// <summary>ε̂ as a mix of (x_t, output).</summary>
    public abstract Mix Eps(NoiseLevel level);

    /// <summary>The parameterisation of that <see cref="Name"/>.</summary>
    /// <exception cref="ArgumentException">There is none.</exception>
    public static Parameterization Named(string name)
    {
        Parameterization[] known = [Epsilon, Sample, Velocity];
        return Array.Find(known, p => p.Name == name) ?? throw new ArgumentException(
            $"'{name}' is nothing a network can predict; use {string.Join(", ", known.Select(p => p.Name))}.");
    }

    // x_t = α·x_0 + σ·ε and α² + σ² = 1 throughout.
    sealed record PredictsEpsilon : Parameterization
    {
        public override string Name => "epsilon";
        public override Mix Target(NoiseLevel level) => new(0, 1);
        public override Mix X0(NoiseLevel level) => new(1 / level.Alpha, -level.Sigma / level.Alpha);
        public override Mix Eps(NoiseLevel level) => new(0, 1);
    }

    sealed record PredictsSample : Parameterization
    {
        public override string Name => "sample";
        public override Mix Target(NoiseLevel level) => new(1, 0);
        public override Mix X0(NoiseLevel level) => new(0, 1);
        public override Mix Eps(NoiseLevel level) => new(1 / level.Sigma, -level.Alpha / level.Sigma);
    }

    sealed record PredictsVelocity : Parameterization
    {
        public override string Name => "v_prediction";
        public override Mix Target(NoiseLevel level) => new(-level.Sigma, level.Alpha);
        public override Mix X0(NoiseLevel level) => new(level.Alpha, -level.Sigma);
        public override Mix Eps(NoiseLevel level) => new(level.Sigma, level.Alpha);
    }
}
