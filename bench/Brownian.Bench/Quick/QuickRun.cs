using Brownian.Tensors;

namespace Brownian.Bench;

/// <summary>Measures in about 0.7 seconds per case, without BenchmarkDotNet.</summary>
static class QuickRun
{
    public static void Measure(IReadOnlyList<BenchCase> cases, int threads, IQuickReport report)
    {
        MachinePeaks peaks = MachinePeaks.Measure(threads);
        report.Start(peaks, threads, Instructions());
        foreach (BenchCase benchCase in cases)
        {
            using Device device = Device.Cpu(threads);        // one each, so that no case keeps another's memory
            Timing timing = Timing.Of(benchCase.On(device));
            report.Add(benchCase, timing, Rates.Of(benchCase, timing.Median, peaks));
        }
    }

    /// <summary>Runs each case once: they all work.</summary>
    public static void Once(IReadOnlyList<BenchCase> cases, int threads)
    {
        foreach (BenchCase benchCase in cases)
        {
            using Device device = Device.Cpu(threads);
            try
            {
                benchCase.On(device)();
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"{benchCase}: {e.Message}", e);
            }
        }
    }

    static string Instructions()
    {
        using Device device = Device.Cpu(1);
        return device.Instructions;
    }
}
