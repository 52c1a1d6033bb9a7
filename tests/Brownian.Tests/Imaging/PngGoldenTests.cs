using System.Runtime.InteropServices;
using System.Text.Json;
using Brownian.Imaging;

namespace Brownian.Tests;

/// <summary>Against the pixels that Pillow decoded, and the samples that were encoded.</summary>
public sealed class PngGoldenTests
{
    // Pillow clips 16-bit gray instead of scaling it, and compares the transparent level of 4-bit gray with the stretched samples.
    static readonly string[] RgbaNotSensible = ["png/gray16.png", "png/gray16_trns.png", "png/gray4_trns.png"];

    [Fact]
    public void Every_golden_file_decodes_to_the_reference_pixels()
    {
        var golden = GoldenTensors.Read(Fixtures.Golden("images/png.safetensors"));
        int compared = 0;
        foreach ((string file, int channels) in Files(golden))
        {
            Image image = Png.Read(Fixtures.Golden($"images/{file}"));
            Assert.True(image.Channels == channels, $"{file}: {image.Channels} channels, not {channels}");
            string rgb = golden.ContainsKey($"{file}:rgb_hi") ? $"{file}:rgb_hi" : $"{file}:rgb";
            AssertSame(golden[rgb], image.ConvertTo(3), rgb);
            if (!RgbaNotSensible.Contains(file) && golden.TryGetValue($"{file}:rgba", out var rgba))
                AssertSame(rgba, image.ConvertTo(4), $"{file}:rgba");
            compared++;
        }
        Assert.Equal(53, compared);
    }

    [Theory]
    [InlineData("png/gray4_trns.png", 4)]
    [InlineData("png/gray16_trns.png", 16)]
    public void A_transparent_gray_level_is_compared_at_full_depth(string file, int depth)
    {
        byte[] bytes = File.ReadAllBytes(Fixtures.Golden($"images/{file}"));
        int at = bytes.AsSpan().IndexOf("tRNS"u8) + 4;
        int level = bytes[at] << 8 | bytes[at + 1];
        byte[] golden = GoldenTensors.Read(Fixtures.Golden("images/png.safetensors"))[$"{file}:raw"].Bytes;
        ReadOnlySpan<int> raw = MemoryMarshal.Cast<byte, int>(golden);

        Image image = Png.Decode(bytes, file);

        var expected = new byte[2 * raw.Length];
        for (int i = 0; i < raw.Length; i++)
        {
            expected[2 * i] = (byte)(depth == 16 ? raw[i] >> 8 : raw[i] * 17);
            expected[2 * i + 1] = (byte)(raw[i] == level ? 0 : 255);
        }
        Assert.Equal(2, image.Channels);
        Assert.Equal(expected, image.Pixels);
        Assert.Contains((byte)0, expected.Where((_, i) => i % 2 == 1));
    }

    [Fact]
    public void Damaged_golden_files_are_rejected_by_name_without_large_allocations()
    {
        using JsonDocument index = JsonDocument.Parse(File.ReadAllText(Fixtures.Golden("images/bad/index.json")));
        int rejected = 0;
        foreach (JsonElement entry in index.RootElement.EnumerateArray())
        {
            string file = entry.GetProperty("file").GetString()!;
            if (!file.EndsWith(".png", StringComparison.Ordinal)) continue;
            string path = Fixtures.Golden($"images/{file}");
            long before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                Png.Read(path);
                Assert.True(entry.GetProperty("expect").GetString() == "either", $"{file} was decoded");
            }
            catch (InvalidDataException e)
            {
                Assert.StartsWith($"{path}: ", e.Message);
                rejected++;
            }
            long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            Assert.True(allocated < 1 << 20, $"{file} took {allocated} bytes");
        }
        Assert.InRange(rejected, 31, 45);
    }

    [Fact]
    public void A_file_stays_readable_with_garbage_after_its_end()
    {
        Image image = Png.Read(Fixtures.Golden("images/bad/trailing.png"));
        Assert.Equal((33, 40), (image.Width, image.Height));
    }

    static IEnumerable<(string File, int Channels)> Files(IReadOnlyDictionary<string, (string Dtype, int[] Shape, byte[] Bytes)> golden)
    {
        using JsonDocument index = JsonDocument.Parse(File.ReadAllText(Fixtures.Golden("images/index.json")));
        foreach (JsonElement entry in index.RootElement.EnumerateArray())
        {
            string file = entry.GetProperty("file").GetString()!;
            if (!golden.ContainsKey($"{file}:rgb")) continue;
            int color = entry.TryGetProperty("color_type", out JsonElement type) ? type.GetInt32() : 2;
            int channels = color switch { 0 => 1, 4 => 2, 6 => 4, _ => 3 };
            bool trns = entry.TryGetProperty("has_trns", out JsonElement has) && has.GetBoolean();
            yield return (file, trns ? channels + 1 : channels);
        }
    }

    static void AssertSame((string Dtype, int[] Shape, byte[] Bytes) golden, Image image, string name)
    {
        Assert.Equal(golden.Shape, new[] { image.Height, image.Width, image.Channels });
        Assert.True(golden.Bytes.AsSpan().SequenceEqual(image.Pixels), $"{name}: pixels differ");
    }
}
