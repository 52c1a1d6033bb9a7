using Brownian.Nn;
using Brownian.Tensors;
using Brownian.Tensors.Reference;
using Brownian.Tests.Tensors;

namespace Brownian.Tests;

public sealed class ScheduleFreeTests(Devices devices) : IClassFixture<Devices>
{
    static readonly AdamOptions Options = new() { Beta1 = 0.8, Beta2 = 0.95, Epsilon = 1e-4, WeightDecay = 0.1 };

    static readonly int[] Warmups = [0, 1, 3];

    public static TheoryData<string, int> Cases => new(from device in Devices.All from warmup in Warmups select (device, warmup));

    [Theory, MemberData(nameof(Cases))]
    public void Steps_are_algorithm_1(string name, int warmup)
    {
        Device device = devices[name, 1];
        float[] start = new Normals("start").Floats(40, 0, 1);
        (ParameterSet set, Parameter weight, Tensor average) = Model(device, start);
        var optimizer = new ScheduleFree(set, Options, average, warmup);
        var reference = new ReferenceScheduleFree(Compare.Doubles(start), 0.8, 0.95, 1e-4, 0.1);
        var rates = new LearningRateSchedule(0.02) { WarmupSteps = warmup };
        for (int step = 0; step < 8; step++)
        {
            float[] gradient = new Normals($"{step}").Floats(40, 0.2, 1);
            weight.FromTorch(gradient, set.Gradients);
            optimizer.Step(rates.RateAt(step));
            reference.Step(rates.RateAt(step), Compare.Doubles(gradient));
            Compare.Close($"y after {step}", weight.ToTorch(), reference.Y, 2e-6);
            Compare.Close($"x after {step}", weight.ToTorch(average), reference.X, 2e-6);
        }
        Assert.Equal(8, optimizer.Steps);
    }

    /// <summary>Without a warm-up x is the mean of all z, each weighing alike; the last share is 1/n.</summary>
    [Fact]
    public void Shares_are_those_of_squared_rates()
    {
        (ParameterSet set, _, Tensor average) = Model(devices.Default, [1]);
        Assert.Equal([1, 1 / 2.0, 1 / 3.0], Enumerable.Range(1, 3).Select(step => new ScheduleFree(set, Options, average).ShareOf(step)));
        var warm = new ScheduleFree(set, Options, average, 4);
        double[] squares = [0, 1 / 16.0, 4 / 16.0, 9 / 16.0, 1, 1];
        for (int i = 0; i < squares.Length; i++)
            Assert.Equal(i == 0 ? 0 : squares[i] / squares[..(i + 1)].Sum(), warm.ShareOf(i + 1), 1e-15);
    }

    /// <summary>A narrow valley in ten dimensions: a constant rate ends in a ball around the minimum, the average of its steps much nearer.</summary>
    [Fact]
    public void The_average_of_steps_at_a_constant_rate_comes_nearer_than_they_do()
    {
        (ParameterSet set, Parameter weight, Tensor average) = Model(devices.Default, [.. Enumerable.Repeat(1f, 10)]);
        var optimizer = new ScheduleFree(set, new AdamOptions(), average);
        for (int step = 0; step < 2000; step++)
        {
            float[] y = weight.ToTorch(), noise = new Normals($"{step}").Floats(10, 0, 1);
            weight.FromTorch([.. y.Select((v, i) => v * (i + 1) + noise[i])], set.Gradients);
            optimizer.Step(0.05);
        }
        OptimizerState z = optimizer.State[0];
        Assert.Equal("z.", z.Prefix);
        double Distance(Tensor buffer) => weight.ToTorch(buffer).Sum(v => v * v);
        Assert.True(Distance(average) < Distance(z.Buffer) / 10, $"x at {Distance(average):G3}, z at {Distance(z.Buffer):G3}");
    }

    static (ParameterSet Set, Parameter Weight, Tensor Average) Model(Device device, float[] start)
    {
        var set = new ParameterSet();
        Parameter weight = set.Root.Declare("weight", ParameterLayout.Plain, Initialization.Zeros, start.Length);
        set.Root.DeclareUntrained("mean", ParameterLayout.Plain, Initialization.Ones, 3);
        set.Allocate(device, 1);
        weight.FromTorch(start);
        return (set, weight, set.NewBuffer());
    }
}
