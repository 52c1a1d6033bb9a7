using Brownian.Tensors;

namespace Brownian.Tests;

public sealed class PhiloxTests
{
    // Known answers of the Random123 distribution, as (counter, key) → words, lowest word first.
    [Theory]
    [InlineData(0x00000000_00000000, 0x00000000_00000000, 0x00000000_00000000, 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8)]
    [InlineData(0xffffffff_ffffffff, 0xffffffff_ffffffff, 0xffffffff_ffffffff, 0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd)]
    [InlineData(0x85a308d3_243f6a88, 0x03707344_13198a2e, 0x299f31d0_a4093822, 0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1)]
    public void Blocks_are_those_of_Random123(ulong index, ulong stream, ulong seed, uint x, uint y, uint z, uint w) =>
        Assert.Equal((x, y, z, w), new Philox(seed, stream).Block(index));

    [Fact]
    public void Normals_are_Box_Muller_of_the_words()
    {
        float[] normals = new float[4000];
        var philox = new Philox(13, 14);
        philox.Normal(normals);
        for (int i = 0; i < normals.Length; i += 2)
        {
            var (x, y, z, w) = philox.Block((ulong)i / 4);
            (uint a, uint b) = i % 4 == 0 ? (x, y) : (z, w);
            double r = Math.Sqrt(-2 * Math.Log((a + 0.5) / 4294967296.0)), theta = Math.Tau * b / 4294967296.0;
            Assert.Equal(r * Math.Cos(theta), normals[i], 5e-7);
            Assert.Equal(r * Math.Sin(theta), normals[i + 1], 5e-7);
        }
    }

    [Fact]
    public void Normals_have_the_same_bits_on_every_machine()
    {
        // The checksum was taken when this was written (x64, AVX-512). If it changes, seeds no longer reproduce old runs.
        float[] normals = new float[100_000];
        new Philox(42, Philox.Stream("noise")).Normal(normals);
        byte[] bits = System.Security.Cryptography.SHA256.HashData(System.Runtime.InteropServices.MemoryMarshal.AsBytes(normals.AsSpan()));
        Assert.Equal("c46aadb803649e12", Convert.ToHexStringLower(bits)[..16]);
    }

    [Fact]
    public void Any_slice_equals_the_same_range_of_the_whole()
    {
        var philox = new Philox(7, Philox.Stream("noise"));
        float[] normals = new float[41], uniforms = new float[41];
        int[] integers = new int[41];
        philox.Normal(normals);
        philox.Uniform(uniforms);
        philox.Integers(integers, 1000);
        for (int first = 0; first <= 41; first++)
        {
            for (int count = 0; count <= 41 - first; count++)
            {
                float[] part = new float[count];
                philox.Normal(part, first);
                Assert.Equal(normals[first..(first + count)], part);
                philox.Uniform(part, first);
                Assert.Equal(uniforms[first..(first + count)], part);
                int[] whole = new int[count];
                philox.Integers(whole, 1000, first);
                Assert.Equal(integers[first..(first + count)], whole);
            }
        }
    }

    [Fact]
    public void Indices_beyond_32_bits_and_at_the_end_are_reached()
    {
        var philox = new Philox(1, 2);
        float[] near = new float[4], far = new float[4], last = new float[1];
        philox.Uniform(near);
        philox.Uniform(far, 4L << 32);
        philox.Uniform(last, long.MaxValue);
        Assert.NotEqual(near, far);
        Assert.Equal((philox.Block(long.MaxValue / 4).W >> 8) / 16777216f, last[0]);
        Assert.Throws<ArgumentOutOfRangeException>(() => philox.Normal(new float[1], -1));
    }

    [Fact]
    public void Normals_have_the_moments_and_the_distribution_of_normals()
    {
        float[] x = new float[1_000_000];
        new Philox(2024, Philox.Stream("moments")).Normal(x);
        double n = x.Length;
        double mean = x.Sum(v => (double)v) / n;
        double variance = x.Sum(v => (double)v * v) / n;
        double skew = x.Sum(v => Math.Pow(v, 3)) / n;
        double kurtosis = x.Sum(v => Math.Pow(v, 4)) / n;
        double lag = 0;
        for (int i = 1; i < x.Length; i++) lag += (double)x[i] * x[i - 1];
        // Four standard errors of each estimate: √(1, 2, 15, 96, 1) / √n.
        Assert.Equal(0, mean, 4 / Math.Sqrt(n));
        Assert.Equal(1, variance, 4 * Math.Sqrt(2 / n));
        Assert.Equal(0, skew, 4 * Math.Sqrt(15 / n));
        Assert.Equal(3, kurtosis, 4 * Math.Sqrt(96 / n));
        Assert.Equal(0, lag / n, 4 / Math.Sqrt(n));
        Array.Sort(x);
        Assert.True(x[0] > -6.77f && x[^1] < 6.77f && x[^1] > 4);
        // Kolmogorov–Smirnov: √n·D exceeds 1.95 once in a thousand.
        double d = 0;
        for (int i = 0; i < x.Length; i++)
        {
            double f = NormalDistribution(x[i]);
            d = Math.Max(d, Math.Max(Math.Abs(f - i / n), Math.Abs(f - (i + 1) / n)));
        }
        Assert.InRange(d * Math.Sqrt(n), 0.2, 1.95);
    }

    [Fact]
    public void Uniforms_fill_the_half_open_unit_interval_evenly()
    {
        float[] x = new float[100_000];
        new Philox(3, 4).Uniform(x);
        Assert.All(x, v => Assert.InRange(v, 0f, 0.99999994f));
        int[] bins = new int[100];
        foreach (float v in x) bins[(int)(v * 100)]++;
        Assert.InRange(ChiSquared(bins, 1000), 50, 160);    // 99 degrees of freedom
    }

    [Theory]
    [InlineData(1)]
    [InlineData(10)]
    [InlineData(1000)]
    public void Integers_are_below_the_bound_and_even(int bound)
    {
        int[] x = new int[100_000];
        new Philox(5, 6).Integers(x, bound);
        int[] bins = new int[bound];
        foreach (int v in x) bins[v]++;
        double freedom = bound - 1;
        Assert.InRange(ChiSquared(bins, 100_000.0 / bound), 0, freedom + 5 * Math.Sqrt(2 * freedom));
        Assert.Throws<ArgumentOutOfRangeException>(() => new Philox(5, 6).Integers(new int[1], 0));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(1000)]
    public void Permutations_hold_every_number_once(int count) =>
        Assert.Equal(Enumerable.Range(0, count), new Philox(8, 9).Permutation(count).Order());

    [Fact]
    public void All_orders_of_four_come_equally_often()
    {
        var counts = new Dictionary<string, int>();
        var philox = new Philox(10, Philox.Stream("shuffle"));
        for (ulong epoch = 0; epoch < 24_000; epoch++)
        {
            string order = string.Concat(philox.At(epoch).Permutation(4));
            counts[order] = counts.GetValueOrDefault(order) + 1;
        }
        Assert.Equal(24, counts.Count);
        Assert.InRange(ChiSquared([.. counts.Values], 1000), 5, 55);    // 23 degrees of freedom
    }

    [Fact]
    public void Streams_are_the_published_hash_and_positions_nest_in_order()
    {
        // FNV-1a, 64 bits, of the bytes 61 00 and of nothing.
        Assert.Equal(0xcbf29ce484222325UL, Philox.Stream(""));
        Assert.Equal(unchecked((0xcbf29ce484222325UL ^ 0x61) * 0x100000001b3UL * 0x100000001b3UL), Philox.Stream("a"));
        var noise = new Philox(1, Philox.Stream("noise"));
        Assert.Equal(new Philox(1, Philox.Stream("noise", 5)), noise.At(5));
        Assert.NotEqual(noise, noise.At(0));
        Assert.NotEqual(noise.At(3).At(5), noise.At(5).At(3));
        Assert.Equal(10_000, Enumerable.Range(0, 10_000).Select(i => noise.At((ulong)i)).Distinct().Count());
    }

    [Fact]
    public void Neighbouring_positions_and_seeds_are_uncorrelated()
    {
        float[] a = new float[50_000], b = new float[50_000], c = new float[50_000];
        var philox = new Philox(1, Philox.Stream("noise"));
        philox.At(0).Normal(a);
        philox.At(1).Normal(b);
        new Philox(2, philox.At(0).StreamId).Normal(c);
        double ab = 0, ac = 0;
        for (int i = 0; i < a.Length; i++) (ab, ac) = (ab + a[i] * b[i], ac + a[i] * c[i]);
        Assert.Equal(0, ab / a.Length, 0.02);
        Assert.Equal(0, ac / a.Length, 0.02);
    }

    [Fact]
    public void Logarithm_sine_and_cosine_are_good_to_the_last_digits()
    {
        var uniform = new float[20_000];
        new Philox(11, 12).Uniform(uniform);
        foreach (double u in uniform.Select(v => (double)v + 1e-9).Append(1).Append(double.BitDecrement(1)).Append(1.2e-10).Append(Math.Sqrt(0.5)))
        {
            Assert.Equal(Math.Log(u), BoxMuller.Log(u), Math.Abs(Math.Log(u)) * 1e-15);
            (double sin, double cos) = BoxMuller.SinCosTurns(u);
            Assert.Equal(Math.Sin(Math.Tau * u), sin, 1.5e-15);    // Tau·u is rounded before Math.Sin sees it
            Assert.Equal(Math.Cos(Math.Tau * u), cos, 1.5e-15);
        }
    }

    static double ChiSquared(int[] bins, double expected) => bins.Sum(b => (b - expected) * (b - expected) / expected);

    // Φ by its Taylor series up to 4 (all terms of one sign), by the tail's asymptotic bound beyond; good to 1e-6, far below 1/√n.
    static double NormalDistribution(double x)
    {
        if (x < 0) return 1 - NormalDistribution(-x);
        double density = Math.Exp(-x * x / 2) / Math.Sqrt(Math.Tau);
        if (x > 4) return 1 - density / x * (1 - 1 / (x * x));
        double term = x, sum = x;
        for (int k = 3; k < 120; k += 2)
        {
            term *= x * x / k;
            sum += term;
        }
        return 0.5 + density * sum;
    }
}
