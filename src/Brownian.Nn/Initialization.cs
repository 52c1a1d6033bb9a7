using Brownian.Tensors;

namespace Brownian.Nn;

/// <summary>The distribution that a parameter's first values are drawn from: PyTorch's defaults.</summary>
public readonly record struct Initialization
{
    readonly Kind _kind;
    readonly float _scale;
    readonly float[]? _given;

    Initialization(Kind kind, double scale, float[]? given = null) => (_kind, _scale, _given) = (kind, (float)scale, given);

    enum Kind
    {
        Constant,
        Uniform,
        Normal,
        Given,
    }

    /// <summary>All zero.</summary>
    public static Initialization Zeros => new(Kind.Constant, 0);

    /// <summary>All one.</summary>
    public static Initialization Ones => new(Kind.Constant, 1);

    /// <summary>N(0, 1), as <c>torch.nn.Embedding</c>.</summary>
    public static Initialization StandardNormal => Normal(1);

    /// <summary>N(0, deviation²).</summary>
    public static Initialization Normal(double deviation) => new(Kind.Normal, deviation);

    /// <summary>
    /// U(−1/√fan_in, 1/√fan_in): what <c>kaiming_uniform_(a=√5)</c> (He et al. 2015) amounts to in PyTorch's linear and
    /// convolution layers, for weights and for biases.
    /// </summary>
    /// <param name="fanIn">The number of inputs that one output is a sum over, at least 1.</param>
    public static Initialization FanIn(int fanIn) => new(Kind.Uniform, 1 / Math.Sqrt(fanIn));

    /// <summary>U(−a, a) with a = √(6/(fan_in + fan_out)) (Glorot &amp; Bengio 2010, eq. 16).</summary>
    public static Initialization Xavier(int fanIn, int fanOut) => new(Kind.Uniform, Math.Sqrt(6.0 / (fanIn + fanOut)));

    /// <summary>These values, in PyTorch's order.</summary>
    public static Initialization Of(float[] values) => new(Kind.Given, 0, values);

    internal void Fill(Span<float> values, Philox random)
    {
        switch (_kind)
        {
            case Kind.Constant:
                values.Fill(_scale);
                break;
            case Kind.Given:
                _given.CopyTo(values);
                break;
            case Kind.Normal:
                random.Normal(values);
                foreach (ref float value in values) value *= _scale;
                break;
            default:
                random.Uniform(values);
                foreach (ref float value in values) value = (2 * value - 1) * _scale;
                break;
        }
    }
}
