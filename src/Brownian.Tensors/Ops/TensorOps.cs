using Brownian.Tensors.Autograd;

namespace Brownian.Tensors;

/// <summary>Element-by-element operations. Each derivative stands below its operation.</summary>
public static class TensorOps
{
    /// <summary>x·σ(x) (Ramachandran et al. 2017).</summary>
    public static Tensor Silu(this Tensor x) => Unary(UnaryOp.Silu, x);

    /// <summary>max(x, 0)</summary>
    public static Tensor Relu(this Tensor x) => Unary(UnaryOp.Relu, x);

    /// <summary>x·tanh(ln(1 + eˣ)) (Misra 2019).</summary>
    public static Tensor Mish(this Tensor x) => Unary(UnaryOp.Mish, x);

    /// <summary>x·Φ(x) = x/2·(1 + erf(x/√2)), exact, without tanh in its place (Hendrycks &amp; Gimpel 2016).</summary>
    public static Tensor Gelu(this Tensor x) => Unary(UnaryOp.Gelu, x);

    static Tensor Unary(UnaryOp op, Tensor x)
    {
        ArgumentNullException.ThrowIfNull(x);
        using DeviceTurn turn = x.Device.TakeTurn();
        Tensor y = Tensor.Empty(x.Shape, x.Device);
        x.Device.Unary(op, x, y);
        return y.From(new UnaryNode(op, x));
    }

    sealed class UnaryNode(UnaryOp op, Tensor x) : CheapNode(x)
    {
        public override void Compute() => x.Device.Unary(op, x, Output);

        public override void Backward(Tensor dy)
        {
            if (x.NeedsGrad) x.Device.UnaryGrad(op, x, dy, x.GradBuffer(out bool accumulate), accumulate);
        }
    }

    /// <summary>a·x + b·z, both of the same shape.</summary>
    public static Tensor Affine(float a, Tensor x, float b, Tensor z)
    {
        ArgumentNullException.ThrowIfNull(x);
        ArgumentNullException.ThrowIfNull(z);
        Refuse.IfShapesDiffer("Affine", x, z);
        using DeviceTurn turn = x.Device.TakeTurn();
        Tensor y = Tensor.Empty(x.Shape, x.Device);
        x.Device.Affine(a, x, b, z, y, accumulate: false);
        return y.From(new AffineNode(a, x, b, z));
    }

    /// <summary>x + z</summary>
    public static Tensor Add(this Tensor x, Tensor z) => Affine(1, x, 1, z);

    /// <summary>a·x</summary>
    public static Tensor Scale(this Tensor x, float a)
    {
        ArgumentNullException.ThrowIfNull(x);
        using DeviceTurn turn = x.Device.TakeTurn();
        Tensor y = Tensor.Empty(x.Shape, x.Device);
        x.Device.Affine(a, x, 0, null, y, accumulate: false);
        return y.From(new AffineNode(a, x, 0, null));
    }

    sealed class AffineNode(float a, Tensor x, float b, Tensor? z) : RepeatableNode(x, z)
    {
        public override void Compute() => x.Device.Affine(a, x, b, z, Output, accumulate: false);

        public override void Backward(Tensor dy)
        {
            if (x.NeedsGrad) x.Device.Affine(a, dy, 0, null, x.GradBuffer(out bool accumulate), accumulate);
            if (z is { NeedsGrad: true }) x.Device.Affine(b, dy, 0, null, z.GradBuffer(out bool accumulate), accumulate);
        }

        protected override bool Reads(Tensor input) => false;
    }

    /// <summary>a[n]·x[n] for every sample n of N×….</summary>
    /// <exception cref="ArgumentException">There is not one number for each sample.</exception>
    public static Tensor ScalePerSample(this Tensor x, ReadOnlySpan<float> a)
    {
        ArgumentNullException.ThrowIfNull(x);
        Refuse.IfEmpty("ScalePerSample", x);
        if (a.Length != x.Shape[0]) Refuse.Because($"ScalePerSample: {a.Length} numbers for {x.Shape[0]} samples; give one each.");
        float[] factors = a.ToArray();
        using DeviceTurn turn = x.Device.TakeTurn();
        Tensor y = Tensor.Empty(x.Shape, x.Device);
        x.Device.MixPerSample(factors, x, new float[factors.Length], x, y);
        return y.From(new ScalePerSampleNode(factors, x));
    }

    sealed class ScalePerSampleNode(float[] a, Tensor x) : RepeatableNode(x)
    {
        public override void Compute() => x.Device.MixPerSample(a, x, new float[a.Length], x, Output);

        public override void Backward(Tensor dy)
        {
            if (!x.NeedsGrad) return;
            Tensor dx = x.GradBuffer(out bool accumulate);
            x.Device.MixPerSample(a, dy, Enumerable.Repeat(accumulate ? 1f : 0f, a.Length).ToArray(), accumulate ? dx : dy, dx);
        }

        protected override bool Reads(Tensor input) => false;
    }

    /// <summary>x·z, element by element.</summary>
    public static Tensor Multiply(this Tensor x, Tensor z)
    {
        ArgumentNullException.ThrowIfNull(x);
        ArgumentNullException.ThrowIfNull(z);
        Refuse.IfShapesDiffer("Multiply", x, z);
        using DeviceTurn turn = x.Device.TakeTurn();
        Tensor y = Tensor.Empty(x.Shape, x.Device);
        x.Device.Multiply(x, z, y, accumulate: false);
        return y.From(new MultiplyNode(x, z));
    }

    sealed class MultiplyNode(Tensor x, Tensor z) : RepeatableNode(x, z)
    {
        public override void Compute() => x.Device.Multiply(x, z, Output, accumulate: false);

        public override void Backward(Tensor dy)
        {
            if (x.NeedsGrad) x.Device.Multiply(z, dy, x.GradBuffer(out bool accumulate), accumulate);
            if (z.NeedsGrad) x.Device.Multiply(x, dy, z.GradBuffer(out bool accumulate), accumulate);
        }
    }

    /// <summary>x limited to [low, high]. No gradient flows through it: for sampling.</summary>
    public static Tensor Clamp(this Tensor x, float low, float high)
    {
        ArgumentNullException.ThrowIfNull(x);
        using DeviceTurn turn = x.Device.TakeTurn();
        Tensor y = Tensor.Empty(x.Shape, x.Device);
        x.Device.Clamp(x, low, high, y);
        return y.From(x);
    }

    /// <summary>
    /// a[n]·x[n] + b[n]·z[n] for every sample n of two N×… tensors. No gradient flows through it: it makes x_t from x_0 and noise.
    /// </summary>
    public static Tensor MixPerSample(ReadOnlySpan<float> a, Tensor x, ReadOnlySpan<float> b, Tensor z)
    {
        ArgumentNullException.ThrowIfNull(x);
        ArgumentNullException.ThrowIfNull(z);
        Refuse.IfShapesDiffer("MixPerSample", x, z);
        Refuse.IfEmpty("MixPerSample", x);
        if (a.Length != x.Shape[0] || b.Length != x.Shape[0])
            Refuse.Because($"MixPerSample: {a.Length} and {b.Length} coefficients for {x.Shape[0]} samples; give one of each per sample.");
        using DeviceTurn turn = x.Device.TakeTurn();
        Tensor y = Tensor.Empty(x.Shape, x.Device);
        x.Device.MixPerSample(a, x, b, z, y);
        return y.From(x, z);
    }

    /// <summary>
    /// Sets each element to zero with probability <paramref name="rate"/> and divides the others by 1 − rate (Srivastava et al. 2014).
    /// Element i of <paramref name="random"/> decides for element i, so the gradient needs no stored mask.
    /// </summary>
    public static Tensor Dropout(this Tensor x, float rate, Philox random)
    {
        ArgumentNullException.ThrowIfNull(x);
        CheckRate("Dropout", rate);
        if (rate == 0) return x;
        using DeviceTurn turn = x.Device.TakeTurn();
        Tensor y = Tensor.Empty(x.Shape, x.Device);
        x.Device.Dropout(x, rate, random, y, accumulate: false);
        return y.From(new DropoutNode(x, rate, random));
    }

    sealed class DropoutNode(Tensor x, float rate, Philox random) : CheapNode(x)
    {
        public override void Compute() => x.Device.Dropout(x, rate, random, Output, accumulate: false);

        public override void Backward(Tensor dy)
        {
            if (x.NeedsGrad) x.Device.Dropout(dy, rate, random, x.GradBuffer(out bool accumulate), accumulate);
        }
    }

    /// <summary>
    /// Sets whole channels of samples of x N×…×C to zero with probability <paramref name="rate"/> and divides the others by 1 − rate
    /// (Tompson et al. 2015, section 3.2): neighbouring pixels tell of each other, so dropping single ones would hide little.
    /// </summary>
    /// <param name="x">N×…×C.</param>
    /// <param name="rate">From 0 to below 1.</param>
    /// <param name="random">Its element n·C + c decides for channel c of sample n.</param>
    public static Tensor DropoutChannels(this Tensor x, float rate, Philox random)
    {
        ArgumentNullException.ThrowIfNull(x);
        CheckRate("DropoutChannels", rate);
        Refuse.IfEmpty("DropoutChannels", x);
        if (rate == 0) return x;
        using DeviceTurn turn = x.Device.TakeTurn();
        Tensor y = Tensor.Empty(x.Shape, x.Device);
        x.Device.DropoutChannels(x, rate, random, y, accumulate: false);
        return y.From(new DropoutChannelsNode(x, rate, random));
    }

    sealed class DropoutChannelsNode(Tensor x, float rate, Philox random) : CheapNode(x)
    {
        public override void Compute() => x.Device.DropoutChannels(x, rate, random, Output, accumulate: false);

        public override void Backward(Tensor dy)
        {
            if (x.NeedsGrad) x.Device.DropoutChannels(dy, rate, random, x.GradBuffer(out bool accumulate), accumulate);
        }
    }

    static void CheckRate(string operation, float rate)
    {
        if (rate is not (>= 0 and < 1)) Refuse.Because($"{operation}: the rate is {rate}; it must be at least 0 and below 1.");
    }

    /// <summary>Standard normal numbers: element i of the stream, counted from <paramref name="first"/>.</summary>
    public static Tensor Normal(Shape shape, Philox random, Device device, long first = 0)
    {
        ArgumentNullException.ThrowIfNull(device);
        using DeviceTurn turn = device.TakeTurn();
        Tensor y = Tensor.Empty(shape, device);
        device.Normal(random, first, y);
        return y;
    }
}
