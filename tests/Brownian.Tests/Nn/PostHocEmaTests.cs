using Brownian.Nn;
using Brownian.Tensors;

namespace Brownian.Tests;

/// <summary>Averages with power-function profiles, and others made of them, against sums that take each step in turn.</summary>
public sealed class PostHocEmaTests
{
    public static TheoryData<double> Widths => [0.001, 0.01, 0.05, 0.075, 0.1, 0.15, 0.2, 0.25, 0.288];

    [Theory]
    [MemberData(nameof(Widths))]
    public void A_width_has_one_exponent_and_that_has_the_width(double width)
    {
        double exponent = PowerProfile.ExponentOf(width);
        Assert.True(exponent >= 0);
        Assert.Equal(width, PowerProfile.WidthOf(exponent), 1e-12);
    }

    [Fact]
    public void The_exponents_of_the_usual_widths_are_those_of_the_paper()
    {
        Assert.Equal(16.97, PowerProfile.ExponentOf(0.05), 0.005);
        Assert.Equal(6.94, PowerProfile.ExponentOf(0.1), 0.005);
        Assert.Equal(0, PowerProfile.ExponentOf(1 / Math.Sqrt(12) - 1e-3), 0.1);     // the mean of all steps has γ = 0 and the width of a box
        Assert.Throws<ArgumentException>(() => PowerProfile.ExponentOf(0.3));
        Assert.Throws<ArgumentException>(() => PowerProfile.ExponentOf(double.NaN));
    }

    [Theory]
    [InlineData(0.05)]
    [InlineData(0.1)]
    [InlineData(0.2)]
    public void The_width_is_the_deviation_of_the_profile_which_integrates_to_one(double width)
    {
        const int Parts = 200_000;
        const double Time = 700;
        double exponent = PowerProfile.ExponentOf(width), sum = 0, mean = 0, square = 0;
        for (int i = 0; i < Parts; i++)
        {
            double at = (i + 0.5) * Time / Parts, share = Profile(at, Time, exponent) * Time / Parts;
            (sum, mean, square) = (sum + share, mean + share * at, square + share * at * at);
        }
        Assert.Equal(1, sum, 1e-6);
        Assert.Equal(width, Math.Sqrt(square - mean * mean) / Time, 1e-6);
    }

    [Fact]
    public void The_product_of_two_profiles_is_the_integral_of_their_product()
    {
        foreach ((double t1, double w1, double t2, double w2) in ((double, double, double, double)[])[(700, 0.05, 700, 0.1), (300, 0.1, 700, 0.05), (700, 0.2, 90, 0.2)])
        {
            const int Parts = 400_000;
            double g1 = PowerProfile.ExponentOf(w1), g2 = PowerProfile.ExponentOf(w2), both = Math.Min(t1, t2), sum = 0;
            for (int i = 0; i < Parts; i++)
            {
                double at = (i + 0.5) * both / Parts;
                sum += Profile(at, t1, g1) * Profile(at, t2, g2) * both / Parts;
            }
            double dot = new PowerProfile(t1, g1).Dot(new PowerProfile(t2, g2));
            Assert.Equal(1, sum / dot, 1e-6);
            Assert.Equal(dot, new PowerProfile(t2, g2).Dot(new PowerProfile(t1, g1)), 1e-15);
        }
    }

    [Theory]
    [InlineData(0.05)]
    [InlineData(0.25)]
    public void Updated_step_by_step_each_step_counts_as_much_as_its_part_of_the_profile(double width)
    {
        const int Steps = 300;
        double[] weights = Trajectory(Steps, seed: 1);
        double exponent = PowerProfile.ExponentOf(width), sum = 0;
        for (int step = 1; step <= Steps; step++)
            sum += weights[step - 1] * (Math.Pow((double)step / Steps, exponent + 1) - Math.Pow((step - 1.0) / Steps, exponent + 1));
        Assert.Equal(sum, Average(weights, width, Steps), 1e-12);
    }

    [Fact]
    public void The_average_of_a_model_is_that_of_the_slow_sum()
    {
        const int Steps = 200;
        const double Width = 0.1;
        using Device device = Device.Cpu(1);
        var parameters = new ParameterSet();
        parameters.Root.Declare("w", ParameterLayout.Plain, Initialization.Zeros, 3);
        parameters.Allocate(device, seed: 0);
        var ema = new Ema(parameters, new EmaOptions { Width = Width });
        double[][] weights = [Trajectory(Steps, 1), Trajectory(Steps, 2), Trajectory(Steps, 3)];
        for (int step = 0; step < Steps; step++)
        {
            parameters["w"].FromTorch([.. weights.Select(one => (float)one[step])]);
            ema.Update();
        }
        float[] average = parameters["w"].ToTorch(ema.Average);
        for (int i = 0; i < 3; i++) Assert.Equal(Average(weights[i], Width, Steps), average[i], 2e-5);
        Assert.Throws<ArgumentException>(() => new Ema(parameters, new EmaOptions { Width = 0.4 }));
    }

    [Theory]
    [InlineData(0.05, 640)]
    [InlineData(0.1, 640)]
    [InlineData(0.1, 320)]
    public void A_width_that_was_tracked_is_made_of_that_average_alone(double width, int step)
    {
        (PowerProfile[] kept, _) = Kept(Trajectory(640, 1), 640, 16);
        var made = PostHocEma.Of(kept, new PowerProfile(step, PowerProfile.ExponentOf(width)));
        int own = Array.FindIndex(kept, profile => profile.Step == step && Math.Abs(PowerProfile.WidthOf(profile.Exponent) - width) < 1e-9);
        for (int i = 0; i < kept.Length; i++) Assert.Equal(i == own ? 1 : 0, made.Weights[i], 1e-9);
        Assert.InRange(made.Error, 0, 1e-6);
    }

    // ‖Σ x_i·p_i − p‖ bounds the difference by Cauchy and Schwarz, whatever the trajectory: d ≤ Error·‖p‖·‖θ − c‖, and the sum of 1 leaves c free.
    [Theory]
    [InlineData(0.03, 0.06)]
    [InlineData(0.06, 0.006)]
    [InlineData(0.075, 0.006)]
    [InlineData(0.12, 0.006)]
    [InlineData(0.15, 0.015)]
    [InlineData(0.2, 0.035)]
    public void Any_other_width_is_as_near_as_its_profile(double width, double nearness)
    {
        const int Steps = 1600;
        for (int seed = 1; seed <= 5; seed++)
        {
            double[] weights = Trajectory(Steps, seed);
            (PowerProfile[] kept, double[] averages) = Kept(weights, Steps, 16);
            var profile = new PowerProfile(Steps, PowerProfile.ExponentOf(width));
            var made = PostHocEma.Of(kept, profile);
            Assert.InRange(made.Error, 1e-9, nearness);
            Assert.Equal(1, made.Weights.Sum(), 1e-9);
            double truth = Average(weights, width, Steps), reconstructed = made.Weights.Zip(averages, (x, average) => x * average).Sum();
            double middle = weights.Average(), spread = Math.Sqrt(weights.Sum(value => (value - middle) * (value - middle)));
            Assert.InRange(Math.Abs(reconstructed - truth), 0, made.Error * Math.Sqrt(profile.Dot(profile)) * spread + 1e-9);
        }
    }

    [Fact]
    public void What_did_not_move_stays_where_it_was()
    {
        (PowerProfile[] kept, double[] averages) = Kept([.. Enumerable.Repeat(3.5, 160)], 160, 8);
        var made = PostHocEma.Of(kept, new PowerProfile(160, PowerProfile.ExponentOf(0.2)));
        Assert.Equal(3.5, made.Weights.Zip(averages, (x, average) => x * average).Sum(), 1e-9);
    }

    [Fact]
    public void Averages_that_are_none_or_alike_are_refused()
    {
        var one = new PowerProfile(10, 7);
        Assert.Throws<ArgumentException>(() => PostHocEma.Of([], one));
        Assert.Throws<ArgumentException>(() => PostHocEma.Of([one, one], one));
    }

    static double Profile(double at, double time, double exponent) => (exponent + 1) * Math.Pow(at / time, exponent) / time;

    static (PowerProfile[] Profiles, double[] Averages) Kept(double[] weights, int steps, int snapshots)
    {
        (int Step, double Width)[] kept =
            [.. from i in Enumerable.Range(1, snapshots) from width in (double[])[0.05, 0.1] select (i * steps / snapshots, width)];
        return ([.. kept.Select(one => new PowerProfile(one.Step, PowerProfile.ExponentOf(one.Width)))],
            [.. kept.Select(one => Average(weights, one.Width, one.Step))]);
    }

    static double Average(double[] weights, double width, int steps)
    {
        double exponent = PowerProfile.ExponentOf(width), average = double.NaN;
        for (int step = 1; step <= steps; step++)
        {
            double decay = PowerProfile.DecayAt(exponent, step);
            average = step == 1 ? weights[0] : decay * average + (1 - decay) * weights[step - 1];
            if (step == 1) Assert.Equal(0, decay);
        }
        return average;
    }

    // As weights go: fast at first, then about a place that wanders, with the noise of the batches.
    static double[] Trajectory(int steps, int seed)
    {
        var random = new Random(seed);
        double[] weights = new double[steps];
        double place = 0;
        for (int step = 0; step < steps; step++)
        {
            place += 0.02 * (random.NextDouble() - 0.5);
            weights[step] = 1 - Math.Exp(-8.0 * step / steps) + place + 0.1 * (random.NextDouble() - 0.5);
        }
        return weights;
    }
}
