using System.Text.Json;
using Brownian.Diffusion;

namespace Brownian.Tests;

public sealed class TimestepSelectionTests
{
    [Fact]
    public void Every_spacing_gives_the_timesteps_of_the_reference()
    {
        using JsonDocument golden = JsonDocument.Parse(File.ReadAllText(Shared.Golden("schedulers/timesteps.json")));
        int compared = 0, refused = 0;
        foreach (JsonElement run in golden.RootElement.EnumerateArray())
        {
            if (run.GetProperty("class").GetString() != "DDPMScheduler") continue;
            int trained = run.GetProperty("num_train_timesteps").GetInt32();
            int[] expected = [.. run.GetProperty("timesteps").EnumerateArray().Select(t => t.GetInt32())];
            TimestepSelection selection = new()
            {
                Count = run.GetProperty("n").GetInt32(),
                Spacing = Enum.Parse<TimestepSpacing>(run.GetProperty("spacing").GetString()!, ignoreCase: true),
                Offset = run.GetProperty("steps_offset").GetInt32(),
            };
            if (expected.All(t => t >= 0 && t < trained))
            {
                Assert.Equal(expected, selection.Of(trained));
                compared++;
            }
            else
            {
                Assert.Throws<ArgumentException>(() => selection.Of(trained));
                refused++;
            }
        }
        Assert.True(compared >= 40, $"compared {compared} and refused {refused}");
    }

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
