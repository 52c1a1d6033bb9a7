using System.Runtime.CompilerServices;
using Brownian.Tensors.Cpu.Simd;

namespace Brownian.Tensors.Cpu.Kernels;

/// <summary>
/// Attention for heads of four channels, so small that a vector of queries, with all their channels and sums, stays in registers while all keys pass
/// by: no weight is ever stored. The gradient passes twice, once with queries in the lanes (for dq) and once with keys (for dk and
/// dv), and computes the weights each time, which costs less than writing them down.
/// </summary>
static unsafe class SmallHeadAttention<V> where V : unmanaged, ISimd<V>
{
    // A running maximum that lags behind by up to this many powers of two costs no precision, and saves nearly all rescaling.
    const float Lag = 20;
    const int FewJobs = 64;             // enough to share out evenly; a head is cut in parts when there are fewer heads

    const int D = Head4<V>.Channels;

    static int PartsOfHead(AttentionSpec s)
    {
        int vectors = (s.Length + V.Lanes - 1) / V.Lanes;
        return Math.Clamp(FewJobs / (s.Samples * s.Heads), 1, Math.Max(1, vectors / 4));
    }

    /// <summary>y = softmax(q·kᵀ·scale)·v and log₂ Σ 2^(logit·log₂e) of each query's logits.</summary>
    public static void Forward(CpuDevice device, AttentionSpec s, float* q, float* k, float* v, float* y, float* logSumExp)
    {
        int parts = PartsOfHead(s), perWorker = 2 * D * (s.Length + V.Lanes);
        float* scratch = device.Scratch(perWorker);
        device.Workers.For(s.Samples * s.Heads * parts, new ForwardJob(
            s, parts, (nint)q, (nint)k, (nint)v, (nint)y, (nint)logSumExp, (nint)scratch, perWorker));
    }

    /// <summary>Some vectors of queries of one head.</summary>
    readonly record struct ForwardJob(
        AttentionSpec S, int Parts, nint Q, nint K, nint Val, nint Y, nint LogSumExp, nint Scratch, int PerWorker) : IJob
    {
        public void Run(int index, int worker)
        {
            (int head, int part) = Math.DivRem(index, Parts);
            (int sample, int h) = Math.DivRem(head, S.Heads);
            nint first = (nint)sample * S.Length * S.RowStride + h * D, channels = (nint)S.Heads * D;
            float* keys = (float*)Scratch + (nint)worker * PerWorker, panel = keys + 2 * D * S.Length;
            Interleave((float*)K + first, (float*)Val + first, S.RowStride, S.Length, keys);
            (int from, int to) = Part(S.Length, part, Parts);
            for (int query = from; query < to; query += V.Lanes)
            {
                int count = Math.Min(V.Lanes, to - query);
                Transpose((float*)Q + first + (nint)query * S.RowStride, S.RowStride, count, S.Scale * VectorMath.Log2E, panel);
                float* logSumExp = (float*)LogSumExp + (nint)head * S.Length + query;
                Attend(keys, panel, logSumExp, count);
                Scatter(panel, (float*)Y + ((nint)sample * S.Length + query) * channels + h * D, channels, count, 1);
            }
        }

        /// <summary>Replaces a panel of queries by their results.</summary>
        void Attend(float* keys, float* panel, float* logSumExp, int count)
        {
            Head4<V> query = Head4<V>.Load(panel), sum = default;
            V maximum = query.Dot(keys, V.Zero), shift = V.Zero - maximum, total = V.Zero;
            float* end = keys + 2 * D * S.Length;
            for (float* key = keys; key < end; key += 2 * D)
            {
                V logit = query.Dot(key, shift);
                if (V.AnyGreater(logit, V.Splat(Lag))) logit = Raise(logit, ref shift, ref total, ref sum);
                V weight = VectorMath.Exp2(logit);
                total += weight;
                sum.Add(key + D, weight);
            }
            sum.Scale(V.Splat(1) / total);
            sum.Store(panel);
            float* lanes = stackalloc float[2 * V.Lanes];
            V.Store(lanes, shift);
            V.Store(lanes + V.Lanes, total);
            for (int j = 0; j < count; j++) logSumExp[j] = MathF.Log2(lanes[V.Lanes + j]) - lanes[j];
        }

        /// <summary>Makes this key the maximum in the lanes where it leads by too much, and returns its logit relative to that.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        static V Raise(V logit, ref V shift, ref V total, ref Head4<V> sum)
        {
            V rise = V.SelectGreater(logit, V.Splat(Lag), logit, V.Zero), factor = VectorMath.Exp2(V.Zero - rise);
            shift -= rise;
            total *= factor;
            sum.Scale(factor);
            return logit - rise;
        }
    }

    /// <summary>Overwrites dq, dk and dv.</summary>
    public static void Gradient(
        CpuDevice device, AttentionSpec s, float* q, float* k, float* v, float* y, float* logSumExp, float* dy, float* dq, float* dk, float* dv)
    {
        int parts = PartsOfHead(s), perWorker = (4 * D + 2) * s.Length + 4 * D * V.Lanes;
        float* scratch = device.Scratch(perWorker);
        device.Workers.For(s.Samples * s.Heads * parts, new GradientJob(
            s, parts, (nint)q, (nint)k, (nint)v, (nint)y, (nint)logSumExp, (nint)dy, (nint)dq, (nint)dk, (nint)dv, (nint)scratch, perWorker));
    }

    /// <summary>
    /// Some positions of one head, as queries and as keys. With weights p = exp(q·k·scale − logSumExp): dv = pᵀ·dy, dp = dy·vᵀ,
    /// ds = p·(dp − Σ dy·y), dq = ds·k·scale, dk = dsᵀ·q·scale.
    /// </summary>
    readonly record struct GradientJob(
        AttentionSpec S, int Parts, nint Q, nint K, nint Val, nint Y, nint LogSumExp, nint Dy, nint Dq, nint Dk, nint Dv, nint Scratch, int PerWorker) : IJob
    {
        static int QueryRow => 2 * D + 2;

        public void Run(int index, int worker)
        {
            (int head, int part) = Math.DivRem(index, Parts);
            (int sample, int h) = Math.DivRem(head, S.Heads);
            nint first = (nint)sample * S.Length * S.RowStride + h * D, channels = (nint)S.Heads * D;
            nint firstOut = (nint)sample * S.Length * channels + h * D;
            float* keys = (float*)Scratch + (nint)worker * PerWorker;
            float* queries = keys + 2 * D * S.Length, panels = queries + QueryRow * S.Length;
            Interleave((float*)K + first, (float*)Val + first, S.RowStride, S.Length, keys);
            QueryRows((float*)Q + first, (float*)Y + firstOut, (float*)Dy + firstOut, channels, (float*)LogSumExp + (nint)head * S.Length, queries);
            (int from, int to) = Part(S.Length, part, Parts);
            for (int at = from; at < to; at += V.Lanes)
            {
                int count = Math.Min(V.Lanes, to - at);
                nint offset = first + (nint)at * S.RowStride;
                float* own = queries + QueryRow * at;
                float* second = panels + D * V.Lanes, statistics = second + D * V.Lanes;
                Transpose(own, QueryRow, count, 1, panels);
                Transpose(own + D, QueryRow, count, 1, second);
                for (int j = 0; j < V.Lanes; j++)
                {
                    statistics[j] = j < count ? own[QueryRow * j + 2 * D] : -1e30f;      // queries past the end weigh nothing
                    statistics[V.Lanes + j] = j < count ? own[QueryRow * j + 2 * D + 1] : 0;
                }
                QueryGradient(keys, panels, second, statistics);
                Scatter(panels, (float*)Dq + offset, S.RowStride, count, S.Scale);

                Transpose((float*)K + offset, S.RowStride, count, 1, panels);
                Transpose((float*)Val + offset, S.RowStride, count, 1, second);
                KeyGradient(queries, panels, second);
                Scatter(panels, (float*)Dk + offset, S.RowStride, count, 1 / VectorMath.Log2E);   // the queries were scaled by it
                Scatter(second, (float*)Dv + offset, S.RowStride, count, 1);
            }
        }

        /// <summary>For each query q·scale·log₂e, dy, −logSumExp and −Σ dy·y.</summary>
        void QueryRows(float* q, float* y, float* dy, nint channels, float* logSumExp, float* rows)
        {
            float scale = S.Scale * VectorMath.Log2E;
            for (int i = 0; i < S.Length; i++, q += S.RowStride, y += channels, dy += channels, rows += QueryRow)
            {
                float product = 0;
                for (int c = 0; c < D; c++)
                {
                    rows[c] = q[c] * scale;
                    rows[D + c] = dy[c];
                    product = MathF.FusedMultiplyAdd(dy[c], y[c], product);
                }
                rows[2 * D] = -logSumExp[i];
                rows[2 * D + 1] = -product;
            }
        }

        /// <summary>Replaces a panel of queries by dq without its scale.</summary>
        void QueryGradient(float* keys, float* panel, float* gradients, float* statistics)
        {
            Head4<V> query = Head4<V>.Load(panel), dy = Head4<V>.Load(gradients), sum = default;
            V logSumExp = V.Load(statistics), product = V.Load(statistics + V.Lanes);
            float* end = keys + 2 * D * S.Length;
            for (float* key = keys; key < end; key += 2 * D)
            {
                V weight = VectorMath.Exp2(query.Dot(key, logSumExp));
                sum.Add(key, weight * dy.Dot(key + D, product));
            }
            sum.Store(panel);
        }

        /// <summary>Replaces panels of keys and values by their gradients.</summary>
        void KeyGradient(float* queries, float* keys, float* values)
        {
            Head4<V> key = Head4<V>.Load(keys), value = Head4<V>.Load(values), keySum = default, valueSum = default;
            float* end = queries + QueryRow * S.Length;
            for (float* query = queries; query < end; query += QueryRow)
            {
                V weight = VectorMath.Exp2(key.Dot(query, V.Splat(query[2 * D])));
                V dLogit = weight * value.Dot(query + D, V.Splat(query[2 * D + 1]));
                valueSum.Add(query + D, weight);
                keySum.Add(query, dLogit);
            }
            keySum.Store(keys);
            valueSum.Store(values);
        }
    }

    /// <summary>The positions of a part of a head: whole vectors but for the last.</summary>
    static (int From, int To) Part(int length, int part, int parts)
    {
        int vectors = (length + V.Lanes - 1) / V.Lanes;
        return (vectors * part / parts * V.Lanes, Math.Min(length, vectors * (part + 1) / parts * V.Lanes));
    }

    /// <summary>For each position the D channels of its key, then those of its value.</summary>
    static void Interleave(float* keys, float* values, nint stride, int count, float* target)
    {
        for (int i = 0; i < count; i++, keys += stride, values += stride, target += 2 * D)
        {
            V128.Store(target, V128.Load(keys));
            V128.Store(target + D, V128.Load(values));
        }
    }

    /// <summary>Turns rows of D channels into a vector of positions for each channel; positions past the end are zeros.</summary>
    static void Transpose(float* rows, nint stride, int count, float scale, float* panel)
    {
        if (count < V.Lanes) new Span<float>(panel, D * V.Lanes).Clear();
        Transposition.Scaled(rows, stride, count, D, scale, panel, V.Lanes);
    }

    /// <summary>The inverse of <see cref="Transpose"/>, for the positions that exist.</summary>
    static void Scatter(float* panel, float* rows, nint stride, int count, float scale) =>
        Transposition.Scaled(panel, V.Lanes, D, count, scale, rows, stride);
}
