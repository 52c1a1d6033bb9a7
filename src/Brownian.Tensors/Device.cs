using Brownian.Tensors.Autograd;
using Brownian.Tensors.Cpu;
using Brownian.Tensors.Tracing;

namespace Brownian.Tensors;

/// <summary>
/// A backend: memory and the kernels that operations are made of. One thread at a time may use a device. Kernels check nothing;
/// operations have checked shapes before they call. Where a method has an <c>accumulate</c> argument the result is added to the
/// target's content, otherwise the target is overwritten.
/// </summary>
public abstract class Device : IDisposable
{
    TensorScope? _scope;
    long _order;

    /// <summary>A short description: kind, threads, instruction set.</summary>
    public abstract string Name { get; }

    /// <summary>How many threads compute.</summary>
    public abstract int Threads { get; }

    /// <summary>The instruction set of the kernels, as a user would name it.</summary>
    public abstract string Instructions { get; }

    /// <summary>Bytes in use by open scopes, the most that ever were, and bytes waiting in the pool.</summary>
    public abstract DeviceMemory Memory { get; }

    /// <summary>False where tensors are shapes only, so that filling them would be wasted.</summary>
    internal virtual bool HoldsNumbers => true;

    internal int NoGradDepth { get; set; }

    internal Tape Tape { get; } = new();

    internal bool RecordsGradients => NoGradDepth == 0;

    /// <summary>Who is told of the operations that run; see <see cref="PlannedForward{T}"/>.</summary>
    internal IPassObserver? Pass { get; set; }

    /// <summary>
    /// The processor of this machine, with its fastest vector instructions; the environment variable <c>BROWNIAN_ISA</c> forces others
    /// (<c>avx512</c>, <c>avx2</c>, <c>128</c>, <c>scalar</c>). Results do not depend on them.
    /// </summary>
    /// <param name="threads">How many threads compute; 0 for one per physical core that the process may use.</param>
    /// <exception cref="ArgumentException">
    /// The number of threads makes no sense, or <c>BROWNIAN_ISA</c> names no instruction set or one that the processor lacks.
    /// </exception>
    public static Device Cpu(int threads = 0) => CpuDevice.Create(threads, Processor.Width);

    /// <summary>Opens a scope: what is allocated until it is disposed returns to the pool then.</summary>
    public TensorScope OpenScope() => _scope = new TensorScope(this, _scope);

    /// <summary>Stops recording gradients until the result is disposed.</summary>
    public NoGrad NoGrad() => new(this);

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    private protected bool ScopeIsOpen => _scope is not null;

    internal long NextOrder() => ++_order;

    internal Storage Rent(int floats)
    {
        Storage storage = Allocate(floats);
        _scope?.Own(storage);
        return storage;
    }

    internal void Close(TensorScope scope)
    {
        if (_scope != scope) throw new InvalidOperationException("Scopes must be disposed innermost first.");
        _scope = scope.Parent;
    }

    /// <summary>Frees threads and pooled memory.</summary>
    protected abstract void Dispose(bool disposing);

    // Memory
    internal abstract Storage Allocate(int floats);
    internal abstract void Upload(ReadOnlySpan<float> source, Tensor target);
    internal abstract void Download(Tensor source, Span<float> target);
    internal abstract void Fill(Tensor y, float value);

    // Element by element
    /// <summary>y (+)= f(x)</summary>
    internal abstract void Unary(UnaryOp op, Tensor x, Tensor y);

    /// <summary>dx (+)= f'(x)·dy</summary>
    internal abstract void UnaryGrad(UnaryOp op, Tensor x, Tensor dy, Tensor dx, bool accumulate);

    /// <summary>y (+)= a·x + b·z; z may be absent.</summary>
    internal abstract void Affine(float a, Tensor x, float b, Tensor? z, Tensor y, bool accumulate);

    /// <summary>y (+)= x·z</summary>
    internal abstract void Multiply(Tensor x, Tensor z, Tensor y, bool accumulate);

    /// <summary>y = clamp(x, low, high)</summary>
    internal abstract void Clamp(Tensor x, float low, float high, Tensor y);

    /// <summary>y[n] = a[n]·x[n] + b[n]·z[n] for every sample n of N×…; the forward process q(x_t|x_0).</summary>
    internal abstract void MixPerSample(ReadOnlySpan<float> a, Tensor x, ReadOnlySpan<float> b, Tensor z, Tensor y);

    /// <summary>y (+)= x·mask/(1 − rate), where mask is 1 with probability 1 − rate: element i of the stream decides for element i.</summary>
    internal abstract void Dropout(Tensor x, float rate, Philox random, Tensor y, bool accumulate);

    /// <summary>The same for whole channels of samples of x N×…×C: element n·C + c of the stream decides for channel c of sample n.</summary>
    internal abstract void DropoutChannels(Tensor x, float rate, Philox random, Tensor y, bool accumulate);

    /// <summary>Standard normal numbers: element i of the stream, from <paramref name="first"/> on.</summary>
    internal abstract void Normal(Philox random, long first, Tensor y);

    // Broadcasts and reductions. x is N×…×C; v is N×C or C.
    /// <summary>y = x + v, v repeated over the positions of each sample (and over samples when it is one row).</summary>
    internal abstract void AddRows(Tensor x, Tensor v, Tensor y);

    /// <summary>dv (+)= the sum of dy over the positions v was repeated for.</summary>
    internal abstract void AddRowsGrad(Tensor dy, Tensor dv, bool accumulate);

    /// <summary>The sum of all elements: in float over blocks of 4096, in double over those, grouped the same way whatever the threads.</summary>
    internal abstract double Sum(Tensor x);

    /// <summary>The sum of all squares, likewise.</summary>
    internal abstract double SumOfSquares(Tensor x);

    // Losses, with one sum for each sample, grouped as above within it
    /// <summary>sums[n] = Σ f(x − target) over sample n.</summary>
    internal abstract void Loss(LossSpec spec, Tensor x, Tensor target, Span<double> sums);

    /// <summary>dx (+)= scales[n]·f'(x − target) in every sample n.</summary>
    internal abstract void LossGrad(LossSpec spec, Tensor x, Tensor target, ReadOnlySpan<float> scales, Tensor dx, bool accumulate);

    /// <summary>sums[n] = the bits of sample n; x0 and xt N×…×C, output N×…×C or, with a channel of the variance for each, N×…×2C.</summary>
    internal abstract void Bound(ReadOnlySpan<PixelBound> bounds, Tensor x0, Tensor xt, Tensor output, Span<double> sums);

    /// <summary>dOutput (+)= scale · the derivatives of the bits; those by the prediction count as 0 unless it is trained.</summary>
    internal abstract void BoundGrad(
        ReadOnlySpan<PixelBound> bounds, Tensor x0, Tensor xt, Tensor output, double scale, bool trainsPrediction, Tensor dOutput, bool accumulate);

    // Shape
    /// <summary>y[…, to..to+count] (+)= x[…, from..from+count]: concatenation and its gradient.</summary>
    internal abstract void CopyChannels(Tensor x, int from, Tensor y, int to, int count, bool accumulate);

    /// <summary>Repeats each pixel of N×H×W×C factor×factor times.</summary>
    internal abstract void UpsampleNearest(Tensor x, int factor, Tensor y);

    internal abstract void UpsampleNearestGrad(Tensor dy, int factor, Tensor dx, bool accumulate);

    /// <summary>The mean over factor×factor pixels; a remainder at the right and bottom is dropped.</summary>
    internal abstract void AveragePool(Tensor x, int factor, Tensor y);

    internal abstract void AveragePoolGrad(Tensor dy, int factor, Tensor dx, bool accumulate);

    /// <summary>y (+)= scale · x N×2H×2W×C filtered by (1, 3, 3, 1)/8 along both axes, at every second pixel.</summary>
    internal abstract void BinomialHalve(Tensor x, float scale, Tensor y, bool accumulate);

    /// <summary>y (+)= scale · the transpose of that map: each pixel of x spread over 4×4 of y.</summary>
    internal abstract void BinomialDouble(Tensor x, float scale, Tensor y, bool accumulate);

    /// <summary>The largest of factor×factor pixels, channel by channel; a remainder at the right and bottom is dropped.</summary>
    internal abstract void MaxPool(Tensor x, int factor, Tensor y);

    /// <summary>dx (+)= dy where x is the largest of its block; the first of equals takes all.</summary>
    internal abstract void MaxPoolGrad(Tensor x, Tensor dy, int factor, Tensor dx, bool accumulate);

    // Products
    /// <summary>y = x·W + bias + residual for x R×K, W K×N; bias N and residual R×N may be absent.</summary>
    internal abstract void Linear(Tensor x, Tensor w, Tensor? bias, Tensor? residual, Tensor y);

    /// <summary>dx (+)= dy·Wᵀ</summary>
    internal abstract void LinearGradInput(Tensor dy, Tensor w, Tensor dx, bool accumulate);

    /// <summary>dW += xᵀ·dy</summary>
    internal abstract void LinearGradWeight(Tensor x, Tensor dy, Tensor dw);

    /// <summary>
    /// y = conv(x, W) + bias + perSample + residual, x N×H×W×I, W kh×kw×I×O, y N×H'×W'×O; bias O, perSample N×O and residual
    /// (as y) may be absent.
    /// </summary>
    internal abstract void Conv2d(ConvSpec spec, Tensor x, Tensor w, Tensor? bias, Tensor? perSample, Tensor? residual, Tensor y);

    /// <summary>dx (+)= the gradient of x, plus bias if given: also the forward pass of a transposed convolution.</summary>
    internal abstract void Conv2dGradInput(ConvSpec spec, Tensor dy, Tensor w, Tensor? bias, Tensor dx, bool accumulate);

    /// <summary>dW += the gradient of W.</summary>
    internal abstract void Conv2dGradWeight(ConvSpec spec, Tensor x, Tensor dy, Tensor dw);

    // Normalisation and attention
    /// <summary>
    /// y = group_norm(x)·γ + β, then SiLU if asked; statistics N×groups×3 receives the mean in two parts and 1/σ. γ and β are C, or
    /// N×C where each sample has its own.
    /// </summary>
    internal abstract void GroupNorm(GroupNormSpec spec, Tensor x, Tensor gamma, Tensor beta, Tensor y, Tensor statistics);

    /// <summary>Gradients of x (if wanted), γ and β; those of C are added to, those of N×C overwritten.</summary>
    internal abstract void GroupNormGrad(
        GroupNormSpec spec, Tensor x, Tensor gamma, Tensor beta, Tensor statistics, Tensor dy, Tensor? dx, bool accumulate, Tensor dGamma, Tensor dBeta);

    /// <summary>g = γ·(1 + s) and b = β·(1 + s) + t, N×C, for γ, β C and m N×2C, whose rows are [s, t].</summary>
    internal abstract void Modulate(Tensor gamma, Tensor beta, Tensor m, Tensor g, Tensor b);

    /// <summary>Gradients of γ and β (added) and of m (if wanted), given those of g and b.</summary>
    internal abstract void ModulateGrad(
        Tensor gamma, Tensor beta, Tensor m, Tensor dg, Tensor db, Tensor dGamma, Tensor dBeta, Tensor? dm, bool accumulate);

    /// <summary>
    /// Statistics 3×C: the mean of f(x) in two parts and 1/σ, where f is a ReLU or nothing. In training they are those of all rows of x,
    /// and the running ones, C each, move towards them; otherwise they are the running ones.
    /// </summary>
    internal abstract void BatchStatistics(
        BatchNormSpec spec, bool training, Tensor x, Tensor runningMean, Tensor runningVariance, Tensor statistics);

    /// <summary>y = (f(x) − mean)/σ·γ + β, then SiLU if asked, plus perSample N×C if given.</summary>
    internal abstract void BatchNorm(BatchNormSpec spec, Tensor x, Tensor gamma, Tensor beta, Tensor statistics, Tensor? perSample, Tensor y);

    /// <summary>Gradients of x (if wanted), γ and β (added). In training the statistics depend on x, otherwise they are constants.</summary>
    internal abstract void BatchNormGrad(
        BatchNormSpec spec, bool training, Tensor x, Tensor gamma, Tensor beta, Tensor statistics, Tensor dy,
        Tensor? dx, bool accumulate, Tensor dGamma, Tensor dBeta);

    /// <summary>
    /// y = softmax(q·kᵀ·scale)·v for every head. q, k, v start at their tensor's first element and have rows
    /// <see cref="AttentionSpec.RowStride"/> floats apart, so that slices of one packed projection need no copy. y N×L×C;
    /// logSumExp N×heads×L is kept for the gradient, in the unit that the kernel likes.
    /// </summary>
    internal abstract void Attention(AttentionSpec spec, Tensor q, Tensor k, Tensor v, Tensor y, Tensor logSumExp);

    /// <summary>Overwrites dq, dk and dv, laid out as q, k and v.</summary>
    internal abstract void AttentionGrad(
        AttentionSpec spec, Tensor q, Tensor k, Tensor v, Tensor y, Tensor logSumExp, Tensor dy, Tensor dq, Tensor dk, Tensor dv);

    // Optimisation, over whole parameter buffers
    /// <summary>One step of Adam or AdamW on weights w with moments m and v.</summary>
    internal abstract void Adam(in AdamStep step, Tensor w, Tensor g, Tensor m, Tensor v);

    /// <summary>y += rate·(x − y): an exponential moving average.</summary>
    internal abstract void Lerp(Tensor y, Tensor x, float rate);
}

/// <summary>Functions applied element by element.</summary>
public enum UnaryOp
{
    /// <summary>x·σ(x), also called swish.</summary>
    Silu,

    /// <summary>x·tanh(ln(1 + eˣ)).</summary>
    Mish,
    /// <summary>max(x, 0)</summary>
    Relu,
}

/// <summary>How far an answer is from its target, as a function of their difference d.</summary>
public enum LossOp
{
    /// <summary>d²</summary>
    Squared,

    /// <summary>|d|</summary>
    Absolute,

    /// <summary>½d² up to a threshold δ, δ·(|d| − ½δ) beyond.</summary>
    Huber,

    /// <summary>√(d² + c²) − c</summary>
    PseudoHuber,
}

/// <summary>A loss with the number it depends on: <see cref="Scale"/> is δ or c, above 0; the others ignore it.</summary>
public readonly record struct LossSpec(LossOp Op, float Scale = 1);

/// <summary>What a device's memory is doing, in bytes.</summary>
public readonly record struct DeviceMemory(long Live, long Peak, long Pooled);

/// <summary>
/// The geometry of a square convolution. Zeros are added before (top, left) by <see cref="Padding"/> and after (bottom, right) by
/// <see cref="PaddingAfter"/>.
/// </summary>
public readonly record struct ConvSpec(int Kernel, int Stride, int Padding, int PaddingAfter)
{
    /// <summary>The same padding on all sides.</summary>
    public ConvSpec(int kernel, int stride = 1, int padding = 0) : this(kernel, stride, padding, padding) { }

    /// <summary>The output extent for an input extent; 0 where the kernel does not fit.</summary>
    public int OutputSize(int input)
    {
        int room = input + Padding + PaddingAfter - Kernel;
        return room < 0 ? 0 : room / Stride + 1;
    }
}

/// <summary>Group norm over <see cref="Groups"/> groups of adjacent channels, with an optional SiLU on its result.</summary>
public readonly record struct GroupNormSpec(int Groups, float Epsilon, bool Silu);

/// <summary>
/// Batch norm: what is added to the variance, the share of a batch's statistics in the running ones, and what surrounds it: a
/// <see cref="Relu"/> on what is normalised, a <see cref="Silu"/> on the result.
/// </summary>
public readonly record struct BatchNormSpec(float Epsilon = 1e-5f, float Momentum = 0.1f, bool Relu = false, bool Silu = false)
{
    /// <summary>PyTorch's ε and momentum.</summary>
    public BatchNormSpec() : this(1e-5f) { }
}

/// <summary>The extents of one self-attention: samples, positions, heads, channels per head, and the distance between rows of q, k and v.</summary>
public readonly record struct AttentionSpec(int Samples, int Length, int Heads, int HeadChannels, int RowStride)
{
    /// <summary>1/√(channels per head), Vaswani et al. 2017, eq. 1.</summary>
    public float Scale => 1f / MathF.Sqrt(HeadChannels);
}

/// <summary>
/// The numbers of one step of Adam (Kingma &amp; Ba 2015, algorithm 1). <see cref="Decoupled"/> applies weight decay to the weights
/// (AdamW, Loshchilov &amp; Hutter 2019); otherwise it is added to the gradient. <see cref="GradScale"/> multiplies the gradient
/// first, for clipping.
/// </summary>
public readonly record struct AdamStep(
    long Step, double Rate, double Beta1, double Beta2, double Epsilon, double WeightDecay, bool Decoupled, float GradScale);
