using Brownian.Bench;

if (args.Length == 0 || args.Any(a => a is "--help" or "-h" or "-?"))
{
    Console.WriteLine(Arguments.Help);
    return 0;
}

Arguments asked;
IReadOnlyList<BenchCase> cases;
try
{
    asked = Arguments.Parse(args);
    cases = CaseList.Matching(asked.Filter);
}
catch (ArgumentException e)
{
    Console.Error.WriteLine($"error: {e.Message}");
    return 1;
}

if (asked.Full) return FullRun.Measure(cases, asked.Threads) ? 0 : 1;
if (asked.Once)
{
    QuickRun.Once(cases, asked.Threads);
    Console.WriteLine($"{cases.Count} benchmarks ran once");
    return 0;
}
QuickRun.Measure(cases, asked.Threads, asked.Json ? new JsonReport(Console.Out) : new TableReport(Console.Out));
return 0;
