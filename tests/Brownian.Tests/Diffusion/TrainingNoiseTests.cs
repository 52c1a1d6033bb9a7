using Brownian.Tensors;

namespace Brownian.Tests;

/// <summary>Which ε training mixes images with.</summary>
public sealed class TrainingNoiseTests : IDisposable
{
    const int Images = 6;
    static readonly Shape Image = Shape.Of(4, 3, 2);

    readonly Device _device = Device.Cpu(threads: 1);

    public void Dispose() => _device.Dispose();

    static TrainingObjective With(TrainingNoise noise) => new(NoiseSchedule.Linear(), Parameterization.Epsilon, Seed: 7) { Noise = noise };

    [Fact]
    public void The_nearest_of_the_candidates_is_taken_whatever_the_parts()
    {
        TrainingNoise nearest = new() { Assignment = NoiseAssignment.Nearest, Candidates = 5 };
        float[] x0 = Pixels(Images);
        float[][] chosen = Rows(Draw(nearest, x0)), plain = Rows(Draw(new(), x0));
        double gain = 0;
        for (int n = 0; n < Images; n++)
        {
            // Each candidate alone: that of an image whose other candidates are farther for certain.
            float[] image = x0[(n * Image.Count)..((n + 1) * Image.Count)];
            double best = Distance(chosen[n], image);
            Assert.True(best <= Distance(plain[n], image));
            gain += Distance(plain[n], image) - best;
            // With an image that is a candidate itself, that candidate is chosen.
            float[] same = [.. x0];
            chosen[n].CopyTo(same, n * Image.Count);
            Assert.Equal(chosen[n], Rows(Draw(nearest, same))[n]);
        }
        Assert.True(gain > 0);
        Assert.Equal(chosen[4], Rows(With(nearest).Draw(Batch(x0[(4 * Image.Count)..]), 3, firstImage: 4).Noise.ToArray())[0]);
        // More candidates of the same image contain the fewer.
        float[][] more = Rows(Draw(nearest with { Candidates = 40 }, x0));
        for (int n = 0; n < Images; n++) Assert.True(Distance(more[n], x0.AsSpan(n * Image.Count, Image.Count)) <= Distance(chosen[n], x0.AsSpan(n * Image.Count, Image.Count)));
    }

    [Fact]
    public void The_noises_of_a_batch_are_dealt_out_at_the_least_distance()
    {
        float[] x0 = Pixels(Images);
        float[][] dealt = Rows(Draw(new() { Assignment = NoiseAssignment.Batch }, x0)), plain = Rows(Draw(new(), x0));
        Assert.Equal(plain.Select(Text).Order(StringComparer.Ordinal), dealt.Select(Text).Order(StringComparer.Ordinal));       // the same, bit for bit
        double least = Permutations(Images).Min(order => order.Select((m, n) => Distance(plain[m], Of(n))).Sum());
        Assert.Equal(least, dealt.Select((noise, n) => Distance(noise, Of(n))).Sum(), 1e-5);
        Assert.True(least < plain.Select((noise, n) => Distance(noise, Of(n))).Sum());

        float[] Of(int n) => Rows(x0)[n];
        static string Text(float[] row) => string.Join(' ', row.Select(BitConverter.SingleToInt32Bits));
    }

    [Fact]
    public void More_images_than_a_group_are_dealt_with_group_by_group()
    {
        const int Count = TrainingNoise.LargestGroup + 5;
        float[] x0 = Pixels(Count);
        float[][] dealt = Rows(Draw(new() { Assignment = NoiseAssignment.Batch }, x0)), plain = Rows(Draw(new(), x0));
        Assert.Equal(plain[..TrainingNoise.LargestGroup].Select(row => row[0]).Order(), dealt[..TrainingNoise.LargestGroup].Select(row => row[0]).Order());
        Assert.Equal(plain[TrainingNoise.LargestGroup..].Select(row => row[0]).Order(), dealt[TrainingNoise.LargestGroup..].Select(row => row[0]).Order());
        Assert.NotEqual(plain[0], dealt[0]);
    }

    [Fact]
    public void An_assignment_is_the_cheapest_of_all()
    {
        for (int n = 1; n <= 6; n++)
        {
            for (ulong seed = 0; seed < 20; seed++)
            {
                int[] cost = new int[n * n];
                new Philox(seed, 1).Integers(cost, 8);          // few values: many ties
                int[] columns = LinearAssignment.Least(n, Array.ConvertAll(cost, each => each - 3.0));
                Assert.Equal(Enumerable.Range(0, n), columns.Order());
                Assert.Equal(Permutations(n).Min(order => order.Select((c, r) => cost[r * n + c]).Sum()), columns.Select((c, r) => cost[r * n + c]).Sum());
            }
        }
        Assert.Throws<ArgumentException>(() => LinearAssignment.Least(2, [1, double.NaN, 1, double.NaN]));
    }

    [Fact]
    public void Offset_noise_is_a_constant_of_each_channel()
    {
        float[] x0 = Pixels(Images), plain = Draw(new(), x0), offset = Draw(new() { Offset = 0.5 }, x0);
        int channels = Image.Channels;
        double[] constants = [.. Enumerable.Range(0, Images * channels).Select(i => (double)offset[Pixel(i)] - plain[Pixel(i)])];
        for (int i = 0; i < offset.Length; i++) Assert.Equal(constants[i / Image.Count * channels + i % channels], offset[i] - plain[i], 1e-6);
        Assert.Equal(constants.Length, constants.Distinct().Count());
        Assert.Equal(offset[(4 * Image.Count)..], With(new() { Offset = 0.5 }).Draw(Batch(x0[(4 * Image.Count)..]), 3, firstImage: 4).Noise.ToArray());

        float[] black = new float[4000 * Image.Count];
        float[] many = With(new() { Offset = 0.5 }).Draw(Batch(black), 3).Noise.ToArray();
        Assert.Equal(1.25, many.Average(e => (double)e * e), 0.02);                // the variances add

        int Pixel(int i) => i / channels * Image.Count + i % channels;
    }

    [Fact]
    public void A_perturbed_input_is_compared_with_the_noise_itself()
    {
        TrainingObjective objective = With(new() { Perturbation = 0.1 });
        StubNetwork network = new(_device, Image, (x, _) => 0.5 * x);
        float[] x0 = Pixels(Images);
        TrainingDraw drawn = objective.Draw(network, Batch(x0), 3), plain = With(new()).Draw(network, Batch(x0), 3);
        Assert.Null(plain.Seen);
        float[] noise = drawn.Noise.ToArray(), seen = drawn.Seen!.ToArray();
        Assert.Equal(plain.Noise.ToArray(), noise);
        double[] added = [.. seen.Zip(noise, (s, e) => ((double)s - e) / 0.1)];
        Assert.Equal(1, added.Average(z => z * z), 5 * Math.Sqrt(2.0 / added.Length));
        TrainingLoss loss = objective.Loss(network, Batch(x0), drawn);
        for (int n = 0; n < Images; n++)
        {
            NoiseLevel level = drawn.Times[n].Level;
            double expected = Enumerable.Range(n * Image.Count, Image.Count).Average(i => Math.Pow(0.5 * (level.Alpha * x0[i] + level.Sigma * seen[i]) - noise[i], 2));
            Assert.Equal(expected, loss.PerImage.Value[n], 1e-5);
        }
    }

    [Fact]
    public void Settings_out_of_range_are_refused()
    {
        foreach (TrainingNoise wrong in (TrainingNoise[])[new() { Offset = -1 }, new() { Perturbation = double.NaN }, new() { Candidates = 1 }])
            Assert.Throws<ArgumentException>(() => Draw(wrong, Pixels(Images)));
    }

    float[] Draw(TrainingNoise noise, float[] x0) => With(noise).Draw(Batch(x0), step: 3).Noise.ToArray();

    Tensor Batch(float[] pixels) => Tensor.From(pixels, Shape.Of(pixels.Length / Image.Count, Image[0], Image[1], Image[2]), _device);

    static float[] Pixels(int images) => [.. Enumerable.Range(0, images * Image.Count).Select(i => MathF.Sin(1.7f * i + i / Image.Count))];

    static float[][] Rows(float[] values) => [.. values.Chunk(Image.Count)];

    static double Distance(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        double sum = 0;
        for (int i = 0; i < a.Length; i++) sum += Math.Pow((double)a[i] - b[i], 2);
        return sum;
    }

    static IEnumerable<int[]> Permutations(int count) => count == 0
        ? [[]]
        : Permutations(count - 1).SelectMany(rest => Enumerable.Range(0, count).Select(at => (int[])[.. rest[..at], count - 1, .. rest[at..]]));
}
