using Brownian.Tensors.Cpu.Kernels;
using Brownian.Tensors.Cpu.Simd;

namespace Brownian.Tensors.Cpu;

/// <summary>
/// The kernels of one vector width. Each method pins its tensors (they are pinned arrays; <c>fixed</c> only keeps them alive) and
/// starts a kernel from <c>Kernels/</c>.
/// </summary>
sealed unsafe class CpuDevice<V>(int threads, string instructions) : CpuDevice(threads, instructions) where V : unmanaged, ISimd<V>
{
    public override void Fill(Tensor y, float value)
    {
        fixed (float* py = y) Elementwise.Fill(this, py, value, y.Shape.Count);
    }

    public override void Unary(UnaryOp op, Tensor x, Tensor y)
    {
        fixed (float* px = x, py = y)
        {
            switch (op)
            {
                case UnaryOp.Silu: Elementwise.Map<V, Elementwise.Silu>(this, px, null, 0, 0, py, x.Shape.Count, false); break;
                case UnaryOp.Mish: Elementwise.Map<V, Elementwise.Mish>(this, px, null, 0, 0, py, x.Shape.Count, false); break;
                case UnaryOp.Relu: Elementwise.Map<V, Elementwise.Relu>(this, px, null, 0, 0, py, x.Shape.Count, false); break;
                case UnaryOp.Gelu: Elementwise.Map<V, Elementwise.Gelu>(this, px, null, 0, 0, py, x.Shape.Count, false); break;
                default: throw new NotSupportedException($"{Name} has no kernel for {op}.");
            }
        }
    }

    public override void UnaryGrad(UnaryOp op, Tensor x, Tensor dy, Tensor dx, bool accumulate)
    {
        fixed (float* px = x, pdy = dy, pdx = dx)
        {
            switch (op)
            {
                case UnaryOp.Silu: Elementwise.Map<V, Elementwise.SiluGrad>(this, px, pdy, 0, 0, pdx, x.Shape.Count, accumulate); break;
                case UnaryOp.Mish: Elementwise.Map<V, Elementwise.MishGrad>(this, px, pdy, 0, 0, pdx, x.Shape.Count, accumulate); break;
                case UnaryOp.Relu: Elementwise.Map<V, Elementwise.ReluGrad>(this, px, pdy, 0, 0, pdx, x.Shape.Count, accumulate); break;
                case UnaryOp.Gelu: Elementwise.Map<V, Elementwise.GeluGrad>(this, px, pdy, 0, 0, pdx, x.Shape.Count, accumulate); break;
                default: throw new NotSupportedException($"{Name} has no kernel for {op}.");
            }
        }
    }

    public override void Affine(float a, Tensor x, float b, Tensor? z, Tensor y, bool accumulate)
    {
        fixed (float* px = x, pz = z, py = y) Elementwise.Map<V, Elementwise.Affine>(this, px, pz, a, b, py, x.Shape.Count, accumulate);
    }

    public override void Multiply(Tensor x, Tensor z, Tensor y, bool accumulate)
    {
        fixed (float* px = x, pz = z, py = y) Elementwise.Map<V, Elementwise.Multiply>(this, px, pz, 0, 0, py, x.Shape.Count, accumulate);
    }

    public override void Clamp(Tensor x, float low, float high, Tensor y)
    {
        fixed (float* px = x, py = y) Elementwise.Map<V, Elementwise.Clamp>(this, px, null, low, high, py, x.Shape.Count, false);
    }

    public override void MixPerSample(ReadOnlySpan<float> a, Tensor x, ReadOnlySpan<float> b, Tensor z, Tensor y)
    {
        fixed (float* px = x, pz = z, py = y)
            Elementwise.MapPerSample<V, Elementwise.Affine>(this, px, pz, a, b, py, x.Shape.Count / a.Length, false);
    }

    public override void Dropout(Tensor x, float rate, Philox random, Tensor y, bool accumulate)
    {
        fixed (float* px = x, py = y) Noise.Dropout(this, px, rate, random, py, x.Shape.Count, accumulate);
    }

    public override void DropoutChannels(Tensor x, float rate, Philox random, Tensor y, bool accumulate)
    {
        int samples = x.Shape[0];
        fixed (float* px = x, py = y)
            Noise.DropoutChannels<V>(this, px, rate, random, py, samples, x.Shape.Rows / samples, x.Shape.Channels, accumulate);
    }

    public override void Normal(Philox random, long first, Tensor y)
    {
        fixed (float* py = y) Noise.Normal(this, random, first, py, y.Shape.Count);
    }

    public override void AddRows(Tensor x, Tensor v, Tensor y)
    {
        int runs = v.Shape.Rank == 1 ? 1 : x.Shape[0], rows = x.Shape.Rows, channels = x.Shape.Channels;
        fixed (float* px = x, pv = v, py = y)
        {
            for (int row = 0; row < rows; row++)
            {
                nint at = (nint)row * channels;
                Rows.Start<V>(py + at, pv + (nint)(row / (rows / runs)) * channels, null, px + at, channels);
            }
        }
    }

    public override void AddRowsGrad(Tensor dy, Tensor dv, bool accumulate)
    {
        int rows = dy.Shape.Rows, channels = dy.Shape.Channels, samples = dy.Shape[0];
        fixed (float* pdy = dy, pdv = dv)
        {
            if (dv.Shape.Rank == 1) ColumnSums.Total<V>(this, pdy, rows, channels, pdv, accumulate);
            else ColumnSums.PerRun<V>(this, pdy, samples, rows / samples, channels, pdv, accumulate);
        }
    }

    public override void Sum(Tensor x, Tensor y)
    {
        fixed (float* px = x, py = y) *py = (float)Reduce.Sum<V, Reduce.Identity>(this, px, x.Shape.Count);
    }

    public override void SumOfSquares(Tensor x, Tensor y)
    {
        fixed (float* px = x, py = y) *(double*)py = Reduce.Sum<V, Reduce.Square>(this, px, x.Shape.Count);
    }

    public override void Loss(LossSpec spec, Tensor x, Tensor target, ReadOnlySpan<double> weights, Tensor loss, Tensor sums)
    {
        int length = x.Shape.Count / weights.Length;
        fixed (float* px = x, pt = target, pl = loss, ps = sums)
        {
            var each = new Span<double>(ps, weights.Length);
            PixelLosses.Sums<V>(spec, this, px, pt, length, each);
            double total = 0;
            for (int n = 0; n < weights.Length; n++) total += weights[n] * each[n];
            *pl = (float)(total / x.Shape.Count);
        }
    }

    public override void LossGrad(LossSpec spec, Tensor x, Tensor target, ReadOnlySpan<double> weights, Tensor dy, Tensor dx, bool accumulate)
    {
        fixed (float* px = x, pt = target, pdy = dy, pdx = dx)
        {
            double scale = (double)*pdy / x.Shape.Count;
            Span<float> scales = weights.Length <= 256 ? stackalloc float[weights.Length] : new float[weights.Length];
            for (int n = 0; n < scales.Length; n++) scales[n] = (float)(weights[n] * scale);
            PixelLosses.Gradients<V>(spec, this, px, pt, scales, pdx, x.Shape.Count / scales.Length, accumulate);
        }
    }

    public override void Bound(ReadOnlySpan<PixelBound> bounds, Tensor x0, Tensor xt, Tensor output, Tensor loss, Tensor sums)
    {
        fixed (float* px0 = x0, pxt = xt, po = output, pl = loss, ps = sums)
        {
            var each = new Span<double>(ps, bounds.Length);
            BoundKernels.Sums(this, bounds, new((nint)px0, (nint)pxt, (nint)po, x0.Shape, output.Shape.Channels), each);
            double total = 0;
            foreach (double bits in each) total += bits / (x0.Shape.Count / bounds.Length);
            *pl = (float)(total / bounds.Length);
        }
    }

    public override void BoundGrad(
        ReadOnlySpan<PixelBound> bounds, Tensor x0, Tensor xt, Tensor output, Tensor dy, bool trainsPrediction, Tensor dOutput, bool accumulate)
    {
        fixed (float* px0 = x0, pxt = xt, po = output, pdy = dy, pdo = dOutput)
        {
            var images = new BoundKernels.Images((nint)px0, (nint)pxt, (nint)po, x0.Shape, output.Shape.Channels);
            BoundKernels.Gradient(this, bounds, images, (double)*pdy / x0.Shape.Count, trainsPrediction, pdo, accumulate);
        }
    }

    public override void CopyChannels(Tensor x, int from, Tensor y, int to, int count, bool accumulate)
    {
        fixed (float* px = x, py = y)
            Pixels<V>.CopyChannels(this, x.Shape.Rows, px, x.Shape.Channels, from, py, y.Shape.Channels, to, count, accumulate);
    }

    public override void UpsampleNearest(Tensor x, int factor, Tensor y)
    {
        fixed (float* px = x, py = y) Pixels<V>.Upsample(this, x.Shape, factor, px, py);
    }

    public override void UpsampleNearestGrad(Tensor dy, int factor, Tensor dx, bool accumulate)
    {
        fixed (float* pdy = dy, pdx = dx) Pooling<V>.Sum(this, new Windows(dy.Shape, new ConvSpec(factor, factor)), mean: false, pdy, pdx, accumulate);
    }

    public override void Pool(PoolOp op, ConvSpec window, Tensor x, Tensor y)
    {
        var windows = new Windows(x.Shape, window);
        fixed (float* px = x, py = y)
        {
            if (op == PoolOp.Max) Pooling<V>.Max(this, windows, px, py);
            else Pooling<V>.Sum(this, windows, mean: true, px, py, false);
        }
    }

    public override void PoolGrad(PoolOp op, ConvSpec window, Tensor? x, Tensor dy, Tensor dx, bool accumulate)
    {
        var windows = new Windows(dx.Shape, window);
        fixed (float* px = x, pdy = dy, pdx = dx)
        {
            if (op == PoolOp.Max) Pooling<V>.MaxGrad(this, windows, px, pdy, pdx, accumulate);
            else Pooling<V>.MeanGrad(this, windows, pdy, pdx, accumulate);
        }
    }

    public override void ResizeBilinear(Tensor x, Tensor y)
    {
        fixed (float* px = x, py = y) BilinearFilter<V>.Resize(this, x.Shape, y.Shape, px, py);
    }

    public override void ResizeBilinearGrad(Tensor dy, Tensor dx, bool accumulate)
    {
        fixed (float* pdy = dy, pdx = dx) BilinearFilter<V>.Gradient(this, dx.Shape, dy.Shape, pdy, pdx, accumulate);
    }

    public override void BinomialHalve(Tensor x, float scale, Tensor y, bool accumulate)
    {
        fixed (float* px = x, py = y) BinomialFilter<V>.Halve(this, y.Shape, px, scale, py, accumulate);
    }

    public override void BinomialDouble(Tensor x, float scale, Tensor y, bool accumulate)
    {
        fixed (float* px = x, py = y) BinomialFilter<V>.Double(this, x.Shape, px, scale, py, accumulate);
    }

    public override void Linear(Tensor x, Tensor w, Tensor? bias, Tensor? residual, Tensor y)
    {
        int k = w.Shape[0], n = w.Shape[1];
        fixed (float* px = x, pw = w, pb = bias, pr = residual, py = y)
            LinearKernels<V>.Multiply(this, x.Shape.Rows, n, k, px, new Matrix(pw, n, 1), pb, pr, py, false);
    }

    public override void LinearGradInput(Tensor dy, Tensor w, Tensor dx, bool accumulate)
    {
        int k = w.Shape[0], n = w.Shape[1];
        fixed (float* pdy = dy, pw = w, pdx = dx)
            LinearKernels<V>.Multiply(this, dy.Shape.Rows, k, n, pdy, new Matrix(pw, 1, n), null, null, pdx, accumulate);
    }

    public override void LinearGradWeight(Tensor x, Tensor dy, Tensor dw)
    {
        fixed (float* px = x, pdy = dy, pdw = dw) LinearKernels<V>.GradWeight(this, x.Shape.Rows, dw.Shape[0], dw.Shape[1], px, pdy, pdw);
    }

    // A 1×1 convolution is a matrix product over all pixels; 3×3 ones go through Winograd where they can; all others are products of patches.
    static bool IsLinear(ConvShape s) => s.Spec == new ConvSpec(1);

    static ConvShape ShapeOf(ConvSpec spec, Tensor x, Tensor y) =>
        new(spec, x.Shape[0], x.Shape[1], x.Shape[2], x.Shape[3], y.Shape[1], y.Shape[2], y.Shape[3]);

    public override void Conv2d(ConvSpec spec, Tensor x, Tensor w, Tensor? bias, Tensor? perSample, Tensor? residual, Tensor y)
    {
        ConvShape s = ShapeOf(spec, x, y);
        fixed (float* px = x, pw = w, pb = bias, ps = perSample, pr = residual, py = y)
        {
            if (IsLinear(s) && ps == null)
                LinearKernels<V>.Multiply(this, x.Shape.Rows, s.Out, s.In, px, new Matrix(pw, s.Out, 1), pb, pr, py, false);
            else if (WinogradConvolution<V>.Fits(s))
                WinogradConvolution<V>.Forward(this, s, px, pw, pb, ps, pr, py);
            else
                DirectConvolution<V>.Forward(this, s, px, pw, pb, ps, pr, py);
        }
    }

    public override void Conv2dGradInput(ConvSpec spec, Tensor dy, Tensor w, Tensor? bias, Tensor dx, bool accumulate)
    {
        ConvShape s = ShapeOf(spec, dx, dy);
        fixed (float* pdy = dy, pw = w, pb = bias, pdx = dx)
        {
            if (IsLinear(s) && pb == null)
                LinearKernels<V>.Multiply(this, dy.Shape.Rows, s.In, s.Out, pdy, new Matrix(pw, 1, s.Out), null, null, pdx, accumulate);
            else if (WinogradConvolution<V>.Fits(s) && pb == null)
                WinogradConvolution<V>.GradInput(this, s, pdy, pw, pdx, accumulate);
            else
                DirectConvolution<V>.GradInput(this, s, pdy, pw, pb, pdx, accumulate);
        }
    }

    public override void Conv2dGradWeight(ConvSpec spec, Tensor x, Tensor dy, Tensor dw)
    {
        ConvShape s = ShapeOf(spec, x, dy);
        fixed (float* px = x, pdy = dy, pdw = dw)
        {
            if (IsLinear(s)) LinearKernels<V>.GradWeight(this, x.Shape.Rows, s.In, s.Out, px, pdy, pdw);
            else if (WinogradConvolution<V>.Fits(s)) WinogradGradWeight<V>.Run(this, s, px, pdy, pdw);
            else DirectConvolution<V>.GradWeight(this, s, px, pdy, pdw);
        }
    }

    static GroupNormSize SizeOf(Tensor x, Tensor gamma) =>
        new(x.Shape[0], x.Shape.Rows / x.Shape[0], x.Shape.Channels, gamma.Shape.Rank == 1 ? 0 : x.Shape.Channels);

    public override void GroupNorm(GroupNormSpec spec, Tensor x, Tensor gamma, Tensor beta, Tensor y, Tensor statistics)
    {
        fixed (float* px = x, pg = gamma, pb = beta, py = y, ps = statistics)
            GroupNormKernels<V>.Forward(this, spec, SizeOf(x, gamma), px, pg, pb, py, ps);
    }

    public override void GroupNormGrad(
        GroupNormSpec spec, Tensor x, Tensor gamma, Tensor beta, Tensor statistics, Tensor dy, Tensor? dx, bool accumulate, Tensor dGamma, Tensor dBeta)
    {
        fixed (float* px = x, pg = gamma, pb = beta, ps = statistics, pdy = dy, pdx = dx, pdg = dGamma, pdb = dBeta)
            GroupNormKernels<V>.Gradient(this, spec, SizeOf(x, gamma), px, pg, pb, ps, pdy, pdx, accumulate, pdg, pdb);
    }

    public override void Modulate(Tensor gamma, Tensor beta, Tensor m, Tensor g, Tensor b)
    {
        fixed (float* pgamma = gamma, pbeta = beta, pm = m, pg = g, pb = b)
            Modulation.Forward(m.Shape[0], gamma.Shape.Count, pgamma, pbeta, pm, pg, pb);
    }

    public override void ModulateGrad(
        Tensor gamma, Tensor beta, Tensor m, Tensor dg, Tensor db, Tensor dGamma, Tensor dBeta, Tensor? dm, bool accumulate)
    {
        fixed (float* pgamma = gamma, pbeta = beta, pm = m, pdg = dg, pdb = db, pdGamma = dGamma, pdBeta = dBeta, pdm = dm)
        {
            Modulation.GradientOfAffine(m.Shape[0], gamma.Shape.Count, pm, pdg, pdb, pdGamma, pdBeta);
            if (pdm != null) Modulation.Gradient(m.Shape[0], gamma.Shape.Count, pgamma, pbeta, pdg, pdb, pdm, accumulate);
        }
    }

    public override void BatchStatistics(
        BatchNormSpec spec, bool training, Tensor x, Tensor runningMean, Tensor runningVariance, Tensor statistics)
    {
        fixed (float* px = x, pm = runningMean, pv = runningVariance, ps = statistics)
        {
            if (training) BatchStatisticsKernels<V>.OfBatch(this, spec, x.Shape.Rows, x.Shape.Channels, px, pm, pv, ps);
            else BatchStatisticsKernels<V>.OfRunning(spec, x.Shape.Channels, pm, pv, ps);
        }
    }

    public override void BatchNorm(BatchNormSpec spec, Tensor x, Tensor gamma, Tensor beta, Tensor statistics, Tensor? perSample, Tensor y)
    {
        fixed (float* px = x, pg = gamma, pb = beta, ps = statistics, pv = perSample, py = y)
            BatchNormKernels<V>.Forward(this, spec, x.Shape.Rows, x.Shape.Channels, x.Shape.Rows / x.Shape[0], px, pg, pb, ps, pv, py);
    }

    public override void BatchNormGrad(
        BatchNormSpec spec, bool training, Tensor x, Tensor gamma, Tensor beta, Tensor statistics, Tensor dy,
        Tensor? dx, bool accumulate, Tensor dGamma, Tensor dBeta)
    {
        fixed (float* px = x, pg = gamma, pb = beta, ps = statistics, pdy = dy, pdx = dx, pdg = dGamma, pdb = dBeta)
        {
            BatchNormKernels<V>.Gradient(
                this, spec, training, x.Shape.Rows, x.Shape.Channels, px, pg, pb, ps, pdy, pdx, accumulate, pdg, pdb);
        }
    }

    public override void Attention(AttentionSpec spec, Tensor q, Tensor k, Tensor v, Tensor y, Tensor logSumExp)
    {
        fixed (float* pq = q, pk = k, pv = v, py = y, pl = logSumExp) AttentionKernels<V>.Forward(this, spec, pq, pk, pv, py, pl);
    }

    public override void AttentionGrad(
        AttentionSpec spec, Tensor q, Tensor k, Tensor v, Tensor y, Tensor logSumExp, Tensor dy, Tensor dq, Tensor dk, Tensor dv)
    {
        fixed (float* pq = q, pk = k, pv = v, py = y, pl = logSumExp, pdy = dy, pdq = dq, pdk = dk, pdv = dv)
            AttentionKernels<V>.Gradient(this, spec, pq, pk, pv, py, pl, pdy, pdq, pdk, pdv);
    }

    public override void Adam(in AdamStep step, Tensor w, Tensor g, Tensor m, Tensor v)
    {
        fixed (float* pw = w, pg = g, pm = m, pv = v) ParameterUpdates<V>.Adam(this, step, pw, pg, pm, pv, w.Shape.Count);
    }

    public override void Lerp(Tensor y, Tensor x, float rate)
    {
        fixed (float* py = y, px = x) ParameterUpdates<V>.Lerp(this, py, px, rate, y.Shape.Count);
    }
}
