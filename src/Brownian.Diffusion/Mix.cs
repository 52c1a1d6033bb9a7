using Brownian.Tensors;

namespace Brownian;

/// <summary>A linear combination of two images: First·a + Second·b.</summary>
/// <param name="First">The weight of the first.</param>
/// <param name="Second">The weight of the second.</param>
public readonly record struct Mix(double First, double Second)
{
    /// <summary>False where a division by a vanishing signal or noise made a weight infinite.</summary>
    public bool IsFinite => double.IsFinite(First) && double.IsFinite(Second);

    /// <summary>The combination of two numbers.</summary>
    public double Of(double a, double b) => First * a + Second * b;

    /// <summary>The combination of two tensors of one shape; the second itself where that is the result.</summary>
    public Tensor Of(Tensor a, Tensor b) => this is (0, 1) ? b : TensorOps.Affine((float)First, a, (float)Second, b);
}
