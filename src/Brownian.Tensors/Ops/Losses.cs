using Brownian.Tensors.Autograd;

namespace Brownian.Tensors;

/// <summary>Means over samples that training minimises. No gradient flows to what the answer is compared with.</summary>
public static class Losses
{
    /// <summary>The mean of (x − target)² over all elements, as a one-element tensor.</summary>
    public static Tensor MeanSquaredError(this Tensor x, Tensor target) => Mean("MeanSquaredError", x, target, new LossSpec(LossOp.Squared), [], out _);

    /// <summary>The mean over samples of weight[n]·mean(f(x[n] − target[n])), as a one-element tensor.</summary>
    /// <param name="x">N×….</param>
    /// <param name="target">As <paramref name="x"/>.</param>
    /// <param name="spec">f.</param>
    /// <param name="weights">One for each sample; empty where all are 1.</param>
    /// <param name="perSample">weight[n]·mean(f(x[n] − target[n])). Reading it waits for the device, and must be done before the scope ends.</param>
    /// <exception cref="ArgumentException">Shapes or counts differ, or the tensors are empty.</exception>
    public static Tensor MeanLoss(
        this Tensor x, Tensor target, LossSpec spec, ReadOnlySpan<double> weights, out Lazy<double[]> perSample) =>
        Mean("MeanLoss", x, target, spec, weights, out perSample);

    static Tensor Mean(
        string operation, Tensor x, Tensor target, LossSpec spec, ReadOnlySpan<double> weights, out Lazy<double[]> perSample)
    {
        ArgumentNullException.ThrowIfNull(x);
        ArgumentNullException.ThrowIfNull(target);
        Refuse.IfShapesDiffer(operation, x, target);
        Refuse.IfEmpty(operation, x);
        int samples = x.Shape[0], size = x.Shape.Count / samples;
        if (!weights.IsEmpty && weights.Length != samples) Refuse.Because($"{operation}: {weights.Length} weights for {samples} samples; give one each.");
        double[] each = weights.IsEmpty ? [.. Enumerable.Repeat(1.0, samples)] : weights.ToArray();
        using DeviceTurn turn = x.Device.TakeTurn();
        Tensor loss = Tensor.Empty(Shape.Of(1), x.Device), sums = Tensor.Empty(Shape.Of(samples, 2), x.Device);
        x.Device.Loss(spec, x, target, each, loss, sums);
        perSample = new(() => [.. sums.ToDoubles().Select((sum, n) => each[n] * (sum / size))]);
        return loss.From(new LossNode(x, target, spec, each));
    }

    sealed class LossNode(Tensor x, Tensor target, LossSpec spec, double[] weights) : Node(x, target)   // w[n]·f'(x − y)/count
    {
        public override void Backward(Tensor dy)
        {
            if (x.NeedsGrad) x.Device.LossGrad(spec, x, target, weights, dy, x.GradBuffer(out bool accumulate), accumulate);
        }
    }

    /// <summary>
    /// The cross entropy, the mean over samples of −ln softmax(x[n])[classes[n]] (Bishop 2006, eq. 4.108), as a one-element tensor. The host
    /// computes it, in double: for the few logits of a batch no device needs a kernel. So it waits for the device, and its gradient does.
    /// </summary>
    /// <param name="x">Logits, N×K.</param>
    /// <param name="classes">The class of each sample, 0 to K − 1.</param>
    /// <exception cref="ArgumentException">There is not one class for each sample, or no such class.</exception>
    public static Tensor CrossEntropy(this Tensor x, ReadOnlySpan<int> classes)
    {
        const string Name = "CrossEntropy";
        ArgumentNullException.ThrowIfNull(x);
        Refuse.IfEmpty(Name, x);
        if (x.Shape.Rank != 2) Refuse.Because($"{Name}: expected logits N×K, got a tensor of {x.Shape}.");
        int samples = x.Shape[0], count = x.Shape[1];
        if (classes.Length != samples) Refuse.Because($"{Name}: {classes.Length} classes for {samples} samples; give one each.");
        using DeviceTurn turn = x.Device.TakeTurn();
        float[] gradient = x.ToArray();         // by the logits; at first these
        double loss = 0;
        for (int n = 0; n < samples; n++)
        {
            if ((uint)classes[n] >= (uint)count) Refuse.Because($"{Name}: sample {n} is of class {classes[n]}; {count} logits tell classes 0 to {count - 1} apart.");
            loss += MinusLogLikelihood(gradient.AsSpan(n * count, count), classes[n], samples) / samples;
        }
        return Tensor.From([(float)loss], Shape.Of(1), x.Device).From(new CrossEntropyNode(x, Tensor.From(gradient, x.Shape, x.Device)));
    }

    // −ln softmax(z)[k]; z becomes its gradient, softmax(z) − (1 at k), divided by the number of samples.
    static double MinusLogLikelihood(Span<float> z, int k, int samples)
    {
        double largest = double.NegativeInfinity, sum = 0;
        foreach (float logit in z) largest = Math.Max(largest, logit);
        foreach (float logit in z) sum += Math.Exp(logit - largest);
        double loss = Math.Log(sum) - (z[k] - largest);
        for (int i = 0; i < z.Length; i++) z[i] = (float)((Math.Exp(z[i] - largest) / sum - (i == k ? 1 : 0)) / samples);
        return loss;
    }

    sealed class CrossEntropyNode(Tensor x, Tensor gradient) : Node(x)
    {
        public override void Backward(Tensor dy)
        {
            if (x.NeedsGrad) x.Device.Affine(dy.Item(), gradient, 0, null, x.GradBuffer(out bool accumulate), accumulate);
        }

        protected override bool Reads(Tensor input) => false;
    }

    /// <summary>The mean over samples and pixels of the variational bound's terms, in bits, as a one-element tensor.</summary>
    /// <param name="output">The network's answer, N×…×C or, where it learns the variance, N×…×2C with v in the second half of channels.</param>
    /// <param name="x0">Images, N×…×C.</param>
    /// <param name="xt">Noised images, N×…×C.</param>
    /// <param name="bounds">One for each sample; read again by the gradient.</param>
    /// <param name="trainsPrediction">Whether the gradient reaches the prediction; otherwise it reaches the variance alone.</param>
    /// <param name="perSample">The mean of each sample. Reading it waits for the device, and must be done before the scope ends.</param>
    /// <exception cref="ArgumentException">Shapes or counts differ, or the tensors are empty.</exception>
    public static Tensor MeanBound(
        this Tensor output, Tensor x0, Tensor xt, PixelBound[] bounds, bool trainsPrediction, out Lazy<double[]> perSample)
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
        Refuse.IfElsewhere(Name, output, x0);
        using DeviceTurn turn = output.Device.TakeTurn();
        Tensor loss = Tensor.Empty(Shape.Of(1), output.Device), sums = Tensor.Empty(Shape.Of(samples, 2), output.Device);
        output.Device.Bound(bounds, x0, xt, output, loss, sums);
        perSample = new(() => [.. sums.ToDoubles().Select(bits => bits / (x0.Shape.Count / samples))]);
        return loss.From(new BoundNode(output, x0, xt, bounds, trainsPrediction));
    }

    sealed class BoundNode(Tensor output, Tensor x0, Tensor xt, PixelBound[] bounds, bool trainsPrediction) : Node(output, x0, xt)
    {
        public override void Backward(Tensor dy)
        {
            if (output.NeedsGrad)
                output.Device.BoundGrad(bounds, x0, xt, output, dy, trainsPrediction, output.GradBuffer(out bool accumulate), accumulate);
        }
    }
}
