using System.Text.Json;
using Brownian.Nn;

namespace Brownian.Tests;

/// <summary>Files that torch.save wrote, and damaged and hostile ones.</summary>
public sealed class TorchGoldenTests
{
    static JsonElement[] Listed(string group)
    {
        using var index = JsonDocument.Parse(File.ReadAllText(Fixtures.Golden("formats/index.json")));
        return [.. index.RootElement.GetProperty(group).Clone().EnumerateArray()
            .Where(e => e.GetProperty("file").GetString()!.EndsWith(".pth", StringComparison.Ordinal))];
    }

    static void Same(SafetensorsFile expected, TorchFile file)
    {
        Assert.Equal(expected.Names.Order(StringComparer.Ordinal), file.Names.Order(StringComparer.Ordinal));
        foreach (string tensor in file.Names)
        {
            Assert.True(file.TryGetShape(tensor, out IReadOnlyList<long>? shape));
            // A count of BatchNorm's is a scalar; some of the safetensors have it as one element.
            if (!tensor.EndsWith("num_batches_tracked", StringComparison.Ordinal)) Assert.Equal(expected[tensor].Shape, shape);
            Assert.Equal(expected.ReadDoubles(tensor).Select(BitConverter.DoubleToInt64Bits), file.ReadDoubles(tensor).Select(BitConverter.DoubleToInt64Bits));
            Assert.Equal(expected.ReadFloats(tensor).Select(BitConverter.SingleToInt32Bits), file.ReadFloats(tensor).Select(BitConverter.SingleToInt32Bits));
        }
    }

    [Fact]
    public void Good_files_hold_the_expected_tensors()
    {
        JsonElement[] good = Listed("good");
        Assert.Equal(13, good.Length);
        foreach (JsonElement entry in good)
        {
            string name = entry.GetProperty("file").GetString()!;
            string expectation = entry.TryGetProperty("expected", out JsonElement told) ? told.GetString()!
                : name == "dtypes.pth" ? "expected_dtypes_legacy.safetensors"       // expected_dtypes is of dtypes.safetensors
                : $"expected_{Path.GetFileNameWithoutExtension(name)}.safetensors";
            using var file = TorchFile.Read(Fixtures.Golden($"formats/{name}"));
            using var expected = SafetensorsFile.Read(Fixtures.Golden($"formats/{expectation}"));
            Same(expected, file);
        }
    }

    [Theory]
    [InlineData("plain_unet/tiny/weights.pth", "plain_unet/tiny/weights.safetensors")]
    [InlineData("plain_unet/tiny/weights_legacy.pth", "plain_unet/tiny/weights.safetensors")]
    [InlineData("seed_unet/small/weights.pth", "seed_unet/small/weights.safetensors")]
    [InlineData("seed_unet/small/weights_legacy.pth", "seed_unet/small/weights.safetensors")]
    [InlineData("residual_unet/weights.pth", "residual_unet/weights.safetensors")]
    [InlineData("simple_unet/weights.pth", "simple_unet/weights.safetensors")]
    [InlineData("unet2d/h_legacy_names/diffusion_pytorch_model.bin", "unet2d/h_legacy_names/diffusion_pytorch_model.safetensors")]
    public void A_networks_weights_are_those_of_its_safetensors(string torch, string safetensors)
    {
        using var file = TorchFile.Read(Fixtures.Golden(torch));
        using var expected = SafetensorsFile.Read(Fixtures.Golden(safetensors));
        Same(expected, file);
    }

    [Fact]
    public void Every_damaged_or_hostile_file_is_refused_in_one_line_that_names_it()
    {
        JsonElement[] bad = Listed("bad");
        Assert.Equal(12, bad.Length);
        foreach (JsonElement entry in bad)
        {
            string path = Fixtures.Golden($"formats/{entry.GetProperty("file").GetString()}");
            if (entry.GetProperty("expect").GetString() == "reject")
                TorchDamage.IsRefused(path);
            else
                TorchDamage.ReadAll(path);    // names with ../ in a zip are names: nothing is unpacked
        }
    }

    [Theory]
    [InlineData("evil_zip")]
    [InlineData("evil_raw")]
    [InlineData("evil_legacy")]
    public void What_a_file_would_call_is_named(string name)
    {
        string message = TorchDamage.IsRefused(Fixtures.Golden($"formats/bad/{name}.pth"));
        Assert.Contains("posix.getcwd", message, StringComparison.Ordinal);
        Assert.Contains("safetensors", message, StringComparison.Ordinal);
    }
}
