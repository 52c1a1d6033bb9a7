using System.Runtime.CompilerServices;
using Brownian.Tensors.Cpu.Simd;

namespace Brownian.Tensors.Cpu.Kernels;

/// <summary>
/// Attention for heads of four channels, so small that two vectors of queries, with all their channels and sums, stay in registers while
/// all keys pass by: no weight is ever stored.
/// </summary>
static unsafe class SmallHeadAttention<V> where V : unmanaged, ISimd<V>
{
    // Weights up to this power of two cost no precision: where no logit can be larger nothing is subtracted, and elsewhere a running
    // maximum may lag behind by so much, which saves nearly all rescaling.
    const float Lag = 60;
    const int FewJobs = 64;             // enough to share out evenly; a head is cut in parts when there are fewer heads

    const int D = Head4<V>.Channels;

    /// <summary>Of a vector of queries: its channels, the shift of its logits, the sum of its weights.</summary>
    static int PanelSize => (D + 2) * V.Lanes;

    /// <summary>y = softmax(q·kᵀ·scale)·v and log₂ Σ 2^(logit·log₂e) of each query's logits.</summary>
    public static void Forward(CpuDevice device, AttentionSpec s, float* q, float* k, float* v, float* y, float* logSumExp)
    {
        int pairs = (s.Length + 2 * V.Lanes - 1) / (2 * V.Lanes);
        int parts = Math.Clamp(FewJobs / (s.Samples * s.Heads), 1, Math.Max(1, pairs / 2));
        int perWorker = 2 * PanelSize + 2 * D * (s.Length + 1);       // a key past the last one is read, and ignored
        WorkerMemory scratch = device.Scratch(perWorker);
        device.Workers.For(s.Samples * s.Heads * parts, new ForwardJob(
            s, pairs, parts, (nint)q, (nint)k, (nint)v, (nint)y, (nint)logSumExp, scratch));
    }

    /// <summary>Some pairs of vectors of queries of one head.</summary>
    readonly record struct ForwardJob(
        AttentionSpec S, int Pairs, int Parts, nint Q, nint K, nint Val, nint Y, nint LogSumExp, WorkerMemory Scratch) : IJob
    {
        public void Run(int index, int worker)
        {
            (int head, int part) = Math.DivRem(index, Parts);
            nint first = (nint)(head / S.Heads) * S.Length * S.RowStride + head % S.Heads * D;
            float* panel = Scratch.Of(worker), next = panel + PanelSize, keys = next + PanelSize;
            float largest = Interleave((float*)K + first, (float*)Val + first, keys);
            for (int pair = Pairs * part / Parts; pair < Pairs * (part + 1) / Parts; pair++)
            {
                int query = pair * 2 * V.Lanes;
                Load((float*)Q + first, query, panel);
                Load((float*)Q + first, query + V.Lanes, next);
                if (AnyAbove(largest, panel) || AnyAbove(largest, next))
                {
                    Attend(keys, largest, panel);
                    Attend(keys, largest, next);
                }
                else AttendBounded(keys, panel, next);
                Store(head, query, panel);
                Store(head, query + V.Lanes, next);
            }
        }

        /// <summary>For each position the D channels of its key, then those of its value.</summary>
        /// <returns>The largest squared length of a key.</returns>
        float Interleave(float* keys, float* values, float* target)
        {
            float largest = 0;
            for (int i = 0; i < S.Length; i++, keys += S.RowStride, values += S.RowStride, target += 2 * D)
            {
                V128.Store(target, V128.Load(keys));
                V128.Store(target + D, V128.Load(values));
                largest = MathF.Max(largest, keys[0] * keys[0] + keys[1] * keys[1] + (keys[2] * keys[2] + keys[3] * keys[3]));
            }
            return largest;
        }

        /// <summary>A vector of queries, scaled; positions past the end are zeros.</summary>
        void Load(float* queries, int from, float* panel)
        {
            int count = Math.Clamp(S.Length - from, 0, V.Lanes);
            if (count < V.Lanes) new Span<float>(panel, D * V.Lanes).Clear();
            Transposition.Scaled(queries + (nint)from * S.RowStride, S.RowStride, count, D, S.Scale * VectorMath.Log2E, panel, V.Lanes);
        }

        /// <summary>The squares of what no logit of these queries can exceed (Cauchy and Schwarz).</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        static V SquaredBound(in Head4<V> query, float largest) => query.SquaredLength() * V.Splat(largest);

        static bool AnyAbove(float largest, float* panel) => V.AnyGreater(SquaredBound(Head4<V>.Load(panel), largest), V.Splat(Lag * Lag));

        /// <summary>Replaces two vectors of queries by their results, when no logit can exceed <see cref="Lag"/>.</summary>
        void AttendBounded(float* keys, float* panel, float* nextPanel)
        {
            Head4<V> query = Head4<V>.Load(panel), sum = default, nextQuery = Head4<V>.Load(nextPanel), nextSum = default;
            V total = V.Zero, nextTotal = V.Zero, logit = query.Dot(keys, V.Zero), nextLogit = nextQuery.Dot(keys, V.Zero);
            for (float* key = keys, end = keys + 2 * D * S.Length; key < end; key += 2 * D)
            {
                // Logits one key ahead: the processor looks only so many instructions ahead itself, fewer than it takes to wait for one key.
                V weight = logit, nextWeight = nextLogit;
                logit = query.Dot(key + 2 * D, V.Zero);
                nextLogit = nextQuery.Dot(key + 2 * D, V.Zero);
                VectorMath.Exp2(ref weight, ref nextWeight);
                total += weight;
                nextTotal += nextWeight;
                sum.Add(key + D, weight);
                nextSum.Add(key + D, nextWeight);
            }
            Finish(sum, V.Zero, total, panel);
            Finish(nextSum, V.Zero, nextTotal, nextPanel);
        }

        /// <summary>Replaces a vector of queries by their results. Lanes whose logits are bounded get the same bits as above.</summary>
        void Attend(float* keys, float largest, float* panel)
        {
            Head4<V> query = Head4<V>.Load(panel), sum = default;
            V shift = V.SelectGreater(SquaredBound(query, largest), V.Splat(Lag * Lag), V.Zero - query.Dot(keys, V.Zero), V.Zero), total = V.Zero;
            for (float* key = keys, end = keys + 2 * D * S.Length; key < end; key += 2 * D)
            {
                V logit = query.Dot(key, shift);
                if (V.AnyGreater(logit, V.Splat(Lag))) logit = Raise(logit, ref shift, ref total, ref sum);
                V weight = VectorMath.Exp2(logit);
                total += weight;
                sum.Add(key + D, weight);
            }
            Finish(sum, shift, total, panel);
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

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        static void Finish(Head4<V> sum, V shift, V total, float* panel)
        {
            sum.Scale(V.Splat(1) / total);
            sum.Store(panel);
            V.Store(panel + D * V.Lanes, shift);
            V.Store(panel + (D + 1) * V.Lanes, total);
        }

        /// <summary>Results to y and logSumExp, of the positions that exist.</summary>
        void Store(int head, int from, float* panel)
        {
            int count = Math.Clamp(S.Length - from, 0, V.Lanes);
            nint channels = (nint)S.Heads * D, position = (nint)(head / S.Heads) * S.Length + from;
            Transposition.Scaled(panel, V.Lanes, D, count, 1, (float*)Y + position * channels + head % S.Heads * D, channels);
            float* shift = panel + D * V.Lanes, total = shift + V.Lanes, logSumExp = (float*)LogSumExp + (nint)head * S.Length + from;
            for (int j = 0; j < count; j++) logSumExp[j] = MathF.Log2(total[j]) - shift[j];
        }
    }
}
