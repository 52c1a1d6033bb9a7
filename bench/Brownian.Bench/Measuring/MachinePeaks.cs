using Brownian.Tensors.Cpu;
using Brownian.Tensors.Cpu.Simd;

namespace Brownian.Bench;

/// <summary>What the machine can do at most, measured with so many threads: multiply-adds in registers, and copying of main memory.</summary>
/// <param name="Gflops">10⁹ float operations per second, a fused multiply-add counted as two.</param>
/// <param name="Gigabytes">10⁹ bytes read or written per second; copying a byte counts as two.</param>
readonly record struct MachinePeaks(double Gflops, double Gigabytes)
{
    public const int CopyMegabytes = 256;        // read, and as many written: more than third-level caches hold
    const int Iterations = 1 << 21;              // some milliseconds

    public static MachinePeaks Measure(int threads) => new(MeasureFma(threads), MeasureCopy(threads));

    static double MeasureFma(int threads)
    {
        Func<int, float> loop = FmaLoop(Processor.Width);
        float[] sums = new float[threads * 64];        // results that nobody drops, far enough apart not to share cache lines
        double seconds = ThreadTeam.BestSeconds(threads, thread => sums[thread * 64] = loop(Iterations));
        return 2e-9 * Iterations * MultiplyAddChains.Count * (int)Processor.Width * threads / seconds;
    }

    // The same choice as the device makes.
    static Func<int, float> FmaLoop(SimdWidth width) => width switch
    {
        SimdWidth.V512 => MultiplyAddChains.Run<V512>,
        SimdWidth.V256 => MultiplyAddChains.Run<V256>,
        SimdWidth.V128 => MultiplyAddChains.Run<V128>,
        _ => MultiplyAddChains.Run<V1>,
    };

    static double MeasureCopy(int threads)
    {
        const int Length = CopyMegabytes * 1_000_000;
        byte[] from = GC.AllocateUninitializedArray<byte>(Length), to = GC.AllocateUninitializedArray<byte>(Length);
        // Pages that were never written share one page of zeros, which stays in the cache.
        Span<byte> Part(byte[] of, int thread)
        {
            int start = (int)((long)Length * thread / threads), end = (int)((long)Length * (thread + 1) / threads);
            return of.AsSpan(start, end - start);
        }
        ThreadTeam.BestSeconds(threads, thread => Part(from, thread).Fill(1), rounds: 1);
        return 2e-9 * Length / ThreadTeam.BestSeconds(threads, thread => Part(from, thread).CopyTo(Part(to, thread)));
    }
}
