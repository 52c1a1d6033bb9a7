using Brownian.Tensors.Autograd;

namespace Brownian.Tensors;

/// <summary>Losses beyond the plain mean squared error.</summary>
public static class Losses
{
    /// <summary>
    /// A loss computed elsewhere, together with its gradient, as a one-element tensor on the tape: its derivative with respect to
    /// <paramref name="x"/> is <paramref name="gradient"/>.
    /// </summary>
    /// <param name="x">What the loss is a function of.</param>
    /// <param name="value">The loss.</param>
    /// <param name="gradient">∂value/∂x, shaped as <paramref name="x"/>.</param>
    /// <exception cref="ArgumentException">Shapes differ.</exception>
    public static Tensor LossWithGradient(this Tensor x, double value, Tensor gradient)
    {
        ArgumentNullException.ThrowIfNull(x);
        ArgumentNullException.ThrowIfNull(gradient);
        Refuse.IfShapesDiffer("LossWithGradient", x, gradient);
        Tensor loss = Tensor.Full(Shape.Of(1), (float)value, x.Device);
        return loss.From(new GivenGradientNode(x, gradient));
    }

    sealed class GivenGradientNode(Tensor x, Tensor gradient) : Node(x)
    {
        public override void Backward(Tensor dy)
        {
            if (x.NeedsGrad) x.Device.Affine(dy.Item(), gradient, 0, null, x.GradBuffer(out bool accumulate), accumulate);
        }
    }

    /// <summary>
    /// The mean over samples of weight[n]·mean((x[n] − target[n])²), x N×…. No gradient flows to the target.
    /// </summary>
    /// <param name="x">N×….</param>
    /// <param name="target">As <paramref name="x"/>.</param>
    /// <param name="weights">One for each sample.</param>
    /// <param name="perSample">Receives weight[n]·mean((x[n] − target[n])²).</param>
    /// <exception cref="ArgumentException">Shapes or counts differ.</exception>
    public static Tensor WeightedSquaredError(this Tensor x, Tensor target, ReadOnlySpan<double> weights, Span<double> perSample)
    {
        ArgumentNullException.ThrowIfNull(x);
        ArgumentNullException.ThrowIfNull(target);
        Refuse.IfShapesDiffer("WeightedSquaredError", x, target);
        Refuse.IfEmpty("WeightedSquaredError", x);
        int samples = x.Shape[0];
        if (weights.Length != samples || perSample.Length != samples)
            Refuse.Because($"WeightedSquaredError: {weights.Length} weights and room for {perSample.Length} losses of {samples} samples.");
        x.Device.SquaredError(x, target, perSample);
        double total = 0;
        for (int n = 0; n < samples; n++) total += perSample[n] *= weights[n];
        Tensor loss = Tensor.Full(Shape.Of(1), (float)(total / samples), x.Device);
        return loss.From(new WeightedErrorNode(x, target, weights.ToArray()));
    }

    sealed class WeightedErrorNode(Tensor x, Tensor target, double[] weights) : Node(x)   // 2·w[n]·(x − y)/count
    {
        public override void Backward(Tensor dy)
        {
            if (!x.NeedsGrad) return;
            double scale = 2.0 * dy.Item() / x.Shape.Count;
            float[] plus = Array.ConvertAll(weights, w => (float)(w * scale)), minus = Array.ConvertAll(plus, w => -w);
            Tensor dx = x.GradBuffer(out bool accumulate);
            if (!accumulate)
            {
                x.Device.MixPerSample(plus, x, minus, target, dx);
                return;
            }
            Tensor part = Tensor.Empty(x.Shape, x.Device);
            x.Device.MixPerSample(plus, x, minus, target, part);
            x.Device.Affine(1, part, 0, null, dx, accumulate: true);
            part.Storage.Release();
        }
    }
}
