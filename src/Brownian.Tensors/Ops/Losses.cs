using Brownian.Tensors.Autograd;

namespace Brownian.Tensors;

/// <summary>Means over samples that training minimises. No gradient flows to what the answer is compared with.</summary>
public static class Losses
{
    /// <summary>The mean of (x − target)² over all elements, as a one-element tensor.</summary>
    public static Tensor MeanSquaredError(this Tensor x, Tensor target) => MeanSquaredError(x, target, []);

    /// <summary>
    /// The same; <paramref name="perSample"/>, if not empty, receives the mean of (x − target)² over each of the N samples.
    /// </summary>
    public static Tensor MeanSquaredError(this Tensor x, Tensor target, Span<double> perSample) =>
        Mean("MeanSquaredError", x, target, new LossSpec(LossOp.Squared), [], perSample);

    /// <summary>The mean over samples of weight[n]·mean(f(x[n] − target[n])), as a one-element tensor.</summary>
    /// <param name="x">N×….</param>
    /// <param name="target">As <paramref name="x"/>.</param>
    /// <param name="spec">f.</param>
    /// <param name="weights">One for each sample; empty where all are 1.</param>
    /// <param name="perSample">Receives weight[n]·mean(f(x[n] − target[n])), if not empty.</param>
    /// <exception cref="ArgumentException">Shapes or counts differ, or the tensors are empty.</exception>
    public static Tensor MeanLoss(this Tensor x, Tensor target, LossSpec spec, ReadOnlySpan<double> weights = default, Span<double> perSample = default) =>
        Mean("MeanLoss", x, target, spec, weights, perSample);

    static Tensor Mean(string operation, Tensor x, Tensor target, LossSpec spec, ReadOnlySpan<double> weights, Span<double> perSample)
    {
        ArgumentNullException.ThrowIfNull(x);
        ArgumentNullException.ThrowIfNull(target);
        Refuse.IfShapesDiffer(operation, x, target);
        Refuse.IfEmpty(operation, x);
        int samples = x.Shape[0], size = x.Shape.Count / samples;
        if (!weights.IsEmpty && weights.Length != samples) Refuse.Because($"{operation}: {weights.Length} weights for {samples} samples; give one each.");
        if (!perSample.IsEmpty && perSample.Length != samples) Refuse.Because($"{operation}: room for {perSample.Length} losses of {samples} samples.");
        Span<double> losses = perSample.IsEmpty ? new double[samples] : perSample;
        x.Device.Loss(spec, x, target, losses);
        double total = 0;
        for (int n = 0; n < samples; n++)
        {
            double weight = weights.IsEmpty ? 1 : weights[n];
            total += weight * losses[n];
            losses[n] = weight * (losses[n] / size);
        }
        Tensor loss = Tensor.Full(Shape.Of(1), (float)(total / x.Shape.Count), x.Device);
        return loss.From(new LossNode(x, target, spec, weights.ToArray()));
    }

    sealed class LossNode(Tensor x, Tensor target, LossSpec spec, double[] weights) : Node(x, target)   // w[n]·f'(x − y)/count
    {
        public override void Backward(Tensor dy)
        {
            if (!x.NeedsGrad) return;
            double each = (double)dy.Item() / x.Shape.Count;
            int samples = x.Shape[0];
            Span<float> scales = samples <= 256 ? stackalloc float[samples] : new float[samples];
            for (int n = 0; n < samples; n++) scales[n] = (float)(weights.Length == 0 ? each : weights[n] * each);
            x.Device.LossGrad(spec, x, target, scales, x.GradBuffer(out bool accumulate), accumulate);
        }
    }

    /// <summary>The mean over samples and pixels of the variational bound's terms, in bits, as a one-element tensor.</summary>
    /// <param name="output">The network's answer, N×…×C or, where it learns the variance, N×…×2C with v in the second half of channels.</param>
    /// <param name="x0">Images, N×…×C.</param>
    /// <param name="xt">Noised images, N×…×C.</param>
    /// <param name="bounds">One for each sample; read again by the gradient.</param>
    /// <param name="trainsPrediction">Whether the gradient reaches the prediction; otherwise it reaches the variance alone.</param>
    /// <param name="perSample">Receives the mean of each sample, if not empty.</param>
    /// <exception cref="ArgumentException">Shapes or counts differ, or the tensors are empty.</exception>
    public static Tensor MeanBound(
        this Tensor output, Tensor x0, Tensor xt, PixelBound[] bounds, bool trainsPrediction = true, Span<double> perSample = default)
    {
        const string Name = "MeanBound";
        ArgumentNullException.ThrowIfNull(output);
        ArgumentNullException.ThrowIfNull(x0);
        ArgumentNullException.ThrowIfNull(xt);
        ArgumentNullException.ThrowIfNull(bounds);
        Refuse.IfShapesDiffer(Name, x0, xt);
        Refuse.IfEmpty(Name, x0);
        int samples = x0.Shape[0], channels = x0.Shape.Channels;
        if (output.Shape != x0.Shape && output.Shape != x0.Shape.WithChannels(2 * channels))
            Refuse.Because($"{Name}: the answer is {output.Shape}, expected {x0.Shape} or {x0.Shape.WithChannels(2 * channels)}.");
        if (bounds.Length != samples) Refuse.Because($"{Name}: {bounds.Length} bounds for {samples} samples; give one each.");
        if (!perSample.IsEmpty && perSample.Length != samples) Refuse.Because($"{Name}: room for {perSample.Length} losses of {samples} samples.");
        Span<double> losses = perSample.IsEmpty ? new double[samples] : perSample;
        output.Device.Bound(bounds, x0, xt, output, losses);
        double total = 0;
        foreach (ref double bits in losses) total += bits /= x0.Shape.Count / samples;
        Tensor loss = Tensor.Full(Shape.Of(1), (float)(total / samples), output.Device);
        return loss.From(new BoundNode(output, x0, xt, bounds, trainsPrediction));
    }

    sealed class BoundNode(Tensor output, Tensor x0, Tensor xt, PixelBound[] bounds, bool trainsPrediction) : Node(output, x0, xt)
    {
        public override void Backward(Tensor dy)
        {
            if (!output.NeedsGrad) return;
            double each = (double)dy.Item() / x0.Shape.Count;
            output.Device.BoundGrad(bounds, x0, xt, output, each, trainsPrediction, output.GradBuffer(out bool accumulate), accumulate);
        }
    }
}
