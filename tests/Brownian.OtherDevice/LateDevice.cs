using System.Runtime.CompilerServices;
using Brownian.Tensors;

namespace Brownian.OtherDevice;

/// <summary>
/// A device of another assembly: its blocks are no arrays, and it computes when somebody reads, not before. The kernels themselves are
/// those of the processor, on tensors that stand behind its own.
/// </summary>
/// <param name="threads">Of the processor.</param>
public sealed class LateDevice(int threads) : Device
{
    readonly Device _inner = Cpu(threads);
    readonly Queue<Action> _waiting = new();
    readonly HashSet<string> _called = [], _calledOutOfTurn = [];
    long _live, _peak;

    /// <summary>The methods that were called so far.</summary>
    public IReadOnlySet<string> Called => _called;

    /// <summary>Those that a thread called without having the device's turn.</summary>
    public IReadOnlySet<string> CalledOutOfTurn => _calledOutOfTurn;

    public override string Name => $"late, {threads} {(threads == 1 ? "thread" : "threads")}";

    public override int Threads => threads;

    public override string Instructions => _inner.Instructions;

    public override DeviceMemory Memory => new(_live, _peak, 0);

    internal void Count(int floats) => _peak = Math.Max(_peak, _live += (long)sizeof(float) * floats);

    /// <summary>Memory that shows who reads it before it is written.</summary>
    internal Tensor Undefined(int floats) => Tensor.Full(Shape.Of(floats), float.NaN, _inner);

    protected override void Dispose(bool disposing)
    {
        if (disposing) _inner.Dispose();
    }

    public override Storage Allocate(int floats, bool scoped)
    {
        Note(nameof(Allocate));
        return new LateStorage(this, floats, scoped);
    }

    public override void Upload(ReadOnlySpan<float> source, Tensor target)
    {
        float[] sourceCopy = source.ToArray();
        On([target], t => _inner.Upload(sourceCopy, t[0]));
    }

    public override void Download(Tensor source, Span<float> target)
    {
        Note(nameof(Download));
        Synchronize();
        _inner.Download(At(source)!, target);
    }

    public override void Synchronize()
    {
        while (_waiting.TryDequeue(out Action? work)) work();
    }

    public override void Fill(Tensor y, float value) => On([y], t => _inner.Fill(t[0], value));

    void Note(string name)
    {
        _called.Add(name);
        if (!HasTurn) _calledOutOfTurn.Add(name);
    }

    // What stands behind each operand is looked up at once, as its block may be released before the work is done. One that is absent stays null.
    void On(Tensor?[] operands, Action<Tensor[]> kernel, [CallerMemberName] string name = "")
    {
        Note(name);
        Tensor[] behind = Array.ConvertAll(operands, x => At(x)!);
        _waiting.Enqueue(() => kernel(behind));
    }

    static Tensor? At(Tensor? x) => x is null ? null : ((LateStorage)x.Storage).Memory.Slice(x.Offset, x.Shape);

    public override void Unary(UnaryOp op, Tensor x, Tensor y) =>
        On([x, y], t => _inner.Unary(op, t[0], t[1]));

    public override void UnaryGrad(UnaryOp op, Tensor x, Tensor dy, Tensor dx, bool accumulate) =>
        On([x, dy, dx], t => _inner.UnaryGrad(op, t[0], t[1], t[2], accumulate));

    public override void Affine(float a, Tensor x, float b, Tensor? z, Tensor y, bool accumulate) =>
        On([x, z, y], t => _inner.Affine(a, t[0], b, t[1], t[2], accumulate));

    public override void Multiply(Tensor x, Tensor z, Tensor y, bool accumulate) =>
        On([x, z, y], t => _inner.Multiply(t[0], t[1], t[2], accumulate));

    public override void Clamp(Tensor x, float low, float high, Tensor y) =>
        On([x, y], t => _inner.Clamp(t[0], low, high, t[1]));

    public override void MixPerSample(ReadOnlySpan<float> a, Tensor x, ReadOnlySpan<float> b, Tensor z, Tensor y)
    {
        float[] aCopy = a.ToArray(), bCopy = b.ToArray();
        On([x, z, y], t => _inner.MixPerSample(aCopy, t[0], bCopy, t[1], t[2]));
    }

    public override void Dropout(Tensor x, float rate, Philox random, Tensor y, bool accumulate) =>
        On([x, y], t => _inner.Dropout(t[0], rate, random, t[1], accumulate));

    public override void DropoutChannels(Tensor x, float rate, Philox random, Tensor y, bool accumulate) =>
        On([x, y], t => _inner.DropoutChannels(t[0], rate, random, t[1], accumulate));

    public override void Normal(Philox random, long first, Tensor y) =>
        On([y], t => _inner.Normal(random, first, t[0]));

    public override void AddRows(Tensor x, Tensor v, Tensor y) =>
        On([x, v, y], t => _inner.AddRows(t[0], t[1], t[2]));

    public override void AddRowsGrad(Tensor dy, Tensor dv, bool accumulate) =>
        On([dy, dv], t => _inner.AddRowsGrad(t[0], t[1], accumulate));

    public override void Sum(Tensor x, Tensor y) =>
        On([x, y], t => _inner.Sum(t[0], t[1]));

    public override void SumOfSquares(Tensor x, Tensor y) =>
        On([x, y], t => _inner.SumOfSquares(t[0], t[1]));

    public override void Loss(LossSpec spec, Tensor x, Tensor target, ReadOnlySpan<double> weights, Tensor loss, Tensor sums)
    {
        double[] weightsCopy = weights.ToArray();
        On([x, target, loss, sums], t => _inner.Loss(spec, t[0], t[1], weightsCopy, t[2], t[3]));
    }

    public override void LossGrad(LossSpec spec, Tensor x, Tensor target, ReadOnlySpan<double> weights, Tensor dy, Tensor dx, bool accumulate)
    {
        double[] weightsCopy = weights.ToArray();
        On([x, target, dy, dx], t => _inner.LossGrad(spec, t[0], t[1], weightsCopy, t[2], t[3], accumulate));
    }

    public override void Bound(ReadOnlySpan<PixelBound> bounds, Tensor x0, Tensor xt, Tensor output, Tensor loss, Tensor sums)
    {
        PixelBound[] boundsCopy = bounds.ToArray();
        On([x0, xt, output, loss, sums], t => _inner.Bound(boundsCopy, t[0], t[1], t[2], t[3], t[4]));
    }

    public override void BoundGrad(ReadOnlySpan<PixelBound> bounds, Tensor x0, Tensor xt, Tensor output, Tensor dy, bool trainsPrediction, Tensor dOutput, bool accumulate)
    {
        PixelBound[] boundsCopy = bounds.ToArray();
        On([x0, xt, output, dy, dOutput], t => _inner.BoundGrad(boundsCopy, t[0], t[1], t[2], t[3], trainsPrediction, t[4], accumulate));
    }

    public override void CopyChannels(Tensor x, int from, Tensor y, int to, int count, bool accumulate) =>
        On([x, y], t => _inner.CopyChannels(t[0], from, t[1], to, count, accumulate));

    public override void UpsampleNearest(Tensor x, int factor, Tensor y) =>
        On([x, y], t => _inner.UpsampleNearest(t[0], factor, t[1]));

    public override void UpsampleNearestGrad(Tensor dy, int factor, Tensor dx, bool accumulate) =>
        On([dy, dx], t => _inner.UpsampleNearestGrad(t[0], factor, t[1], accumulate));

    public override void Pool(PoolOp op, ConvSpec window, Tensor x, Tensor y) =>
        On([x, y], t => _inner.Pool(op, window, t[0], t[1]));

    public override void PoolGrad(PoolOp op, ConvSpec window, Tensor? x, Tensor dy, Tensor dx, bool accumulate) =>
        On([x, dy, dx], t => _inner.PoolGrad(op, window, t[0], t[1], t[2], accumulate));

    public override void ResizeBilinear(Tensor x, Tensor y) =>
        On([x, y], t => _inner.ResizeBilinear(t[0], t[1]));

    public override void ResizeBilinearGrad(Tensor dy, Tensor dx, bool accumulate) =>
        On([dy, dx], t => _inner.ResizeBilinearGrad(t[0], t[1], accumulate));

    public override void BinomialHalve(Tensor x, float scale, Tensor y, bool accumulate) =>
        On([x, y], t => _inner.BinomialHalve(t[0], scale, t[1], accumulate));

    public override void BinomialDouble(Tensor x, float scale, Tensor y, bool accumulate) =>
        On([x, y], t => _inner.BinomialDouble(t[0], scale, t[1], accumulate));

    public override void Linear(Tensor x, Tensor w, Tensor? bias, Tensor? residual, Tensor y) =>
        On([x, w, bias, residual, y], t => _inner.Linear(t[0], t[1], t[2], t[3], t[4]));

    public override void LinearGradInput(Tensor dy, Tensor w, Tensor dx, bool accumulate) =>
        On([dy, w, dx], t => _inner.LinearGradInput(t[0], t[1], t[2], accumulate));

    public override void LinearGradWeight(Tensor x, Tensor dy, Tensor dw) =>
        On([x, dy, dw], t => _inner.LinearGradWeight(t[0], t[1], t[2]));

    public override void Conv2d(ConvSpec spec, Tensor x, Tensor w, Tensor? bias, Tensor? perSample, Tensor? residual, Tensor y) =>
        On([x, w, bias, perSample, residual, y], t => _inner.Conv2d(spec, t[0], t[1], t[2], t[3], t[4], t[5]));

    public override void Conv2dGradInput(ConvSpec spec, Tensor dy, Tensor w, Tensor? bias, Tensor dx, bool accumulate) =>
        On([dy, w, bias, dx], t => _inner.Conv2dGradInput(spec, t[0], t[1], t[2], t[3], accumulate));

    public override void Conv2dGradWeight(ConvSpec spec, Tensor x, Tensor dy, Tensor dw) =>
        On([x, dy, dw], t => _inner.Conv2dGradWeight(spec, t[0], t[1], t[2]));

    public override void GroupNorm(GroupNormSpec spec, Tensor x, Tensor gamma, Tensor beta, Tensor y, Tensor statistics) =>
        On([x, gamma, beta, y, statistics], t => _inner.GroupNorm(spec, t[0], t[1], t[2], t[3], t[4]));

    public override void GroupNormGrad(
        GroupNormSpec spec, Tensor x, Tensor gamma, Tensor beta, Tensor statistics, Tensor dy, Tensor? dx, bool accumulate, Tensor dGamma, Tensor dBeta) =>
        On([x, gamma, beta, statistics, dy, dx, dGamma, dBeta], t => _inner.GroupNormGrad(spec, t[0], t[1], t[2], t[3], t[4], t[5], accumulate, t[6], t[7]));

    public override void Modulate(Tensor gamma, Tensor beta, Tensor m, Tensor g, Tensor b) =>
        On([gamma, beta, m, g, b], t => _inner.Modulate(t[0], t[1], t[2], t[3], t[4]));

    public override void ModulateGrad(
        Tensor gamma, Tensor beta, Tensor m, Tensor dg, Tensor db, Tensor dGamma, Tensor dBeta, Tensor? dm, bool accumulate) =>
        On([gamma, beta, m, dg, db, dGamma, dBeta, dm], t => _inner.ModulateGrad(t[0], t[1], t[2], t[3], t[4], t[5], t[6], t[7], accumulate));

    public override void BatchStatistics(
        BatchNormSpec spec, bool training, Tensor x, Tensor runningMean, Tensor runningVariance, Tensor statistics) =>
        On([x, runningMean, runningVariance, statistics], t => _inner.BatchStatistics(spec, training, t[0], t[1], t[2], t[3]));

    public override void BatchNorm(
        BatchNormSpec spec, Tensor x, Tensor gamma, Tensor beta, Tensor statistics, Tensor? perSample, Tensor y) =>
        On([x, gamma, beta, statistics, perSample, y], t => _inner.BatchNorm(spec, t[0], t[1], t[2], t[3], t[4], t[5]));

    public override void BatchNormGrad(
        BatchNormSpec spec, bool training, Tensor x, Tensor gamma, Tensor beta, Tensor statistics, Tensor dy, Tensor? dx, bool accumulate, Tensor dGamma, Tensor dBeta) =>
        On([x, gamma, beta, statistics, dy, dx, dGamma, dBeta], t => _inner.BatchNormGrad(spec, training, t[0], t[1], t[2], t[3], t[4], t[5], accumulate, t[6], t[7]));

    public override void Attention(AttentionSpec spec, Tensor q, Tensor k, Tensor v, Tensor y, Tensor logSumExp) =>
        On([q, k, v, y, logSumExp], t => _inner.Attention(spec, t[0], t[1], t[2], t[3], t[4]));

    public override void AttentionGrad(
        AttentionSpec spec, Tensor q, Tensor k, Tensor v, Tensor y, Tensor logSumExp, Tensor dy, Tensor dq, Tensor dk, Tensor dv) =>
        On([q, k, v, y, logSumExp, dy, dq, dk, dv], t => _inner.AttentionGrad(spec, t[0], t[1], t[2], t[3], t[4], t[5], t[6], t[7], t[8]));

    public override void Adam(in AdamStep step, Tensor w, Tensor g, Tensor m, Tensor v)
    {
        AdamStep numbers = step;
        On([w, g, m, v], t => _inner.Adam(numbers, t[0], t[1], t[2], t[3]));
    }

    public override void Lerp(Tensor y, Tensor x, float rate) =>
        On([y, x], t => _inner.Lerp(t[0], t[1], rate));
}
