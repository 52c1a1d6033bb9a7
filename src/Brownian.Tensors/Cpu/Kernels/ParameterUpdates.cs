using System.Runtime.CompilerServices;
using Brownian.Tensors.Cpu.Simd;

namespace Brownian.Tensors.Cpu.Kernels;

/// <summary>Passes over whole parameter buffers: Adam and moving averages. Each reads and writes every array once.</summary>
static unsafe class ParameterUpdates<V> where V : unmanaged, ISimd<V>
{
    const int Block = 16384;

    /// <summary>Adam's coefficients, bias corrections folded in, as PyTorch orders the arithmetic.</summary>
    readonly record struct Coefficients(
        float GradScale, float Decay, float L2, float Beta1, float Rest1, float Beta2, float Rest2, float StepSize, float RootCorrection, float Epsilon);

    public static void Adam(CpuDevice device, in AdamStep s, float* w, float* g, float* m, float* v, int count)
    {
        double correction1 = 1 - Math.Pow(s.Beta1, s.Step), correction2 = 1 - Math.Pow(s.Beta2, s.Step);
        var c = new Coefficients(
            s.GradScale,
            (float)(s.Decoupled ? 1 - s.Rate * s.WeightDecay : 1),
            (float)(s.Decoupled ? 0 : s.WeightDecay),
            (float)s.Beta1, (float)(1 - s.Beta1), (float)s.Beta2, (float)(1 - s.Beta2),
            (float)(s.Rate / correction1), (float)Math.Sqrt(correction2), (float)s.Epsilon);
        device.Workers.For((count + Block - 1) / Block, new AdamJob(c, (nint)w, (nint)g, (nint)m, (nint)v, count));
    }

    readonly record struct AdamJob(Coefficients C, nint W, nint G, nint M, nint S, int Count) : IJob
    {
        public void Run(int index, int worker)
        {
            int i = index * Block, last = Math.Min(Count, i + Block);
            for (; i + V.Lanes <= last; i += V.Lanes) Update<V>(i);
            for (; i < last; i++) Update<V1>(i);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        void Update<T>(int i) where T : unmanaged, ISimd<T>
        {
            float* pw = (float*)W + i, pm = (float*)M + i, pv = (float*)S + i;
            T w = T.Load(pw);
            T g = T.Fma(T.Splat(C.L2), w, T.Load((float*)G + i) * T.Splat(C.GradScale));
            T m = T.Fma(T.Splat(C.Rest1), g, T.Splat(C.Beta1) * T.Load(pm));
            T v = T.Fma(T.Splat(C.Rest2) * g, g, T.Splat(C.Beta2) * T.Load(pv));
            T denominator = T.Sqrt(v) / T.Splat(C.RootCorrection) + T.Splat(C.Epsilon);
            T.Store(pm, m);
            T.Store(pv, v);
            T.Store(pw, T.FmaNegated(T.Splat(C.StepSize), m / denominator, T.Splat(C.Decay) * w));
        }
    }

    /// <summary>y += rate·(x − y)</summary>
    public static void Lerp(CpuDevice device, float* y, float* x, float rate, int count) =>
        device.Workers.For((count + Block - 1) / Block, new LerpJob((nint)y, (nint)x, rate, count));

    readonly record struct LerpJob(nint Y, nint X, float Rate, int Count) : IJob
    {
        public void Run(int index, int worker)
        {
            int i = index * Block, last = Math.Min(Count, i + Block);
            for (; i + V.Lanes <= last; i += V.Lanes) Update<V>(i);
            for (; i < last; i++) Update<V1>(i);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        void Update<T>(int i) where T : unmanaged, ISimd<T>
        {
            T y = T.Load((float*)Y + i);
            T.Store((float*)Y + i, T.Fma(T.Splat(Rate), T.Load((float*)X + i) - y, y));
        }
    }
}
