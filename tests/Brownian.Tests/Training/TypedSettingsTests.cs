using System.Reflection;
using Brownian.Tensors;

namespace Brownian.Tests;

/// <summary>Configurations made in C#, without a string for what has a type.</summary>
public sealed class TypedSettingsTests
{
    [Fact]
    public void A_sampler_becomes_its_name_and_what_is_not_usual_of_it()
    {
        Assert.Equal(new SampleParams { Sampler = "heun" }, SampleParams.Of(new HeunSampler()));
        Assert.Equal(new SampleParams { Sampler = "heun", Steps = 18 }.With("s_churn", 5.0), SampleParams.Of(new HeunSampler { Steps = 18, Churn = 5 }));
        Assert.Equal("dpmpp_2m_sde", SampleParams.Of(new DpmSolverSampler { Eta = 1 }).Sampler);
        Assert.Equal("plms", SampleParams.Of(new PndmSampler { RungeKutta = false }).Sampler);
    }

    [Fact]
    public void Every_named_sampler_comes_back_by_its_name()
    {
        foreach (SamplerType type in SamplerType.All)
        {
            SampleParams made = SampleParams.Of(type.Initial);
            Assert.Equal(type.Initial, SamplerType.Named(made.Sampler!).With(SamplerType.AllKeys.Where(key => made[key.Name] is not null).Select(key => (key.Name, made[key.Name]!))));
        }
    }

    [Fact]
    public void A_sampler_without_a_name_is_refused()
    {
        var e = Assert.Throws<ArgumentException>(() => SampleParams.Of(new DdpmSampler { Variance = ReverseVariance.Large }));
        Assert.Contains("DiffusionParams", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_length_in_steps_or_time_replaces_the_other()
    {
        TrainConfig timed = TrainConfig.Default.Lasting(TimeSpan.FromMinutes(20));
        Assert.Equal((null, null, 20.0), (timed.Train.Steps, timed.Train.Epochs, timed.Train.Minutes));
        Assert.Equal((7L, null, null), (timed.Lasting(7).Train.Steps, timed.Lasting(7).Train.Epochs, timed.Lasting(7).Train.Minutes));
    }

    [Fact]
    public void Images_choose_a_configuration_by_their_path()
    {
        using var folder = new ScratchFolder();
        Directory.CreateDirectory(folder.Path("photos"));
        for (int i = 0; i < 3; i++) new Image(40, 40, 3).Save(folder.Path(Path.Combine("photos", $"{i}.png")));
        TrainConfig config = TrainConfig.For(folder.Path("photos"));
        Assert.Equal((folder.Path("photos"), "photos", 3), (config.Dataset.ImagePath, config.Train.TaskName, config.Train.BatchSize));
        Assert.Same(TrainConfig.Default, TrainConfig.For("digits"));
        Assert.ThrowsAny<IOException>(() => TrainConfig.For(folder.Path("nowhere")));
    }

    [Fact]
    public void One_using_names_the_type_of_every_setting()
    {
        string[] elsewhere =
        [
            .. from type in (Type[])[typeof(DatasetParams), typeof(DiffusionParams), typeof(TrainParams), typeof(SampleParams), .. NetworkType.All.Select(type => type.Initial.GetType()), .. SamplerType.All.Select(type => type.Initial.GetType())]
               from property in type.GetProperties(BindingFlags.Public | BindingFlags.Instance)
               where property.SetMethod is { IsPublic: true }
               let held = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType
               where held.Namespace is not ("System" or "Brownian")
               select $"{type.Name}.{property.Name} is a {held}",
        ];
        Assert.Equal([], elsewhere.Distinct());
    }

    [Fact]
    public void A_network_has_one_name_and_a_name_one_network()
    {
        Assert.Contains("'unet2d' of UNet2DOptions already", Assert.Throws<ArgumentException>(() => NetworkType.Register("other", new UNet2DOptions())).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => NetworkType.Register("unet2d", new TestNetOptions()));
    }

    sealed record TestNetOptions : NetworkOptions
    {
        [Key("im_size")] public override Values<int> ImageSize { get; init; } = [16];

        public override int Channels => 1;

        public override int SizeMultiple => 1;

        public override IReadOnlyList<string> ChannelProperties => [];

        public override IEnumerable<Rule> Rules() => [SizeRule];

        public override IDenoisingNetwork CreateNetwork(Device device, ulong seed = 0) => throw new NotSupportedException();
    }
}
