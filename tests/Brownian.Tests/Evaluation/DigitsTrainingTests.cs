using Brownian.Evaluation;
using Brownian.Tensors;
using Brownian.TrainDigits;

namespace Brownian.Tests.Evaluation;

/// <summary>How the classifier of digits is trained.</summary>
public sealed class DigitsTrainingTests
{
    [Fact]
    public void It_learns_and_any_number_of_threads_gives_the_same_weights()
    {
        using var digits = new DrawnDigits(320);
        var settings = new DigitsTraining { Epochs = 6, BatchSize = 32, WarmupSteps = 5 };
        List<byte[]> files = [];
        using var scratch = new ScratchFolder();
        foreach (int threads in new[] { 1, 2 })
        {
            using Device device = Device.Cpu(threads);
            var classifier = new DigitsClassifier();
            List<double> losses = [];
            settings.Run(classifier, digits, device, (_, loss) => losses.Add(loss));
            Assert.True(losses[^1] < 0.5 * losses[0], string.Join(' ', losses));
            string path = scratch.Path($"{threads}.safetensors");
            classifier.Write(path, new Dictionary<string, string>());
            files.Add(File.ReadAllBytes(path));
            if (threads > 1) continue;
            using var network = new DigitsNetwork(device, files[0]);
            using var others = new DrawnDigits(200, seed: 5);
            Assert.InRange(Accuracy.Right(network, others, device), 60, 200);      // chance has 20
        }
        Assert.Equal(files[0], files[1]);
    }

    [Fact]
    public void Another_seed_gives_other_weights()
    {
        using var digits = new DrawnDigits(40);
        using Device device = Device.Cpu(1);
        float[][] weights = [.. new ulong[] { 1, 2 }.Select(seed =>
        {
            var classifier = new DigitsClassifier();
            new DigitsTraining { Epochs = 1, BatchSize = 20, Seed = seed }.Run(classifier, digits, device);
            return classifier.Parameters.Values.ToArray();
        })];
        Assert.NotEqual(weights[0], weights[1]);
    }

    [Fact]
    public void A_distortion_is_of_its_size_and_belongs_to_the_image()
    {
        byte[] image = new byte[28 * 28];
        image[10 * 28 + 16] = 255;
        float[] same = new float[image.Length], again = new float[image.Length], other = new float[image.Length];
        var random = new Philox(3, 4);
        new Distortion(0, 0, 0).Draw(image, 28, random, 0, same);
        Assert.Equal(image.Select(value => value / 255f), same);
        for (int i = 0; i < 50; i++)
        {
            new Distortion(2, 0, 0).Draw(image, 28, random, i, again);
            Assert.Equal(1, again.Sum(), 1e-5);
            Assert.All(Enumerable.Range(0, again.Length).Where(at => again[at] > 0), at =>
            {
                Assert.InRange(at % 28, 14, 18);
                Assert.InRange(at / 28, 8, 12);
            });
        }
        new Distortion().Draw(image, 28, random, 7, again);
        new Distortion().Draw(image, 28, random, 8, other);
        Assert.NotEqual(again, other);
        new Distortion().Draw(image, 28, random, 7, other);
        Assert.Equal(again, other);
    }

    [Fact]
    public void A_turn_keeps_the_distance_from_the_middle_and_a_scale_the_direction()
    {
        byte[] image = new byte[28 * 28];
        foreach (int y in new[] { 13, 14 }) image.AsSpan(y * 28 + 21, 2).Fill(255);     // 8 to the right of the middle
        float[] result = new float[image.Length];
        double most = 0;
        for (int i = 0; i < 50; i++)
        {
            new Distortion(0, 10, 0).Draw(image, 28, new Philox(1, 1), i, result);
            (double x, double y) = Centre(result);
            Assert.Equal(8, Math.Sqrt(x * x + y * y), 0.1);
            most = Math.Max(most, Math.Abs(Math.Atan2(y, x)) * 180 / Math.PI);
            new Distortion(0, 0, 0.1).Draw(image, 28, new Philox(1, 1), i, result);
            (x, y) = Centre(result);
            Assert.Equal(0, y, 1e-5);
            Assert.InRange(x, 8 * 0.9 - 0.1, 8 * 1.1 + 0.1);
        }
        Assert.InRange(most, 8, 10.2);
    }

    static (double X, double Y) Centre(float[] image)
    {
        double x = 0, y = 0;
        for (int i = 0; i < image.Length; i++) (x, y) = (x + image[i] * (i % 28 - 13.5), y + image[i] * (i / 28 - 13.5));
        return (x / image.Sum(), y / image.Sum());
    }
}
