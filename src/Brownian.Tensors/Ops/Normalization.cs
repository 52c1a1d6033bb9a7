using Brownian.Tensors.Autograd;

namespace Brownian.Tensors;

/// <summary>Group normalisation (Wu &amp; He 2018).</summary>
public static class Normalization
{
    /// <summary>
    /// Shifts and scales each group of adjacent channels of each sample of x N×…×C to mean 0 and variance 1 (biased, plus
    /// <paramref name="epsilon"/>), multiplies by γ C, adds β C, and applies SiLU if asked.
    /// </summary>
    /// <exception cref="ArgumentException">The groups do not divide the channels.</exception>
    public static Tensor GroupNorm(this Tensor x, Tensor gamma, Tensor beta, int groups, float epsilon = 1e-5f, bool silu = false)
    {
        Check(x, gamma, beta, groups);
        var spec = new GroupNormSpec(groups, epsilon, silu);
        Tensor y = Tensor.Empty(x.Shape, x.Device);
        Tensor statistics = Tensor.Empty(Shape.Of(x.Shape[0], groups, 3), x.Device);
        x.Device.GroupNorm(spec, x, gamma, beta, y, statistics);
        return y.From(new GroupNormNode(spec, x, gamma, beta, statistics));
    }

    internal static void Check(Tensor x, Tensor gamma, Tensor beta, int groups)
    {
        ArgumentNullException.ThrowIfNull(x);
        ArgumentNullException.ThrowIfNull(gamma);
        ArgumentNullException.ThrowIfNull(beta);
        Refuse.IfEmpty("GroupNorm", x);
        int channels = x.Shape.Channels;
        if (groups < 1 || channels % groups != 0) RefuseGroups(channels, groups);
        Refuse.IfNot("GroupNorm", "gamma", gamma, Shape.Of(channels));
        Refuse.IfNot("GroupNorm", "beta", beta, Shape.Of(channels));
    }

    sealed class GroupNormNode(GroupNormSpec spec, Tensor x, Tensor gamma, Tensor beta, Tensor statistics) : Node(x, gamma, beta)
    {
        public override void Backward(Tensor dy) => Gradient(spec, x, gamma, beta, statistics, dy);
    }

    /// <summary>Adds to the gradients of x, γ and β what dy, the gradient of the result, tells.</summary>
    internal static void Gradient(GroupNormSpec spec, Tensor x, Tensor gamma, Tensor beta, Tensor statistics, Tensor dy)
    {
        bool accumulate = false;
        Tensor? dx = x.NeedsGrad ? x.GradBuffer(out accumulate) : null;
        x.Device.GroupNormGrad(spec, x, gamma, beta, statistics, dy, dx, accumulate, GradOrScratch(gamma), GradOrScratch(beta));
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
