namespace Brownian.Tests;

/// <summary>How the grids of a training are drawn, by a pace that is made up here.</summary>
public sealed class TrainingGridsTests
{
    static readonly TrainPace Pace = new() { StepSeconds = 0.9, ImageSeconds = 0.005, CheckpointSeconds = 0.5 };

    static TrainingGrids Of(TrainConfig config, double hours = 5, long grids = 40) => TrainingGrids.Of(config, Pace, 3600 * hours, grids);

    [Fact]
    public void A_tutorials_grids_take_a_twentieth_of_the_time()
    {
        TrainConfig tutorial = new TrainConfig();
        Assert.True(40 * TrainingGrids.Asked(tutorial).Seconds(tutorial, Pace) > 5 * 3600);
        TrainingGrids drawn = Of(tutorial);
        Assert.InRange(40 * drawn.Seconds(tutorial, Pace), 1, 0.05 * 5 * 3600);
        Assert.Equal((100, "dpmpp_2m", 20), (drawn.Count, drawn.Sampling.Sampler, drawn.Sampling.Steps));
        Assert.Contains("of 100 images in 20 steps of dpmpp_2m", drawn.Note, StringComparison.Ordinal);
        Assert.Contains("train_params.sample_timesteps=1000", drawn.Note, StringComparison.Ordinal);
        TrainingGrids fewer = Of(tutorial, hours: 1);
        Assert.InRange(40 * fewer.Seconds(tutorial, Pace), 1, 0.05 * 3600);
        Assert.Equal(0, fewer.Count % tutorial.Train.GridColumns);
    }

    [Fact]
    public void What_was_said_of_them_stands()
    {
        foreach (string said in new[] { "train_params.sample_timesteps=1000", "sample_params.sampler=ddpm", "sample_params.steps=900" })
        {
            TrainConfig config = new TrainConfig().With([said]);
            Assert.Equal(TrainingGrids.Asked(config), Of(config));
        }
    }

    [Fact]
    public void Cheap_ones_are_drawn_as_they_are()
    {
        TrainConfig config = new TrainConfig().With(["train_params.num_samples=4"]);
        Assert.Equal(TrainingGrids.Asked(config), Of(config, grids: 1));
        Assert.Equal(TrainingGrids.Asked(config), Of(config, hours: 0, grids: 0));
        TrainConfig tiny = TinyRun.Config;
        Assert.Equal("", TrainingGrids.Of(tiny, Pace with { ImageSeconds = 1e-5 }, trainingSeconds: 0.1, grids: 3).Note);
    }

    [Fact]
    public void A_flow_keeps_its_sampler()
    {
        TrainConfig config = new TrainConfig().With(["diffusion_params.process=flow"]);
        Assert.Null(Of(config, hours: 1).Sampling.Sampler);
    }
}
