using System.Globalization;
using System.Text.Json;
using Brownian.Nn;
using Brownian.Tensors;

namespace Brownian.Tests;

/// <summary>Against what PyTorch 1.13 drew on the CPU.</summary>
public sealed class TorchGeneratorTests
{
    const double FloatNormal = 3e-6, DoubleNormal = 1e-12;

    [Fact]
    public void The_raw_words_are_PyTorchs()
    {
        using var golden = SafetensorsFile.Read(Fixtures.Golden("rng/raw_mt19937.safetensors"));
        Assert.Equal(5, golden.Names.Count);
        foreach (string name in golden.Names)
        {
            var generator = new TorchGenerator(ulong.Parse(name.AsSpan("seed".Length), CultureInfo.InvariantCulture));
            Assert.Equal(golden.ReadIntegers(name), golden.ReadIntegers(name).Select(_ => (long)generator.Random32()));
        }
    }

    [Fact]
    public void Single_draws_are_PyTorchs()
    {
        using var golden = SafetensorsFile.Read(Fixtures.Golden("rng/draws.safetensors"));
        using var json = JsonDocument.Parse(File.ReadAllText(Fixtures.Golden("rng/draws.json")));
        Assert.Equal(470, golden.Names.Count);
        foreach (string name in golden.Names)
        {
            string[] part = name.Split('.');    // function . type . size . seed
            var generator = new TorchGenerator(ulong.Parse(part[^1].AsSpan("seed".Length), CultureInfo.InvariantCulture));
            int count = (int)golden[name].Count;
            switch (part[0])
            {
                case "normal_mean2_std3":
                    float[] normals = new float[count];
                    generator.Normal(normals, 2, 3);
                    AssertClose(golden.ReadFloats(name), normals, 3 * FloatNormal, name);
                    break;
                case "uniform_m1_p3":
                    float[] uniforms = new float[count];
                    generator.Uniform(uniforms, -1, 3);
                    Assert.Equal(golden.ReadFloats(name), uniforms);
                    break;
                case "randint":
                    var bounds = json.RootElement.GetProperty("randint").GetProperty(part[2]);
                    AssertIntegers(golden, name, generator, bounds[0].GetInt64(), bounds[1].GetInt64());
                    break;
                case "randint_big":
                    AssertIntegers(golden, name, generator, 0, 1L << 40);
                    break;
                case "randn_4d":
                    AssertDraw(golden, name, generator, "randn", "f32");
                    break;
                default:
                    AssertDraw(golden, name, generator, part[0], part[1]);
                    break;
            }
        }
    }

    [Fact]
    public void Mixed_sequences_carry_the_cached_normal_as_PyTorch_does()
    {
        using var golden = SafetensorsFile.Read(Fixtures.Golden("rng/sequences.safetensors"));
        using var json = JsonDocument.Parse(File.ReadAllText(Fixtures.Golden("rng/sequences.json")));
        int checkedCalls = 0;
        foreach (var sequence in json.RootElement.EnumerateArray())
        {
            var generator = new TorchGenerator(sequence.GetProperty("seed").GetUInt64());
            int index = 0;
            foreach (var call in sequence.GetProperty("calls").EnumerateArray())
            {
                string name = $"{sequence.GetProperty("sequence").GetInt32()}.{index++}", function = call[0].GetString()!;
                if (function == "randint") AssertIntegers(golden, name, generator, call[1].GetInt64(), call[2].GetInt64());
                else AssertDraw(golden, name, generator, function, function == "randperm" ? "i64" : call[2].GetString()!);
                checkedCalls++;
            }
        }
        Assert.Equal(golden.Names.Count, checkedCalls);
    }

    [Theory]
    [InlineData("linear_5_7", 5)]
    [InlineData("conv_3_8_k3", 27)]
    [InlineData("convT_4_2_k2", 8)]    // PyTorch takes the second dimension times the kernel as fan-in
    public void Layers_start_as_PyTorchs(string layer, int fanIn)
    {
        using var golden = SafetensorsFile.Read(Fixtures.Golden("rng/init.safetensors"));
        var generator = new TorchGenerator(11);
        float bound = (float)(1 / Math.Sqrt(fanIn));
        foreach (string parameter in (string[])["weight", "bias"])
        {
            float[] expected = golden.ReadFloats($"{layer}.{parameter}"), actual = new float[expected.Length];
            generator.Uniform(actual, -bound, bound);
            AssertClose(expected, actual, 1e-7, parameter);
        }
    }

    [Fact]
    public void Embeddings_and_attention_start_as_PyTorchs()
    {
        using var golden = SafetensorsFile.Read(Fixtures.Golden("rng/init.safetensors"));
        float[] embedding = new float[30];
        new TorchGenerator(11).Randn(embedding);
        AssertClose(golden.ReadFloats("embedding_5_6.weight"), embedding, FloatNormal, "embedding");

        // The output projection is made first, as a linear layer with bias, then the input projection by Xavier.
        var generator = new TorchGenerator(11);
        float linear = (float)(1 / Math.Sqrt(8)), xavier = (float)Math.Sqrt(6.0 / (24 + 8));
        float[] output = new float[64], bias = new float[8], input = new float[192];
        generator.Uniform(output, -linear, linear);
        generator.Uniform(bias, -linear, linear);
        generator.Uniform(input, -xavier, xavier);
        AssertClose(golden.ReadFloats("mha_8_2.out_proj.weight"), output, 1e-7, "out_proj");
        AssertClose(golden.ReadFloats("mha_8_2.in_proj_weight"), input, 1e-7, "in_proj");
    }

    [Theory]
    [InlineData(10)]
    [InlineData(37)]
    public void Epochs_are_ordered_as_by_RandomSampler(int count)
    {
        using var golden = SafetensorsFile.Read(Fixtures.Golden("rng/init.safetensors"));
        var generator = new TorchGenerator(5);
        for (int epoch = 0; epoch < 2; epoch++)
            Assert.Equal(golden.ReadIntegers($"sampler.n{count}.epoch{epoch}"), generator.SamplerOrder(count).Select(i => (long)i));
        Assert.Equal(golden.ReadIntegers($"sampler.n{count}.seed0"), new long[] { new TorchGenerator(5).Random() });
    }

    [Fact]
    public void Impossible_ranges_are_refused()
    {
        var generator = new TorchGenerator(0);
        Assert.Throws<ArgumentException>(() => generator.RandInt(new long[1], 3, 3));
        Assert.Throws<ArgumentOutOfRangeException>(() => generator.RandPerm(-1));
        Assert.Empty(generator.RandPerm(0));
    }

    static void AssertDraw(SafetensorsFile golden, string name, TorchGenerator generator, string function, string type)
    {
        int count = (int)golden[name].Count;
        float[] floats = new float[count];
        double[] doubles = new double[count];
        switch (function, type)
        {
            case ("rand", "f32"):
                generator.Rand(floats);
                Assert.Equal(golden.ReadFloats(name), floats);
                break;
            case ("rand", "f64"):
                generator.Rand(doubles);
                Assert.Equal(golden.ReadDoubles(name), doubles);
                break;
            case ("randn", "f32"):
                generator.Randn(floats);
                AssertClose(golden.ReadFloats(name), floats, FloatNormal, name);
                break;
            case ("randn", "f64"):
                generator.Randn(doubles);
                double[] expected = golden.ReadDoubles(name);
                for (int i = 0; i < count; i++) Assert.Equal(expected[i], doubles[i], DoubleNormal);
                break;
            case ("randperm", _):
                Assert.Equal(golden.ReadIntegers(name), generator.RandPerm(count).Select(i => (long)i));
                break;
            default:
                Assert.Fail($"{name}: unknown function {function} of {type}");
                break;
        }
    }

    static void AssertIntegers(SafetensorsFile golden, string name, TorchGenerator generator, long low, long high)
    {
        long[] values = new long[golden[name].Count];
        generator.RandInt(values, low, high);
        Assert.Equal(golden.ReadIntegers(name), values);
    }

    static void AssertClose(float[] expected, float[] actual, double tolerance, string name)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
            Assert.True(Math.Abs((double)expected[i] - actual[i]) <= tolerance, $"{name}[{i}]: {expected[i]} expected, {actual[i]} found");
    }
}
