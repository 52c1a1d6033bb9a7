using Brownian.Tensors;

namespace Brownian.Tests;

/// <summary>
/// What a <c>scheduler_config.json</c> of diffusers says, as settings here. What comes of them is compared by <see cref="SamplerGoldenTests"/> for
/// every class that has a recording; here are the others, and what is refused.
/// </summary>
public sealed class SchedulerConfigTests : IDisposable
{
    readonly ScratchFolder _folder = new();
    readonly Device _device = Device.Cpu(1);

    public void Dispose()
    {
        _device.Dispose();
        _folder.Dispose();
    }

    DiffusionModel Open(string scheduler, string keys) => ModelFolder.Open(
        SchedulerFolder.With($$"""{"_class_name": "{{scheduler}}"{{(keys.Length > 0 ? ", " : "")}}{{keys}}}""", _folder, _device), _device);

    Sampler Sampler(string scheduler, string keys) => new ImageSampler(Open(scheduler, keys)).SamplerFor(new());

    static LevelSelection Linspace { get; } = new();

    static LevelSelection AboveZero { get; } = LevelSelection.AboveZero;

    public static TheoryData<string, string, Sampler> Read => new()
    {
        { "EulerDiscreteScheduler", "", new EulerSampler() },
        { "EulerDiscreteScheduler", "\"use_karras_sigmas\": true, \"timestep_spacing\": \"leading\", \"steps_offset\": 1",
            new EulerSampler { Curve = SigmaCurve.Karras, CurveWithinTimesteps = true, Spacing = TimestepSpacing.Leading, Offset = 1 } },
        { "EulerDiscreteScheduler", "\"use_beta_sigmas\": true, \"final_sigmas_type\": \"sigma_min\"",
            new EulerSampler { Curve = SigmaCurve.Beta, CurveWithinTimesteps = true, Final = FinalSigma.SigmaMin } },
        { "KDPM2DiscreteScheduler", "\"use_karras_sigmas\": true",
            new Dpm2Sampler { Curve = SigmaCurve.Karras, CurveWithinTimesteps = true, Rounding = TimestepRounding.Nearest } },
        { "KDPM2AncestralDiscreteScheduler", "", new Dpm2AncestralSampler() },
        { "KDPM2AncestralDiscreteScheduler", "\"use_exponential_sigmas\": true, \"timestep_spacing\": \"trailing\"",
            new Dpm2AncestralSampler { Curve = SigmaCurve.Exponential, CurveWithinTimesteps = true, Spacing = TimestepSpacing.Trailing } },
        { "DPMSolverSDEScheduler", "\"use_karras_sigmas\": true, \"noise_sampler_seed\": 7",
            new DpmppSdeSampler { Curve = SigmaCurve.Karras, CurveWithinTimesteps = true } },
        { "LMSDiscreteScheduler", "\"use_karras_sigmas\": true", new LmsSampler { Curve = SigmaCurve.Karras, CurveWithinTimesteps = true } },
        { "DPMSolverMultistepScheduler", "\"algorithm_type\": \"sde-dpmsolver++\", \"solver_order\": 3",
            new DpmSolverSampler { Levels = AboveZero, Order = 3, Eta = 1 } },
        { "DPMSolverMultistepScheduler", "\"solver_type\": \"bh2\", \"lambda_min_clipped\": -Infinity, \"timestep_spacing\": \"leading\"",
            new DpmSolverSampler { Levels = AboveZero, Spacing = TimestepSpacing.LeadingAboveZero } },
        { "DPMSolverMultistepScheduler", "\"use_lu_lambdas\": true, \"euler_at_final\": true, \"lower_order_final\": false",
            new DpmSolverSampler { Levels = AboveZero, Curve = SigmaCurve.Exponential, FirstOrderAtEnd = true, LowerOrderAtEnd = false } },
        { "DPMSolverSinglestepScheduler", "\"solver_order\": 1, \"solver_type\": \"heun\"", new DpmSolverSinglestepSampler { Order = 1 } },
        { "DPMSolverSinglestepScheduler", "\"use_exponential_sigmas\": true",
            new DpmSolverSinglestepSampler { Curve = SigmaCurve.Exponential, Rounding = TimestepRounding.Down } },
        { "DEISMultistepScheduler", "\"solver_type\": \"midpoint\", \"lower_order_final\": false", new DeisSampler { LowerOrderAtEnd = false } },
        { "UniPCMultistepScheduler", "\"solver_type\": \"midpoint\", \"predict_x0\": false, \"disable_corrector\": [0]",
            new UniPcSampler { IntegratesImage = false, Uncorrected = [0] } },
        { "EDMEulerScheduler", "\"rho\": 5, \"sigma_max\": 20", new EulerSampler { Rho = 5 } },
        { "FlowMatchEulerDiscreteScheduler", "\"shift\": 3", new EulerSampler { SmallestTime = 0.003 / 1.002 } },
    };

    [Theory, MemberData(nameof(Read))]
    public void A_configuration_is_a_sampler_with_its_settings(string scheduler, string keys, Sampler expected) => Assert.Equal(expected, Sampler(scheduler, keys));

    [Theory]
    [InlineData("DDPMScheduler", "\"beta_schedule\": \"exp\"", true, 1e-4, PredictionType.Epsilon)]
    [InlineData("EulerDiscreteScheduler", "\"prediction_type\": \"original_sample\"", false, 1e-4, PredictionType.Sample)]
    [InlineData("HeunDiscreteScheduler", "", false, 0.00085, PredictionType.Epsilon)]
    [InlineData("HeunDiscreteScheduler", "\"clip_sample\": true", true, 0.00085, PredictionType.Epsilon)]
    [InlineData("UniPCMultistepScheduler", "\"prediction_type\": \"v_prediction\", \"clip_sample\": true", false, 1e-4, PredictionType.VPrediction)]
    public void What_a_file_does_not_say_is_as_the_Python_class_has_it(string scheduler, string keys, bool clips, double betaStart, PredictionType predicts)
    {
        DiffusionParams diffusion = Open(scheduler, keys).Description.Diffusion;
        Assert.Equal((clips, betaStart, predicts), (diffusion.ClipSample, diffusion.BetaStart, diffusion.PredictionType));
    }

    [Theory]
    [InlineData("EulerDiscreteScheduler", "\"interpolation_type\": \"log_linear\"", "'interpolation_type' is log_linear; for a EulerDiscreteScheduler there is linear.")]
    [InlineData("EulerDiscreteScheduler", "\"timestep_type\": \"continuous\"", "'timestep_type' is continuous; ")]
    [InlineData("EulerDiscreteScheduler", "\"use_karras_sigmas\": true, \"sigma_max\": 700.0", "'sigma_max' is 700.0; ")]
    [InlineData("EulerDiscreteScheduler", "\"use_karras_sigmas\": \"yes\"", "'use_karras_sigmas' is \"yes\"; it must be true or false.")]
    [InlineData("EulerDiscreteScheduler", "\"use_karras_sigmas\": \"true\"", "'use_karras_sigmas' is \"true\"; it must be true or false.")]
    [InlineData("EulerDiscreteScheduler", "\"use_karras_sigmas\": true, \"use_exponential_sigmas\": true", "'use_exponential_sigmas' is true; and so is 'use_karras_sigmas'")]
    [InlineData("EulerDiscreteScheduler", "\"beta_schedule\": \"cosine\"", "'beta_schedule' is cosine; for a EulerDiscreteScheduler there is linear")]
    [InlineData("EulerDiscreteScheduler", "\"num_train_timesteps\": \"1000\"", "'num_train_timesteps' is \"1000\"; it must be a number.")]
    [InlineData("EulerDiscreteScheduler", "\"timestep_spacing\": \"even\"", "sample_params.timestep_spacing must be ")]
    [InlineData("PNDMScheduler", "\"prediction_type\": \"sample\"", "'prediction_type' is sample; for a PNDMScheduler there is epsilon or v_prediction.")]
    [InlineData("DPMSolverMultistepScheduler", "\"algorithm_type\": \"sde-dpmsolver\"", "'algorithm_type' is sde-dpmsolver; ")]
    [InlineData("DPMSolverMultistepScheduler", "\"solver_type\": \"rk4\"", "'solver_type' is rk4; ")]
    [InlineData("DPMSolverMultistepScheduler", "\"solver_order\": 4", "sample_params.solver_order is 4; use 1, 2 or 3.")]
    [InlineData("DPMSolverMultistepScheduler", "\"use_flow_sigmas\": true", "'use_flow_sigmas' is true; ")]
    [InlineData("DPMSolverMultistepScheduler", "\"prediction_type\": \"flow_prediction\"", "'prediction_type' is flow_prediction; ")]
    [InlineData("DPMSolverMultistepScheduler", "\"lambda_min_clipped\": NaN", "sample_params.lambda_min_clipped must be a number, not 'NaN'.")]
    [InlineData("DPMSolverSinglestepScheduler", "\"final_sigmas_type\": \"sigma_min\"", "'final_sigmas_type' is sigma_min; ")]
    [InlineData("DPMSolverSinglestepScheduler", "\"solver_type\": \"heun\"", "'solver_type' is heun; ")]
    [InlineData("DEISMultistepScheduler", "\"solver_order\": 3", "sample_params.solver_order is 3; use 1 or 2.")]
    [InlineData("UniPCMultistepScheduler", "\"solver_p\": {}", "'solver_p' is {}; ")]
    [InlineData("UniPCMultistepScheduler", "\"shift_terminal\": 0.1", "'shift_terminal' is 0.1; ")]
    [InlineData("EDMEulerScheduler", "\"prediction_type\": \"v_prediction\"", "'prediction_type' is v_prediction; with a sigma_data other than 1 only epsilon is read.")]
    [InlineData("EDMEulerScheduler", "\"sigma_schedule\": \"beta\"", "'sigma_schedule' is beta; ")]
    [InlineData("FlowMatchEulerDiscreteScheduler", "\"use_dynamic_shifting\": true", "'use_dynamic_shifting' is true; ")]
    [InlineData("FlowMatchEulerDiscreteScheduler", "\"num_train_timesteps\": 500", "'num_train_timesteps' is 500; ")]
    [InlineData("EulerDiscreteScheduler", "\"use_karras_sigma\": true", "'use_karras_sigma' is true, which EulerDiscreteScheduler does not know; remove it.")]
    [InlineData("CMStochasticIterativeScheduler", "", "_class_name is 'CMStochasticIterativeScheduler'; schedulers that are read are DDPMScheduler, ")]
    public void What_cannot_be_honoured_is_refused_by_its_key(string scheduler, string keys, string expected)
    {
        string message = Assert.Throws<InvalidDataException>(() => Open(scheduler, keys)).Message;
        Assert.Contains("scheduler_config.json: ", message, StringComparison.Ordinal);
        Assert.Contains(expected, message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
    }

    [Fact]
    public void A_curve_runs_between_the_first_and_the_last_timestep_where_diffusers_has_it_so()
    {
        NoiseSchedule schedule = NoiseSchedule.Linear();
        var sampler = (EulerSampler)Sampler(
            "EulerDiscreteScheduler", "\"use_karras_sigmas\": true, \"timestep_spacing\": \"leading\", \"steps_offset\": 1") with
        { Steps = 10 };
        Agree(sampler, SigmaCurves.Karras(10, schedule.At(901).Ratio, schedule.At(1).Ratio));
        Agree(sampler with { CurveWithinTimesteps = false }, SigmaCurves.Karras(10, schedule.At(999).Ratio, schedule.At(0).Ratio));

        void Agree(EulerSampler of, double[] expected)
        {
            IReadOnlyList<NoiseLevel> levels = schedule.Levels(of.Levels);
            Assert.Equal(11, levels.Count);
            for (int i = 0; i < 10; i++) Assert.Equal(1, levels[i].Ratio / expected[i], 1e-12);
        }
    }

    [Fact]
    public void Every_class_has_a_row_on_the_page()
    {
        string page = File.ReadAllText(Path.Combine(Checkout.Root, "docs", "diffusers.md"));
        foreach (SchedulerClass known in SchedulerClass.All)
            Assert.Matches($@"(?m)^\| `{known.Name}` \|[^|]*`{SamplerType.Named(known.Sampler).Name}`", page);
        Assert.All(SchedulerClass.All.SelectMany(known => known.Keys).Select(key => key.Key).Distinct(), key => Assert.Contains($"`{key}`", page, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("h7_euler", "EulerDiscreteScheduler")]
    [InlineData("h7_dpm", "DPMSolverMultistepScheduler")]
    public void Pipelines_with_another_scheduler_are_sampled_by_it(string name, string scheduler)
    {
        List<string> warnings = [];
        DiffusionModel model = ModelFolder.Open(Field(name), _device, warnings.Add);
        Assert.Contains($"is of {scheduler}; it is sampled as the latter.", Assert.Single(warnings), StringComparison.Ordinal);
        Assert.Equal(
            name == "h7_euler"
                ? new EulerSampler { Spacing = TimestepSpacing.Leading }
                : new DpmSolverSampler { Curve = SigmaCurve.Karras },
            new ImageSampler(model).SamplerFor(new()));
        Assert.Equal(2, new ImageSampler(model).Sample(new() { Count = 2, Steps = 3 }, cancel: TestContext.Current.CancellationToken).Images.Count);
        warnings.Clear();
        Assert.Equal(model.Description, ModelFolder.Open(Path.Combine(Field(name), "unet"), _device, warnings.Add).Description);
        Assert.Contains("no scheduler in it; it is sampled as ", Assert.Single(warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void A_checkpoint_of_the_training_script_is_its_average_and_says_what_it_assumes()
    {
        List<string> warnings = [];
        string path = _folder.Path("checkpoint-500"), weights = Path.Combine(path, "unet", "diffusion_pytorch_model.safetensors");
        string field = Path.Combine(Field("h3_ckpt"), "checkpoint-500");
        foreach (string file in Directory.GetFiles(field, "*", SearchOption.AllDirectories))
            _folder.Write(Path.Combine("checkpoint-500", Path.GetRelativePath(field, file)), File.ReadAllBytes(file));
        byte[] last = File.ReadAllBytes(weights);
        last[^2] ^= 1;
        File.WriteAllBytes(weights, last);
        DiffusionModel average = ModelFolder.Open(path, _device, warnings.Add);
        Assert.Equal(2, warnings.Count);
        Assert.Equal($"{path}: the averaged weights in unet_ema are taken; give {Path.Combine(path, "unet")} for the last ones.", warnings[0]);
        Assert.StartsWith($"{path}: no scheduler/scheduler_config.json; DDPM with 1000 timesteps", warnings[1], StringComparison.Ordinal);
        Assert.Contains("--sampler", warnings[1], StringComparison.Ordinal);
        Assert.Equal(new DiffusionParams(), average.Description.Diffusion);
        warnings.Clear();
        DiffusionModel raw = ModelFolder.Open(Path.Combine(path, "unet"), _device, warnings.Add);
        Assert.StartsWith($"{Path.Combine(path, "unet")}: no scheduler/", Assert.Single(warnings), StringComparison.Ordinal);
        Assert.Equal(average.Description.Model, raw.Description.Model);
        Assert.Equal(ModelFolder.Open(Path.Combine(path, "unet_ema"), _device).Hash, average.Hash);
        Assert.NotEqual(raw.Hash, average.Hash);
    }

    [Fact]
    public void A_checkpoint_within_a_pipeline_is_sampled_as_that_says()
    {
        List<string> warnings = [];
        foreach (string part in (string[])["unet", "unet_ema"])
        {
            foreach (string file in Directory.GetFiles(Path.Combine(Field("h3_ckpt"), "checkpoint-500", part)))
                _folder.Write($"out/checkpoint-500/{part}/{Path.GetFileName(file)}", File.ReadAllBytes(file));
        }
        string scheduler = _folder.Write("out/scheduler/scheduler_config.json", """{"_class_name": "DDPMScheduler", "prediction_type": "sample"}""");
        foreach (string path in (string[])["out/checkpoint-500", "out/checkpoint-500/unet"])
        {
            Assert.Equal(PredictionType.Sample, ModelFolder.Open(_folder.Path(path), _device, warnings.Add).Description.Diffusion.PredictionType);
            Assert.EndsWith($"no scheduler in it; it is sampled as {scheduler} says.", warnings[^1], StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("ddim", "steps=7 timestep_spacing=trailing", "steps by T/steps")]
    [InlineData("ddim", "steps=10 timestep_spacing=trailing", "")]
    [InlineData("ddim", "steps=7 timestep_spacing=linspace", "steps by T/steps")]
    [InlineData("ddim", "steps=7 timestep_spacing=linspace fixed_stride=true", "")]
    [InlineData("ddim", "steps=7", "")]
    [InlineData("pndm", "steps=40", "steps by T/steps")]
    [InlineData("plms", "steps=40", "")]
    [InlineData("ddpm", "timestep_spacing=linspace steps=7", "")]
    [InlineData("heun", "", "heun, has no pipeline there: the folder has a DDPMScheduler")]
    public void An_export_says_where_diffusers_will_sample_otherwise(string sampler, string settings, string expected)
    {
        string[] given = [.. settings.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(setting => $"sample_params.{setting}")];
        SampleParams sampling = new TrainConfig().With([$"sample_params.sampler={sampler}", .. given]).Sampling;
        DiffusionModel model = Open("DDPMScheduler", "");
        IExportFormat diffusers = ModelFolder.ExportFormats.Single(format => format.Name == "diffusers");
        var changed = new DiffusionModel(model.Description with { Sampling = sampling }, model.Network, _device, "");
        string use = diffusers.Use(changed);
        Assert.StartsWith("for diffusers: DiffusionPipeline.from_pretrained(folder)", use, StringComparison.Ordinal);
        if (expected.Length == 0) Assert.EndsWith("(folder)", use, StringComparison.Ordinal);
        else Assert.Contains(expected, use, StringComparison.Ordinal);
        ModelFolder.Export(_folder.Path("exported"), changed, "diffusers");
        SampleParams after = ModelFolder.Open(_folder.Path("exported"), _device).Description.Sampling;
        Assert.Equal(sampler is "ddpm" or "heun" ? null : true, after["fixed_stride"]);
    }

    static string Field(string name) => Path.Combine(Checkout.Root, "tests", "field", "30-hub", name);
}
