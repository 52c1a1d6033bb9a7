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
    /// <param name="modulation">N×2I or none: what the norm gives becomes z·(1 + s) + t before SiLU, where a sample's row is [s, t].</param>
    /// <exception cref="ArgumentException">Shapes do not fit each other.</exception>
    public static Tensor GroupNormConv2d(
        this Tensor x, GroupNormSpec norm, Tensor gamma, Tensor beta, Tensor w, ConvSpec spec,
        Tensor? bias = null, Tensor? perSample = null, Tensor? residual = null, Tensor? modulation = null)
    {
        var affine = new NormAffine(gamma, beta, modulation);
        Normalization.Check(x, affine, norm.Groups);
        Shape output = Convolution.OutputShape(x, w, spec, bias, perSample, residual);
        Device device = x.Device;
        using DeviceTurn turn = device.TakeTurn();
        Tensor y = Tensor.Empty(output, device), statistics = Tensor.Empty(Shape.Of(x.Shape[0], norm.Groups, 3), device);
        var node = new NormConvNode(norm, spec, x, affine, statistics, w, bias, perSample, residual);
        node.Compute(y);
        return y.From(node);
    }

    sealed class NormConvNode(
        GroupNormSpec norm, ConvSpec spec, Tensor x, NormAffine affine, Tensor statistics, Tensor w,
        Tensor? bias, Tensor? perSample, Tensor? residual)
        : RepeatableNode(x, affine.Gamma, affine.Beta, affine.Modulation, w, bias, perSample, residual)
    {
        public override void Compute() => Compute(Output);

        public void Compute(Tensor y)
        {
            Device device = x.Device;
            Tensor normalized = Tensor.Empty(x.Shape, device);
            (Tensor, Tensor) rented = affine.Rent();
            device.GroupNorm(norm, x, rented.Item1, rented.Item2, normalized, statistics);
            device.Conv2d(spec, normalized, w, bias, perSample, residual, y);
            affine.Release(rented);
            normalized.Storage.Release();
        }

        public override void Backward(Tensor dy)
        {
            Device device = x.Device;
            Tensor h = Tensor.Empty(x.Shape, device);
            (Tensor, Tensor) rented = affine.Rent();
            device.GroupNorm(norm, x, rented.Item1, rented.Item2, h, statistics);
            if (w.NeedsGrad) device.Conv2dGradWeight(spec, h, dy, Convolution.GradToAddTo(w));
            if (x.NeedsGrad || affine.NeedsGrad)
            {
                Tensor dh = h;      // nobody reads h any more
                device.Conv2dGradInput(spec, dy, w, null, dh, accumulate: false);
                affine.Gradient(norm, x, rented, statistics, dh);
            }
            affine.Release(rented);
            h.Storage.Release();
            Convolution.GradOfAddends(dy, bias, perSample, residual);
        }

        protected override bool Reads(Tensor input) => input == x || input == w || input == affine.Gamma || input == affine.Beta || input == affine.Modulation;
    }
}
