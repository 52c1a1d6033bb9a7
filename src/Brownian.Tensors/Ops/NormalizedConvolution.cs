using Brownian.Tensors.Autograd;

namespace Brownian.Tensors;

/// <summary>Group norm followed by a convolution, as resnets have it, in the memory of the convolution alone.</summary>
public static class NormalizedConvolution
{
    /// <summary>
    /// conv(norm(x)) + bias + perSample + residual. What the norm gives is needed once going forward and once going backward: it is not
    /// kept in between but computed again, which takes a fiftieth of the convolution's time and saves a tensor of the size of x
    /// (Chen et al. 2016, "Training deep nets with sublinear memory cost").
    /// </summary>
    /// <param name="x">Images, N×H×W×I.</param>
    /// <param name="norm">Groups, ε and SiLU.</param>
    /// <param name="gamma">The norm's scale, I.</param>
    /// <param name="beta">The norm's shift, I.</param>
    /// <param name="w">The convolution's weight, k×k×I×O.</param>
    /// <param name="spec">Kernel, stride and padding.</param>
    /// <param name="bias">O, or none.</param>
    /// <param name="perSample">N×O, repeated over pixels, or none.</param>
    /// <param name="residual">Added to the result, of its shape, or none.</param>
    /// <exception cref="ArgumentException">Shapes do not fit each other.</exception>
    public static Tensor GroupNormConv2d(
        this Tensor x, GroupNormSpec norm, Tensor gamma, Tensor beta, Tensor w, ConvSpec spec,
        Tensor? bias = null, Tensor? perSample = null, Tensor? residual = null)
    {
        Normalization.Check(x, gamma, beta, norm.Groups);
        Shape output = Convolution.OutputShape(x, w, spec, bias, perSample, residual);
        Device device = x.Device;
        Tensor y = Tensor.Empty(output, device), statistics = Tensor.Empty(Shape.Of(x.Shape[0], norm.Groups, 3), device);
        Tensor normalized = Tensor.Empty(x.Shape, device);
        device.GroupNorm(norm, x, gamma, beta, normalized, statistics);
        device.Conv2d(spec, normalized, w, bias, perSample, residual, y);
        normalized.Storage.Release();
        return y.From(new NormConvNode(norm, spec, x, gamma, beta, statistics, w, bias, perSample, residual));
    }

    sealed class NormConvNode(
        GroupNormSpec norm, ConvSpec spec, Tensor x, Tensor gamma, Tensor beta, Tensor statistics, Tensor w,
        Tensor? bias, Tensor? perSample, Tensor? residual)
        : Node(x, gamma, beta, w, bias, perSample, residual)
    {
        public override void Backward(Tensor dy)
        {
            Device device = x.Device;
            Tensor h = Tensor.Empty(x.Shape, device);
            device.GroupNorm(norm, x, gamma, beta, h, statistics);
            if (w.NeedsGrad) device.Conv2dGradWeight(spec, h, dy, Convolution.GradToAddTo(w));
            if (x.NeedsGrad || gamma.NeedsGrad || beta.NeedsGrad)
            {
                Tensor dh = h;      // nobody reads h any more
                device.Conv2dGradInput(spec, dy, w, null, dh, accumulate: false);
                Normalization.Gradient(norm, x, gamma, beta, statistics, dh);
            }
            h.Storage.Release();
            Convolution.GradOfAddends(dy, bias, perSample, residual);
        }

        protected override bool Reads(Tensor input) => input == x || input == gamma || input == beta || input == w;
    }
}
