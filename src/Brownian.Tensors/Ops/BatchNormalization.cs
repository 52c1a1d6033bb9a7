using Brownian.Tensors.Autograd;

namespace Brownian.Tensors;

/// <summary>The mean and the variance, C each, that batch norm has seen while training and uses afterwards.</summary>
public readonly record struct RunningStatistics(Tensor Mean, Tensor Variance);

/// <summary>Batch normalisation (Ioffe &amp; Szegedy 2015).</summary>
public static class BatchNormalization
{
    /// <summary>
    /// Shifts and scales each channel of x N×…×C to mean 0 and variance 1, multiplies by γ and adds β. In training mean and variance
    /// (biased, plus ε) are those of all positions of all samples of x, and the running ones move towards them (the variance towards the
    /// unbiased one); otherwise they are the running ones, and each sample is treated by itself.
    /// </summary>
    /// <param name="x">N×…×C.</param>
    /// <param name="spec">ε, momentum, and the ReLU before or the SiLU after.</param>
    /// <param name="gamma">The scale, C.</param>
    /// <param name="beta">The shift, C.</param>
    /// <param name="running">Changed in training. No gradient flows to them.</param>
    /// <param name="training">Whose statistics are used.</param>
    /// <param name="perSample">N×C, added to the result at every position, or none.</param>
    /// <exception cref="ArgumentException">A shape does not fit, or a channel has a single number to train with.</exception>
    public static Tensor BatchNorm(
        this Tensor x, BatchNormSpec spec, Tensor gamma, Tensor beta, RunningStatistics running, bool training, Tensor? perSample = null)
    {
        Check(x, gamma, beta, running, perSample);
        // One image stands for a batch where a pass is only traced.
        if (training && x.Shape.Rows < 2 && x.Device.HoldsNumbers)
            Refuse.Because($"BatchNorm: {x.Shape} has one number per channel, and no variance; train with more images at a time, or larger ones.");
        Device device = x.Device;
        using DeviceTurn turn = device.TakeTurn();
        Tensor y = Tensor.Empty(x.Shape, device), statistics = Tensor.Empty(Shape.Of(3, x.Shape.Channels), device);
        device.BatchStatistics(spec, training, x, running.Mean, running.Variance, statistics);
        device.BatchNorm(spec, x, gamma, beta, statistics, perSample, y);
        return y.From(new BatchNormNode(spec, training, x, gamma, beta, statistics, perSample));
    }

    sealed class BatchNormNode(BatchNormSpec spec, bool training, Tensor x, Tensor gamma, Tensor beta, Tensor statistics, Tensor? perSample)
        : CheapNode(x, gamma, beta, perSample)
    {
        // With the statistics of the first time: the running ones have moved once already.
        public override void Compute() => x.Device.BatchNorm(spec, x, gamma, beta, statistics, perSample, Output);

        public override void Backward(Tensor dy)
        {
            if (perSample is { NeedsGrad: true }) x.Device.AddRowsGrad(dy, perSample.GradBuffer(out bool add), add);
            if (!x.NeedsGrad && !gamma.NeedsGrad && !beta.NeedsGrad) return;
            bool accumulate = false;
            Tensor? dx = x.NeedsGrad ? x.GradBuffer(out accumulate) : null;
            x.Device.BatchNormGrad(
                spec, training, x, gamma, beta, statistics, dy, dx, accumulate,
                Normalization.GradOrScratch(gamma), Normalization.GradOrScratch(beta));
        }
    }

    static void Check(Tensor x, Tensor gamma, Tensor beta, RunningStatistics running, Tensor? perSample)
    {
        ArgumentNullException.ThrowIfNull(x);
        ArgumentNullException.ThrowIfNull(gamma);
        ArgumentNullException.ThrowIfNull(beta);
        Refuse.IfEmpty("BatchNorm", x);
        Shape channels = Shape.Of(x.Shape.Channels);
        Refuse.IfNot("BatchNorm", x, "gamma", gamma, channels);
        Refuse.IfNot("BatchNorm", x, "beta", beta, channels);
        Refuse.IfNot("BatchNorm", x, "the running mean", running.Mean, channels);
        Refuse.IfNot("BatchNorm", x, "the running variance", running.Variance, channels);
        Refuse.IfNot("BatchNorm", x, "perSample", perSample, Shape.Of(x.Shape[0], x.Shape.Channels));
    }
}
