using System.Buffers.Text;
using System.Diagnostics;

namespace Brownian;

/// <summary>What this process holds in main memory, in bytes.</summary>
public static class ProcessMemory
{
    /// <summary>Now.</summary>
    public static long Resident => FromStatus("VmRSS:"u8) ?? Environment.WorkingSet;

    /// <summary>The most there ever was, or since <see cref="ForgetPeak"/>.</summary>
    public static long Peak
    {
        get
        {
            if (FromStatus("VmHWM:"u8) is { } peak) return peak;
            using Process process = Process.GetCurrentProcess();
            return process.PeakWorkingSet64;
        }
    }

    /// <summary>Lets <see cref="Peak"/> begin anew; false where the system has no way to.</summary>
    public static bool ForgetPeak()
    {
        if (!OperatingSystem.IsLinux()) return false;
        try
        {
            File.WriteAllText("/proc/self/clear_refs", "5");
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    // Read at every step: /proc/self/status in place, without the objects that the Process class makes.
    static long? FromStatus(ReadOnlySpan<byte> name)
    {
        if (!OperatingSystem.IsLinux()) return null;
        Span<byte> buffer = stackalloc byte[4096];
        try
        {
            using Microsoft.Win32.SafeHandles.SafeFileHandle file = File.OpenHandle("/proc/self/status");
            ReadOnlySpan<byte> text = buffer[..RandomAccess.Read(file, buffer, 0)];
            int at = text.IndexOf(name);
            if (at < 0) return null;
            return Utf8Parser.TryParse(text[(at + name.Length)..].TrimStart(" \t"u8), out long kilobytes, out _) ? 1024 * kilobytes : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
