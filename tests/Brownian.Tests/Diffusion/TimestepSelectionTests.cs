using System.Text.Json;

namespace Brownian.Tests;

public sealed class TimestepSelectionTests
{
    [Theory]
    [InlineData("DDPMScheduler"), InlineData("DDIMScheduler"), InlineData("PNDMScheduler"), InlineData("EulerDiscreteScheduler")]
    [InlineData("HeunDiscreteScheduler"), InlineData("DPMSolverMultistepScheduler"), InlineData("UniPCMultistepScheduler")]
    public void Every_spacing_gives_the_timesteps_of_the_reference(string scheduler)
    {
        int compared = 0, refused = 0;
        foreach (JsonElement run in Recorded().Where(r => r.GetProperty("class").GetString() == scheduler))
        {
            int trained = run.GetProperty("num_train_timesteps").GetInt32(), n = run.GetProperty("n").GetInt32();
            double[] expected = Visited(scheduler, [.. run.GetProperty("timesteps").EnumerateArray().Select(t => t.GetDouble())], n);
            TimestepSelection selection = SelectionOf(scheduler, run, n);
            if (expected.All(t => t >= 0 && t < trained) && expected.Zip(expected.Skip(1)).All(pair => pair.First > pair.Second))
            {
                double[] actual = selection.Times(trained);
                Assert.Equal(expected.Length, actual.Length);
                for (int i = 0; i < actual.Length; i++) Assert.Equal(expected[i], actual[i], 1e-3);     // recorded in single precision
                compared++;
            }
            else
            {
                Assert.Throws<ArgumentException>(() => selection.Times(trained));
                refused++;
            }
        }
        Assert.True(compared >= 30, $"compared {compared} and refused {refused}");
    }

    [Fact]
    public void No_recorded_scheduler_is_left_out() => Assert.Equal(7, Recorded().Select(r => r.GetProperty("class").GetString()).Distinct().Count());

    static JsonElement.ArrayEnumerator Recorded() =>
        JsonDocument.Parse(File.ReadAllText(Fixtures.Golden("schedulers/timesteps.json"))).RootElement.EnumerateArray();

    static TimestepSelection SelectionOf(string scheduler, JsonElement run, int n)
    {
        var spacing = Enum.Parse<TimestepSpacing>(run.GetProperty("spacing").GetString()!, ignoreCase: true);
        if (scheduler is "DPMSolverMultistepScheduler" or "UniPCMultistepScheduler")
        {
            spacing = spacing switch
            {
                TimestepSpacing.Linspace => TimestepSpacing.LinspaceAboveZero,
                TimestepSpacing.Leading => TimestepSpacing.LeadingAboveZero,
                _ => spacing,
            };
        }
        return new()
        {
            Count = n,
            Spacing = spacing,
            Offset = run.GetProperty("steps_offset").GetInt32(),
            Fractional = scheduler is "EulerDiscreteScheduler" or "HeunDiscreteScheduler",
        };
    }

    // These two list each evaluation of the network; steps start at the first of each.
    static double[] Visited(string scheduler, double[] evaluations, int n) => scheduler switch
    {
        "HeunDiscreteScheduler" => [.. evaluations.Where((_, i) => i == 0 || i % 2 == 1)],
        "PNDMScheduler" => [.. evaluations.Where((_, i) => i >= 12 || i % 4 == 0).Take(n)],
        _ => evaluations,
    };

    [Theory]
    [InlineData(TimestepSpacing.Leading), InlineData(TimestepSpacing.Trailing), InlineData(TimestepSpacing.Linspace)]
    public void As_many_steps_as_timesteps_visit_each_once(TimestepSpacing spacing)
    {
        foreach (int trained in (int[])[1, 2, 77, 1000])
        {
            int[] all = [.. Enumerable.Range(0, trained).Reverse()];
            Assert.Equal(all, new TimestepSelection { Count = trained, Spacing = spacing }.Of(trained));
            Assert.Equal(all, TimestepSelection.All.Of(trained));
        }
    }

    [Fact]
    public void Steps_that_do_not_fit_the_schedule_are_refused()
    {
        Assert.Contains("1001 steps", Refused(new() { Count = 1001 }), StringComparison.Ordinal);
        Assert.Contains("0 steps", Refused(new() { Count = 0 }), StringComparison.Ordinal);
        Assert.Contains("timestep 1000, outside", Refused(new() { Count = 1000, Offset = 1 }), StringComparison.Ordinal);
        Assert.Contains("must descend", Refused(new() { Custom = [5, 5] }), StringComparison.Ordinal);
        Assert.Contains("timestep -1, outside", Refused(new() { Custom = [5, -1] }), StringComparison.Ordinal);
        Assert.Contains("there are none", Refused(new() { Custom = [] }), StringComparison.Ordinal);

        static string Refused(TimestepSelection selection) => Assert.Throws<ArgumentException>(() => selection.Of(1000)).Message;
    }
}
