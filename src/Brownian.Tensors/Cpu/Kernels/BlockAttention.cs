using Brownian.Tensors.Cpu.Simd;

namespace Brownian.Tensors.Cpu.Kernels;

/// <summary>
/// Attention over blocks of 64 keys or queries with a running softmax (Milakov &amp; Gimelshein 2018; Dao et al. 2022): the L×L
/// weights exist only as a block in the first-level cache. Going forward queries are the vector lanes, so that maxima and sums need
/// no horizontal step; going backward keys are, so that two of the three sums over queries are wide matrix products.
/// </summary>
static unsafe class BlockAttention<V> where V : unmanaged, ISimd<V>
{
    // 64 rows of 4 vectors are at most 16 KB; the same number of rows for all widths, so that all add in the same order.
    const int BlockRows = 64;

    static int Width => 4 * V.Lanes;

    static int Panels(AttentionSpec s) => (s.Length + Width - 1) / Width;

    /// <summary>y = softmax(q·kᵀ·scale)·v and log₂ Σ 2^(logit·log₂e) of each query's logits.</summary>
    public static void Forward(CpuDevice device, AttentionSpec s, float* q, float* k, float* v, float* y, float* logSumExp)
    {
        int perWorker = (2 * s.HeadChannels + BlockRows + 3) * Width;
        float* scratch = device.Scratch(perWorker);
        device.Workers.For(s.Samples * s.Heads * Panels(s), new ForwardJob(
            s, Panels(s), (nint)q, (nint)k, (nint)v, (nint)y, (nint)logSumExp, (nint)scratch, perWorker));
    }

    /// <summary>One panel of queries of one head.</summary>
    readonly record struct ForwardJob(
        AttentionSpec S, int Panels, nint Q, nint K, nint Val, nint Y, nint LogSumExp, nint Scratch, int PerWorker) : IJob
    {
        public void Run(int index, int worker)
        {
            (int head, int panel) = Math.DivRem(index, Panels);
            (int sample, int h) = Math.DivRem(head, S.Heads);
            int d = S.HeadChannels, width = Width, from = panel * width, count = Math.Min(width, S.Length - from);
            nint first = (nint)sample * S.Length * S.RowStride + h * d;
            float* k = (float*)K + first, v = (float*)Val + first;
            float* queries = (float*)Scratch + (nint)worker * PerWorker;
            float* output = queries + d * width, maximum = output + d * width, total = maximum + width, rescale = total + width, weights = rescale + width;

            Transpose((float*)Q + first + (nint)from * S.RowStride, S.RowStride, count, d, S.Scale * VectorMath.Log2E, queries);
            new Span<float>(output, d * width).Clear();
            new Span<float>(maximum, width).Fill(float.NegativeInfinity);
            new Span<float>(total, width).Clear();
            for (int key = 0; key < S.Length; key += BlockRows)
            {
                int keys = Math.Min(BlockRows, S.Length - key);
                nint offset = (nint)key * S.RowStride;
                Gemm.MultiplyInPlace<V>(keys, width, d, new Matrix(k + offset, S.RowStride, 1), queries, width, weights, width, false);
                Raise(weights, keys, maximum, rescale);
                Scale(output, d, rescale);
                Scale(total, 1, rescale);
                Exponentiate(weights, keys, maximum, total);
                Gemm.MultiplyInPlace<V>(d, width, keys, new Matrix(v + offset, 1, S.RowStride), weights, width, output, width, true);
            }
            float* logSumExp = (float*)LogSumExp + (nint)head * S.Length + from;
            for (int j = 0; j < count; j++)
            {
                logSumExp[j] = maximum[j] + MathF.Log2(total[j]);
                rescale[j] = 1 / total[j];
            }
            Scale(output, d, rescale);
            nint channels = (nint)S.Heads * d;
            Scatter(output, (float*)Y + ((nint)sample * S.Length + from) * channels + h * d, channels, count, d, 1);
        }

        /// <summary>maximum = max(maximum, logits), and by what sums under the old one must be multiplied.</summary>
        static void Raise(float* logits, int keys, float* maximum, float* rescale)
        {
            for (int lane = 0; lane < Width; lane += V.Lanes)
            {
                V old = V.Load(maximum + lane), most = old;
                for (float* logit = logits + lane, end = logit + keys * Width; logit < end; logit += Width) most = V.Max(V.Load(logit), most);
                V.Store(maximum + lane, most);
                V.Store(rescale + lane, VectorMath.Exp2(old - most));
            }
        }

        static void Scale(float* rows, int count, float* factors)
        {
            for (float* end = rows + count * Width; rows < end; rows += Width)
            {
                for (int lane = 0; lane < Width; lane += V.Lanes) V.Store(rows + lane, V.Load(rows + lane) * V.Load(factors + lane));
            }
        }

        /// <summary>Turns logits into weights relative to the maximum, and adds them up.</summary>
        static void Exponentiate(float* weights, int keys, float* maximum, float* total)
        {
            int one = V.Lanes, two = 2 * V.Lanes, three = 3 * V.Lanes;
            V m0 = V.Load(maximum), m1 = V.Load(maximum + one), m2 = V.Load(maximum + two), m3 = V.Load(maximum + three);
            V s0 = V.Load(total), s1 = V.Load(total + one), s2 = V.Load(total + two), s3 = V.Load(total + three);
            for (float* end = weights + keys * Width; weights < end; weights += Width)
            {
                V w0 = V.Load(weights) - m0, w1 = V.Load(weights + one) - m1, w2 = V.Load(weights + two) - m2, w3 = V.Load(weights + three) - m3;
                VectorMath.Exp2(ref w0, ref w1, ref w2, ref w3);
                V.Store(weights, w0);
                V.Store(weights + one, w1);
                V.Store(weights + two, w2);
                V.Store(weights + three, w3);
                (s0, s1, s2, s3) = (s0 + w0, s1 + w1, s2 + w2, s3 + w3);
            }
            V.Store(total, s0);
            V.Store(total + one, s1);
            V.Store(total + two, s2);
            V.Store(total + three, s3);
        }
    }

    /// <summary>Overwrites dq, dk and dv.</summary>
    public static void Gradient(
        CpuDevice device, AttentionSpec s, float* q, float* k, float* v, float* y, float* logSumExp, float* dy, float* dq, float* dk, float* dv)
    {
        int padded = Gemm.PackedColumns<V>(s.HeadChannels);
        int perWorker = (4 * s.HeadChannels + padded + 2 * BlockRows) * Width + s.Length * (padded + 1) + V.Lanes;
        float* scratch = device.Scratch(perWorker);
        device.Workers.For(s.Samples * s.Heads, new GradientJob(
            s, padded, (nint)q, (nint)k, (nint)v, (nint)y, (nint)logSumExp, (nint)dy, (nint)dq, (nint)dk, (nint)dv, (nint)scratch, perWorker));
    }

    /// <summary>
    /// One head. With weights p = exp(q·k·scale − logSumExp): dv = pᵀ·dy, dp = dy·vᵀ, ds = p·(dp − Σ dy·y), dq = ds·k·scale,
    /// dk = dsᵀ·q·scale.
    /// </summary>
    readonly record struct GradientJob(
        AttentionSpec S, int Padded, nint Q, nint K, nint Val, nint Y, nint LogSumExp, nint Dy, nint Dq, nint Dk, nint Dv, nint Scratch, int PerWorker) : IJob
    {
        public void Run(int head, int worker)
        {
            (int sample, int h) = Math.DivRem(head, S.Heads);
            nint first = (nint)sample * S.Length * S.RowStride + h * S.HeadChannels, channels = (nint)S.Heads * S.HeadChannels;
            nint firstOut = (nint)sample * S.Length * channels + h * S.HeadChannels;
            float* querySums = (float*)Scratch + (nint)worker * PerWorker, products = querySums + (nint)S.Length * Padded;
            float* rest = products + (S.Length + V.Lanes - 1) / V.Lanes * V.Lanes;
            new Span<float>(querySums, S.Length * Padded).Clear();
            Products((float*)Dy + firstOut, (float*)Y + firstOut, channels, products);
            for (int from = 0; from < S.Length; from += Width)
                Panel(from, first, (float*)Dy + firstOut, (float*)LogSumExp + (nint)head * S.Length, products, querySums, rest);
            float* dq = (float*)Dq + first;
            for (int i = 0; i < S.Length; i++, dq += S.RowStride, querySums += Padded)
            {
                for (int c = 0; c < S.HeadChannels; c++) dq[c] = querySums[c] * S.Scale;
            }
        }

        /// <summary>Σ dy·y of each query.</summary>
        void Products(float* dy, float* y, nint channels, float* products)
        {
            for (int i = 0; i < S.Length; i++, dy += channels, y += channels)
            {
                float even = 0, odd = 0;
                int c = 0;
                for (; c + 2 <= S.HeadChannels; c += 2)
                {
                    even = MathF.FusedMultiplyAdd(dy[c], y[c], even);
                    odd = MathF.FusedMultiplyAdd(dy[c + 1], y[c + 1], odd);
                }
                if (c < S.HeadChannels) even = MathF.FusedMultiplyAdd(dy[c], y[c], even);
                products[i] = even + odd;
            }
        }

        /// <summary>All queries against one panel of keys.</summary>
        void Panel(int from, nint first, float* dy, float* logSumExp, float* products, float* querySums, float* scratch)
        {
            int d = S.HeadChannels, width = Width, count = Math.Min(width, S.Length - from);
            nint channels = (nint)S.Heads * d, offset = first + (nint)from * S.RowStride;
            float* keys = scratch, values = keys + d * width, dKeys = values + d * width, dValues = dKeys + d * width;
            float* keyRows = dValues + d * width, weights = keyRows + Padded * width, dWeights = weights + BlockRows * width;
            Transpose((float*)K + offset, S.RowStride, count, d, S.Scale * VectorMath.Log2E, keys);
            Transpose((float*)Val + offset, S.RowStride, count, d, 1, values);
            CopyRows((float*)K + offset, count, keyRows);
            new Span<float>(dKeys, 2 * d * width).Clear();
            for (int query = 0; query < S.Length; query += BlockRows)
            {
                int queries = Math.Min(BlockRows, S.Length - query);
                float* q = (float*)Q + first + (nint)query * S.RowStride, dyBlock = dy + query * channels;
                Gemm.MultiplyInPlace<V>(queries, width, d, new Matrix(q, S.RowStride, 1), keys, width, weights, width, false);
                Gemm.MultiplyInPlace<V>(queries, width, d, new Matrix(dyBlock, channels, 1), values, width, dWeights, width, false);
                SoftmaxGradient(weights, dWeights, queries, logSumExp + query, products + query);
                Gemm.MultiplyInPlace<V>(d, width, queries, new Matrix(dyBlock, 1, channels), weights, width, dValues, width, true);
                Gemm.MultiplyInPlace<V>(d, width, queries, new Matrix(q, 1, S.RowStride), dWeights, width, dKeys, width, true);
                Gemm.MultiplyInPlace<V>(queries, Padded, count, new Matrix(dWeights, width, 1), keyRows, Padded, querySums + (nint)query * Padded, Padded, true);
            }
            Scatter(dKeys, (float*)Dk + offset, S.RowStride, count, d, S.Scale);
            Scatter(dValues, (float*)Dv + offset, S.RowStride, count, d, 1);
        }

        void CopyRows(float* rows, int count, float* target)
        {
            new Span<float>(target, Padded * count).Clear();
            for (int j = 0; j < count; j++, rows += S.RowStride, target += Padded)
                new ReadOnlySpan<float>(rows, S.HeadChannels).CopyTo(new Span<float>(target, S.HeadChannels));
        }

        /// <summary>logits → p, dp → ds; a row for each query.</summary>
        static void SoftmaxGradient(float* weights, float* dWeights, int queries, float* logSumExp, float* products)
        {
            int one = V.Lanes, two = 2 * V.Lanes, three = 3 * V.Lanes;
            for (int i = 0; i < queries; i++, weights += Width, dWeights += Width)
            {
                V shift = V.Splat(logSumExp[i]), product = V.Splat(products[i]);
                V w0 = V.Load(weights) - shift, w1 = V.Load(weights + one) - shift, w2 = V.Load(weights + two) - shift, w3 = V.Load(weights + three) - shift;
                VectorMath.Exp2(ref w0, ref w1, ref w2, ref w3);
                V.Store(weights, w0);
                V.Store(weights + one, w1);
                V.Store(weights + two, w2);
                V.Store(weights + three, w3);
                V.Store(dWeights, w0 * (V.Load(dWeights) - product));
                V.Store(dWeights + one, w1 * (V.Load(dWeights + one) - product));
                V.Store(dWeights + two, w2 * (V.Load(dWeights + two) - product));
                V.Store(dWeights + three, w3 * (V.Load(dWeights + three) - product));
            }
        }
    }

    /// <summary>Turns rows of one head into channels × positions; positions past the end are zeros.</summary>
    static void Transpose(float* rows, nint rowStride, int count, int d, float scale, float* panel)
    {
        if (count < Width) new Span<float>(panel, d * Width).Clear();
        for (int j = 0; j < count; j++, rows += rowStride, panel++)
        {
            for (int c = 0; c < d; c++) panel[c * Width] = rows[c] * scale;
        }
    }

    /// <summary>The inverse of <see cref="Transpose"/>, for the positions that exist.</summary>
    static void Scatter(float* panel, float* rows, nint rowStride, int count, int d, float scale)
    {
        for (int j = 0; j < count; j++, rows += rowStride, panel++)
        {
            for (int c = 0; c < d; c++) rows[c] = panel[c * Width] * scale;
        }
    }
}
