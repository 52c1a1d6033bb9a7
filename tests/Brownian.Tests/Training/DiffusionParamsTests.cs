namespace Brownian.Tests;

public sealed class DiffusionParamsTests
{
    static TrainConfig With(params string[] settings) => new TrainConfig().With(settings.Select(s => $"diffusion_params.{s}"));

    public static TheoryData<string, NoiseSchedule> Schedules => new()
    {
        { "linear", NoiseSchedule.Linear() },
        { "scaled_linear", NoiseSchedule.ScaledLinear() },
        { "quadratic", NoiseSchedule.ScaledLinear() },
        { "cosine", NoiseSchedule.Cosine() },
        { "squaredcos_cap_v2", NoiseSchedule.Cosine() },
        { "sigmoid", NoiseSchedule.Sigmoid() },
        { "sigmoid_signal", NoiseSchedule.SigmoidSignal() },
        { "exponential", NoiseSchedule.Exponential() },
        { "exp", NoiseSchedule.Exponential() },
        { "laplace", NoiseSchedule.Laplace() },
    };

    [Theory, MemberData(nameof(Schedules))]
    public void Every_schedule_has_a_name(string name, NoiseSchedule expected)
    {
        TrainConfig config = With($"beta_schedule={name}");
        Assert.Equal(expected.Betas.ToArray(), config.Diffusion.ToSchedule().Betas.ToArray());
        Assert.Equal(config.Diffusion, TrainConfig.Parse(config.ToYaml()).Diffusion);
    }

    [Fact]
    public void A_list_of_betas_and_zero_terminal_snr_make_schedules()
    {
        DiffusionParams custom = With("beta_schedule=custom", "num_timesteps=3", "trained_betas=[0.1,0.2,0.3]").Diffusion;
        Assert.Equal([0.1, 0.2, 0.3], custom.ToSchedule().Betas.ToArray());
        DiffusionParams zero = With("rescale_betas_zero_snr=true", "prediction_type=v_prediction").Diffusion;
        Assert.Equal(0, zero.ToSchedule().AlphasCumprod[^1]);
        Assert.NotEqual(0, new DiffusionParams().ToSchedule().AlphasCumprod[^1]);
    }

    [Theory]
    [InlineData("ddpm", null, "epsilon")]
    [InlineData("ddpm", "sample", "sample")]
    [InlineData("ddpm", "flow", "flow_prediction")]
    [InlineData("flow", null, "flow_prediction")]
    [InlineData("flow", "v_prediction", "v_prediction")]
    [InlineData("edm", null, "edm")]
    public void A_process_has_a_prediction_of_its_own(string process, string? predicts, string expected)
    {
        TrainConfig config = With([$"process={process}", .. predicts is null ? (string[])[] : [$"prediction_type={predicts}"]]);
        Assert.Equal(expected, config.Diffusion.Predicts.Name);
        Assert.Equal(config.Diffusion, TrainConfig.Parse(config.ToYaml()).Diffusion);
        Type type = process switch { "flow" => typeof(RectifiedFlow), "edm" => typeof(VarianceExploding), _ => typeof(NoiseSchedule) };
        Assert.IsType(type, config.Diffusion.ToProcess());
    }

    [Fact]
    public void Variances_and_limits_map_to_those_of_samplers_under_both_names()
    {
        foreach ((string name, ReverseVariance expected) in (ReadOnlySpan<(string, ReverseVariance)>)
            [("small", ReverseVariance.Small), ("fixed_small", ReverseVariance.Small), ("large_log", ReverseVariance.LargeLog), ("fixed_large", ReverseVariance.Large), ("fixed_small_log", ReverseVariance.SmallLog)])
            Assert.Equal(expected, With($"variance={name}").Diffusion.Variance);
        Assert.Equal(X0Limit.Clip(2), With("clip_sample_range=2").Diffusion.Limit);
        Assert.Equal(X0Limit.None, With("clip_sample=false").Diffusion.Limit);
        Assert.Equal(X0Limit.Dynamic(0.9, 3), With("thresholding=true", "dynamic_thresholding_ratio=0.9", "sample_max_value=3").Diffusion.Limit);
    }

    [Theory]
    [InlineData("variance is learned_range, which takes 2 channels of the network's answer instead of 1; a tutorial_unet cannot do that; use unet2d, or a variance of small or large.", "variance=learned_range")]
    [InlineData("prediction_type is epsilon, from which no image can be told at the last timestep, where this schedule leaves no signal; use v_prediction or sample, or set rescale_betas_zero_snr to false.", "rescale_betas_zero_snr=true")]
    [InlineData("prediction_type is epsilon, from which no image can be told at the last timestep, where this schedule leaves no signal; use v_prediction or sample.", "beta_schedule=custom", "num_timesteps=2", "trained_betas=[0.1,1]")]
    [InlineData("trained_betas is given, but beta_schedule is linear; set that to custom, or remove the list.", "trained_betas=[0.1,0.2]")]
    [InlineData("trained_betas has 2 entries, but num_timesteps is 1000; give one for each timestep.", "beta_schedule=custom", "trained_betas=[0.1,0.2]")]
    [InlineData("trained_betas makes no schedule: Noise schedule: beta is 2 at timestep 1 of 2; it must lie between 0 and 1.", "beta_schedule=custom", "num_timesteps=2", "trained_betas=[0.1,2]")]
    [InlineData("rescale_betas_zero_snr is true, but process flow has no betas; remove it.", "process=flow", "rescale_betas_zero_snr=true")]
    [InlineData("prediction_type is epsilon, which process flow is not trained with; remove the key.", "process=flow", "prediction_type=epsilon")]
    [InlineData("prediction_type is v_prediction, which process edm is not trained with; remove the key.", "process=edm", "prediction_type=v_prediction")]
    [InlineData("variance is learned, which needs process ddpm, not flow; use small.", "process=flow", "variance=learned")]
    [InlineData("shift is 3, but belongs to process flow; remove it.", "shift=3")]
    [InlineData("sigma_max is 1; it must be above sigma_min, 2.", "process=edm", "sigma_min=2", "sigma_max=1")]
    [InlineData("sample_max_value is 0.5; it must be at least 1.", "sample_max_value=0.5")]
    [InlineData("clip_sample_range is 0; it must be above 0, and images fill 1.", "clip_sample_range=0")]
    [InlineData("dynamic_thresholding_ratio is 0; it must be above 0 and at most 1.", "dynamic_thresholding_ratio=0")]
    public void What_makes_no_sense_is_refused_with_a_mend(string expected, params string[] settings) => Assert.EndsWith(
        $"diffusion_params.{expected}", Assert.Throws<InvalidDataException>(() => With(settings)).Message, StringComparison.Ordinal);

    [Fact]
    public void A_network_with_a_table_of_timesteps_takes_no_other_process() => Assert.EndsWith(
        "diffusion_params.process is flow, whose times go beyond the 1000 timesteps that the network knows; use ddpm, or another model_params.type.",
        Assert.Throws<InvalidDataException>(() => new TrainConfig().With("model_params.type=residual_unet", "diffusion_params.process=flow")).Message,
        StringComparison.Ordinal);

    [Theory]
    [InlineData("sampler is 'eulr'; did you mean 'euler'?", "sampler=eulr")]
    [InlineData("steps is 1001, but there are 1000 timesteps to visit; lower it.", "steps=1001")]
    [InlineData("eta is 1, but the sampler euler has no such setting; remove it, or use one of ddim, *", "sampler=euler", "eta=1")]
    [InlineData("s_churn is -1; it must be at least 0, such as 40.", "sampler=heun", "s_churn=-1")]
    [InlineData("s_churn is 1, but the sampler unipc has no such setting; remove it, or use one of euler, heun, edm, dpm_2.", "sampler=unipc", "s_churn=1")]
    [InlineData("sigma_curve is karras, but the sampler ddpm has no such setting; remove it, or use one of euler, *", "sigma_curve=karras")]
    [InlineData("solver_order is 3, but the sampler euler has no such setting; remove it, or use one of lms, *", "sampler=euler", "solver_order=3")]
    [InlineData("set_alpha_to_one is false, but the sampler heun has no such setting; remove it, or use one of ddim, pndm, plms.", "sampler=heun", "set_alpha_to_one=false")]
    [InlineData("sampler cannot be used as configured: The sampler ddim needs timesteps, which process flow has not; use euler or heun.", "sampler=ddim", "flow")]
    [InlineData("sampler cannot be used as configured: Process flow takes no curve of sigma, *", "sigma_curve=karras", "flow")]
    [InlineData("steps is 5, but timesteps lists them one by one; give one of the two.", "sampler=ddim", "steps=5", "timesteps=[900, 400, 0]")]
    [InlineData("timesteps is [1000, 0]; the timesteps go up to 999.", "sampler=ddim", "timesteps=[1000, 0]")]
    [InlineData("timesteps is [10, 20]; give at least one timestep, each below the one before and none below 0.", "sampler=ddim", "timesteps=[10, 20]")]
    [InlineData("s_tmax is 1; it must be above s_tmin, 2.", "sampler=heun", "s_churn=1", "s_tmin=2", "s_tmax=1")]
    [InlineData("guidance_scale is -1; it must be at least 0, such as 3.", "guidance_scale=-1")]
    public void Samplers_that_cannot_be_are_refused_before_anything_is_trained(string expected, params string[] settings)
    {
        TrainConfig start = settings[^1] == "flow" ? With("process=flow") : new TrainConfig();
        string message = Assert.Throws<InvalidDataException>(
            () => start.With(settings.Where(s => s != "flow").Select(s => $"sample_params.{s}"))).Message;
        Assert.Contains($"sample_params.{expected.TrimEnd('*')}", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Defaults_write_no_key_that_older_files_do_not_have()
    {
        Assert.DoesNotContain("sample_params", new TrainConfig().ToYaml(), StringComparison.Ordinal);
        string[] keys = [.. new TrainConfig().ToYaml().Split("model_params")[0].Split('\n').Select(line => line.Trim().Split(':')[0])];
        Assert.Equal(
            ["num_timesteps", "beta_start", "beta_end", "beta_schedule", "scale_betas", "variance", "clip_sample"],
            keys.SkipWhile(key => key != "diffusion_params").Skip(1).Where(key => key.Length > 0));
    }

    [Fact]
    public void The_hash_covers_what_is_learned_and_not_how_it_is_sampled()
    {
        string hash = new TrainConfig().Hash();
        foreach (string same in (string[])["diffusion_params.thresholding=true", "diffusion_params.clip_sample_range=2", "sample_params.sampler=ddim"])
            Assert.Equal(hash, new TrainConfig().With(same).Hash());
        foreach (string other in (string[])["diffusion_params.prediction_type=sample", "diffusion_params.process=flow", "train_params.loss=l1", "train_params.loss_weighting=p2"])
            Assert.NotEqual(hash, new TrainConfig().With(other).Hash());
    }
}
