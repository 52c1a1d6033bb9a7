using Brownian.Tensors.Autograd;

namespace Brownian.Tensors;

/// <summary>Linear maps: of vectors, and of neighbourhoods of pixels.</summary>
public static class Convolution
{
    /// <summary>
    /// x·W + bias + residual along the innermost axis: x …×K, W K×N (PyTorch's weight transposed), bias N, residual …×N; the last two may be absent.
    /// </summary>
    public static Tensor Linear(this Tensor x, Tensor w, Tensor? bias = null, Tensor? residual = null)
    {
        ArgumentNullException.ThrowIfNull(x);
        ArgumentNullException.ThrowIfNull(w);
        Refuse.IfElsewhere("Linear", x, w);
        if (w.Shape.Rank != 2 || w.Shape[0] != x.Shape.Channels)
            Refuse.Because($"Linear: weight {w.Shape} does not fit input {x.Shape}; expected {x.Shape.Channels}×N.");
        Shape output = x.Shape.WithChannels(w.Shape[1]);
        Refuse.IfNot("Linear", x, "bias", bias, Shape.Of(w.Shape[1]));
        Refuse.IfNot("Linear", x, "residual", residual, output);
        using DeviceTurn turn = x.Device.TakeTurn();
        Tensor y = Tensor.Empty(output, x.Device);
        x.Device.Linear(x, w, bias, residual, y);
        return y.From(new LinearNode(x, w, bias, residual));
    }

    sealed class LinearNode(Tensor x, Tensor w, Tensor? bias, Tensor? residual) : RepeatableNode(x, w, bias, residual)
    {
        public override void Compute() => x.Device.Linear(x, w, bias, residual, Output);

        public override void Backward(Tensor dy)
        {
            Device device = x.Device;
            if (x.NeedsGrad) device.LinearGradInput(dy, w, x.GradBuffer(out bool accumulate), accumulate);
            if (w.NeedsGrad) device.LinearGradWeight(x, dy, GradToAddTo(w));
            if (bias is { NeedsGrad: true }) device.AddRowsGrad(dy, bias.GradBuffer(out bool accumulate), accumulate);
            if (residual is { NeedsGrad: true }) device.Affine(1, dy, 0, null, residual.GradBuffer(out bool accumulate), accumulate);
        }

        protected override bool Reads(Tensor input) => input == x || input == w;
    }

    /// <summary>
    /// Cross-correlation of images x N×H×W×I with W kh×kw×I×O (PyTorch's O×I×kh×kw, permuted), plus what else is given: bias O,
    /// perSample N×O (a time embedding, repeated over pixels), residual (as the output).
    /// </summary>
    public static Tensor Conv2d(this Tensor x, Tensor w, ConvSpec spec, Tensor? bias = null, Tensor? perSample = null, Tensor? residual = null)
    {
        Shape output = OutputShape(x, w, spec, bias, perSample, residual);
        using DeviceTurn turn = x.Device.TakeTurn();
        Tensor y = Tensor.Empty(output, x.Device);
        x.Device.Conv2d(spec, x, w, bias, perSample, residual, y);
        return y.From(new ConvNode(spec, x, w, bias, perSample, residual));
    }

    /// <summary>Checks the operands of <see cref="Conv2d"/>.</summary>
    internal static Shape OutputShape(Tensor x, Tensor w, ConvSpec spec, Tensor? bias, Tensor? perSample, Tensor? residual)
    {
        ArgumentNullException.ThrowIfNull(x);
        ArgumentNullException.ThrowIfNull(w);
        Refuse.IfNotImages("Conv2d", x);
        Refuse.IfEmpty("Conv2d", x);
        Refuse.IfInvalid("Conv2d", spec);
        Refuse.IfElsewhere("Conv2d", x, w);
        Shape s = x.Shape;
        if (!Fits(w, spec) || w.Shape[2] != s[3])
            Refuse.Because($"Conv2d: weight {w.Shape} does not fit input {s}; expected {spec.Down.Kernel}×{spec.Across.Kernel}×{s[3]}×O.");
        Refuse.IfTooLarge("Conv2d", s, spec);
        int height = spec.Down.OutputSize(s[1]), width = spec.Across.OutputSize(s[2]), channels = w.Shape[3];
        Shape output = Shape.Of(s[0], height, width, channels);
        Refuse.IfNot("Conv2d", x, "bias", bias, Shape.Of(channels));
        Refuse.IfNot("Conv2d", x, "perSample", perSample, Shape.Of(s[0], channels));
        Refuse.IfNot("Conv2d", x, "residual", residual, output);
        return output;
    }

    static bool Fits(Tensor w, ConvSpec spec) => w.Shape.Rank == 4 && w.Shape[0] == spec.Down.Kernel && w.Shape[1] == spec.Across.Kernel;

    sealed class ConvNode(ConvSpec spec, Tensor x, Tensor w, Tensor? bias, Tensor? perSample, Tensor? residual)
        : RepeatableNode(x, w, bias, perSample, residual)
    {
        public override void Compute() => x.Device.Conv2d(spec, x, w, bias, perSample, residual, Output);

        public override void Backward(Tensor dy)
        {
            Device device = x.Device;
            if (x.NeedsGrad) device.Conv2dGradInput(spec, dy, w, null, x.GradBuffer(out bool accumulate), accumulate);
            if (w.NeedsGrad) device.Conv2dGradWeight(spec, x, dy, GradToAddTo(w));
            GradOfAddends(dy, bias, perSample, residual);
        }

        protected override bool Reads(Tensor input) => input == x || input == w;
    }

    /// <summary>The gradients of what was added to a convolution's result: sums of dy, and dy itself.</summary>
    internal static void GradOfAddends(Tensor dy, Tensor? bias, Tensor? perSample, Tensor? residual)
    {
        Device device = dy.Device;
        if (perSample is { NeedsGrad: true }) device.AddRowsGrad(dy, perSample.GradBuffer(out bool accumulate), accumulate);
        if (bias is { NeedsGrad: true }) device.AddRowsGrad(dy, bias.GradBuffer(out bool accumulate), accumulate);
        if (residual is { NeedsGrad: true }) device.Affine(1, dy, 0, null, residual.GradBuffer(out bool accumulate), accumulate);
    }

    /// <summary>
    /// The transpose of a convolution: x N×H×W×I and W kh×kw×O×I (PyTorch's I×O×kh×kw, permuted) give N×H'×W'×O with
    /// H' = (H − 1)·stride − padding − paddingAfter + kernel + outputPadding.
    /// </summary>
    public static Tensor ConvTranspose2d(this Tensor x, Tensor w, ConvSpec spec, Tensor? bias = null, int outputPadding = 0)
    {
        ArgumentNullException.ThrowIfNull(x);
        ArgumentNullException.ThrowIfNull(w);
        Refuse.IfNotImages("ConvTranspose2d", x);
        Refuse.IfEmpty("ConvTranspose2d", x);
        Refuse.IfInvalid("ConvTranspose2d", spec);
        Refuse.IfElsewhere("ConvTranspose2d", x, w);
        Shape s = x.Shape;
        if (!Fits(w, spec) || w.Shape[3] != s[3])
            Refuse.Because($"ConvTranspose2d: weight {w.Shape} does not fit input {s}; expected {spec.Down.Kernel}×{spec.Across.Kernel}×O×{s[3]}.");
        int stride = Math.Min(spec.Down.Stride, spec.Across.Stride);
        if (outputPadding < 0 || outputPadding >= stride)
            Refuse.Because($"ConvTranspose2d: the output padding is {outputPadding}; it must be at least 0 and below the stride {stride}.");
        int height = Grown(s[1], spec.Down), width = Grown(s[2], spec.Across);
        if (height < 1 || width < 1) Refuse.Because($"ConvTranspose2d: {s[1]}×{s[2]} pixels leave no output with {spec.Steps}.");
        Refuse.IfNot("ConvTranspose2d", x, "bias", bias, Shape.Of(w.Shape[2]));
        using DeviceTurn turn = x.Device.TakeTurn();
        Tensor y = Tensor.Empty(Shape.Of(s[0], height, width, w.Shape[2]), x.Device);
        x.Device.Conv2dGradInput(spec, x, w, bias, y, accumulate: false);
        return y.From(new ConvTransposeNode(spec, x, w, bias));

        int Grown(int input, WindowAxis axis) => (input - 1) * axis.Stride + axis.Kernel + outputPadding - axis.Padding - axis.PaddingAfter;
    }

    sealed class ConvTransposeNode(ConvSpec spec, Tensor x, Tensor w, Tensor? bias) : RepeatableNode(x, w, bias)
    {
        public override void Compute() => x.Device.Conv2dGradInput(spec, x, w, bias, Output, accumulate: false);

        public override void Backward(Tensor dy)
        {
            Device device = x.Device;
            if (x.NeedsGrad)
            {
                Tensor dx = x.GradBuffer(out bool accumulate);
                device.Conv2d(spec, dy, w, null, null, accumulate ? dx : null, dx);
            }
            if (w.NeedsGrad) device.Conv2dGradWeight(spec, dy, x, GradToAddTo(w));
            if (bias is { NeedsGrad: true }) device.AddRowsGrad(dy, bias.GradBuffer(out bool accumulate), accumulate);
        }
    }

    /// <summary>Weight gradients are sums over many blocks, so their kernels only add; a fresh buffer starts at zero.</summary>
    internal static Tensor GradToAddTo(Tensor w)
    {
        Tensor dw = w.GradBuffer(out bool accumulate);
        if (!accumulate) w.Device.Fill(dw, 0);
        return dw;
    }
}
