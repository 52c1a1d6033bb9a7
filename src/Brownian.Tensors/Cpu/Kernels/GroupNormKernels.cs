using System.Runtime.CompilerServices;
using Brownian.Tensors.Cpu.Simd;

namespace Brownian.Tensors.Cpu.Kernels;

/// <summary>The extents of a group norm. γ and β of one sample lie so many floats behind those of the last: 0 where all share them, or C.</summary>
readonly record struct GroupNormSize(int Samples, int Pixels, int Channels, int AffineStride);

/// <summary>
/// Group norm with an optional SiLU, one sample at a time: a sample's feature map fits in the second-level cache, so its passes
/// read memory once.
/// </summary>
static unsafe class GroupNormKernels<V> where V : unmanaged, ISimd<V>
{
    public static void Forward(
        CpuDevice device, GroupNormSpec spec, GroupNormSize size, float* x, float* gamma, float* beta, float* y, float* statistics)
    {
        int perWorker = 8 * size.Channels;
        WorkerMemory scratch = device.Scratch(perWorker);
        device.Workers.For(size.Samples, new ForwardJob(
            spec, size, (nint)x, (nint)gamma, (nint)beta, (nint)y, (nint)statistics, scratch));
    }

    readonly record struct ForwardJob(
        GroupNormSpec Spec, GroupNormSize Size, nint X, nint Gamma, nint Beta, nint Y, nint Statistics, WorkerMemory Scratch) : IJob
    {
        int Pixels => Size.Pixels;

        int Channels => Size.Channels;

        public void Run(int sample, int worker)
        {
            nint affine = (nint)sample * Size.AffineStride;
            float* x = (float*)X + (nint)sample * Pixels * Channels, y = (float*)Y + (nint)sample * Pixels * Channels;
            float* statistics = (float*)Statistics + (nint)sample * Spec.Groups * 3;
            double* sums = (double*)Scratch.Of(worker);
            Statistic(x, sums, statistics);
            float* mean = (float*)sums, scale = mean + Channels, shift = scale + Channels;
            PerChannel(Spec, Channels, statistics, (float*)Gamma + affine, (float*)Beta + affine, mean, scale, shift);
            for (int pixel = 0; pixel < Pixels; pixel++, x += Channels, y += Channels)
            {
                int c = 0;
                for (; c + V.Lanes <= Channels; c += V.Lanes) V.Store(y + c, Normalize<V>(x, mean, scale, shift, c));
                for (; c < Channels; c++) V1.Store(y + c, Normalize<V1>(x, mean, scale, shift, c));
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        W Normalize<W>(float* x, float* mean, float* scale, float* shift, int c) where W : unmanaged, ISimd<W>
        {
            W z = W.Fma(W.Load(x + c) - W.Load(mean + c), W.Load(scale + c), W.Load(shift + c));
            return Spec.Silu ? z * VectorMath.Sigmoid(z) : z;
        }

        /// <summary>
        /// Mean and 1/σ of each group, in two passes: the second sums squares of differences from the first pass's mean, and its
        /// own sum of differences tells how much that mean was off. The mean stays in two parts, so a large offset costs no digits.
        /// </summary>
        void Statistic(float* x, double* sums, float* statistics)
        {
            int groupChannels = Channels / Spec.Groups;
            double count = (double)Pixels * groupChannels;
            double* squares = sums + Channels;
            ColumnSums.Of<V>(x, Pixels, Channels, sums);
            float* shift = (float*)(squares + Channels);
            for (int c = 0; c < Channels; c++)
            {
                double total = 0;
                for (int i = c / groupChannels * groupChannels, last = i + groupChannels; i < last; i++) total += sums[i];
                shift[c] = (float)(total / count);
            }
            CenteredSums(x, shift, sums, squares);
            for (int g = 0; g < Spec.Groups; g++)
            {
                double difference = 0, square = 0;
                for (int c = g * groupChannels; c < (g + 1) * groupChannels; c++)
                {
                    difference += sums[c];
                    square += squares[c];
                }
                difference /= count;
                statistics[3 * g] = shift[g * groupChannels];
                statistics[3 * g + 1] = (float)difference;
                statistics[3 * g + 2] = (float)(1 / Math.Sqrt(Math.Max(0, square / count - difference * difference) + Spec.Epsilon));
            }
        }

        void CenteredSums(float* x, float* shift, double* sums, double* squares)
        {
            const int Run = 256;
            new Span<double>(sums, Channels).Clear();
            new Span<double>(squares, Channels).Clear();
            float* partial = stackalloc float[2 * V.Lanes];
            for (int from = 0; from < Pixels; from += Run)
            {
                int count = Math.Min(Run, Pixels - from);
                float* block = x + (nint)from * Channels;
                int c = 0;
                for (; c + V.Lanes <= Channels; c += V.Lanes)
                {
                    CenteredColumn<V>(block + c, count, shift + c, partial);
                    for (int lane = 0; lane < V.Lanes; lane++)
                    {
                        sums[c + lane] += partial[lane];
                        squares[c + lane] += partial[V.Lanes + lane];
                    }
                }
                for (; c < Channels; c++)
                {
                    CenteredColumn<V1>(block + c, count, shift + c, partial);
                    sums[c] += partial[0];
                    squares[c] += partial[1];
                }
            }
        }

        void CenteredColumn<W>(float* x, int rows, float* shift, float* partial) where W : unmanaged, ISimd<W>
        {
            W m = W.Load(shift), s0 = W.Zero, s1 = W.Zero, q0 = W.Zero, q1 = W.Zero;
            nint stride = Channels;
            int row = 0;
            for (; row + 2 <= rows; row += 2, x += 2 * stride)
            {
                W d0 = W.Load(x) - m, d1 = W.Load(x + stride) - m;
                s0 += d0;
                s1 += d1;
                q0 = W.Fma(d0, d0, q0);
                q1 = W.Fma(d1, d1, q1);
            }
            if (row < rows)
            {
                W d0 = W.Load(x) - m;
                s0 += d0;
                q0 = W.Fma(d0, d0, q0);
            }
            W.Store(partial, s0 + s1);
            W.Store(partial + W.Lanes, q0 + q1);
        }
    }

    /// <summary>
    /// Spreads the statistics of groups over their channels, so that z = (x − mean)·scale + shift, where mean is the mean's first part:
    /// subtracting it from x is exact when x is near, and the second part is folded into the shift.
    /// </summary>
    static void PerChannel(
        GroupNormSpec spec, int channels, float* statistics, float* gamma, float* beta, float* mean, float* scale, float* shift)
    {
        int groupChannels = channels / spec.Groups;
        for (int c = 0; c < channels; c++)
        {
            int g = c / groupChannels;
            mean[c] = statistics[3 * g];
            scale[c] = gamma[c] * statistics[3 * g + 2];
            shift[c] = beta[c] - statistics[3 * g + 1] * scale[c];
        }
    }

    public static void Gradient(
        CpuDevice device, GroupNormSpec spec, GroupNormSize size, float* x, float* gamma, float* beta,
        float* statistics, float* dy, float* dx, bool accumulate, float* dGamma, float* dBeta)
    {
        (int samples, int channels) = (size.Samples, size.Channels);
        int perWorker = size.Pixels * channels + 8 * channels + 4;
        WorkerMemory scratch = device.Scratch(perWorker);
        var job = new GradientJob(
            spec, size, (nint)x, (nint)gamma, (nint)beta, (nint)statistics, (nint)dy, (nint)dx, accumulate, (nint)dGamma, (nint)dBeta,
            scratch);
        if (size.AffineStride != 0)
        {
            device.Workers.For(samples, job);
            return;
        }
        SharedMemory slots = device.RentShared(2L * samples * channels);
        fixed (float* s = &slots.First(0))
        {
            device.Workers.For(samples, job with { DGamma = (nint)s, DBeta = (nint)(s + (nint)samples * channels) });
            Rows.SumSlots<V>(device, s, samples, channels, dGamma);
            Rows.SumSlots<V>(device, s + (nint)samples * channels, samples, channels, dBeta);
        }
        slots.Release();
    }

    /// <summary>
    /// With x̂ = (x − mean)/σ, z = γ·x̂ + β and dz = dy·silu'(z): dβ = Σdz, dγ = Σdz·x̂, and
    /// dx = (γ·dz − mean(γ·dz) − x̂·mean(γ·dz·x̂))/σ, means over the group.
    /// </summary>
    readonly record struct GradientJob(
        GroupNormSpec Spec, GroupNormSize Size, nint X, nint Gamma, nint Beta, nint Statistics, nint Dy, nint Dx, bool Accumulate,
        nint DGamma, nint DBeta, WorkerMemory Scratch) : IJob
    {
        int Pixels => Size.Pixels;

        int Channels => Size.Channels;

        public void Run(int sample, int worker)
        {
            nint first = (nint)sample * Pixels * Channels, affine = (nint)sample * Size.AffineStride, row = (nint)sample * Channels;
            float* x = (float*)X + first, dy = (float*)Dy + first, gamma = (float*)Gamma + affine;
            float* statistics = (float*)Statistics + (nint)sample * Spec.Groups * 3;
            float* dz = Scratch.Of(worker);
            float* mean = dz + (nint)Pixels * Channels, scale = mean + Channels, shift = scale + Channels, slope = shift + Channels;
            float* dGamma = (float*)DGamma + row, dBeta = (float*)DBeta + row;
            PerChannel(Spec, Channels, statistics, gamma, (float*)Beta + affine, mean, scale, shift);
            Activation(x, dy, dz, mean, scale, shift);
            Sums(x, dz, mean, statistics, dGamma, dBeta);
            if (Dx == 0) return;
            Coefficients(gamma, statistics, dGamma, dBeta, shift, slope);
            InputGradient(x, dz, (float*)Dx + first, mean, scale, shift, slope);
        }

        /// <summary>dz = dy·silu'(z), or dy.</summary>
        void Activation(float* x, float* dy, float* dz, float* mean, float* scale, float* shift)
        {
            for (int pixel = 0; pixel < Pixels; pixel++, x += Channels, dy += Channels, dz += Channels)
            {
                int c = 0;
                for (; c + V.Lanes <= Channels; c += V.Lanes) V.Store(dz + c, Activation<V>(x, dy, mean, scale, shift, c));
                for (; c < Channels; c++) V1.Store(dz + c, Activation<V1>(x, dy, mean, scale, shift, c));
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        W Activation<W>(float* x, float* dy, float* mean, float* scale, float* shift, int c) where W : unmanaged, ISimd<W>
        {
            W g = W.Load(dy + c);
            if (!Spec.Silu) return g;
            W z = W.Fma(W.Load(x + c) - W.Load(mean + c), W.Load(scale + c), W.Load(shift + c));
            return g * Elementwise.SiluSlope(z);
        }

        void Sums(float* x, float* dz, float* mean, float* statistics, float* dGamma, float* dBeta)
        {
            int groupChannels = Channels / Spec.Groups;
            int c = 0;
            for (; c + V.Lanes <= Channels; c += V.Lanes) SumColumn<V>(x + c, dz + c, mean + c, dGamma + c, dBeta + c);
            for (; c < Channels; c++) SumColumn<V1>(x + c, dz + c, mean + c, dGamma + c, dBeta + c);
            for (c = 0; c < Channels; c++)
            {
                float* group = statistics + 3 * (c / groupChannels);
                dGamma[c] = (dGamma[c] - group[1] * dBeta[c]) * group[2];
            }
        }

        /// <summary>Σdz and Σdz·(x − mean) of some channels, mean being its first part.</summary>
        void SumColumn<W>(float* x, float* dz, float* mean, float* dGamma, float* dBeta) where W : unmanaged, ISimd<W>
        {
            W m = W.Load(mean), g0 = W.Zero, g1 = W.Zero, b0 = W.Zero, b1 = W.Zero;
            nint stride = Channels;
            int pixel = 0;
            for (; pixel + 2 <= Pixels; pixel += 2, x += 2 * stride, dz += 2 * stride)
            {
                W z0 = W.Load(dz), z1 = W.Load(dz + stride);
                b0 += z0;
                b1 += z1;
                g0 = W.Fma(z0, W.Load(x) - m, g0);
                g1 = W.Fma(z1, W.Load(x + stride) - m, g1);
            }
            if (pixel < Pixels)
            {
                W z0 = W.Load(dz);
                b0 += z0;
                g0 = W.Fma(z0, W.Load(x) - m, g0);
            }
            W.Store(dGamma, g0 + g1);
            W.Store(dBeta, b0 + b1);
        }

        /// <summary>dx = γ/σ·dz − shift − (x − mean)·slope</summary>
        void Coefficients(float* gamma, float* statistics, float* dGamma, float* dBeta, float* shift, float* slope)
        {
            int groupChannels = Channels / Spec.Groups;
            double count = (double)Pixels * groupChannels;
            for (int g = 0; g < Spec.Groups; g++)
            {
                double sum = 0, product = 0, inverse = statistics[3 * g + 2], rest = statistics[3 * g + 1];
                for (int c = g * groupChannels; c < (g + 1) * groupChannels; c++)
                {
                    sum += (double)gamma[c] * dBeta[c];
                    product += (double)gamma[c] * dGamma[c];
                }
                for (int c = g * groupChannels; c < (g + 1) * groupChannels; c++)
                {
                    double factor = inverse * inverse * product / count;
                    shift[c] = (float)(inverse * sum / count - rest * factor);
                    slope[c] = (float)factor;
                }
            }
        }

        void InputGradient(float* x, float* dz, float* dx, float* mean, float* scale, float* shift, float* slope)
        {
            for (int pixel = 0; pixel < Pixels; pixel++, x += Channels, dz += Channels, dx += Channels)
            {
                int c = 0;
                for (; c + V.Lanes <= Channels; c += V.Lanes) InputGradient<V>(x, dz, dx, mean, scale, shift, slope, c);
                for (; c < Channels; c++) InputGradient<V1>(x, dz, dx, mean, scale, shift, slope, c);
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        void InputGradient<W>(float* x, float* dz, float* dx, float* mean, float* scale, float* shift, float* slope, int c)
            where W : unmanaged, ISimd<W>
        {
            W g = W.Fma(W.Load(scale + c), W.Load(dz + c), W.Zero - W.Load(shift + c));
            g = W.FmaNegated(W.Load(x + c) - W.Load(mean + c), W.Load(slope + c), g);
            if (Accumulate) g += W.Load(dx + c);
            W.Store(dx + c, g);
        }
    }
}
