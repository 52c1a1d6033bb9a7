using Brownian.Tensors.Cpu.Simd;

namespace Brownian.Tensors.Cpu.Kernels;

/// <summary>
/// The gradient of attention for heads of four channels. With weights p = exp(q·k·scale − logSumExp): dv = pᵀ·dy, dp = dy·vᵀ,
/// ds = p·(dp − Σ dy·y), dq = ds·k·scale, dk = dsᵀ·q·scale. A vector of keys with its values and both gradients stays in registers
/// while a block of queries passes by; only the gradient of the queries is summed in memory.
/// </summary>
static unsafe class SmallHeadGradient<V> where V : unmanaged, ISimd<V>
{
    const int D = Head4<V>.Channels;

    /// <summary>Overwrites dq, dk and dv.</summary>
    public static void Run(
        CpuDevice device, AttentionSpec s, float* q, float* k, float* v, float* y, float* logSumExp, float* dy, float* dq, float* dk, float* dv)
    {
        int panels = (s.Length + V.Lanes - 1) / V.Lanes;
        int perWorker = RowsLength(s.Length) + BlockRows * D * Chains + 4 * D * V.Lanes * panels;
        WorkerMemory scratch = device.Scratch(perWorker);
        device.Workers.For(s.Samples * s.Heads, new GradientJob(
            s, panels, (nint)q, (nint)k, (nint)v, (nint)y, (nint)logSumExp, (nint)dy, (nint)dq, (nint)dk, (nint)dv, scratch));
    }

    // For each query q·scale·log₂e, dy, −logSumExp and −Σ dy·y.
    const int QueryRow = 2 * D + 2;

    // dq is the sum of so many chains, key j in chain j mod 16, at every vector width: the lanes of the widest.
    const int Chains = 16;

    // The chains of 32 queries are 8 KB: they stay in the first-level cache while the keys pass by.
    const int BlockRows = 32;

    // Queries go two by two: the JIT then loads the constants of the exponential once for both.
    static int RowsLength(int queries) => (QueryRow * (queries + queries % 2 + 2) + 15) / 16 * 16;

    /// <summary>One head.</summary>
    readonly record struct GradientJob(
        AttentionSpec S, int Panels, nint Q, nint K, nint Val, nint Y, nint LogSumExp, nint Dy, nint Dq, nint Dk, nint Dv, WorkerMemory Scratch) : IJob
    {
        static int PanelSize => 4 * D * V.Lanes;

        public void Run(int head, int worker)
        {
            (int sample, int h) = Math.DivRem(head, S.Heads);
            nint first = (nint)sample * S.Length * S.RowStride + h * D, channels = (nint)S.Heads * D;
            nint firstOut = (nint)sample * S.Length * channels + h * D;
            float* queries = Scratch.Of(worker), sums = queries + RowsLength(S.Length), panels = sums + BlockRows * D * Chains;
            QueryRows((float*)Q + first, (float*)Y + firstOut, (float*)Dy + firstOut, channels, (float*)LogSumExp + (nint)head * S.Length, queries);
            LoadKeys(first, panels);
            for (int from = 0; from < S.Length; from += BlockRows)
            {
                int count = Math.Min(BlockRows, S.Length - from);
                new Span<float>(sums, BlockRows * D * Chains).Clear();
                for (int panel = 0; panel < Panels; panel++)
                    Accumulate(queries + from * QueryRow, count, panels + panel * PanelSize, sums + panel * V.Lanes % Chains);
                StoreQueryGradients(sums, count, (float*)Dq + first + (nint)from * S.RowStride);
            }
            StoreKeyGradients(first, panels);
        }

        /// <summary>For each query q·scale·log₂e, dy, −logSumExp and −Σ dy·y; zeros, which add nothing, past an odd number.</summary>
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
            if (S.Length % 2 == 1) new Span<float>(rows, QueryRow).Clear();
        }

        /// <summary>For each vector of keys: channels × lanes of the keys, the values, and zeros for the gradients of both.</summary>
        void LoadKeys(nint first, float* panels)
        {
            new Span<float>(panels, Panels * PanelSize).Clear();
            for (int from = 0; from < S.Length; from += V.Lanes, panels += PanelSize)
            {
                int count = Math.Min(V.Lanes, S.Length - from);
                nint offset = first + (nint)from * S.RowStride;
                Transposition.Scaled((float*)K + offset, S.RowStride, count, D, 1, panels, V.Lanes);
                Transposition.Scaled((float*)Val + offset, S.RowStride, count, D, 1, panels + D * V.Lanes, V.Lanes);
            }
        }

        void StoreKeyGradients(nint first, float* panels)
        {
            for (int from = 0; from < S.Length; from += V.Lanes, panels += PanelSize)
            {
                int count = Math.Min(V.Lanes, S.Length - from);
                nint offset = first + (nint)from * S.RowStride;
                Transposition.Scaled(panels + 2 * D * V.Lanes, V.Lanes, D, count, 1 / VectorMath.Log2E, (float*)Dk + offset, S.RowStride);   // the queries were scaled by it
                Transposition.Scaled(panels + 3 * D * V.Lanes, V.Lanes, D, count, 1, (float*)Dv + offset, S.RowStride);
            }
        }

        /// <summary>Adds to the gradients of one panel of keys, and to the chains of each query's: D × Chains.</summary>
        static void Accumulate(float* query, int count, float* panel, float* sum)
        {
            float* values = panel + D * V.Lanes, keySums = values + D * V.Lanes, valueSums = keySums + D * V.Lanes;
            Head4<V> key = Head4<V>.Load(panel), value = Head4<V>.Load(values), dKey = Head4<V>.Load(keySums), dValue = Head4<V>.Load(valueSums);
            V logit = key.Dot(query, V.Splat(query[2 * D])), nextLogit = key.Dot(query + QueryRow, V.Splat(query[QueryRow + 2 * D]));
            for (float* end = query + count * QueryRow; query < end; query += 2 * QueryRow, sum += 2 * D * Chains)
            {
                // No weight is above 1, but in lanes past the last key the logit is zero, perhaps far above all others, and would overflow.
                V weight = V.Min(V.Zero, logit), nextWeight = V.Min(V.Zero, nextLogit);
                float* next = query + QueryRow, ahead = next + QueryRow;
                logit = key.Dot(ahead, V.Splat(ahead[2 * D]));
                nextLogit = key.Dot(ahead + QueryRow, V.Splat(ahead[QueryRow + 2 * D]));
                VectorMath.Exp2(ref weight, ref nextWeight);
                V dLogit = weight * value.Dot(query + D, V.Splat(query[2 * D + 1]));
                V nextDLogit = nextWeight * value.Dot(next + D, V.Splat(next[2 * D + 1]));
                dValue.Add(query + D, weight);
                dKey.Add(query, dLogit);
                key.AddTo(sum, Chains, dLogit);
                dValue.Add(next + D, nextWeight);
                dKey.Add(next, nextDLogit);
                key.AddTo(sum + D * Chains, Chains, nextDLogit);
            }
            dKey.Store(keySums);
            dValue.Store(valueSums);
        }

        /// <summary>Adds the chains up, in pairs, and scales them.</summary>
        void StoreQueryGradients(float* sums, int count, float* dq)
        {
            for (int i = 0; i < count; i++, dq += S.RowStride)
            {
                for (int c = 0; c < D; c++, sums += Chains)
                {
                    V128 total = V128.Load(sums) + V128.Load(sums + 4) + (V128.Load(sums + 8) + V128.Load(sums + 12));
                    V128.Store(sums, total);
                    dq[c] = (sums[0] + sums[1] + (sums[2] + sums[3])) * S.Scale;
                }
            }
        }
    }
}
