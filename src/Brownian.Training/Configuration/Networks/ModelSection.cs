namespace Brownian.Training;

/// <summary>Section <c>model_params</c>, whose keys depend on one of them.</summary>
sealed class ModelSection() : ConfigSection(SectionName)
{
    public const string SectionName = "model_params";

    /// <summary>The configuration with a network of the type that <paramref name="value"/> names; one of another type is replaced.</summary>
    public static TrainConfig OfType(TrainConfig config, ConfigValue value)
    {
        ModelType type = ModelType.Named(value);
        return type == ModelType.Of(config.Model) ? config : config with { Model = type.Initial };
    }

    protected override IEnumerable<string> KeysOf(TrainConfig config) => ModelType.Of(config.Model).Keys.Prepend(ModelType.Key);

    protected override string TitleOf(TrainConfig config) => $"{Name} of type {config.Model.Type}";

    public override TrainConfig Read(TrainConfig config, string key, ConfigValue value) => key == ModelType.Key
        ? OfType(config, value)
        : config with { Model = ModelType.Of(config.Model).Read(config.Model, key, value) };

    protected override IEnumerable<(string Key, object Value)> ValuesOf(TrainConfig config) =>
        ModelType.Of(config.Model).Write(config.Model).Prepend((ModelType.Key, config.Model.Type));
}
