namespace Brownian.Bench;

/// <summary>What a time says about a case.</summary>
/// <param name="Gflops">10⁹ effective float operations per second; null where they are not counted.</param>
/// <param name="Gigabytes">10⁹ bytes of least traffic per second.</param>
/// <param name="SharePeak">
/// Of the machine's multiply-adds where operations are counted, otherwise of its copying. Above 1 where Winograd's algorithm needs fewer
/// operations than are counted, or where the data stay in a cache.
/// </param>
readonly record struct Rates(double? Gflops, double Gigabytes, double SharePeak)
{
    public static Rates Of(BenchCase benchCase, double seconds, MachinePeaks peaks)
    {
        double gigabytes = 1e-9 * benchCase.Bytes / seconds;
        if (benchCase.Flops == 0) return new Rates(null, gigabytes, gigabytes / peaks.Gigabytes);
        double gflops = 1e-9 * benchCase.Flops / seconds;
        return new Rates(gflops, gigabytes, gflops / peaks.Gflops);
    }
}
