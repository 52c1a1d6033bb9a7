namespace Brownian.Tests;

public sealed class SamplingSweepTests
{
    [Fact]
    public void Every_combination_is_a_point_and_the_last_setting_changes_fastest()
    {
        SamplingSweep sweep = SamplingSweep.Parse(["sampler=ddim,unipc", "steps=10,20"]);
        Assert.Equal(["ddim, 10 steps", "ddim, 20 steps", "unipc, 10 steps", "unipc, 20 steps"], sweep.Points.Select(point => point.Label));
        Assert.Equal(["ddim", "ddim", "unipc", "unipc"], sweep.Points.Select(point => point.Curve));
        SampleParams last = sweep.Points[^1].Over(new SampleParams { Sampler = "heun", GuidanceScale = 3 });
        Assert.Equal(("unipc", 20, 3.0), (last.Sampler, last.Steps, last.GuidanceScale));
    }

    [Fact]
    public void Settings_go_by_their_keys_and_by_their_options()
    {
        Assert.Equal("guidance_scale", Assert.Single(SamplingSweep.Parse(["guidance=1,2.5"]).Axes).Key);
        Assert.Equal(["guidance 1", "guidance 2.5"], SamplingSweep.Parse(["guidance_scale=1,2.5"]).Points.Select(point => point.Label));
        Assert.Equal("s_churn", Assert.Single(SamplingSweep.Parse(["churn=0,40"]).Axes).Key);
    }

    [Fact]
    public void Widths_of_the_average_are_an_axis_that_sampling_knows_nothing_of()
    {
        SamplingSweep sweep = SamplingSweep.Parse(["ema_std=0.05,0.1", "steps=10"]);
        Assert.Equal(["average 0.05, 10 steps", "average 0.1, 10 steps"], sweep.Points.Select(point => point.Label));
        Assert.Equal([0.05, 0.1], sweep.Points.Select(point => point.EmaWidth));
        Assert.Equal(new SampleParams { Steps = 10 }, sweep.Points[0].Over(new SampleParams()));
        Assert.Null(SamplingSweep.Parse(["steps=10"]).Points[0].EmaWidth);
    }

    [Theory]
    [InlineData("is no width", "ema_std=2")]
    [InlineData("did you mean 'steps'", "step=10")]
    [InlineData("did you mean 'unipc'", "sampler=unipcc")]
    [InlineData("whole number", "steps=ten")]
    [InlineData("at least 1", "steps=0")]
    [InlineData("steps=10,20,50", "steps")]
    [InlineData("given twice", "steps=10,10")]
    [InlineData("given twice", "steps=10", "steps=20")]
    [InlineData("more than", "steps=1,2,3,4,5,6,7,8,9,10,11,12,13,14,15", "eta=0,0.1,0.2,0.3,0.4,0.5,0.6,0.7,0.8,0.9,1,1.1,1.2,1.3,1.4")]
    public void What_cannot_be_swept_is_refused(string named, params string[] texts) =>
        Assert.Contains(named, Assert.Throws<ArgumentException>(() => SamplingSweep.Parse(texts)).Message, StringComparison.Ordinal);
}
