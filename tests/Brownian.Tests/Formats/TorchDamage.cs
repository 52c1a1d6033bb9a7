using System.Diagnostics;
using Brownian.Nn;

namespace Brownian.Tests;

/// <summary>What must hold for any file, however damaged: numbers or one kind of error, soon and without much memory.</summary>
static class TorchDamage
{
    const long MostAllocated = 48L << 20;
    static readonly TimeSpan Longest = TimeSpan.FromSeconds(5);

    /// <summary>Opens a file and reads every tensor.</summary>
    public static void ReadAll(string path)
    {
        using ITensorFile file = WeightsFile.Open(path);
        foreach (string name in file.Names) file.ReadFloats(name);
    }

    /// <returns>The message.</returns>
    public static string IsRefused(string path)
    {
        InvalidDataException? error = TryRead(path);
        Assert.True(error is not null, $"{Path.GetFileName(path)} was read");
        return error.Message;
    }

    /// <returns>What was wrong; null where the file could be read.</returns>
    public static InvalidDataException? TryRead(string path)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        var watch = Stopwatch.StartNew();
        InvalidDataException? error = null;
        try
        {
            ReadAll(path);
        }
        catch (InvalidDataException e)
        {
            error = e;
            Assert.StartsWith(path, e.Message, StringComparison.Ordinal);
            Assert.DoesNotContain('\n', e.Message);
        }
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, MostAllocated);
        Assert.InRange(watch.Elapsed, TimeSpan.Zero, Longest);
        return error;
    }
}
