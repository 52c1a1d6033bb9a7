using Brownian.Tensors.Autograd;

namespace Brownian.Tensors;

/// <summary>Group normalisation (Wu &amp; He 2018).</summary>
public static class Normalization
{
    /// <summary>
    /// Shifts and scales each group of adjacent channels of each sample of x N×…×C to mean 0 and variance 1 (biased, plus
    /// <paramref name="epsilon"/>), multiplies by γ C, adds β C, and applies SiLU if asked.
    /// </summary>
    /// <param name="x">N×…×C.</param>
    /// <param name="gamma">γ, C.</param>
    /// <param name="beta">β, C.</param>
    /// <param name="groups">Must divide the channels.</param>
    /// <param name="epsilon">Added to the variance.</param>
    /// <param name="silu">Whether SiLU follows.</param>
    /// <param name="modulation">N×2C or none: the result z becomes z·(1 + s) + t before SiLU, where a sample's row is [s, t].</param>
    /// <exception cref="ArgumentException">The groups do not divide the channels, or a shape does not fit.</exception>
    public static Tensor GroupNorm(
        this Tensor x, Tensor gamma, Tensor beta, int groups, float epsilon = 1e-5f, bool silu = false, Tensor? modulation = null)
    {
        var affine = new NormAffine(gamma, beta, modulation);
        Check(x, affine, groups);
        var spec = new GroupNormSpec(groups, epsilon, silu);
        using DeviceTurn turn = x.Device.TakeTurn();
        Tensor y = Tensor.Empty(x.Shape, x.Device);
        Tensor statistics = Tensor.Empty(Shape.Of(x.Shape[0], groups, 3), x.Device);
        Normalize(spec, x, affine, y, statistics);
        return y.From(new GroupNormNode(spec, x, affine, statistics));
    }

    static void Normalize(GroupNormSpec spec, Tensor x, NormAffine affine, Tensor y, Tensor statistics)
    {
        (Tensor Gamma, Tensor Beta) rented = affine.Rent();
        x.Device.GroupNorm(spec, x, rented.Gamma, rented.Beta, y, statistics);
        affine.Release(rented);
    }

    internal static void Check(Tensor x, NormAffine affine, int groups)
    {
        ArgumentNullException.ThrowIfNull(x);
        ArgumentNullException.ThrowIfNull(affine.Gamma);
        ArgumentNullException.ThrowIfNull(affine.Beta);
        Refuse.IfEmpty("GroupNorm", x);
        int channels = x.Shape.Channels;
        if (groups < 1 || channels % groups != 0) RefuseGroups(channels, groups);
        affine.Check(x);
    }

    sealed class GroupNormNode(GroupNormSpec spec, Tensor x, NormAffine affine, Tensor statistics)
        : CheapNode(x, affine.Gamma, affine.Beta, affine.Modulation)
    {
        public override void Backward(Tensor dy)
        {
            (Tensor, Tensor) rented = affine.Rent();
            affine.Gradient(spec, x, rented, statistics, dy);
            affine.Release(rented);
        }

        public override void Compute() => Normalize(spec, x, affine, Output, statistics);
    }

    // The kernel always adds to both; where one is not wanted the sum goes to a buffer that nobody reads.
    internal static Tensor GradOrScratch(Tensor parameter)
    {
        if (!parameter.NeedsGrad) return Tensor.Zeros(parameter.Shape, parameter.Device);
        Tensor grad = parameter.GradBuffer(out bool accumulate);
        if (!accumulate) parameter.Device.Fill(grad, 0);
        return grad;
    }

    static void RefuseGroups(int channels, int groups)
    {
        int divisor = Math.Max(1, Math.Min(groups, channels));
        while (channels % divisor != 0) divisor--;
        Refuse.Because($"GroupNorm: {groups} groups do not divide {channels} channels; try {divisor}.");
    }
}
