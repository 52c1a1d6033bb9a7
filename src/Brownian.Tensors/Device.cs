namespace Brownian.Tensors;

/// <summary>
/// A backend: memory and the kernels that operations are made of. This file is the whole contract: an assembly that implements it, a
/// <see cref="Storage"/> of its own and one call of <see cref="Register"/> is a device. The tests named DeviceConformance decide
/// whether it is a correct one.
/// </summary>
/// <remarks>
/// <para>
/// Tensors are contiguous float32 numbers in row-major order, images N×H×W×C. They start at <see cref="Tensor.Offset"/>, which may be any
/// number, of a block <see cref="Tensor.Storage"/> that this device allocated: parameters, their gradients and their moments are views
/// of a few large blocks. Operations have checked shapes and devices before they call a kernel; kernels check nothing.
/// </para>
/// <para>
/// An output's numbers are undefined before the call. With <c>accumulate</c> the result is added to them, otherwise it overwrites them;
/// (+)= stands for the two. Outputs overlap no input, except that z of <see cref="MixPerSample"/> and the residuals of
/// <see cref="Linear"/> and <see cref="Conv2d"/> may be the output itself. Inputs may be equal or share a block. A <c>Tensor?</c> may be
/// absent. A number in double precision takes two floats of a tensor, its bits in the order of the host's memory. Statistics and logSumExp
/// are read by the gradients of this device alone, which may keep there what it likes.
/// </para>
/// <para>
/// A device may answer late: every method but <see cref="Download"/> and <see cref="Synchronize"/> may return before its work is done, if
/// all of it is done in the order of the calls. Spans belong to the caller again on return, so copy them; a block may be released while
/// work that reads it is still waiting. What waits is therefore what downloads: once in a training step for the loss, after the backward
/// pass, and once for the norm of the gradients, before Adam's update; once for the count of batches in each batch norm that trains; the
/// arithmetic that samplers do on the host (dynamic thresholding, the rescaling of guidance, learned variances), which downloads and
/// uploads a batch in each step; <see cref="Losses.CrossEntropy"/>; the gradient of <see cref="Reductions.Sum"/>; checkpoints and images.
/// </para>
/// <para>
/// Kernels and <see cref="Allocate"/> are called, and blocks released, by one thread at a time, that which has the turn: see
/// <see cref="TakeTurn"/>. A device needs no locks for what only they touch.
/// </para>
/// </remarks>
public abstract partial class Device : IDisposable
{
    /// <summary>A short description: kind, threads, instruction set.</summary>
    public abstract string Name { get; }

    /// <summary>How many threads compute; 0 where the host's do not.</summary>
    public abstract int Threads { get; }

    /// <summary>The instruction set of the kernels, as a user would name it.</summary>
    public abstract string Instructions { get; }

    /// <summary>Bytes in use by open scopes, the most that ever were, and bytes waiting in the pool.</summary>
    public abstract DeviceMemory Memory { get; }

    /// <summary>Lets the peak of <see cref="Memory"/> begin anew, at what is live now; a backend that does not may tell too much.</summary>
    public virtual void ForgetPeak() { }

    /// <summary>False where tensors are shapes only, so that filling them would be wasted.</summary>
    public virtual bool HoldsNumbers => true;

    /// <summary>Whether kernels of this device may be given inputs of another. Operations refuse them otherwise.</summary>
    public virtual bool Reads(Device other) => other == this;

    /// <summary>Frees threads and pooled memory.</summary>
    protected abstract void Dispose(bool disposing);

    // Memory
    /// <summary>A block of undefined content. If scoped, it counts as live until it is released or escapes.</summary>
    public abstract Storage Allocate(int floats, bool scoped);

    /// <summary>target = source, of the same count.</summary>
    public abstract void Upload(ReadOnlySpan<float> source, Tensor target);

    /// <summary>target = source, of the same count; waits until all that was asked before is done.</summary>
    public abstract void Download(Tensor source, Span<float> target);

    /// <summary>Waits until all that was asked before is done: for measuring time.</summary>
    public virtual void Synchronize() { }

    /// <summary>y = value</summary>
    public abstract void Fill(Tensor y, float value);

    // Element by element
    /// <summary>y (+)= f(x)</summary>
    public abstract void Unary(UnaryOp op, Tensor x, Tensor y);

    /// <summary>dx (+)= f'(x)·dy</summary>
    public abstract void UnaryGrad(UnaryOp op, Tensor x, Tensor dy, Tensor dx, bool accumulate);

    /// <summary>y (+)= a·x + b·z; z may be absent.</summary>
    public abstract void Affine(float a, Tensor x, float b, Tensor? z, Tensor y, bool accumulate);

    /// <summary>y (+)= x·z</summary>
    public abstract void Multiply(Tensor x, Tensor z, Tensor y, bool accumulate);

    /// <summary>y = clamp(x, low, high)</summary>
    public abstract void Clamp(Tensor x, float low, float high, Tensor y);

    /// <summary>y[n] = a[n]·x[n] + b[n]·z[n] for every sample n of N×…; the forward process q(x_t|x_0).</summary>
    public abstract void MixPerSample(ReadOnlySpan<float> a, Tensor x, ReadOnlySpan<float> b, Tensor z, Tensor y);

    /// <summary>y (+)= x·mask/(1 − rate), where mask is 1 with probability 1 − rate: element i of the stream decides for element i.</summary>
    public abstract void Dropout(Tensor x, float rate, Philox random, Tensor y, bool accumulate);

    /// <summary>The same for whole channels of samples of x N×…×C: element n·C + c of the stream decides for channel c of sample n.</summary>
    public abstract void DropoutChannels(Tensor x, float rate, Philox random, Tensor y, bool accumulate);

    /// <summary>Standard normal numbers: element i of the stream, from <paramref name="first"/> on.</summary>
    public abstract void Normal(Philox random, long first, Tensor y);

    // Broadcasts and reductions. x is N×…×C; v is N×C or C.
    /// <summary>y = x + v, v repeated over the positions of each sample (and over samples when it is one row).</summary>
    public abstract void AddRows(Tensor x, Tensor v, Tensor y);

    /// <summary>dv (+)= the sum of dy over the positions v was repeated for.</summary>
    public abstract void AddRowsGrad(Tensor dy, Tensor dv, bool accumulate);

    /// <summary>y, one number, = the sum of all elements of x; on the CPU in float over blocks of 4096, in double over those, whatever the threads.</summary>
    public abstract void Sum(Tensor x, Tensor y);

    /// <summary>y, one number in double precision, = the sum of all squares, likewise.</summary>
    public abstract void SumOfSquares(Tensor x, Tensor y);

    // Losses, with one sum for each of N samples in double precision: sums is N×2. loss and dy are one number, count is that of x or x0.
    /// <summary>sums[n] = Σ f(x − target) over sample n, loss = Σ weights[n]·sums[n]/count.</summary>
    public abstract void Loss(LossSpec spec, Tensor x, Tensor target, ReadOnlySpan<double> weights, Tensor loss, Tensor sums);

    /// <summary>dx (+)= dy·weights[n]/count·f'(x − target) in every sample n.</summary>
    public abstract void LossGrad(LossSpec spec, Tensor x, Tensor target, ReadOnlySpan<double> weights, Tensor dy, Tensor dx, bool accumulate);

    /// <summary>
    /// sums[n] = the bits of sample n, loss = Σ sums[n]/count; x0 and xt N×…×C, output N×…×C or, with a channel of the variance for each,
    /// N×…×2C.
    /// </summary>
    public abstract void Bound(ReadOnlySpan<PixelBound> bounds, Tensor x0, Tensor xt, Tensor output, Tensor loss, Tensor sums);

    /// <summary>dOutput (+)= dy/count · the derivatives of the bits; those by the prediction count as 0 unless it is trained.</summary>
    public abstract void BoundGrad(
        ReadOnlySpan<PixelBound> bounds, Tensor x0, Tensor xt, Tensor output, Tensor dy, bool trainsPrediction, Tensor dOutput, bool accumulate);

    // Shape
    /// <summary>y[…, to..to+count] (+)= x[…, from..from+count]: concatenation and its gradient.</summary>
    public abstract void CopyChannels(Tensor x, int from, Tensor y, int to, int count, bool accumulate);

    /// <summary>Repeats each pixel of N×H×W×C factor×factor times.</summary>
    public abstract void UpsampleNearest(Tensor x, int factor, Tensor y);

    /// <summary>dx (+)= the sum of dy over the copies of each pixel.</summary>
    public abstract void UpsampleNearestGrad(Tensor dy, int factor, Tensor dx, bool accumulate);

    /// <summary>y N×H'×W'×C = the mean or the largest of the pixels of x in each window; padding counts for nothing.</summary>
    public abstract void Pool(PoolOp op, ConvSpec window, Tensor x, Tensor y);

    /// <summary>
    /// dx (+)= dy/count at each of the count pixels of a window, where x is absent; or dy at the largest, of which the first of equals takes
    /// all.
    /// </summary>
    public abstract void PoolGrad(PoolOp op, ConvSpec window, Tensor? x, Tensor dy, Tensor dx, bool accumulate);

    /// <summary>y N×H'×W'×C = x N×H×W×C at (i + ½)·H/H' − ½, but not below 0, and likewise across, linearly between pixels.</summary>
    public abstract void ResizeBilinear(Tensor x, Tensor y);

    /// <summary>dx (+)= the transpose of that map, of dy.</summary>
    public abstract void ResizeBilinearGrad(Tensor dy, Tensor dx, bool accumulate);

    /// <summary>y (+)= scale · x N×2H×2W×C filtered by (1, 3, 3, 1)/8 along both axes, at every second pixel.</summary>
    public abstract void BinomialHalve(Tensor x, float scale, Tensor y, bool accumulate);

    /// <summary>y (+)= scale · the transpose of that map: each pixel of x spread over 4×4 of y.</summary>
    public abstract void BinomialDouble(Tensor x, float scale, Tensor y, bool accumulate);

    // Products
    /// <summary>y = x·W + bias + residual for x R×K, W K×N; bias N and residual R×N may be absent.</summary>
    public abstract void Linear(Tensor x, Tensor w, Tensor? bias, Tensor? residual, Tensor y);

    /// <summary>dx (+)= dy·Wᵀ</summary>
    public abstract void LinearGradInput(Tensor dy, Tensor w, Tensor dx, bool accumulate);

    /// <summary>dW += xᵀ·dy</summary>
    public abstract void LinearGradWeight(Tensor x, Tensor dy, Tensor dw);

    /// <summary>
    /// y = conv(x, W) + bias + perSample + residual, x N×H×W×I, W kh×kw×I×O, y N×H'×W'×O; bias O, perSample N×O and residual
    /// (as y) may be absent.
    /// </summary>
    public abstract void Conv2d(ConvSpec spec, Tensor x, Tensor w, Tensor? bias, Tensor? perSample, Tensor? residual, Tensor y);

    /// <summary>dx (+)= the gradient of x, plus bias if given: also the forward pass of a transposed convolution.</summary>
    public abstract void Conv2dGradInput(ConvSpec spec, Tensor dy, Tensor w, Tensor? bias, Tensor dx, bool accumulate);

    /// <summary>dW += the gradient of W.</summary>
    public abstract void Conv2dGradWeight(ConvSpec spec, Tensor x, Tensor dy, Tensor dw);

    // Normalisation and attention
    /// <summary>
    /// y = group_norm(x)·γ + β, then SiLU if asked; statistics N×groups×3 receives the mean in two parts and 1/σ. γ and β are C, or
    /// N×C where each sample has its own.
    /// </summary>
    public abstract void GroupNorm(GroupNormSpec spec, Tensor x, Tensor gamma, Tensor beta, Tensor y, Tensor statistics);

    /// <summary>Gradients of x (if wanted), γ and β; those of C are added to, those of N×C overwritten.</summary>
    public abstract void GroupNormGrad(
        GroupNormSpec spec, Tensor x, Tensor gamma, Tensor beta, Tensor statistics, Tensor dy, Tensor? dx, bool accumulate, Tensor dGamma, Tensor dBeta);

    /// <summary>g = γ·(1 + s) and b = β·(1 + s) + t, N×C, for γ, β C and m N×2C, whose rows are [s, t].</summary>
    public abstract void Modulate(Tensor gamma, Tensor beta, Tensor m, Tensor g, Tensor b);

    /// <summary>Gradients of γ and β (added) and of m (if wanted), given those of g and b.</summary>
    public abstract void ModulateGrad(
        Tensor gamma, Tensor beta, Tensor m, Tensor dg, Tensor db, Tensor dGamma, Tensor dBeta, Tensor? dm, bool accumulate);

    /// <summary>
    /// Statistics 3×C: the mean of f(x) in two parts and 1/σ, where f is a ReLU or nothing. In training they are those of all rows of x,
    /// and the running ones, C each, move towards them; otherwise they are the running ones.
    /// </summary>
    public abstract void BatchStatistics(
        BatchNormSpec spec, bool training, Tensor x, Tensor runningMean, Tensor runningVariance, Tensor statistics);

    /// <summary>y = (f(x) − mean)/σ·γ + β, then SiLU if asked, plus perSample N×C if given.</summary>
    public abstract void BatchNorm(BatchNormSpec spec, Tensor x, Tensor gamma, Tensor beta, Tensor statistics, Tensor? perSample, Tensor y);

    /// <summary>Gradients of x (if wanted), γ and β (added). In training the statistics depend on x, otherwise they are constants.</summary>
    public abstract void BatchNormGrad(
        BatchNormSpec spec, bool training, Tensor x, Tensor gamma, Tensor beta, Tensor statistics, Tensor dy,
        Tensor? dx, bool accumulate, Tensor dGamma, Tensor dBeta);

    /// <summary>
    /// y = softmax(q·kᵀ·scale)·v for every head. q, k, v start at their tensor's first element and have rows
    /// <see cref="AttentionSpec.RowStride"/> floats apart, so that slices of one packed projection need no copy. y N×L×C;
    /// logSumExp N×heads×L is kept for the gradient.
    /// </summary>
    public abstract void Attention(AttentionSpec spec, Tensor q, Tensor k, Tensor v, Tensor y, Tensor logSumExp);

    /// <summary>Overwrites dq, dk and dv, laid out as q, k and v.</summary>
    public abstract void AttentionGrad(
        AttentionSpec spec, Tensor q, Tensor k, Tensor v, Tensor y, Tensor logSumExp, Tensor dy, Tensor dq, Tensor dk, Tensor dv);

    // Optimisation, over whole parameter buffers
    /// <summary>One step of Adam or AdamW on weights w with moments m and v.</summary>
    public abstract void Adam(in AdamStep step, Tensor w, Tensor g, Tensor m, Tensor v);

    /// <summary>y += rate·(x − y): an exponential moving average.</summary>
    public abstract void Lerp(Tensor y, Tensor x, float rate);
}

/// <summary>What a device's memory is doing, in bytes.</summary>
public readonly record struct DeviceMemory(long Live, long Peak, long Pooled);
