namespace Brownian.Tensors;

/// <summary>Functions applied element by element.</summary>
public enum UnaryOp
{
    /// <summary>x·σ(x), also called swish.</summary>
    Silu,

    /// <summary>x·tanh(ln(1 + eˣ)).</summary>
    Mish,

    /// <summary>max(x, 0)</summary>
    Relu,

    /// <summary>x·Φ(x), Φ the distribution function of the standard normal distribution.</summary>
    Gelu,
}

/// <summary>A loss with the number it depends on: <see cref="Scale"/> is δ or c, above 0; the others ignore it.</summary>
public readonly record struct LossSpec(LossOp Op, float Scale = 1);

/// <summary>What is made of the pixels of a window, channel by channel.</summary>
public enum PoolOp
{
    /// <summary>Their mean. Padding does not count: beside the border it is a mean of fewer.</summary>
    Average,

    /// <summary>Their largest.</summary>
    Max,
}

/// <summary>
/// How a window of <see cref="Kernel"/> pixels slides along one axis of an image that is continued by <see cref="Padding"/> pixels before
/// (top, left) and <see cref="PaddingAfter"/> after (bottom, right).
/// </summary>
public readonly record struct WindowAxis(int Kernel, int Stride, int Padding, int PaddingAfter)
{
    /// <summary>The same padding on both sides.</summary>
    public WindowAxis(int kernel, int stride = 1, int padding = 0) : this(kernel, stride, padding, padding) { }

    /// <summary>The output extent for an input extent; 0 where the window does not fit.</summary>
    public int OutputSize(int input)
    {
        int room = input + Padding + PaddingAfter - Kernel;
        return room < 0 ? 0 : room / Stride + 1;
    }

    /// <summary>The pixels that an output sees, from the first to before the last, padding left out.</summary>
    public (int From, int End) InputsOf(int output, int inputs)
    {
        int from = output * Stride - Padding;
        return (Math.Max(0, from), Math.Min(inputs, from + Kernel));
    }

    /// <summary>The outputs that see a pixel, from the first to before the last; from and end are equal where none does.</summary>
    public (int From, int End) OutputsOf(int input, int outputs)
    {
        int last = (input + Padding) / Stride, first = (Math.Max(0, input + Padding - Kernel + 1) + Stride - 1) / Stride;
        int end = Math.Min(outputs, last + 1);
        return (Math.Min(first, end), end);
    }
}

/// <summary>How the window of a convolution or a pool slides over images. What is around them is zeros to a convolution, and to a pool nothing.</summary>
public readonly record struct ConvSpec(WindowAxis Down, WindowAxis Across)
{
    /// <summary>A square window, the same padding on all sides.</summary>
    public ConvSpec(int kernel, int stride = 1, int padding = 0) : this(kernel, stride, padding, padding) { }

    /// <summary>A square window; one padding at the top and left, another at the bottom and right.</summary>
    public ConvSpec(int kernel, int stride, int padding, int paddingAfter)
        : this(new WindowAxis(kernel, stride, padding, paddingAfter), new WindowAxis(kernel, stride, padding, paddingAfter)) { }

    /// <summary>A window of so many pixels, both odd, with the padding that keeps an image's size.</summary>
    public static ConvSpec Same(int height, int width) => new(new(height, 1, height / 2), new WindowAxis(width, 1, width / 2));

    /// <summary>Stride and padding as messages name them.</summary>
    internal string Steps => Down == Across with { Kernel = Down.Kernel } ? Of(Down) : $"{Of(Down)} down and {Of(Across)} across";

    static string Of(WindowAxis axis) => $"stride {axis.Stride}, padding {axis.Padding} and {axis.PaddingAfter}";
}

/// <summary>Group norm over <see cref="Groups"/> groups of adjacent channels, with an optional SiLU on its result.</summary>
public readonly record struct GroupNormSpec(int Groups, float Epsilon, bool Silu);

/// <summary>
/// Batch norm: what is added to the variance, the share of a batch's statistics in the running ones, and what surrounds it: a
/// <see cref="Relu"/> on what is normalised, a <see cref="Silu"/> on the result.
/// </summary>
public readonly record struct BatchNormSpec(float Epsilon = 1e-5f, float Momentum = 0.1f, bool Relu = false, bool Silu = false)
{
    /// <summary>PyTorch's ε and momentum.</summary>
    public BatchNormSpec() : this(1e-5f) { }
}

/// <summary>The extents of one self-attention: samples, positions, heads, channels per head, and the distance between rows of q, k and v.</summary>
public readonly record struct AttentionSpec(int Samples, int Length, int Heads, int HeadChannels, int RowStride)
{
    /// <summary>1/√(channels per head), Vaswani et al. 2017, eq. 1.</summary>
    public float Scale => 1f / MathF.Sqrt(HeadChannels);
}

/// <summary>
/// The numbers of one step of Adam (Kingma &amp; Ba 2015, algorithm 1). <see cref="Decoupled"/> applies weight decay to the weights
/// (AdamW, Loshchilov &amp; Hutter 2019); otherwise it is added to the gradient. <see cref="GradScale"/> multiplies the gradient
/// first, for clipping.
/// </summary>
public readonly record struct AdamStep(
    long Step, double Rate, double Beta1, double Beta2, double Epsilon, double WeightDecay, bool Decoupled, float GradScale);
