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
    const int FewJobs = 64;             // enough to share out evenly; a head is cut in parts when there are fewer heads

    /// <summary>The lanes of all panels but the last, which has no more vectors than it needs.</summary>
    static int Width => 4 * V.Lanes;

    static int Panels(AttentionSpec s) => (s.Length + Width - 1) / Width;

    /// <summary>y = softmax(q·kᵀ·scale)·v and log₂ Σ 2^(logit·log₂e) of each query's logits.</summary>
    public static void Forward(CpuDevice device, AttentionSpec s, float* q, float* k, float* v, float* y, float* logSumExp)
    {
        int parts = Math.Clamp(FewJobs / (s.Samples * s.Heads), 1, Panels(s));
        int perWorker = 2 * s.Length * s.HeadChannels + (2 * s.HeadChannels + BlockRows + 3) * Width;
        WorkerMemory scratch = device.Scratch(perWorker);
        device.Workers.For(s.Samples * s.Heads * parts, new ForwardJob(
            s, parts, (nint)q, (nint)k, (nint)v, (nint)y, (nint)logSumExp, scratch));
    }

    /// <summary>Some panels of queries of one head.</summary>
    readonly record struct ForwardJob(
        AttentionSpec S, int Parts, nint Q, nint K, nint Val, nint Y, nint LogSumExp, WorkerMemory Scratch) : IJob
    {
        public void Run(int index, int worker)
        {
            (int head, int part) = Math.DivRem(index, Parts);
            (int sample, int h) = Math.DivRem(head, S.Heads);
            int d = S.HeadChannels, panels = Panels(S);
            nint first = (nint)sample * S.Length * S.RowStride + h * d;
            float* keys = Scratch.Of(worker), values = keys + S.Length * d;
            CopyRows((float*)K + first, S.RowStride, S.Length, d, keys, d);
            CopyRows((float*)Val + first, S.RowStride, S.Length, d, values, d);
            for (int panel = panels * part / Parts; panel < panels * (part + 1) / Parts; panel++)
                Panel(panel * Width, sample, h, keys, values, values + S.Length * d);
        }

        /// <summary>One panel of queries against all keys.</summary>
        void Panel(int from, int sample, int h, float* keys, float* values, float* queries)
        {
            int d = S.HeadChannels, count = Math.Min(Width, S.Length - from), width = Gemm.PackedColumns<V>(count);
            nint position = (nint)sample * S.Length + from, channels = (nint)S.Heads * d;
            float* output = queries + d * width, maximum = output + d * width, total = maximum + width, rescale = total + width, weights = rescale + width;
            new Span<float>(queries, 2 * d * width).Clear();
            Transposition.Scaled((float*)Q + position * S.RowStride + h * d, S.RowStride, count, d, S.Scale * VectorMath.Log2E, queries, width);
            new Span<float>(maximum, width).Fill(float.NegativeInfinity);
            new Span<float>(total, width).Clear();
            for (int key = 0; key < S.Length; key += BlockRows)
            {
                int block = Math.Min(BlockRows, S.Length - key);
                Gemm.MultiplyInPlace<V>(block, width, d, new Matrix(keys + key * d, d, 1), queries, width, weights, width, false);
                Raise(weights, block, width, maximum, rescale);
                Scale(output, d, width, rescale);
                Scale(total, 1, width, rescale);
                Exponentiate(weights, block, width, maximum, total);
                Gemm.MultiplyInPlace<V>(d, width, block, new Matrix(values + key * d, 1, d), weights, width, output, width, true);
            }
            float* logSumExp = (float*)LogSumExp + ((nint)sample * S.Heads + h) * S.Length + from;
            for (int j = 0; j < count; j++)
            {
                logSumExp[j] = maximum[j] + MathF.Log2(total[j]);
                rescale[j] = 1 / total[j];
            }
            Scale(output, d, width, rescale);
            Transposition.Scaled(output, width, d, count, 1, (float*)Y + position * channels + h * d, channels);
        }

        /// <summary>maximum = max(maximum, logits), and by what sums under the old one must be multiplied.</summary>
        static void Raise(float* logits, int keys, int width, float* maximum, float* rescale)
        {
            for (int lane = 0; lane < width; lane += V.Lanes)
            {
                V old = V.Load(maximum + lane), most = old;
                for (float* logit = logits + lane, end = logit + keys * width; logit < end; logit += width) most = V.Max(V.Load(logit), most);
                V.Store(maximum + lane, most);
                V.Store(rescale + lane, VectorMath.Exp2(old - most));
            }
        }

        static void Scale(float* rows, int count, int width, float* factors)
        {
            for (float* end = rows + count * width; rows < end; rows += width)
            {
                for (int lane = 0; lane < width; lane += V.Lanes) V.Store(rows + lane, V.Load(rows + lane) * V.Load(factors + lane));
            }
        }

        /// <summary>Turns logits into weights relative to the maximum, and adds them up.</summary>
        static void Exponentiate(float* weights, int keys, int width, float* maximum, float* total)
        {
            if (width == Width)
            {
                Exponentiate(weights, keys, maximum, total);
                return;
            }
            for (int lane = 0; lane < width; lane += V.Lanes)
            {
                V most = V.Load(maximum + lane), sum = V.Load(total + lane);
                for (float* weight = weights + lane, end = weight + keys * width; weight < end; weight += width)
                {
                    V exp = VectorMath.Exp2(V.Load(weight) - most);
                    V.Store(weight, exp);
                    sum += exp;
                }
                V.Store(total + lane, sum);
            }
        }

        /// <summary>The same for a whole panel.</summary>
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
        int perWorker = (4 * s.HeadChannels + padded + 2 * BlockRows) * Width + s.Length * (padded + 2 * s.HeadChannels + 1) + V.Lanes;
        WorkerMemory scratch = device.Scratch(perWorker);
        device.Workers.For(s.Samples * s.Heads, new GradientJob(
            s, padded, (nint)q, (nint)k, (nint)v, (nint)y, (nint)logSumExp, (nint)dy, (nint)dq, (nint)dk, (nint)dv, scratch));
    }

    /// <summary>
    /// One head. With weights p = exp(q·k·scale − logSumExp): dv = pᵀ·dy, dp = dy·vᵀ, ds = p·(dp − Σ dy·y), dq = ds·k·scale,
    /// dk = dsᵀ·q·scale.
    /// </summary>
    readonly record struct GradientJob(
        AttentionSpec S, int Padded, nint Q, nint K, nint Val, nint Y, nint LogSumExp, nint Dy, nint Dq, nint Dk, nint Dv, WorkerMemory Scratch) : IJob
    {
        public void Run(int head, int worker)
        {
            (int sample, int h) = Math.DivRem(head, S.Heads);
            int d = S.HeadChannels;
            nint first = (nint)sample * S.Length * S.RowStride + h * d, channels = (nint)S.Heads * d;
            nint firstOut = (nint)sample * S.Length * channels + h * d;
            float* queries = Scratch.Of(worker), dys = queries + S.Length * d;
            float* querySums = dys + S.Length * d, products = querySums + S.Length * Padded;
            float* rest = products + Gemm.PackedColumns<V>(S.Length);
            CopyRows((float*)Q + first, S.RowStride, S.Length, d, queries, d);
            CopyRows((float*)Dy + firstOut, channels, S.Length, d, dys, d);
            new Span<float>(querySums, S.Length * Padded).Clear();
            Products((float*)Dy + firstOut, (float*)Y + firstOut, channels, products);
            for (int from = 0; from < S.Length; from += Width)
                Panel(from, first, queries, dys, (float*)LogSumExp + (nint)head * S.Length, products, querySums, rest);
            float* dq = (float*)Dq + first;
            for (int i = 0; i < S.Length; i++, dq += S.RowStride, querySums += Padded) Rows.Scale<V>(dq, querySums, S.Scale, d);
        }

        /// <summary>Σ dy·y of each query.</summary>
        void Products(float* dy, float* y, nint channels, float* products)
        {
            float* partial = stackalloc float[4];
            for (int i = 0; i < S.Length; i++, dy += channels, y += channels)
            {
                V128 sums = V128.Zero;          // of every fourth channel, at any vector width
                int c = 0;
                for (; c + 4 <= S.HeadChannels; c += 4) sums = V128.Fma(V128.Load(dy + c), V128.Load(y + c), sums);
                V128.Store(partial, sums);
                float rest = 0;
                for (; c < S.HeadChannels; c++) rest = MathF.FusedMultiplyAdd(dy[c], y[c], rest);
                products[i] = partial[0] + partial[1] + (partial[2] + partial[3]) + rest;
            }
        }

        /// <summary>All queries against one panel of keys.</summary>
        void Panel(int from, nint first, float* queries, float* dys, float* logSumExp, float* products, float* querySums, float* scratch)
        {
            int d = S.HeadChannels, count = Math.Min(Width, S.Length - from), width = Gemm.PackedColumns<V>(count);
            nint offset = first + (nint)from * S.RowStride;
            float* keys = scratch, values = keys + d * width, dKeys = values + d * width, dValues = dKeys + d * width;
            float* keyRows = dValues + d * width, weights = keyRows + Padded * width, dWeights = weights + BlockRows * width;
            new Span<float>(keys, 4 * d * width).Clear();
            Transposition.Scaled((float*)K + offset, S.RowStride, count, d, S.Scale * VectorMath.Log2E, keys, width);
            Transposition.Scaled((float*)Val + offset, S.RowStride, count, d, 1, values, width);
            CopyRows((float*)K + offset, S.RowStride, count, d, keyRows, Padded);
            for (int query = 0; query < S.Length; query += BlockRows)
            {
                int block = Math.Min(BlockRows, S.Length - query);
                float* q = queries + query * d, dy = dys + query * d;
                Gemm.MultiplyInPlace<V>(block, width, d, new Matrix(q, d, 1), keys, width, weights, width, false);
                Gemm.MultiplyInPlace<V>(block, width, d, new Matrix(dy, d, 1), values, width, dWeights, width, false);
                SoftmaxGradient(weights, dWeights, block, width, logSumExp + query, products + query);
                Gemm.MultiplyInPlace<V>(d, width, block, new Matrix(dy, 1, d), weights, width, dValues, width, true);
                Gemm.MultiplyInPlace<V>(d, width, block, new Matrix(q, 1, d), dWeights, width, dKeys, width, true);
                Gemm.MultiplyInPlace<V>(block, Padded, count, new Matrix(dWeights, width, 1), keyRows, Padded, querySums + query * Padded, Padded, true);
            }
            Transposition.Scaled(dKeys, width, d, count, S.Scale, (float*)Dk + offset, S.RowStride);
            Transposition.Scaled(dValues, width, d, count, 1, (float*)Dv + offset, S.RowStride);
        }

        /// <summary>logits → p, dp → ds; a row for each query.</summary>
        static void SoftmaxGradient(float* weights, float* dWeights, int queries, int width, float* logSumExp, float* products)
        {
            if (width == Width)
            {
                SoftmaxGradient(weights, dWeights, queries, logSumExp, products);
                return;
            }
            for (int i = 0; i < queries; i++)
            {
                V shift = V.Splat(logSumExp[i]), product = V.Splat(products[i]);
                for (float* end = weights + width; weights < end; weights += V.Lanes, dWeights += V.Lanes)
                {
                    V weight = VectorMath.Exp2(V.Load(weights) - shift);
                    V.Store(weights, weight);
                    V.Store(dWeights, weight * (V.Load(dWeights) - product));
                }
            }
        }

        /// <summary>The same for a whole panel.</summary>
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

    /// <summary>Gathers the rows of one head. Their distance in a tensor can be such that they all fall into a few sets of the first-level cache.</summary>
    static void CopyRows(float* rows, nint rowStride, int count, int d, float* target, int targetStride)
    {
        for (int j = 0; j < count; j++, rows += rowStride, target += targetStride)
        {
            new ReadOnlySpan<float>(rows, d).CopyTo(new Span<float>(target, d));
            new Span<float>(target + d, targetStride - d).Clear();
        }
    }
}
