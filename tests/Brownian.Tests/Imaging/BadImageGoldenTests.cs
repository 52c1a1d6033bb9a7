using System.Text.Json;
using Brownian.Imaging;

namespace Brownian.Tests;

/// <summary>Damaged and hostile files: each gives an image or one clear error, and costs little.</summary>
public sealed class BadImageGoldenTests
{
    [Fact]
    public void Damaged_golden_files_are_rejected_by_name_without_large_allocations()
    {
        using JsonDocument index = JsonDocument.Parse(File.ReadAllText(Fixtures.Golden("images/bad/index.json")));
        var wrong = new List<string>();
        int rejected = 0, files = 0;
        foreach (JsonElement entry in index.RootElement.EnumerateArray())
        {
            string file = entry.GetProperty("file").GetString()!, path = Fixtures.Golden($"images/{file}");
            files++;
            long before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                ImageFile.Read(path);
                if (entry.GetProperty("expect").GetString() != "either") wrong.Add($"{file} was decoded");
            }
            catch (InvalidDataException e)
            {
                Assert.StartsWith($"{path}: ", e.Message);
                rejected++;
            }
            long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            if (allocated > 1 << 20) wrong.Add($"{file} took {allocated} bytes");
        }
        Assert.Equal([], wrong);
        Assert.Equal(80, files);
        Assert.InRange(rejected, 60, 79);
    }
}
