namespace Brownian;

/// <summary>What a network predicts; the names are diffusers' where it has one.</summary>
public enum PredictionType
{
    /// <summary>The noise ε.</summary>
    Epsilon,

    /// <summary>The image x_0.</summary>
    Sample,

    /// <summary>v = √ᾱ·ε − √(1 − ᾱ)·x_0.</summary>
    VPrediction,

    /// <summary>u = ε − x_0; also called flow.</summary>
    FlowPrediction,

    /// <summary>F of Karras et al. 2022.</summary>
    Edm,
}

/// <summary>
/// What a network predicts, as data: the training target is a mix of (x_0, ε), and x_0 and ε are mixes of (x_t, output), for any
/// noise level in any coordinates. Nothing else in the library asks which one is in use.
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

    /// <summary>u = ε − x_0, the velocity of a rectified flow (Liu et al. 2022, eq. 1, with time reversed).</summary>
    public static Parameterization Flow { get; } = new PredictsFlow();

    /// <summary>F of D(x; σ) = c_skip·x + c_out·F(c_in·x; c_noise), Karras et al. 2022, eq. 7, for images of deviation 0.5.</summary>
    public static Parameterization Edm { get; } = EdmOf(0.5);

    /// <summary>The same for other images.</summary>
    /// <param name="dataDeviation">σ_data, the standard deviation of the pixels of the data, above 0.</param>
    /// <exception cref="ArgumentException">The deviation is not positive.</exception>
    public static Parameterization EdmOf(double dataDeviation) => dataDeviation > 0
        ? new PredictsEdm(dataDeviation)
        : throw new ArgumentException($"The deviation of the data is {dataDeviation}; it must be above 0, such as 0.5.");

    /// <summary>The parameterisation of a type.</summary>
    /// <param name="type">What is predicted.</param>
    /// <param name="dataDeviation">σ_data, for <see cref="PredictionType.Edm"/>.</param>
    public static Parameterization Of(PredictionType type, double dataDeviation = 0.5) => type switch
    {
        PredictionType.Sample => Sample,
        PredictionType.VPrediction => Velocity,
        PredictionType.FlowPrediction => Flow,
        PredictionType.Edm => EdmOf(dataDeviation),
        _ => Epsilon,
    };

    /// <summary>What is predicted.</summary>
    public abstract PredictionType Type { get; }

    /// <summary>Its name in configuration files and messages.</summary>
    public string Name => Names.Of(Type);

    /// <summary>What the network is trained to output, as a mix of (x_0, ε).</summary>
    public abstract Mix Target(NoiseLevel level);

    /// <summary>x̂_0 as a mix of (x_t, output).</summary>
    public abstract Mix X0(NoiseLevel level);

    /// <summary>ε̂ as a mix of (x_t, output).</summary>
    public abstract Mix Eps(NoiseLevel level);

    /// <summary>c_in: what x_t is multiplied by before the network sees it, so that its variance is about 1; 1 where x_t has it already.</summary>
    public virtual double InputScale(NoiseLevel level) => 1 / Math.Sqrt(level.Power);

    // x_t = α·x_0 + σ·ε throughout. Each pair below solves it and the target for x_0 and ε.
    sealed record PredictsEpsilon : Parameterization
    {
        public override PredictionType Type => PredictionType.Epsilon;
        public override Mix Target(NoiseLevel level) => new(0, 1);
        public override Mix X0(NoiseLevel level) => new(1 / level.Alpha, -level.Sigma / level.Alpha);
        public override Mix Eps(NoiseLevel level) => new(0, 1);
    }

    sealed record PredictsSample : Parameterization
    {
        public override PredictionType Type => PredictionType.Sample;
        public override Mix Target(NoiseLevel level) => new(1, 0);
        public override Mix X0(NoiseLevel level) => new(0, 1);
        public override Mix Eps(NoiseLevel level) => new(1 / level.Sigma, -level.Alpha / level.Sigma);
    }

    // In coordinates with α² + σ² = p², v = (α·ε − σ·x_0)/p.
    sealed record PredictsVelocity : Parameterization
    {
        public override PredictionType Type => PredictionType.VPrediction;
        public override Mix Target(NoiseLevel level) => Unit(level, l => new(-l.Sigma, l.Alpha));
        public override Mix X0(NoiseLevel level) => Unit(level, l => new(l.Alpha / Math.Sqrt(level.Power), -l.Sigma));
        public override Mix Eps(NoiseLevel level) => Unit(level, l => new(l.Sigma / Math.Sqrt(level.Power), l.Alpha));

        static Mix Unit(NoiseLevel level, Func<NoiseLevel, Mix> mix) => mix(level.Scaled(1 / Math.Sqrt(level.Power)));
    }

    sealed record PredictsFlow : Parameterization
    {
        public override PredictionType Type => PredictionType.FlowPrediction;
        public override Mix Target(NoiseLevel level) => new(-1, 1);
        public override Mix X0(NoiseLevel level) => new(1 / Sum(level), -level.Sigma / Sum(level));
        public override Mix Eps(NoiseLevel level) => new(1 / Sum(level), level.Alpha / Sum(level));
        public override double InputScale(NoiseLevel level) => 1 / Sum(level);

        static double Sum(NoiseLevel level) => level.Alpha + level.Sigma;
    }

    // Karras et al. 2022, table 1, with s = σ/α and x_t/α in the place of σ and x.
    sealed record PredictsEdm(double DataDeviation) : Parameterization
    {
        public override PredictionType Type => PredictionType.Edm;
        public override Mix Target(NoiseLevel level) => new((1 - Skip(level)) / Out(level), -Skip(level) * level.Ratio / Out(level));
        public override Mix X0(NoiseLevel level) => new(Skip(level) / level.Alpha, Out(level));
        public override Mix Eps(NoiseLevel level) => new((1 - Skip(level)) / level.Sigma, -Out(level) / level.Ratio);
        public override double InputScale(NoiseLevel level) => 1 / (level.Alpha * Norm(level));

        double Norm(NoiseLevel level) => Math.Sqrt(level.Ratio * level.Ratio + DataDeviation * DataDeviation);
        double Skip(NoiseLevel level) => DataDeviation * DataDeviation / (Norm(level) * Norm(level));
        double Out(NoiseLevel level) => level.Ratio * DataDeviation / Norm(level);
    }
}
