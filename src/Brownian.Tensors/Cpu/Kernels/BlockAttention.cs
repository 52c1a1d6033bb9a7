using Brownian.Tensors.Cpu.Simd;

namespace Brownian.Tensors.Cpu.Kernels;

/// <summary>
/// Attention over blocks of keys with a running softmax (Milakov &amp; Gimelshein 2018; Dao et al. 2022): the L×L weights exist only
/// as a block of keys × one panel of queries in the first-level cache. Queries are the vector lanes, so maxima, sums and
/// exponentials need no horizontal step, and heads of few channels waste no lanes.
/// </summary>
static unsafe class BlockAttention<V> where V : unmanaged, ISimd<V>
{
    const int BlockKeys = 64;           // 64 keys × 64 queries are 16 KB; the same for all widths, so that all add in the same order

    static int PanelVectors => V.Registers >= 32 ? 4 : 2;

    static int Queries => PanelVectors * V.Lanes;

    /// <summary>y = softmax(q·kᵀ·scale)·v and log₂ Σ 2^(logit·log₂e) of each query's logits.</summary>
    public static void Forward(CpuDevice device, AttentionSpec s, float* q, float* k, float* v, float* y, float* logSumExp)
    {
        int panels = (s.Length + Queries - 1) / Queries;
        int perWorker = (2 * s.HeadChannels + BlockKeys + 2) * Queries;
        float* scratch = device.Scratch(perWorker);
        device.Workers.For(s.Samples * s.Heads * panels, new ForwardJob(
            s, panels, (nint)q, (nint)k, (nint)v, (nint)y, (nint)logSumExp, (nint)scratch, perWorker));
    }

    /// <summary>One panel of queries of one head.</summary>
    readonly record struct ForwardJob(
        AttentionSpec S, int Panels, nint Q, nint K, nint Val, nint Y, nint LogSumExp, nint Scratch, int PerWorker) : IJob
    {
        public void Run(int index, int worker)
        {
            (int head, int panel) = Math.DivRem(index, Panels);
            (int sample, int h) = Math.DivRem(head, S.Heads);
            int d = S.HeadChannels, width = Queries, from = panel * width, count = Math.Min(width, S.Length - from);
            nint first = (nint)sample * S.Length * S.RowStride + h * d;
            float* k = (float*)K + first, v = (float*)Val + first;
            float* queries = (float*)Scratch + (nint)worker * PerWorker;
            float* output = queries + d * width, maximum = output + d * width, total = maximum + width, weights = total + width;

            PackPanel((float*)Q + first + (nint)from * S.RowStride, S.RowStride, count, d, S.Scale * VectorMath.Log2E, queries);
            new Span<float>(output, d * width).Clear();
            new Span<float>(maximum, width).Fill(float.NegativeInfinity);
            new Span<float>(total, width).Clear();
            for (int key = 0; key < S.Length; key += BlockKeys)
            {
                int keys = Math.Min(BlockKeys, S.Length - key);
                nint offset = (nint)key * S.RowStride;
                Gemm.MultiplyInPlace<V>(keys, width, d, new Matrix(k + offset, S.RowStride, 1), queries, width, weights, width, false);
                Softmax(weights, keys, d, maximum, total, output);
                Gemm.MultiplyInPlace<V>(d, width, keys, new Matrix(v + offset, 1, S.RowStride), weights, width, output, width, true);
            }
            int channels = S.Heads * d;
            float* y = (float*)Y + ((nint)sample * S.Length + from) * channels + h * d;
            float* logSumExp = (float*)LogSumExp + (nint)head * S.Length + from;
            for (int j = 0; j < count; j++, y += channels)
            {
                logSumExp[j] = maximum[j] + MathF.Log2(total[j]);
                for (int c = 0; c < d; c++) y[c] = output[c * width + j] / total[j];
            }
        }

        /// <summary>Turns logits into weights relative to the running maximum, and rescales what was summed under the old one.</summary>
        static void Softmax(float* weights, int keys, int d, float* maximum, float* total, float* output)
        {
            int width = Queries;
            for (int lane = 0; lane < width; lane += V.Lanes)
            {
                V old = V.Load(maximum + lane), most = old;
                for (int i = 0; i < keys; i++) most = V.Max(V.Load(weights + i * width + lane), most);
                V rescale = VectorMath.Exp2(old - most), sum = V.Load(total + lane) * rescale;
                for (int i = 0; i < keys; i++)
                {
                    V weight = VectorMath.Exp2(V.Load(weights + i * width + lane) - most);
                    V.Store(weights + i * width + lane, weight);
                    sum += weight;
                }
                for (int c = 0; c < d; c++) V.Store(output + c * width + lane, V.Load(output + c * width + lane) * rescale);
                V.Store(maximum + lane, most);
                V.Store(total + lane, sum);
            }
        }
    }

    /// <summary>Transposes rows of one head into channels × queries; queries past the end are zeros.</summary>
    static void PackPanel(float* rows, nint rowStride, int count, int d, float scale, float* panel)
    {
        int width = Queries;
        for (int c = 0; c < d; c++)
        {
            for (int j = 0; j < count; j++) panel[c * width + j] = rows[j * rowStride + c] * scale;
            for (int j = count; j < width; j++) panel[c * width + j] = 0;
        }
    }

    /// <summary>Overwrites dq, dk and dv.</summary>
    public static void Gradient(
        CpuDevice device, AttentionSpec s, float* q, float* k, float* v, float* y, float* logSumExp, float* dy, float* dq, float* dk, float* dv)
    {
        int padded = Gemm.PackedColumns<V>(s.HeadChannels);
        int perWorker = (3 * s.HeadChannels + 2 * padded + 2 * BlockKeys + 2) * Queries + 2 * s.Length * padded;
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
            nint first = (nint)sample * S.Length * S.RowStride + h * S.HeadChannels;
            nint firstOut = ((nint)sample * S.Length * S.Heads + h) * S.HeadChannels;
            float* keySums = (float*)Scratch + (nint)worker * PerWorker, valueSums = keySums + (nint)S.Length * Padded;
            float* rest = valueSums + (nint)S.Length * Padded;
            new Span<float>(keySums, 2 * S.Length * Padded).Clear();
            for (int from = 0; from < S.Length; from += Queries) Panel(from, head, first, firstOut, keySums, valueSums, rest);
            for (int i = 0; i < S.Length; i++)
            {
                nint at = first + (nint)i * S.RowStride;
                new ReadOnlySpan<float>(keySums + (nint)i * Padded, S.HeadChannels).CopyTo(new Span<float>((float*)Dk + at, S.HeadChannels));
                new ReadOnlySpan<float>(valueSums + (nint)i * Padded, S.HeadChannels).CopyTo(new Span<float>((float*)Dv + at, S.HeadChannels));
            }
        }

        void Panel(int from, int head, nint first, nint firstOut, float* keySums, float* valueSums, float* scratch)
        {
            int d = S.HeadChannels, width = Queries, count = Math.Min(width, S.Length - from), channels = S.Heads * d;
            float* queries = scratch, gradients = queries + d * width, dQueries = gradients + d * width;
            float* queryRows = dQueries + d * width, gradientRows = queryRows + Padded * width;
            float* weights = gradientRows + Padded * width, dWeights = weights + BlockKeys * width;
            float* shift = dWeights + BlockKeys * width, product = shift + width;
            float* q = (float*)Q + first + (nint)from * S.RowStride;
            float* dy = (float*)Dy + firstOut + (nint)from * channels, y = (float*)Y + firstOut + (nint)from * channels;

            PackPanel(y, channels, count, d, 1, queries);
            PackPanel(dy, channels, count, d, 1, gradients);
            PanelSums((float*)LogSumExp + (nint)head * S.Length + from, gradients, queries, count, shift, product);
            PackPanel(q, S.RowStride, count, d, S.Scale * VectorMath.Log2E, queries);
            PackRows(q, S.RowStride, count, S.Scale, queryRows);
            PackRows(dy, channels, count, 1, gradientRows);
            new Span<float>(dQueries, d * width).Clear();
            for (int key = 0; key < S.Length; key += BlockKeys)
            {
                int keys = Math.Min(BlockKeys, S.Length - key);
                nint offset = first + (nint)key * S.RowStride;
                float* k = (float*)K + offset, v = (float*)Val + offset;
                Gemm.MultiplyInPlace<V>(keys, width, d, new Matrix(k, S.RowStride, 1), queries, width, weights, width, false);
                Gemm.MultiplyInPlace<V>(keys, width, d, new Matrix(v, S.RowStride, 1), gradients, width, dWeights, width, false);
                SoftmaxGradient(weights, dWeights, keys, shift, product);
                Gemm.MultiplyInPlace<V>(keys, Padded, width, new Matrix(weights, width, 1), gradientRows, Padded, valueSums + (nint)key * Padded, Padded, true);
                Gemm.MultiplyInPlace<V>(keys, Padded, width, new Matrix(dWeights, width, 1), queryRows, Padded, keySums + (nint)key * Padded, Padded, true);
                Gemm.MultiplyInPlace<V>(d, width, keys, new Matrix(k, 1, S.RowStride), dWeights, width, dQueries, width, true);
            }
            float* dq = (float*)Dq + first + (nint)from * S.RowStride;
            for (int j = 0; j < count; j++, dq += S.RowStride)
            {
                for (int c = 0; c < d; c++) dq[c] = dQueries[c * width + j] * S.Scale;
            }
        }

        void PackRows(float* rows, nint rowStride, int count, float scale, float* packed)
        {
            new Span<float>(packed, Padded * Queries).Clear();
            for (int j = 0; j < count; j++, rows += rowStride, packed += Padded)
            {
                for (int c = 0; c < S.HeadChannels; c++) packed[c] = rows[c] * scale;
            }
        }

        /// <summary>What each query subtracts: its logSumExp from logits, and Σ dy·y from the weights' gradients.</summary>
        void PanelSums(float* logSumExp, float* dy, float* y, int count, float* shift, float* product)
        {
            new ReadOnlySpan<float>(logSumExp, count).CopyTo(new Span<float>(shift, count));
            new Span<float>(shift + count, Queries - count).Fill(1e30f);       // queries past the end weigh nothing
            for (int lane = 0; lane < Queries; lane += V.Lanes)
            {
                V sum = V.Zero;
                for (int c = 0; c < S.HeadChannels; c++) sum = V.Fma(V.Load(dy + c * Queries + lane), V.Load(y + c * Queries + lane), sum);
                V.Store(product + lane, sum);
            }
        }

        /// <summary>logits → p, dp → ds.</summary>
        static void SoftmaxGradient(float* weights, float* dWeights, int keys, float* shift, float* product)
        {
            int width = Queries;
            for (int lane = 0; lane < width; lane += V.Lanes)
            {
                V s = V.Load(shift + lane), sum = V.Load(product + lane);
                for (int i = 0; i < keys; i++)
                {
                    float* weight = weights + i * width + lane, dWeight = dWeights + i * width + lane;
                    V p = VectorMath.Exp2(V.Load(weight) - s);
                    V.Store(weight, p);
                    V.Store(dWeight, p * (V.Load(dWeight) - sum));
                }
            }
        }
    }
}
