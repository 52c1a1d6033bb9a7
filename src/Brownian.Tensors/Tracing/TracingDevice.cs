using System.Diagnostics.CodeAnalysis;
using Brownian.Tensors.Tracing;

namespace Brownian.Tensors;

/// <summary>
/// A device without numbers: tensors on it have shapes but no memory, and nothing is computed. It writes down what a network would have
/// run, so that one forward pass tells the layers, the work and the memory of any network, of any size, at once. Every number read from
/// it is 0, and there is no backward pass.
/// </summary>
public sealed class TracingDevice : Device
{
    readonly List<KernelCall> _calls = [];
    (Tensor Modulated, Tensor Gamma, Tensor Beta)? _modulated;
    long _live, _peak;

    /// <summary>What ran so far, in order.</summary>
    public IReadOnlyList<KernelCall> Calls => _calls;

    /// <inheritdoc/>
    public override string Name => "tracing";

    /// <inheritdoc/>
    public override int Threads => 0;

    /// <inheritdoc/>
    public override string Instructions => "none";

    /// <summary>The bytes that the tensors would take.</summary>
    public override DeviceMemory Memory => new(_live, _peak, 0);

    /// <inheritdoc/>
    public override bool HoldsNumbers => false;

    /// <summary>Any: it reads no numbers.</summary>
    public override bool Reads(Device other) => true;

    internal void Count(long bytes) => _peak = Math.Max(_peak, _live += bytes);

    /// <inheritdoc/>
    protected override void Dispose(bool disposing) { }

#pragma warning disable CS1591      // Device documents its kernels
    public override Storage Allocate(int floats, bool scoped) => new TracingStorage(this, floats);
    public override void Upload(ReadOnlySpan<float> source, Tensor target) { }
    public override void Download(Tensor source, Span<float> target) => target.Clear();
    public override void Fill(Tensor y, float value) { }

    public override void Linear(Tensor x, Tensor w, Tensor? bias, Tensor? residual, Tensor y) =>
        _calls.Add(new("linear", w, bias, y.Shape, (long)x.Shape.Rows * w.Shape.Count));

    public override void Conv2d(ConvSpec spec, Tensor x, Tensor w, Tensor? bias, Tensor? perSample, Tensor? residual, Tensor y) =>
        _calls.Add(new(Describe("conv", spec), w, bias, y.Shape, Pixels(y) * w.Shape.Count));

    // Forward, this is a transposed convolution: every pixel of its input, here dy, meets the whole weight.
    public override void Conv2dGradInput(ConvSpec spec, Tensor dy, Tensor w, Tensor? bias, Tensor dx, bool accumulate) =>
        _calls.Add(new(Describe("transposed", spec), w, bias, dx.Shape, Pixels(dy) * w.Shape.Count));

    public override void GroupNorm(GroupNormSpec spec, Tensor x, Tensor gamma, Tensor beta, Tensor y, Tensor statistics)
    {
        bool modulated = _modulated is { } m && m.Modulated == gamma;
        _calls.Add(new("group norm", modulated ? _modulated!.Value.Gamma : gamma, modulated ? _modulated!.Value.Beta : beta, y.Shape, 0));
    }

    public override void Modulate(Tensor gamma, Tensor beta, Tensor m, Tensor g, Tensor b) => _modulated = (g, gamma, beta);

    public override void BatchNorm(BatchNormSpec spec, Tensor x, Tensor gamma, Tensor beta, Tensor statistics, Tensor? perSample, Tensor y) =>
        _calls.Add(new("batch norm", gamma, beta, y.Shape, 0));

    public override void Attention(AttentionSpec spec, Tensor q, Tensor k, Tensor v, Tensor y, Tensor logSumExp)
    {
        string heads = spec.Heads == 1 ? "1 head" : $"{spec.Heads} heads";
        _calls.Add(new($"attention, {heads}", null, null, y.Shape, 2L * spec.Length * y.Shape.Count));
    }

    static long Pixels(Tensor images) => (long)images.Shape[0] * images.Shape[1] * images.Shape[2];

    static string Describe(string kind, ConvSpec spec)
    {
        int down = spec.Down.Stride, across = spec.Across.Stride;
        string stride = (down, across) == (1, 1) ? "" : down == across ? $", stride {down}" : $", stride {down}×{across}";
        return $"{kind} {spec.Down.Kernel}×{spec.Across.Kernel}{stride}";
    }

    // What has no weights is no layer.
    public override void Unary(UnaryOp op, Tensor x, Tensor y) { }
    public override void Affine(float a, Tensor x, float b, Tensor? z, Tensor y, bool accumulate) { }
    public override void Multiply(Tensor x, Tensor z, Tensor y, bool accumulate) { }
    public override void Clamp(Tensor x, float low, float high, Tensor y) { }
    public override void MixPerSample(ReadOnlySpan<float> a, Tensor x, ReadOnlySpan<float> b, Tensor z, Tensor y) { }
    public override void Dropout(Tensor x, float rate, Philox random, Tensor y, bool accumulate) { }
    public override void DropoutChannels(Tensor x, float rate, Philox random, Tensor y, bool accumulate) { }
    public override void Normal(Philox random, long first, Tensor y) { }
    public override void AddRows(Tensor x, Tensor v, Tensor y) { }
    public override void CopyChannels(Tensor x, int from, Tensor y, int to, int count, bool accumulate) { }
    public override void UpsampleNearest(Tensor x, int factor, Tensor y) { }
    public override void Pool(PoolOp op, ConvSpec window, Tensor x, Tensor y) { }
    public override void ResizeBilinear(Tensor x, Tensor y) { }
    public override void BinomialHalve(Tensor x, float scale, Tensor y, bool accumulate) { }
    public override void BinomialDouble(Tensor x, float scale, Tensor y, bool accumulate) { }
    public override void BatchStatistics(
        BatchNormSpec spec, bool training, Tensor x, Tensor runningMean, Tensor runningVariance, Tensor statistics)
    { }

    public override void Sum(Tensor x, Tensor y) { }
    public override void SumOfSquares(Tensor x, Tensor y) { }
    public override void Loss(LossSpec spec, Tensor x, Tensor target, ReadOnlySpan<double> weights, Tensor loss, Tensor sums) { }
    public override void Bound(ReadOnlySpan<PixelBound> bounds, Tensor x0, Tensor xt, Tensor output, Tensor loss, Tensor sums) { }

    public override void UnaryGrad(UnaryOp op, Tensor x, Tensor dy, Tensor dx, bool accumulate) => Refuse();
    public override void AddRowsGrad(Tensor dy, Tensor dv, bool accumulate) => Refuse();
    public override void LossGrad(LossSpec spec, Tensor x, Tensor target, ReadOnlySpan<double> weights, Tensor dy, Tensor dx, bool accumulate) => Refuse();
    public override void BoundGrad(
        ReadOnlySpan<PixelBound> bounds, Tensor x0, Tensor xt, Tensor output, Tensor dy, bool trainsPrediction, Tensor dOutput,
        bool accumulate) => Refuse();
    public override void UpsampleNearestGrad(Tensor dy, int factor, Tensor dx, bool accumulate) => Refuse();
    public override void PoolGrad(PoolOp op, ConvSpec window, Tensor? x, Tensor dy, Tensor dx, bool accumulate) => Refuse();
    public override void ResizeBilinearGrad(Tensor dy, Tensor dx, bool accumulate) => Refuse();
    public override void LinearGradInput(Tensor dy, Tensor w, Tensor dx, bool accumulate) => Refuse();
    public override void LinearGradWeight(Tensor x, Tensor dy, Tensor dw) => Refuse();
    public override void Conv2dGradWeight(ConvSpec spec, Tensor x, Tensor dy, Tensor dw) => Refuse();

    public override void GroupNormGrad(
        GroupNormSpec spec, Tensor x, Tensor gamma, Tensor beta, Tensor statistics, Tensor dy, Tensor? dx, bool accumulate, Tensor dGamma,
        Tensor dBeta) => Refuse();

    public override void BatchNormGrad(
        BatchNormSpec spec, bool training, Tensor x, Tensor gamma, Tensor beta, Tensor statistics, Tensor dy, Tensor? dx, bool accumulate,
        Tensor dGamma, Tensor dBeta) => Refuse();

    public override void ModulateGrad(
        Tensor gamma, Tensor beta, Tensor m, Tensor dg, Tensor db, Tensor dGamma, Tensor dBeta, Tensor? dm, bool accumulate) => Refuse();

    public override void AttentionGrad(
        AttentionSpec spec, Tensor q, Tensor k, Tensor v, Tensor y, Tensor logSumExp, Tensor dy, Tensor dq, Tensor dk, Tensor dv) => Refuse();

    public override void Adam(in AdamStep step, Tensor w, Tensor g, Tensor m, Tensor v) => Refuse();
    public override void Lerp(Tensor y, Tensor x, float rate) => Refuse();

    [DoesNotReturn]
    static void Refuse() => throw new NotSupportedException("A tracing device has no numbers to compute gradients or updates from.");
}
