using System.Diagnostics;
using System.Globalization;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Brownian.Tensors.Cpu.Simd;

namespace Brownian.Tensors.Cpu;

/// <summary>What this machine computes with: the vector width of the kernels and the number of threads.</summary>
static class Processor
{
    /// <summary>The environment variable that forces an instruction set, by a name of <see cref="Names"/>.</summary>
    public const string Variable = "BROWNIAN_ISA";

    static readonly (string Name, SimdWidth Width)[] Names =
        [("avx512", SimdWidth.V512), ("avx2", SimdWidth.V256), ("128", SimdWidth.V128), ("scalar", SimdWidth.Scalar)];

    static readonly Lazy<SimdWidth> Measured = new(ChooseWidth);
    static readonly Lazy<int> Counted = new(CountCores);

    /// <summary>The width that kernels use: what <see cref="Variable"/> says, otherwise the fastest. All widths compute the same bits.</summary>
    /// <exception cref="ArgumentException">The variable names no instruction set, or one that the processor lacks.</exception>
    public static SimdWidth Width => Forced(Environment.GetEnvironmentVariable(Variable)) ?? Measured.Value;

    /// <summary>
    /// How many threads compute unless told otherwise: one for each physical core that the process may use. Hyper-threads share the
    /// multiply-add units of their core, so a second one only adds waiting.
    /// </summary>
    /// <remarks>
    /// Efficiency cores count too: threads claim blocks of work one after another, so that a slow core takes fewer. Cores of a second
    /// socket count as well, but memory lies beside the core that wrote it first, so two sockets give less than twice the speed of one;
    /// <c>numactl</c> or <c>taskset</c> binds a process to one, and the count follows.
    /// </remarks>
    public static int Cores => Counted.Value;

    /// <summary>
    /// Whether the processor has instructions for vectors of that width. This asks for the instructions themselves:
    /// <c>Vector512.IsHardwareAccelerated</c> is false on the Intel server processors of 2017 to 2020, which lower their frequency for wide
    /// vectors, although <c>Vector512</c> compiles to 512-bit instructions there.
    /// </summary>
    public static bool Has(SimdWidth width) => width switch
    {
        SimdWidth.V512 => Avx512F.IsSupported && Avx512DQ.IsSupported && Avx512BW.IsSupported && Avx512F.VL.IsSupported,
        SimdWidth.V256 => Vector256.IsHardwareAccelerated,
        SimdWidth.V128 => Vector128.IsHardwareAccelerated,
        _ => true,
    };

    /// <param name="value">The content of <see cref="Variable"/>.</param>
    /// <returns>Null where it asks for nothing.</returns>
    internal static SimdWidth? Forced(string? value)
    {
        if (string.IsNullOrWhiteSpace(value)) return null;
        foreach ((string name, SimdWidth width) in Names)
        {
            if (!name.Equals(value.Trim(), StringComparison.OrdinalIgnoreCase)) continue;
            return Has(width) ? width : throw new ArgumentException(
                $"{Variable} is {name}, which this processor does not have; use {List(Names.Where(known => Has(known.Width)))}, or unset it.");
        }
        throw new ArgumentException($"{Variable} is '{value}'; use {List(Names)}, or unset it.");
    }

    /// <summary>The cores among some logical processors, those that share a core counted once.</summary>
    /// <param name="allowed">Logical processors as Linux lists them, such as "0-3,8".</param>
    /// <param name="siblings">For a logical processor, the list of all that share its core; null where it is not known.</param>
    /// <returns>0 where nothing is known.</returns>
    internal static int CoresAmong(string allowed, Func<int, string?> siblings)
    {
        var cores = new HashSet<string>();
        foreach (int processor in Numbers(allowed))
        {
            if (siblings(processor) is { } core) cores.Add(core.Trim());
        }
        return cores.Count;
    }

    // Wider vectors are in doubt only where .NET advises against them. Then both widths run for about a millisecond three times,
    // the narrow ones first: a core needs about as long to recover its frequency after wide ones.
    static SimdWidth ChooseWidth()
    {
        if (!Has(SimdWidth.V512)) return Has(SimdWidth.V256) ? SimdWidth.V256 : Has(SimdWidth.V128) ? SimdWidth.V128 : SimdWidth.Scalar;
        if (Vector512.IsHardwareAccelerated) return SimdWidth.V512;
        double narrow = FloatsPerTick<V256>(), wide = FloatsPerTick<V512>();
        return wide > narrow ? SimdWidth.V512 : SimdWidth.V256;
    }

    static double FloatsPerTick<V>() where V : unmanaged, ISimd<V>
    {
        const int Iterations = 500_000;       // 12 multiply-adds each, two a cycle: 1 ms at 3 GHz
        MultiplyAddChains.Run<V>(1);
        long best = long.MaxValue;
        for (int round = 0; round < 3; round++)
        {
            long start = Stopwatch.GetTimestamp();
            MultiplyAddChains.Run<V>(Iterations);
            best = Math.Min(best, Stopwatch.GetTimestamp() - start);
        }
        return (double)V.Lanes / best;
    }

    // Environment.ProcessorCount honours affinity and a container's quota, but counts hyper-threads.
    static int CountCores()
    {
        int logical = Environment.ProcessorCount;
        if (!OperatingSystem.IsLinux()) return logical;
        try
        {
            const string Label = "Cpus_allowed_list:";
            string allowed = File.ReadLines("/proc/self/status").First(line => line.StartsWith(Label, StringComparison.Ordinal))[Label.Length..];
            int cores = CoresAmong(allowed, SiblingsOf);
            return cores == 0 ? logical : Math.Min(cores, logical);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidOperationException or FormatException)
        {
            return logical;      // a kernel that does not tell
        }
    }

    static string? SiblingsOf(int processor)
    {
        string path = $"/sys/devices/system/cpu/cpu{processor}/topology/thread_siblings_list";
        return File.Exists(path) ? File.ReadAllText(path) : null;
    }

    static IEnumerable<int> Numbers(string list)
    {
        foreach (string part in list.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            int[] ends = [.. part.Split('-').Select(end => int.Parse(end, CultureInfo.InvariantCulture))];
            for (int i = ends[0]; i <= ends[^1]; i++) yield return i;
        }
    }

    static string List(IEnumerable<(string Name, SimdWidth)> names)
    {
        string[] all = [.. names.Select(known => known.Name)];
        return all.Length == 1 ? all[0] : $"{string.Join(", ", all[..^1])} or {all[^1]}";
    }
}
