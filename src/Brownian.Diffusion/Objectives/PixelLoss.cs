using Brownian.Tensors;

namespace Brownian.Diffusion;

/// <summary>How far a network's answer is from its target, pixel by pixel.</summary>
public abstract record PixelLoss
{
    PixelLoss() { }

    /// <summary>d² (Ho et al. 2020, eq. 14): L2.</summary>
    public static PixelLoss Squared { get; } = new SquaredError();

    /// <summary>|d|: L1, which is less bothered by outliers and makes smoother images.</summary>
    public static PixelLoss Absolute { get; } = new AbsoluteError();

    /// <summary>½d² up to a threshold δ and δ·(|d| − ½δ) beyond (Huber 1964); with δ = 1, the smooth L1 of PyTorch.</summary>
    /// <param name="threshold">δ, above 0.</param>
    /// <exception cref="ArgumentException">The threshold is not positive.</exception>
    public static PixelLoss Huber(double threshold = 1) => threshold > 0
        ? new HuberError(threshold)
        : throw new ArgumentException($"The threshold of the Huber loss is {threshold}; it must be above 0, such as 1.");

    /// <summary>√(d² + c²) − c: a Huber loss without a kink (Song &amp; Dhariwal 2023, eq. 8).</summary>
    /// <param name="scale">c, above 0.</param>
    /// <exception cref="ArgumentException">The scale is not positive.</exception>
    public static PixelLoss PseudoHuber(double scale = 0.03) => scale > 0
        ? new PseudoHuberError(scale)
        : throw new ArgumentException($"The scale of the pseudo-Huber loss is {scale}; it must be above 0, such as 0.03.");

    /// <summary>The loss of that name: l2, l1, huber or pseudo_huber.</summary>
    /// <exception cref="ArgumentException">There is none.</exception>
    public static PixelLoss Named(string name) => name switch
    {
        "l2" => Squared,
        "l1" => Absolute,
        "huber" => Huber(),
        "pseudo_huber" => PseudoHuber(),
        _ => throw new ArgumentException($"'{name}' is no loss; use l2, l1, huber, pseudo_huber."),
    };

    /// <summary>The loss of one pixel.</summary>
    /// <param name="difference">d, answer minus target.</param>
    public abstract double Of(double difference);

    /// <summary>Its derivative.</summary>
    /// <param name="difference">d, answer minus target.</param>
    public abstract double Slope(double difference);

    /// <summary>The mean over images of weight·mean over pixels, as a one-element tensor on the tape.</summary>
    /// <param name="output">The network's answer, N×H×W×C.</param>
    /// <param name="target">As <paramref name="output"/>.</param>
    /// <param name="weights">One for each image.</param>
    /// <param name="perImage">Receives each image's weighted mean.</param>
    internal virtual Tensor Of(Tensor output, Tensor target, double[] weights, double[] perImage)
    {
        float[] x = output.ToArray(), y = target.ToArray(), gradient = new float[x.Length];
        int images = weights.Length, size = x.Length / images;
        double total = 0;
        for (int n = 0; n < images; n++)
        {
            double sum = 0;
            for (int i = n * size; i < (n + 1) * size; i++)
            {
                double difference = x[i] - (double)y[i];
                sum += Of(difference);
                gradient[i] = (float)(weights[n] * Slope(difference) / x.Length);
            }
            total += perImage[n] = weights[n] * sum / size;
        }
        return output.LossWithGradient(total / images, Tensor.From(gradient, output.Shape, output.Device));
    }

    sealed record SquaredError : PixelLoss
    {
        public override double Of(double difference) => difference * difference;
        public override double Slope(double difference) => 2 * difference;

        internal override Tensor Of(Tensor output, Tensor target, double[] weights, double[] perImage) =>
            Array.TrueForAll(weights, w => w == 1)
                ? output.MeanSquaredError(target, perImage)
                : output.WeightedSquaredError(target, weights, perImage);
    }

    sealed record AbsoluteError : PixelLoss
    {
        public override double Of(double difference) => Math.Abs(difference);
        public override double Slope(double difference) => Math.Sign(difference);
    }

    sealed record HuberError(double Threshold) : PixelLoss
    {
        public override double Of(double difference) => Math.Abs(difference) <= Threshold
            ? difference * difference / 2
            : Threshold * (Math.Abs(difference) - Threshold / 2);

        public override double Slope(double difference) => Math.Clamp(difference, -Threshold, Threshold);
    }

    sealed record PseudoHuberError(double Scale) : PixelLoss
    {
        public override double Of(double difference) => Math.Sqrt(difference * difference + Scale * Scale) - Scale;
        public override double Slope(double difference) => difference / Math.Sqrt(difference * difference + Scale * Scale);
    }
}
