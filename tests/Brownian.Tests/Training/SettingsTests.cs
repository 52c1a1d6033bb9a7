namespace Brownian.Tests;

/// <summary>What the records of settings declare is what configurations read, write and check.</summary>
public sealed class SettingsTests
{
    static readonly TrainConfig[] Configs = [.. NetworkType.All.Select(type => new TrainConfig { Model = type.Initial })];

    static IEnumerable<(ConfigSection Section, TrainConfig Config)> Sections =>
        Configs.SelectMany(config => ConfigSection.All.Select(section => (section, config)));

    [Fact]
    public void Every_rule_is_about_a_property_that_has_a_key()
    {
        foreach ((ConfigSection section, TrainConfig config) in Sections)
        {
            Settings settings = section.Get(config);
            IEnumerable<Rule> rules = [.. settings.Rules(), .. config.Train.RulesFor(config.Diffusion, config.Model).Where(_ => section == ConfigSection.Train)];
            Assert.All(rules, rule => Assert.NotEmpty(settings.KeyOf(rule.Property)));
        }
    }

    [Fact]
    public void Keys_are_snake_case_and_each_is_declared_once()
    {
        foreach ((ConfigSection section, TrainConfig config) in Sections)
        {
            string[] keys = [.. section.Get(config).Keys.Select(key => key.Name)];
            Assert.Equal(keys.Distinct(), keys);
            Assert.All(keys, key => Assert.Matches("^[a-z][a-z0-9_]*$", key));
        }
    }

    [Fact]
    public void Every_choice_is_read_by_its_name_and_its_aliases_and_written_by_its_name()
    {
        foreach ((ConfigSection section, TrainConfig config) in Sections)
        {
            foreach (SettingKey key in section.Get(config).Keys.Where(key => key.Type.IsEnum))
            {
                foreach (string name in Names.All(key.Type).Concat(Names.AliasesOf(key.Type)))
                {
                    Enum choice = Names.Find(key.Type, name)!;
                    Settings changed = key.Set(section.Get(config), choice);
                    Assert.Equal(choice, key.Of(changed));
                    Assert.Contains(Names.Of(choice), Names.All(key.Type));
                }
                Assert.Null(Names.Find(key.Type, "nothing"));
            }
        }
    }

    [Fact]
    public void A_message_calls_properties_by_their_keys() =>
        Assert.Equal("give one for each of block_out_channels", new UNet2DOptions().InKeys("give one for each of BlockOutChannels"));

    [Theory]
    [InlineData("linear", RateDecay.Linear)]
    [InlineData("cosine", RateDecay.Cosine)]
    [InlineData("cosine_with_restarts", RateDecay.CosineWithRestarts, "lr_cycles=3")]
    [InlineData("polynomial", RateDecay.Polynomial, "lr_power=2")]
    public void Every_learning_rate_schedule_can_be_said(string name, RateDecay decay, string? more = null)
    {
        string[] settings = ["lr=0.01", $"lr_schedule={name}", "lr_warmup_steps=10", "num_steps=100", .. more is null ? (string[])[] : [more]];
        TrainConfig config = new TrainConfig().With(settings.Select(setting => $"train_params.{setting}"));
        var expected = new LearningRateSchedule(0.01) { WarmupSteps = 10, TotalSteps = 100, Decay = decay, Cycles = more == "lr_cycles=3" ? 3 : 1, Power = more == "lr_power=2" ? 2 : 1 };
        var plan = new TrainingPlan(config.Train, batchesPerEpoch: 10);
        foreach (long step in (long[])[0, 5, 10, 40, 99]) Assert.Equal(expected.RateAt(step), plan.RateAfter(step));
        Assert.Equal(config, TrainConfig.Parse(config.ToYaml()));
    }

    [Theory]
    [InlineData("wsd", 0.2, RateCooldown.Linear)]
    [InlineData("warmup_stable_decay", 0.5, RateCooldown.OneMinusSqrt, "lr_decay_fraction=0.5", "lr_decay_shape=one_minus_sqrt")]
    public void A_rate_that_falls_at_the_end_can_be_said(string name, double fraction, RateCooldown cooldown, params string[] more)
    {
        TrainConfig config = new TrainConfig().With(
            ((string[])["lr=0.01", $"lr_schedule={name}", "lr_warmup_steps=10", "num_steps=100", .. more]).Select(setting => $"train_params.{setting}"));
        var expected = new LearningRateSchedule(0.01)
        {
            WarmupSteps = 10,
            TotalSteps = 100,
            Decay = RateDecay.WarmupStableDecay,
            DecayFraction = fraction,
            Cooldown = cooldown,
        };
        var plan = new TrainingPlan(config.Train, batchesPerEpoch: 10);
        foreach (long step in (long[])[0, 5, 10, 40, 60, 90, 99]) Assert.Equal(expected.RateAt(step), plan.RateAfter(step));
        Assert.Equal(config, TrainConfig.Parse(config.ToYaml()));
    }

    [Fact]
    public void The_power_warmup_of_the_average_can_be_said_and_moves_it()
    {
        TrainConfig power = TinyRun.Config.With(
            "train_params.ema_power=0.75", "train_params.ema_inv_gamma=2", "train_params.ema_min_decay=0.1", "train_params.ema_update_after_step=3");
        Assert.Equal(power, TrainConfig.Parse(power.ToYaml()));
        using var folder = new ScratchFolder();
        byte[][] states = [.. new[] { TinyRun.Config, power }.Select(config =>
        {
            RunDirectory run = RunDirectory.Create(folder.Path("runs"), config);
            TinyRun.Train(run, config);
            return File.ReadAllBytes(Path.Combine(run.FullPath, "checkpoints", "step-00000012", "ema.safetensors"));
        })];
        Assert.NotEqual(states[0], states[1]);
    }

    [Theory]
    [InlineData("lr_cycles is 2, but lr_schedule is constant; set that to cosine_with_restarts, or remove the key.", "lr_cycles=2")]
    [InlineData("lr_power is 2, but lr_schedule is constant; set that to polynomial, or remove the key.", "lr_power=2")]
    [InlineData("ema_power is 0.5, but ema_warmup is false; set that to true, or remove the key.", "ema_power=0.5", "ema_warmup=false")]
    [InlineData("ema_min_decay is 1; it must be from 0 to ema_decay, 0.999.", "ema_min_decay=1")]
    [InlineData("ema_min_decay is 0.1, but ema_warmup is false; set that to true, or remove the key.", "ema_min_decay=0.1", "ema_warmup=false")]
    [InlineData("ema_update_after_step is 3, but ema_warmup is false; set that to true, or remove the key.", "ema_update_after_step=3", "ema_warmup=false")]
    [InlineData("lr is 900; it must be above 0 and below 100, such as 1e-3.", "lr=900")]
    [InlineData("eps is 1; it must be above 0 and below 1, such as 1e-8.", "eps=1")]
    [InlineData("muon_lr is 100; it must be above 0 and below 100, such as 1e-3.", "muon_lr=100", "optimizer=muon")]
    [InlineData("muon_lr is 0.01, but optimizer is adamw; set that to muon, or remove the key.", "muon_lr=0.01", "optimizer=adamw")]
    [InlineData("muon_momentum is 1; it must be from 0 to below 1, such as 0.95.", "muon_momentum=1", "optimizer=muon")]
    [InlineData("muon_momentum is 0.9, but optimizer is adam; set that to muon, or remove the key.", "muon_momentum=0.9")]
    [InlineData("lr_decay_fraction is 0; it must be above 0 and at most 1, such as 0.2.", "lr_decay_fraction=0", "lr_schedule=wsd")]
    [InlineData("lr_decay_fraction is 0.5, but lr_schedule is cosine; set that to wsd, or remove the key.", "lr_decay_fraction=0.5", "lr_schedule=cosine")]
    [InlineData("lr_decay_shape is one_minus_sqrt, but lr_schedule is constant; set that to wsd, or remove the key.", "lr_decay_shape=one_minus_sqrt")]
    [InlineData("lr_schedule is wsd, but optimizer is schedule_free, whose average takes the place of a falling rate; set lr_schedule to constant.", "lr_schedule=wsd", "optimizer=schedule_free")]
    public void Schedules_that_contradict_each_other_are_refused(string expected, params string[] settings) => Assert.EndsWith(
        $"train_params.{expected}",
        Assert.Throws<InvalidDataException>(() => new TrainConfig().With(settings.Select(setting => $"train_params.{setting}"))).Message,
        StringComparison.Ordinal);
}
