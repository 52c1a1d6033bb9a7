using System.Globalization;

namespace Brownian.Bench;

/// <summary>For people: one row per case.</summary>
sealed class TableReport(TextWriter to) : IQuickReport
{
    public void Start(MachinePeaks peaks, int threads, string instructions)
    {
        to.WriteLine(Line($"peak fma   {peaks.Gflops:0} GFLOP/s ({instructions}, {threads} {(threads == 1 ? "thread" : "threads")})"));
        to.WriteLine(Line($"peak copy  {peaks.Gigabytes:0.0} GB/s (reading {MachinePeaks.CopyMegabytes} MB and writing as many)"));
        to.WriteLine();
        to.WriteLine(Row("kernel", "shape", "median ms", "best ms", "GFLOP/s", "GB/s", "of peak"));
    }

    public void Add(BenchCase benchCase, Timing timing, Rates rates) => to.WriteLine(Row(
        benchCase.Kernel, benchCase.Shape, Line($"{timing.Median * 1e3:0.000}"), Line($"{timing.Best * 1e3:0.000}"),
        rates.Gflops is { } gflops ? Line($"{gflops:0}") : "-", Line($"{rates.Gigabytes:0.0}"), Line($"{rates.SharePeak * 100:0} %")));

    static string Row(string kernel, string shape, string median, string best, string gflops, string gigabytes, string share) =>
        $"{kernel,-37} {shape,-27} {median,9} {best,9} {gflops,8} {gigabytes,7} {share,8}";

    static string Line(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
