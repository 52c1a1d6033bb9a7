using Brownian.Tensors;

namespace Brownian.Tests;

/// <summary>What a configuration says about the loss reaches the trainer.</summary>
public sealed class ObjectiveConfigTests : IDisposable
{
    const string Twice = "model_params.out_channels=2";

    readonly ScratchFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    static TrainConfig Tiny(params string[] settings) => TinyRun.UNet2D.With(settings);

    public static TheoryData<string, string[]> Settings => new()
    {
        { "", [] },
        { "predicts v_prediction", ["diffusion_params.prediction_type=v_prediction"] },
        { "predicts sample, cosine schedule", ["diffusion_params.prediction_type=sample", "diffusion_params.beta_schedule=squaredcos_cap_v2"] },
        { "predicts v_prediction, zero terminal SNR, min_snr weights", ["diffusion_params.prediction_type=v_prediction", "diffusion_params.rescale_betas_zero_snr=true", "train_params.loss_weighting=min_snr"] },
        { "predicts epsilon, l1 loss", ["train_params.loss=l1"] },
        { "predicts epsilon, huber loss, p2 weights", ["train_params.loss=huber", "train_params.huber_delta=0.5", "train_params.loss_weighting=p2", "train_params.p2_gamma=0.5"] },
        { "predicts epsilon, variational bound hybrid", ["diffusion_params.variance=learned_range", Twice] },
        { "predicts epsilon, variational bound only", ["diffusion_params.variance=learned", Twice, "train_params.vlb=only"] },
        { "predicts flow_prediction, process flow", ["diffusion_params.process=flow", "sample_params.steps=4"] },
        { "predicts flow_prediction, process flow, logit_normal times", ["diffusion_params.process=flow", "train_params.time_distribution=logit_normal", "sample_params.sampler=heun", "sample_params.steps=4"] },
        { "predicts edm, process edm", ["diffusion_params.process=edm", "sample_params.steps=4"] },
        { "predicts edm, process edm, soft_min_snr weights, learned uncertainty, laplace times", ["diffusion_params.process=edm", "train_params.loss_weighting=soft_min_snr", "train_params.uncertainty_weighting=true", "train_params.time_distribution=laplace", "sample_params.steps=4"] },
        { "predicts epsilon, log_normal times, nearest of 3 noises, offset noise 0.1, input perturbation 0.2", ["train_params.time_distribution=log_normal", "train_params.noise_assignment=nearest", "train_params.noise_candidates=3", "train_params.offset_noise=0.1", "train_params.input_perturbation=0.2"] },
        { "predicts epsilon, learned uncertainty, noises assigned within the batch", ["train_params.uncertainty_weighting=true", "train_params.noise_assignment=batch", "train_params.gradient_accumulation=2"] },
        { "predicts epsilon, loss_second_moment times", ["train_params.time_distribution=loss_second_moment", "train_params.batch_size=16", "diffusion_params.num_timesteps=3"] },
        { "predicts epsilon, variational bound only, loss_second_moment times", ["train_params.time_distribution=loss_second_moment", "train_params.vlb=only", "diffusion_params.variance=learned", Twice] },
        { "predicts v_prediction, self-conditioning", ["diffusion_params.prediction_type=v_prediction", "model_params.self_condition=true", "train_params.gradient_accumulation=2"] },
        { "predicts epsilon, variational bound hybrid, self-conditioning", ["model_params.self_condition=true", "diffusion_params.variance=learned_range", Twice, "train_params.class_conditional=true", "train_params.label_dropout=0.2", "sample_params.guidance_scale=2"] },
        { "predicts epsilon, variational bound hybrid, log_normal times", ["train_params.time_distribution=log_normal", "diffusion_params.variance=learned_range", Twice] },
    };

    [Theory, MemberData(nameof(Settings))]
    public void Every_kind_of_objective_is_trained_resumed_and_sampled(string told, string[] settings)
    {
        TrainConfig config = Tiny([.. settings, "train_params.sample_steps=6", "train_params.num_steps=6"]);
        RunDirectory whole = RunDirectory.Create(_folder.Path("runs"), config), cut = RunDirectory.Create(_folder.Path("runs"), config);
        List<TrainProgress> progress = [];
        TrainResult result = TinyRun.Train(whole, config, tell: progress.Add);
        Assert.True(result.IsComplete && double.IsFinite(result.SmoothedLoss));
        Assert.Equal(told, progress.OfType<TrainProgress.Started>().Single().Objective);
        Assert.True(File.Exists(result.SampleGrid));

        TinyRun.Train(cut, config, stopAfter: 3);
        TinyRun.Train(cut, RunDirectory.Open(cut.FullPath).Config, threads: 2);
        Assert.Equal(TinyRun.StateAfter(whole, 6), TinyRun.StateAfter(cut, 6));
        using Device device = Device.Cpu(1);
        DiffusionModel model = ModelFolder.Open(whole.ModelPath, device);
        Assert.Equal((config.Diffusion, config.Sampling), (model.Description.Diffusion, model.Description.Sampling));
        Assert.Equal(config.Sampling, ModelFolder.Open(whole.FullPath, device).Description.Sampling);
    }

    [Fact]
    public void What_is_learned_beside_the_network_belongs_to_checkpoints_and_changes_no_loss_that_is_told()
    {
        TrainConfig plain = Tiny("train_params.num_steps=6"), learning = Tiny("train_params.num_steps=6", "train_params.uncertainty_weighting=true");
        RunDirectory one = RunDirectory.Create(_folder.Path("runs"), plain), other = RunDirectory.Create(_folder.Path("runs"), learning);
        double[] told = Losses(one, plain), ofLearning = Losses(other, learning);
        Assert.Equal(told[0], ofLearning[0], 1e-6);          // the first step has the same weights and divides by 1
        Assert.NotEqual(told[5], ofLearning[5]);
        string Of(RunDirectory run) => Path.Combine(new CheckpointStore(run.CheckpointsPath).PathOf(6), LearnersFile.Name);
        Assert.False(File.Exists(Of(one)));
        Assert.True(File.Exists(Of(other)));
        Assert.Equal(Directory.EnumerateFiles(one.ModelPath).Select(Path.GetFileName).Order(), Directory.EnumerateFiles(other.ModelPath).Select(Path.GetFileName).Order());

        // A checkpoint of before knows nothing of it; one of another schedule does not fit.
        TrainingObjective objective = ConfiguredObjective.Of(learning);
        LearnersFile.Read(Path.GetDirectoryName(Of(one))!, objective);
        Assert.All(objective.Uncertainty!.State[0].Values, weight => Assert.Equal(0, weight));
        LearnersFile.Read(Path.GetDirectoryName(Of(other))!, objective);
        Assert.Equal(6, objective.Uncertainty.State[3].Values[0]);
        LearnersFile.Write(_folder.Root, objective with { Uncertainty = null, Times = new LossResampler(8) });
        string message = Assert.Throws<InvalidDataException>(() => LearnersFile.Read(_folder.Root, objective with { Times = new LossResampler(10) })).Message;
        Assert.EndsWith("'timesteps.losses' is [80], expected [100]; was num_timesteps changed?", message, StringComparison.Ordinal);

        double[] Losses(RunDirectory run, TrainConfig config)
        {
            List<double> losses = [];
            TinyRun.Train(run, config, tell: p => losses.AddRange(p is TrainProgress.Stepped step ? [step.Metrics.Loss] : []));
            return [.. losses];
        }
    }

    [Fact]
    public void Each_key_sets_its_part_of_the_objective()
    {
        TrainingObjective Of(params string[] settings) => ConfiguredObjective.Of(Tiny(settings));
        TrainingObjective plain = Of();
        Assert.Equal(
            (PixelLoss.Squared, LossWeighting.None, TimeDistribution.Uniform, null, 0.0, TinyRun.Config.Train.Seed),
            (plain.Compares, plain.Weighting, plain.Times, plain.Bound, plain.LabelDropout, plain.Seed));
        Assert.Equal(PixelLoss.Huber(0.5), Of("train_params.loss=huber", "train_params.huber_delta=0.5").Compares);
        Assert.Equal(PixelLoss.Huber(1), Of("train_params.loss=huber").Compares);
        Assert.Equal(PixelLoss.PseudoHuber(), Of("train_params.loss=pseudo_huber").Compares);
        Assert.Equal(LossWeighting.MinSnr(4), Of("train_params.loss_weighting=min_snr", "train_params.snr_gamma=4").Weighting);
        Assert.Equal(LossWeighting.P2(0.5, 2), Of("train_params.loss_weighting=p2", "train_params.p2_gamma=0.5", "train_params.p2_k=2").Weighting);
        Assert.Equal(TimeDistribution.LogitNormal(1, 2), Of("train_params.time_distribution=logit_normal", "train_params.time_mean=1", "train_params.time_std=2").Times);
        Assert.Equal(TimeDistribution.LogNormalSigma(), Of("diffusion_params.process=edm").Times);
        Assert.Equal(LossWeighting.SoftMinSnr(4), Of("train_params.loss_weighting=soft_min_snr", "train_params.snr_gamma=4").Weighting);
        Assert.Equal(TimeDistribution.Laplace(0.5, 1), Of("train_params.time_distribution=laplace", "train_params.time_mean=0.5", "train_params.time_std=1").Times);
        Assert.Equal(TimeDistribution.Laplace(0, 0.5), Of("train_params.time_distribution=laplace").Times);
        Assert.IsType<LossResampler>(Of("train_params.time_distribution=loss_second_moment").Times);
        Assert.Equal(new TrainingNoise(), plain.Noise);
        Assert.Equal(
            new TrainingNoise { Assignment = NoiseAssignment.Nearest, Candidates = 8, Offset = 0.1, Perturbation = 0.2 },
            Of("train_params.noise_assignment=nearest", "train_params.noise_candidates=8", "train_params.offset_noise=0.1", "train_params.input_perturbation=0.2").Noise);
        Assert.Null(plain.Uncertainty);
        Assert.NotNull(Of("train_params.uncertainty_weighting=true").Uncertainty);
        Assert.Equal(
            new VariationalTerm { Variance = ReverseVariance.LearnedRange, Weight = 0.001 },
            Of("diffusion_params.variance=learned_range", Twice).Bound);
        Assert.Equal(
            new VariationalTerm { Variance = ReverseVariance.Large, Weight = 1, Alone = true },
            Of("diffusion_params.variance=large", "train_params.vlb=only").Bound);
        Assert.Equal(0.1, Of("train_params.class_conditional=true", "train_params.label_dropout=0.1").LabelDropout);
    }

    [Theory]
    [InlineData("train_params.huber_delta is 1, but loss is l2; set that to huber, or remove the key.", "train_params.huber_delta=1")]
    [InlineData("train_params.vlb is hybrid, which trains a learned variance, but diffusion_params.variance is small; set that to learned_range, or vlb to only.", "train_params.vlb=hybrid")]
    [InlineData("train_params.vlb is none, but diffusion_params.variance is learned_range, which nothing else trains; remove the key.", "train_params.vlb=none", "diffusion_params.variance=learned_range", Twice)]
    [InlineData("train_params.vlb needs process ddpm, not flow; remove it.", "train_params.vlb=only", "diffusion_params.process=flow")]
    [InlineData("train_params.loss is l1, but vlb is only, which leaves no other loss; remove one.", "train_params.vlb=only", "train_params.loss=l1")]
    [InlineData("train_params.vlb_weight is 1, but the bound is no part of the loss; set diffusion_params.variance to learned_range, or remove the key.", "train_params.vlb_weight=1")]
    [InlineData("train_params.time_distribution must be log_normal or laplace for process edm, whose noise has no uniform measure; remove the key.", "diffusion_params.process=edm", "train_params.time_distribution=uniform")]
    [InlineData("train_params.time_std belongs to time_distribution logit_normal, log_normal or laplace; remove it.", "train_params.time_std=1")]
    [InlineData("train_params.time_distribution is loss_second_moment, which remembers the losses of timesteps, but process flow has none; use process ddpm, or remove the key.", "diffusion_params.process=flow", "train_params.time_distribution=loss_second_moment")]
    [InlineData("train_params.time_distribution is loss_second_moment, but uncertainty_weighting makes all losses alike; remove one.", "train_params.uncertainty_weighting=true", "train_params.time_distribution=loss_second_moment")]
    [InlineData("train_params.uncertainty_weighting is true, but the loss has the variational bound in it, whose levels count as they are; remove one.", "train_params.uncertainty_weighting=true", "train_params.vlb=only")]
    [InlineData("train_params.noise_candidates is 8, but noise_assignment is none; set that to nearest, or remove the key.", "train_params.noise_candidates=8")]
    [InlineData("train_params.noise_candidates is 1; it must be 2 to 1024, such as 4.", "train_params.noise_assignment=nearest", "train_params.noise_candidates=1")]
    [InlineData("train_params.noise_assignment is batch, but batch_size is 1, which leaves nothing to assign; use nearest.", "train_params.noise_assignment=batch", "train_params.batch_size=1")]
    [InlineData("train_params.offset_noise is -0.1; it must be 0 to 1, such as 0.1.", "train_params.offset_noise=-0.1")]
    [InlineData("train_params.input_perturbation is 2; it must be 0 to 1, such as 0.1.", "train_params.input_perturbation=2")]
    [InlineData("train_params.snr_gamma is 0; it must be above 0, such as 5.", "train_params.snr_gamma=0")]
    [InlineData("train_params.label_dropout is 0.1, but the network is told no labels; set class_conditional to true.", "train_params.label_dropout=0.1")]
    [InlineData("train_params.class_conditional is true, but a tutorial_unet cannot be told classes; set model_params.type to unet2d, as the preset mnist-classes does.", "train_params.class_conditional=true", "model_params.type=tutorial_unet")]
    [InlineData("diffusion_params.variance is learned_range, which takes 2 channels of the network's answer instead of 1; set model_params.out_channels to 2.", "diffusion_params.variance=learned_range")]
    public void Losses_that_make_no_sense_are_refused_with_a_mend(string expected, params string[] settings) => Assert.EndsWith(
        expected, Assert.Throws<InvalidDataException>(() => Tiny(settings)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("sample_params.sampler cannot be used as configured: PNDM in 3 steps; it needs at least 4, or use ddim.", "sample_params.sampler=pndm", "sample_params.steps=3")]
    [InlineData("sample_params.sampler cannot be used as configured: The sampler lms cannot start from noise without any image", "sample_params.sampler=lms", "diffusion_params.process=flow")]
    [InlineData("sample_params.guidance_scale is 3, which needs a network trained without labels too; ", "sample_params.guidance_scale=3")]
    public void Samplers_that_would_fail_at_the_first_grid_are_refused_before_the_first_step(string expected, params string[] settings)
    {
        var digits = new DrawnDigits(20, size: 8);
        string message = Assert.Throws<InvalidDataException>(() => ConfiguredDataset.Check(digits, Tiny(settings))).Message;
        Assert.StartsWith(expected, message, StringComparison.Ordinal);
    }
}
