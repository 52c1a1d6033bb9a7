using Brownian.Tensors.Cpu.Simd;

namespace Brownian.Tensors.Cpu.Kernels;

/// <summary>Random numbers into tensors. Element i depends on the stream and on i alone, so blocks may run anywhere.</summary>
static unsafe class Noise
{
    const int Block = 4096;

    public static void Normal(CpuDevice device, Philox random, long first, float* y, int count) =>
        device.Workers.For((count + Block - 1) / Block, new NormalJob(random, first, (nint)y, count));

    readonly record struct NormalJob(Philox Random, long First, nint Y, int Count) : IJob
    {
        public void Run(int index, int worker)
        {
            int from = index * Block;
            Random.Normal(new Span<float>((float*)Y + from, Math.Min(Block, Count - from)), First + from);
        }
    }

    public static void Dropout(CpuDevice device, float* x, float rate, Philox random, float* y, int count, bool accumulate) =>
        device.Workers.For((count + Block - 1) / Block, new DropoutJob((nint)x, rate, random, (nint)y, count, accumulate));

    readonly record struct DropoutJob(nint X, float Rate, Philox Random, nint Y, int Count, bool Accumulate) : IJob
    {
        public void Run(int index, int worker)
        {
            int from = index * Block, count = Math.Min(Block, Count - from);
            float* x = (float*)X + from, y = (float*)Y + from;
            Span<float> uniform = stackalloc float[Block];
            Random.Uniform(uniform[..count], from);
            float scale = 1 / (1 - Rate);
            for (int i = 0; i < count; i++)
            {
                float value = uniform[i] < Rate ? 0 : x[i] * scale;
                y[i] = Accumulate ? y[i] + value : value;
            }
        }
    }

    public static void DropoutChannels<V>(
        CpuDevice device, float* x, float rate, Philox random, float* y, int samples, int positions, int channels, bool accumulate)
        where V : unmanaged, ISimd<V>
    {
        WorkerMemory scratch = device.Scratch(channels);
        device.Workers.For(samples, new DropoutChannelsJob<V>((nint)x, rate, random, (nint)y, positions, channels, scratch, accumulate));
    }

    readonly record struct DropoutChannelsJob<V>(
        nint X, float Rate, Philox Random, nint Y, int Positions, int Channels, WorkerMemory Scratch, bool Accumulate) : IJob where V : unmanaged, ISimd<V>
    {
        public void Run(int sample, int worker)
        {
            float* factors = Scratch.Of(worker);
            var drawn = new Span<float>(factors, Channels);
            Random.Uniform(drawn, (long)sample * Channels);
            foreach (ref float factor in drawn) factor = factor < Rate ? 0 : 1 / (1 - Rate);
            nint at = (nint)sample * Positions * Channels;
            for (int i = 0; i < Positions; i++, at += Channels)
                Elementwise.Map<V, Elementwise.Multiply>((float*)X + at, factors, 0, 0, (float*)Y + at, Channels, Accumulate);
        }
    }
}
