namespace Brownian.Bench;

/// <summary>Where results go, one by one.</summary>
interface IQuickReport
{
    void Start(MachinePeaks peaks, int threads, string instructions);

    void Add(BenchCase benchCase, Timing timing, Rates rates);
}
