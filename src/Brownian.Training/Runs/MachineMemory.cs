using System.Globalization;

namespace Brownian;

/// <summary>The main memory that a process may use, in bytes: the machine's, or what its container or control group leaves it.</summary>
/// <param name="Total">All there is, without swap space; in a container what the runtime takes of it at most.</param>
/// <param name="Available">What could still be taken now without swapping.</param>
public readonly record struct MachineMemory(long Total, long Available)
{
    const string ControlGroups = "/sys/fs/cgroup";

    static readonly AsyncLocal<MachineMemory?> s_pretended = new();

    /// <summary>At this moment.</summary>
    public static MachineMemory Now => s_pretended.Value ?? (OperatingSystem.IsLinux() ? OfLinux() : null) ?? OfRuntime();

    /// <summary>What <see cref="Now"/> says in this flow of code instead: for tests.</summary>
    internal static void Pretend(MachineMemory? memory) => s_pretended.Value = memory;

    static MachineMemory OfRuntime()
    {
        GCMemoryInfo memory = GC.GetGCMemoryInfo();
        return new(memory.TotalAvailableMemoryBytes, Math.Max(0, memory.TotalAvailableMemoryBytes - memory.MemoryLoadBytes));
    }

    static MachineMemory? OfLinux()
    {
        try
        {
            var fields = new Dictionary<string, long>(StringComparer.Ordinal);
            foreach (string line in File.ReadLines("/proc/meminfo"))
            {
                if (line.Split([':', ' '], StringSplitOptions.RemoveEmptyEntries) is [string name, string number, ..] && Number(number) is { } kilobytes)
                    fields[name] = 1024 * kilobytes;
            }
            if (!fields.TryGetValue("MemTotal", out long total) || !fields.TryGetValue("MemAvailable", out long available)) return null;
            // In a container the runtime's heap, where tensors are, may have three quarters of the limit.
            total = Math.Min(total, GC.GetGCMemoryInfo().TotalAvailableMemoryBytes);
            foreach ((long limit, long used) in Limits())
            {
                total = Math.Min(total, limit);
                available = Math.Min(available, Math.Max(0, limit - used));
            }
            return new MachineMemory(total, Math.Min(total, available));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    // The groups around this process, of either version: each has its limit.
    static IEnumerable<(long Limit, long Used)> Limits()
    {
        foreach (string line in File.ReadLines("/proc/self/cgroup"))
        {
            if (line.Split(':', 3) is not [string hierarchy, string controllers, string path]) continue;
            bool isSecond = hierarchy == "0" && controllers.Length == 0;
            if (!isSecond && !controllers.Split(',').Contains("memory")) continue;
            string root = isSecond ? ControlGroups : $"{ControlGroups}/memory";
            (string limitFile, string usedFile, string cacheKey) =
                isSecond ? ("memory.max", "memory.current", "inactive_file") : ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file");
            for (string group = path; ; group = group[..Math.Max(0, group.LastIndexOf('/'))])
            {
                string folder = $"{root}{group.TrimEnd('/')}";
                if (NumberIn($"{folder}/{limitFile}") is { } limit && NumberIn($"{folder}/{usedFile}") is { } used)
                    yield return (limit, used - CacheIn($"{folder}/memory.stat", cacheKey));
                if (group.Length == 0) break;
            }
        }
    }

    // Files that were read count as used, but make room.
    static long CacheIn(string path, string key) => !File.Exists(path) ? 0 : File.ReadLines(path)
        .Select(line => line.Split(' ')).Where(parts => parts is [string name, _] && name == key).Select(parts => Number(parts[1]) ?? 0).FirstOrDefault();

    // "max" is no number.
    static long? NumberIn(string path) => File.Exists(path) ? Number(File.ReadAllText(path).Trim()) : null;

    static long? Number(string text) => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long number) ? number : null;
}
