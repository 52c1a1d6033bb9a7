using Brownian.Tensors.Autograd;

namespace Brownian.Tensors;

/// <summary>Sums, means and losses, and additions that repeat a row: what reduces or broadcasts.</summary>
public static class Reductions
{
    /// <summary>
    /// x + v, where x is N×…×C and v is N×C (one row for each sample) or C (one row for all).
    /// </summary>
    public static Tensor AddRows(this Tensor x, Tensor v)
    {
        ArgumentNullException.ThrowIfNull(x);
        ArgumentNullException.ThrowIfNull(v);
        Refuse.IfNotRowsOf("AddRows", x, v);
        Refuse.IfEmpty("AddRows", x);
        Tensor y = Tensor.Empty(x.Shape, x.Device);
        x.Device.AddRows(x, v, y);
        return y.From(new AddRowsNode(x, v));
    }

    sealed class AddRowsNode(Tensor x, Tensor v) : Node(x, v)
    {
        public override void Backward(Tensor dy)
        {
            if (x.NeedsGrad) x.Device.Affine(1, dy, 0, null, x.GradBuffer(out bool accumulate), accumulate);
            if (v.NeedsGrad) x.Device.AddRowsGrad(dy, v.GradBuffer(out bool accumulate), accumulate);
        }

        protected override bool Reads(Tensor input) => false;
    }

    /// <summary>The mean of (x − target)² over all elements, as a one-element tensor. No gradient flows to the target.</summary>
    public static Tensor MeanSquaredError(this Tensor x, Tensor target) => MeanSquaredError(x, target, []);

    /// <summary>
    /// The same; <paramref name="perSample"/>, if not empty, receives the mean of (x − target)² over each of the N samples.
    /// </summary>
    public static Tensor MeanSquaredError(this Tensor x, Tensor target, Span<double> perSample)
    {
        ArgumentNullException.ThrowIfNull(x);
        ArgumentNullException.ThrowIfNull(target);
        Refuse.IfShapesDiffer("MeanSquaredError", x, target);
        Refuse.IfEmpty("MeanSquaredError", x);
        if (!perSample.IsEmpty && perSample.Length != x.Shape[0])
            Refuse.Because($"MeanSquaredError: room for {perSample.Length} losses of {x.Shape[0]} samples.");
        Tensor loss = Tensor.Full(Shape.Of(1), (float)x.Device.SquaredError(x, target, perSample), x.Device);
        return loss.From(new SquaredErrorNode(x, target));
    }

    sealed class SquaredErrorNode(Tensor x, Tensor target) : Node(x)   // d/dx mean((x − y)²) = 2(x − y)/n
    {
        public override void Backward(Tensor dy)
        {
            if (!x.NeedsGrad) return;
            float scale = dy.Item() * 2f / x.Shape.Count;
            x.Device.Affine(scale, x, -scale, target, x.GradBuffer(out bool accumulate), accumulate);
        }
    }

    /// <summary>The sum of all elements as a one-element tensor.</summary>
    public static Tensor Sum(this Tensor x)
    {
        ArgumentNullException.ThrowIfNull(x);
        Tensor y = Tensor.Full(Shape.Of(1), (float)x.Device.Sum(x), x.Device);
        return y.From(new SumNode(x));
    }

    sealed class SumNode(Tensor x) : Node(x)
    {
        public override void Backward(Tensor dy)
        {
            if (!x.NeedsGrad) return;
            Tensor dx = x.GradBuffer(out bool accumulate);
            Tensor ones = Tensor.Full(x.Shape, dy.Item(), x.Device);
            x.Device.Affine(1, ones, 0, null, dx, accumulate);
            ones.Storage.Release();
        }
    }

    /// <summary>The sum of all squares: in float over blocks of 4096, in double over those; the same bits for any number of threads.</summary>
    public static double SumOfSquares(this Tensor x)
    {
        ArgumentNullException.ThrowIfNull(x);
        return x.Device.SumOfSquares(x);
    }
}
