using Brownian.Tensors;

namespace Brownian.Evaluation;

/// <summary>What a batch norm has learned and seen of C channels.</summary>
/// <param name="Gamma">C.</param>
/// <param name="Beta">C.</param>
/// <param name="Mean">C.</param>
/// <param name="Variance">C.</param>
/// <param name="Epsilon">Added to the variance.</param>
readonly record struct FrozenNorm(float[] Gamma, float[] Beta, float[] Mean, float[] Variance, double Epsilon);

/// <summary>A convolution that no longer trains. The batch norm behind it is part of its weights and bias.</summary>
sealed class FrozenConvolution
{
    readonly Tensor _weight, _bias;
    readonly ConvSpec _window;

    /// <summary>(W·x − μ)·γ/√(σ² + ε) + β, folded in double.</summary>
    /// <param name="device">Where it computes.</param>
    /// <param name="window">Kernel, stride and padding.</param>
    /// <param name="inputs">I.</param>
    /// <param name="weight">O×I×kh×kw, PyTorch's and ONNX's order.</param>
    /// <param name="norm">Of O channels.</param>
    public FrozenConvolution(Device device, ConvSpec window, int inputs, float[] weight, FrozenNorm norm)
    {
        _window = window;
        int height = window.Down.Kernel, width = window.Across.Kernel, taps = height * width, outputs = norm.Gamma.Length;
        double[] scale = new double[outputs];
        float[] bias = new float[outputs], folded = new float[weight.Length];
        for (int o = 0; o < outputs; o++)
        {
            scale[o] = norm.Gamma[o] / Math.Sqrt(norm.Variance[o] + norm.Epsilon);
            bias[o] = (float)(norm.Beta[o] - norm.Mean[o] * scale[o]);
        }
        for (int tap = 0; tap < taps; tap++)
        {
            for (int i = 0; i < inputs; i++)
            {
                Span<float> row = folded.AsSpan((tap * inputs + i) * outputs, outputs);
                for (int o = 0; o < outputs; o++) row[o] = (float)(weight[(o * inputs + i) * taps + tap] * scale[o]);
            }
        }
        _weight = Stored(folded, Shape.Of(height, width, inputs, outputs), device);
        _bias = Stored(bias, Shape.Of(outputs), device);
    }

    /// <summary>N×H×W×I to N×H'×W'×O, plus a residual of that shape where given.</summary>
    public Tensor Forward(Tensor x, Tensor? residual = null) => x.Conv2d(_weight, _window, _bias, residual: residual);

    /// <summary>Numbers that no scope owns.</summary>
    public static Tensor Stored(ReadOnlySpan<float> numbers, Shape shape, Device device)
    {
        Tensor tensor = Tensor.Persistent(shape, device);
        tensor.CopyFrom(numbers);
        return tensor;
    }
}
