namespace Brownian.Tests;

/// <summary>What samplers declare beside their loops is what configurations and the command line read and write.</summary>
public sealed class SamplerSettingsTests
{
    static readonly DiffusionParams Plain = new() { ClipSample = false };

    static SampleParams Given(params string[] settings) => new TrainConfig { Diffusion = Plain }.With(settings.Select(s => $"sample_params.{s}")).Sampling;

    public static TheoryData<Sampler, string[]> Said => new()
    {
        { new DdpmSampler { Limit = X0Limit.None, Spacing = TimestepSpacing.Trailing, Steps = 100 }, ["steps=100", "timestep_spacing=trailing"] },
        { new DdpmSampler { Limit = X0Limit.None, Custom = [900, 500, 20] }, ["timesteps=[900, 500, 20]"] },
        {
            new DdimSampler { Limit = X0Limit.None, Eta = 0.5, EpsFollowsLimit = true, FixedStride = true, EndsAtImage = false, Offset = 1 },
            ["sampler=ddim", "eta=0.5", "use_clipped_model_output=true", "fixed_stride=true", "set_alpha_to_one=false", "steps_offset=1"]
        },
        { new PndmSampler { Extrapolates = PredictionType.VPrediction }, ["sampler=pndm", "extrapolates=v_prediction"] },
        { new PndmSampler { RungeKutta = false, EndsAtImage = false }, ["sampler=plms", "set_alpha_to_one=false"] },
        { new PndmSampler { FixedStride = true }, ["sampler=pndm", "fixed_stride=true"] },
        { new DpmSolverSampler { Order = 1 }, ["sampler=dpmpp_2m", "solver_order=1"] },
        { new DpmSolverSinglestepSampler { Order = 1 }, ["sampler=dpmpp_2s", "solver_order=1"] },
        {
            new EulerSampler { Churn = 40, ChurnFrom = 0.05, ChurnUpTo = 50, NoiseScale = 1.003 },
            ["sampler=euler", "s_churn=40", "s_tmin=0.05", "s_tmax=50", "s_noise=1.003"]
        },
        { new HeunSampler { Steps = 18, Curve = SigmaCurve.Karras, Rho = 5 }, ["sampler=edm", "rho=5"] },
        { new HeunSampler { Steps = 18, Curve = SigmaCurve.Native }, ["sampler=edm", "sigma_curve=native"] },
        {
            new EulerSampler { Curve = SigmaCurve.Polyexponential, Rho = 1.5, CurveWithinTimesteps = true },
            ["sampler=euler", "sigma_curve=polyexponential", "rho=1.5", "curve_within_timesteps=true"]
        },
        { new EulerAncestralSampler { Eta = 0.3, NoiseScale = 0.9 }, ["sampler=euler_a", "eta=0.3", "s_noise=0.9"] },
        { new LmsSampler { Order = 2, Rounding = TimestepRounding.Down }, ["sampler=lms", "solver_order=2", "timestep_rounding=down"] },
        {
            new DpmSolverSampler { Order = 3, Solver = SolverType.Heun, LowerOrderAtEnd = false, FirstOrderAtEnd = true, SmallestLambda = -5.1 },
            ["sampler=dpmpp_3m", "solver_type=heun", "lower_order_final=false", "euler_at_final=true", "lambda_min_clipped=-5.1"]
        },
        { new DpmSolverSampler { Eta = 0.5, Final = FinalSigma.SigmaMin }, ["sampler=dpmpp_2m_sde", "eta=0.5", "final_sigmas_type=sigma_min"] },
        { new DeisSampler { Order = 1, LowerOrderAtEnd = false, Final = FinalSigma.Zero }, ["sampler=deis", "solver_order=1", "lower_order_final=false", "final_sigmas_type=zero"] },
        {
            new UniPcSampler { Order = 3, Solver = SolverType.Bh1, IntegratesImage = false, LowerOrderAtEnd = false, Uncorrected = [0, 1] },
            ["sampler=unipc", "solver_order=3", "solver_type=bh1", "predict_x0=false", "lower_order_final=false", "disable_corrector=[0, 1]"]
        },
    };

    [Theory, MemberData(nameof(Said))]
    public void Every_setting_can_be_said_and_is_written_as_it_was_said(Sampler expected, string[] settings)
    {
        SampleParams given = Given(settings);
        Assert.Equal(expected, given.For(Plain));
        Assert.Equal(given, Given([.. settings.Reverse()]));
        string yaml = new TrainConfig { Diffusion = Plain, Sampling = given }.ToYaml();
        Assert.Equal(given, TrainConfig.Parse(yaml).Sampling);
        Assert.Equal(settings.Length, yaml.Split("sample_params:")[1].Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
    }

    [Fact]
    public void The_smallest_time_belongs_to_flow()
    {
        SampleParams given = new TrainConfig { Diffusion = new() { Process = ProcessKind.Flow } }.With(["sample_params.smallest_time=0.001"]).Sampling;
        Assert.Equal(0.001, Assert.IsType<EulerSampler>(given.For(new() { Process = ProcessKind.Flow })).SmallestTime);
        Assert.EndsWith("smallest_time belongs to process flow, not ddpm; leave it out.",
            Assert.Throws<InvalidDataException>(() => Given("sampler=euler", "smallest_time=0.001")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_key_is_said_by_one_of_these()
    {
        string[] said = ["smallest_time", .. Said.SelectMany(row => row.Data.Item2).Select(setting => setting.Split('=')[0])];
        Assert.Empty(SamplerType.AllKeys.Select(key => key.Name).Except(said));
    }

    [Fact]
    public void A_key_is_the_same_property_of_the_same_type_in_every_sampler_and_every_rule_is_about_one()
    {
        foreach (SamplerType type in SamplerType.All)
        {
            foreach (SettingKey key in type.Keys)
            {
                SettingKey known = SamplerType.AllKeys.Single(known => known.Name == key.Name);
                Assert.Equal((known.Property, known.Type, known.IsQuiet), (key.Property, key.Type, key.IsQuiet));
                if (key.IsQuiet) Assert.Equal(known.Default, key.Of(type.Initial));
            }
            Assert.All(type.Initial.Rules(), rule => Assert.NotEmpty(new SampleParams().KeyOf(rule.Property)));
            type.Initial.Validate();
        }
    }

    [Fact]
    public void Old_keys_are_written_in_their_old_order_and_their_defaults_not_at_all()
    {
        SampleParams given = Given("s_churn=3", "steps=9", "guidance_scale=2", "sigma_curve=karras", "timestep_spacing=leading", "sampler=heun");
        Assert.EndsWith(
            "sample_params:\n  sampler: 'heun'\n  steps: 9\n  timestep_spacing: leading\n  sigma_curve: karras\n  s_churn: 3\n  guidance_scale: 2\n",
            new TrainConfig { Sampling = given }.ToYaml(), StringComparison.Ordinal);
        Assert.Equal(new SampleParams { Sampler = "heun" }, Given("sampler=heun", "set_alpha_to_one=true", "steps_offset=0", "guidance_rescale=0"));
    }

    [Fact]
    public void What_is_said_later_goes_over_what_was_said_unless_it_names_another_sampler()
    {
        SampleParams own = Given("sampler=ddim", "steps=20", "eta=0.5", "guidance_scale=2");
        Assert.Equal(Given("sampler=ddim", "steps=20", "eta=1", "guidance_scale=2"), new SampleParams { ["eta"] = 1.0 }.Over(own));
        Assert.Equal(own, new SampleParams { Sampler = "ddim" }.Over(own));
        Assert.Equal(Given("sampler=heun", "s_churn=4", "guidance_scale=2"), new SampleParams { Sampler = "heun", ["s_churn"] = 4.0 }.Over(own));
        Assert.Equal(own.With("eta", null), Given("sampler=ddim", "steps=20", "guidance_scale=2"));
    }

    [Theory]
    [InlineData("sample_params.eta is 2; it must be from 0 to 1.", "sampler=ddim", "eta=2")]
    [InlineData("sample_params.solver_order is 3; use 1 or 2.", "sampler=deis", "solver_order=3")]
    [InlineData("sample_params.solver_type is bh1; use midpoint or heun.", "sampler=dpmpp_2m", "solver_type=bh1")]
    [InlineData("sample_params.steps_offset is -1; it must be at least 0, such as 1.", "steps_offset=-1")]
    [InlineData("sample_params.rho is 0; it must be above 0, such as 7.", "sampler=edm", "rho=0")]
    [InlineData("sample_params.timesteps must be a list such as [1, 2], not '7'.", "timesteps=7")]
    [InlineData("unknown key 'et' in sample_params; did you mean 'eta'?", "et=1")]
    public void Values_out_of_range_are_named_by_their_keys(string expected, params string[] settings) => Assert.EndsWith(
        expected, Assert.Throws<InvalidDataException>(() => Given(settings)).Message, StringComparison.Ordinal);

    [Fact]
    public void Code_that_gives_what_no_sampler_has_is_told_so()
    {
        Assert.Equal("No sampler has a setting 'etta'; did you mean 'eta'?", Assert.Throws<ArgumentException>(() => new SampleParams { ["etta"] = 1 }).Message);
        Assert.Equal("eta is much; it must be a value of type Double.", Assert.Throws<ArgumentException>(() => new SampleOptions { ["eta"] = "much" }).Message);
    }
}
