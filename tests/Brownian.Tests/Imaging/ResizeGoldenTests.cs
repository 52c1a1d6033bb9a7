using System.Runtime.InteropServices;
using System.Text.Json;
using Brownian.Imaging;

namespace Brownian.Tests;

/// <summary>Against Pillow's and torchvision's results, to the bit.</summary>
public sealed class ResizeGoldenTests
{
    [Fact]
    public void Resizing_and_cropping_give_exactly_the_reference_pixels()
    {
        var golden = GoldenTensors.Read(Fixtures.Golden("images/resize.safetensors"));
        using JsonDocument index = JsonDocument.Parse(File.ReadAllText(Fixtures.Golden("images/resize.json")));
        var wrong = new List<string>();
        int compared = 0;
        foreach (JsonElement entry in index.RootElement.EnumerateArray())
        {
            string key = entry.GetProperty("key").GetString()!;
            if (key.StartsWith("tv", StringComparison.Ordinal)) continue;       // of floats, which nothing here resizes
            var (dtype, shape, bytes) = golden[key];
            Image image = Result(key, entry, shape, name => Input(golden[$"in.{name}"]));
            Assert.Equal(dtype == "F32" ? [3, image.Height, image.Width] : new[] { image.Height, image.Width, 3 }, shape);
            if (!(dtype == "F32" ? Normalized(image) : image.Pixels).SequenceEqual(bytes)) wrong.Add(key);
            compared++;
        }
        Assert.Equal([], wrong);
        Assert.Equal(42 + 6 + 4 + 7 + 7, compared);
    }

    static Image Result(string key, JsonElement entry, int[] shape, Func<string, Image> input)
    {
        string[] parts = key.Split('.');
        int[] Sizes() => [.. entry.GetProperty("size_wh").EnumerateArray().Select(size => size.GetInt32())];
        switch (parts[0])
        {
            case "pil":
                var filter = Enum.Parse<ResizeFilter>(parts[2], ignoreCase: true);
                return input(parts[1]).Resize(Sizes()[0], Sizes()[1], filter);
            case "center_crop": return input(parts[1]).CenterCrop(Sizes()[0], Sizes()[1]);
            case "center_crop_pad": return input(parts[1]).CenterCrop(shape[1], shape[0]);
            case "resize_crop" or "preprocess":
                int size = entry.GetProperty("size").GetInt32();
                return input(parts[1]).ResizeShorterSide(size).CenterCrop(size, size);
            default: throw new InvalidDataException(key);
        }
    }

    static Image Input((string Dtype, int[] Shape, byte[] Bytes) golden) =>
        new(golden.Shape[1], golden.Shape[0], golden.Shape[2], golden.Bytes);

    // ToTensor, then Normalize(0.5, 0.5): planes of floats in [-1, 1].
    static byte[] Normalized(Image image)
    {
        int pixels = image.Width * image.Height;
        var planes = new float[image.Pixels.Length];
        for (int i = 0; i < planes.Length; i++) planes[i] = (image.Pixels[i % pixels * 3 + i / pixels] / 255f - 0.5f) / 0.5f;
        return MemoryMarshal.AsBytes(planes.AsSpan()).ToArray();
    }
}
