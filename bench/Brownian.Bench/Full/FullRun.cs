using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Exporters;
using BenchmarkDotNet.Exporters.Json;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Loggers;
using BenchmarkDotNet.Parameters;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using Perfolizer.Horology;

namespace Brownian.Bench;

/// <summary>Measures with BenchmarkDotNet: slower than <see cref="QuickRun"/>, with errors and outliers.</summary>
static class FullRun
{
    /// <returns>Whether every case ran.</returns>
    public static bool Measure(IReadOnlyList<BenchCase> cases, int threads)
    {
        MachinePeaks peaks = MachinePeaks.Measure(threads);
        ImmutableConfig config = ImmutableConfigBuilder.Create(Config(peaks));
        Job job = config.GetJobs().Single();
        BenchmarkCase[] benchmarks = [.. cases.Select(c => BenchmarkCase.Create(Descriptor(), job, Parameters(c, threads), config))];
        Summary summary = BenchmarkRunner.Run(new BenchmarkRunInfo(benchmarks, typeof(KernelBenchmark), config));
        Console.WriteLine($"peaks: {peaks.Gflops:0} GFLOP/s of multiply-adds, {peaks.Gigabytes:0.0} GB/s of copying");
        return !summary.HasCriticalValidationErrors && summary.Reports.Length == cases.Count && summary.Reports.All(r => r.Success);
    }

    // In this process: nothing is generated or built, and the peaks are those of the same run.
    static ManualConfig Config(MachinePeaks peaks) => ManualConfig.CreateEmpty()
        .AddJob(Job.Default
            .WithToolchain(InProcessEmitToolchain.Instance)
            .WithWarmupCount(2).WithIterationCount(12).WithIterationTime(TimeInterval.FromMilliseconds(250)).WithEvaluateOverhead(false)
            .WithId("Kernels"))
        .AddLogger(ConsoleLogger.Default)
        .AddColumnProvider(DefaultColumnProviders.Params, DefaultColumnProviders.Statistics)
        .AddColumn(
            new RateColumn("GFLOP/s", "Effective: convolutions counted as if computed directly", peaks, r => r.Gflops, "0"),
            new RateColumn("GB/s", "Every input read once, every result written once", peaks, r => r.Gigabytes, "0.0"),
            new RateColumn("of peak", "Of multiply-adds where operations are counted, otherwise of copying", peaks, r => r.SharePeak, "0 %"))
        .AddExporter(MarkdownExporter.GitHub, JsonExporter.Brief)
        .WithSummaryStyle(SummaryStyle.Default.WithMaxParameterColumnWidth(80))
        .WithArtifactsPath(Path.Combine("artifacts", "benchmarks"));

    static Descriptor Descriptor()
    {
        Type type = typeof(KernelBenchmark);
        return new Descriptor(
            type,
            type.GetMethod(nameof(KernelBenchmark.Run))!,
            globalSetupMethod: type.GetMethod(nameof(KernelBenchmark.Prepare)),
            globalCleanupMethod: type.GetMethod(nameof(KernelBenchmark.Release)));
    }

    static ParameterInstances Parameters(BenchCase benchCase, int threads) => new(
    [
        Parameter(nameof(KernelBenchmark.Case), benchCase),
        Parameter(nameof(KernelBenchmark.Threads), threads),
    ]);

    static ParameterInstance Parameter(string name, object value)
    {
        var definition = new ParameterDefinition(name, isStatic: false, [value], isArgument: false, value.GetType(), priorityInCategory: 0);
        return new ParameterInstance(definition, value, SummaryStyle.Default);
    }
}
