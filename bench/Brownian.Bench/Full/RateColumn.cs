using System.Globalization;
using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;

namespace Brownian.Bench;

/// <summary>One of a case's <see cref="Rates"/>, from the median time.</summary>
sealed class RateColumn(string name, string legend, MachinePeaks peaks, Func<Rates, double?> rate, string format) : IColumn
{
    public string Id => name;

    public string ColumnName => name;

    public string Legend => legend;

    public ColumnCategory Category => ColumnCategory.Custom;

    public int PriorityInCategory => 0;

    public UnitType UnitType => UnitType.Dimensionless;

    public bool AlwaysShow => true;

    public bool IsNumeric => true;

    public bool IsAvailable(Summary summary) => true;

    public bool IsDefault(Summary summary, BenchmarkCase benchmarkCase) => false;

    public string GetValue(Summary summary, BenchmarkCase benchmarkCase, SummaryStyle style) => GetValue(summary, benchmarkCase);

    public string GetValue(Summary summary, BenchmarkCase benchmarkCase)
    {
        const double Nanosecond = 1e-9;
        if (summary[benchmarkCase]?.ResultStatistics is not { } time) return "NA";
        var measured = (BenchCase)benchmarkCase.Parameters[nameof(KernelBenchmark.Case)];
        return rate(Rates.Of(measured, time.Median * Nanosecond, peaks))?.ToString(format, CultureInfo.InvariantCulture) ?? "-";
    }
}
