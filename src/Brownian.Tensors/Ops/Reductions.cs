using System.Runtime.InteropServices;
using Brownian.Tensors.Autograd;

namespace Brownian.Tensors;

/// <summary>Sums, and additions that repeat a row: what reduces or broadcasts.</summary>
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
        using DeviceTurn turn = x.Device.TakeTurn();
        Tensor y = Tensor.Empty(x.Shape, x.Device);
        x.Device.AddRows(x, v, y);
        return y.From(new AddRowsNode(x, v));
    }

    sealed class AddRowsNode(Tensor x, Tensor v) : RepeatableNode(x, v)
    {
        public override void Compute() => x.Device.AddRows(x, v, Output);

        public override void Backward(Tensor dy)
        {
            if (x.NeedsGrad) x.Device.Affine(1, dy, 0, null, x.GradBuffer(out bool accumulate), accumulate);
            if (v.NeedsGrad) x.Device.AddRowsGrad(dy, v.GradBuffer(out bool accumulate), accumulate);
        }

        protected override bool Reads(Tensor input) => false;
    }

    /// <summary>The sum of all elements as a one-element tensor.</summary>
    public static Tensor Sum(this Tensor x)
    {
        ArgumentNullException.ThrowIfNull(x);
        using DeviceTurn turn = x.Device.TakeTurn();
        Tensor y = Tensor.Empty(Shape.Of(1), x.Device);
        x.Device.Sum(x, y);
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
        using DeviceTurn turn = x.Device.TakeTurn();
        Tensor sum = Tensor.Empty(Shape.Of(2), x.Device);
        x.Device.SumOfSquares(x, sum);
        double result = sum.ToDoubles()[0];
        sum.Storage.Release();
        return result;
    }

    /// <summary>What kernels leave in double precision, two floats each.</summary>
    internal static double[] ToDoubles(this Tensor x)
    {
        double[] numbers = new double[x.Shape.Count / 2];
        x.CopyTo(MemoryMarshal.Cast<double, float>(numbers.AsSpan()));
        return numbers;
    }
}
