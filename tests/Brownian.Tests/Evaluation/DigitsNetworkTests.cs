using Brownian.Evaluation;
using Brownian.Imaging;
using Brownian.Nn;
using Brownian.Tensors;
using Brownian.TrainDigits;

namespace Brownian.Tests.Evaluation;

/// <summary>The classifier of digits that is part of the library: what it knows, and what it makes of images.</summary>
public sealed class DigitsNetworkTests : IDisposable
{
    readonly Device _device = Device.Cpu(1);
    readonly DigitsNetwork _network;

    public DigitsNetworkTests() => _network = new DigitsNetwork(_device);

    public void Dispose()
    {
        _network.Dispose();
        _device.Dispose();
    }

    static string Folder => Path.Combine(Checkout.Root, "models", "digits-classifier");

    static string Weights => Path.Combine(Folder, "weights.safetensors");

    [Fact]
    public void It_recognises_99_percent_of_the_test_images_of_mnist()
    {
        using IdxDataset test = IdxDataset.Open(Accuracy.TestImagesIn(Fixtures.Data("mnist")));
        Assert.Equal(10_000, test.Count);
        int right = Accuracy.Right(_network, test, _device);
        Assert.True(right >= 9900, $"{right} of {test.Count} are right");
        string readme = File.ReadAllText(Path.Combine(Folder, "README.md"));
        Assert.Contains($"{right / 100.0:F2} %", readme, StringComparison.Ordinal);
    }

    [Fact]
    public void It_recognises_most_drawn_digits()
    {
        using IImageDataset digits = new DrawnDigits(1000);
        int right = Accuracy.Right(_network, digits, _device);
        TestContext.Current.TestOutputHelper?.WriteLine($"{right} of 1000");
        Assert.InRange(right, 850, 1000);
    }

    [Fact]
    public void Digits_of_other_sizes_are_resized()
    {
        using IImageDataset digits = new DrawnDigits(300);
        int plain = Accuracy.Right(_network, digits, _device);
        foreach (int size in new[] { 20, 32, 56 })
        {
            int right = 0;
            for (int i = 0; i < digits.Count; i++)
            {
                byte[] pixels = new byte[28 * 28];
                digits.Read(i, pixels);
                Image resized = new Image(28, 28, 1, pixels).Resize(size, size);
                using TensorScope scope = _device.OpenScope();
                float[] logits = _network.Of(Tensor.From(Array.ConvertAll(resized.Pixels, b => (float)b), Shape.Of(1, size, size, 1), _device)).Logits!.ToArray();
                if (Array.IndexOf(logits, logits.Max()) == digits.Label(i)) right++;
            }
            Assert.True(right >= plain - 12, $"{right} of {size}×{size} are right, {plain} as they were");
        }
    }

    [Fact]
    public void A_resize_is_that_of_images()
    {
        using IImageDataset digits = new DrawnDigits(4, size: 32);
        foreach (int i in Enumerable.Range(0, 4))
        {
            byte[] pixels = new byte[32 * 32];
            digits.Read(i, pixels);
            byte[] resized = new Image(32, 32, 1, pixels).Resize(28, 28).Pixels;
            float[] expected = Features(resized, 28, 1), actual = Features(pixels, 32, 1);
            // Images are rounded to whole numbers twice on the way, tensors are not.
            Assert.True(Distance(expected, actual) < 0.01 * Distance(expected, new float[128]), $"{Distance(expected, actual)}");
        }
    }

    [Fact]
    public void Colours_count_as_their_luma()
    {
        using IImageDataset digits = new DrawnDigits(1);
        byte[] gray = new byte[28 * 28];
        digits.Read(0, gray);
        byte[] red = [.. gray.SelectMany(value => new byte[] { value, 0, 0 })], equal = [.. gray.SelectMany(value => new[] { value, value, value })];
        Assert.True(Distance(Features(gray, 28, 1), Features(equal, 28, 3)) < 1e-4 * Distance(Features(gray, 28, 1), new float[128]));
        float[] dark = Features([.. gray.Select(value => (byte)Math.Round(0.299 * value))], 28, 1);
        Assert.True(Distance(dark, Features(red, 28, 3)) < 0.01 * Distance(dark, new float[128]));
    }

    [Fact]
    public void Features_are_finite_and_each_image_has_its_own_whatever_the_batch()
    {
        using IImageDataset digits = new DrawnDigits(7);
        using TensorScope scope = _device.OpenScope();
        FeatureRows all = _network.Of(Accuracy.Pixels(digits, 0, 7, _device));
        Assert.Equal(Shape.Of(7, _network.Dimensions), all.Features.Shape);
        Assert.Equal(Shape.Of(7, _network.Classes), all.Logits!.Shape);
        float[] features = all.Features.ToArray(), logits = all.Logits.ToArray();
        Assert.All(features, value => Assert.True(float.IsFinite(value) && value >= 0));
        Assert.All(logits, value => Assert.True(float.IsFinite(value)));
        FeatureRows last = _network.Of(Accuracy.Pixels(digits, 6, 1, _device));
        Assert.True(Distance(features[^128..], last.Features.ToArray()) < 1e-4 * Distance(features[^128..], new float[128]));
        Assert.True(Distance(logits[^10..], last.Logits!.ToArray()) < 1e-3);
    }

    [Fact]
    public void Any_number_of_threads_gives_the_same_bits()
    {
        using IImageDataset digits = new DrawnDigits(9, size: 32);
        List<float[]> features = [], logits = [];
        foreach (int threads in new[] { 1, 2, 3 })
        {
            using Device device = Device.Cpu(threads);
            using var network = new DigitsNetwork(device);
            FeatureRows rows = network.Of(Accuracy.Pixels(digits, 0, 9, device));
            features.Add(rows.Features.ToArray());
            logits.Add(rows.Logits!.ToArray());
        }
        Assert.All(features, some => Assert.Equal(features[0], some));
        Assert.All(logits, some => Assert.Equal(logits[0], some));
    }

    [Fact]
    public void What_is_done_to_images_is_said()
    {
        Assert.Null(_network.PreparationOf(28, 28, 1));
        Assert.Equal("resized from 32×32 to 28×28", _network.PreparationOf(32, 32, 1));
        Assert.Equal("made gray", _network.PreparationOf(28, 28, 3));
        Assert.Equal("made gray and resized from 64×64 to 28×28", _network.PreparationOf(64, 64, 3));
    }

    [Theory]
    [InlineData(28, 20, 1, "20×28")]
    [InlineData(12, 12, 1, "12×12")]
    [InlineData(128, 128, 3, "128×128")]
    [InlineData(28, 28, 2, "2 channels")]
    [InlineData(28, 28, 4, "4 channels")]
    public void Images_that_cannot_be_digits_are_refused_in_a_line(int height, int width, int channels, string says)
    {
        string message = Assert.Throws<ArgumentException>(() => _network.Of(Tensor.Zeros(Shape.Of(1, height, width, channels), _device))).Message;
        Assert.StartsWith("digits: ", message, StringComparison.Ordinal);
        Assert.Contains(says, message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
        Assert.Equal(message, Assert.Throws<ArgumentException>(() => _network.PreparationOf(height, width, channels)).Message);
        Assert.Contains("N×H×W×C", Assert.Throws<ArgumentException>(() => _network.Of(Tensor.Zeros(Shape.Of(height, width), _device))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Its_weights_take_a_megabyte_at_most_and_come_from_the_settings_of_their_trainer()
    {
        Assert.InRange(new FileInfo(Weights).Length, 1, 1_000_000);
        using SafetensorsFile file = SafetensorsFile.Read(Weights);
        Assert.Equal(new DigitsTraining().ToString(), file.Metadata["settings"]);
        using var network = new DigitsNetwork(_device, File.ReadAllBytes(Weights));
        Assert.Equal(network.Identity, _network.Identity);
    }

    [Fact]
    public void Weights_of_another_network_are_refused()
    {
        using var scratch = new ScratchFolder();
        var other = new SafetensorsWriter();
        other.Add("first.weight", [1, 1, 1, 1], new float[1]);
        string path = scratch.Path("other.safetensors");
        other.Write(path);
        string message = Assert.Throws<InvalidDataException>(() => new DigitsNetwork(_device, File.ReadAllBytes(path))).Message;
        Assert.Contains("first.weight", message, StringComparison.Ordinal);
        Assert.Contains("288", message, StringComparison.Ordinal);
        Assert.Throws<InvalidDataException>(() => new DigitsNetwork(_device, File.ReadAllBytes(Weights)[..1000]));
        Assert.Throws<InvalidDataException>(() => new DigitsNetwork(_device, new byte[100]));
    }

    float[] Features(byte[] pixels, int size, int channels)
    {
        using TensorScope scope = _device.OpenScope();
        return _network.Of(Tensor.From(Array.ConvertAll(pixels, b => (float)b), Shape.Of(1, size, size, channels), _device)).Features.ToArray();
    }

    static double Distance(float[] a, float[] b) => Math.Sqrt(a.Zip(b, (x, y) => (double)(x - y) * (x - y)).Sum());
}
