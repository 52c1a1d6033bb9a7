namespace Brownian.Training;

/// <summary>What a record of options says of itself to be a <c>type</c> of <c>model_params</c>.</summary>
interface IModelType<TSelf> where TSelf : ModelParams, IModelType<TSelf>, new()
{
    /// <summary>Its name in the configuration.</summary>
    static abstract string TypeName { get; }

    /// <summary>Its keys, in the order they are written.</summary>
    static abstract ConfigKey<TSelf>[] Keys { get; }
}

/// <summary>The types of networks that a configuration can name.</summary>
abstract class ModelType
{
    /// <summary>The key that all types share.</summary>
    public const string Key = "type";

    /// <summary>Every type there is: to add one is to write its record and a line here.</summary>
    public static readonly ModelType[] All =
    [
        new ModelType<TutorialUNetParams>(),
        new ModelType<UNet2DParams>(),
        new ModelType<PlainUNetParams>(),
        new ModelType<ResidualUNetParams>(),
        new ModelType<SimpleUNetParams>(),
    ];

    public abstract string Name { get; }

    public abstract IEnumerable<string> Keys { get; }

    /// <summary>Its options before any key is read.</summary>
    public abstract ModelParams Initial { get; }

    public static ModelType Of(ModelParams model) => Array.Find(All, type => type.Describes(model))!;

    /// <exception cref="InvalidDataException">There is none of that name.</exception>
    public static ModelType Named(ConfigValue value) => Array.Find(All, type => type.Name == value.Text())
        ?? throw new InvalidDataException(
            $"{value.Where}: model_params.{Key} is '{value.Text()}'{Suggestion.For(value.Text(), All.Select(type => type.Name))}.");

    public abstract ModelParams Read(ModelParams model, string key, ConfigValue value);

    public abstract IEnumerable<(string Key, object Value)> Write(ModelParams model);

    protected abstract bool Describes(ModelParams model);
}

sealed class ModelType<T> : ModelType where T : ModelParams, IModelType<T>, new()
{
    readonly ConfigTable<T> _table = new(T.Keys);

    public override string Name => T.TypeName;

    public override IEnumerable<string> Keys => _table.Keys;

    public override ModelParams Initial => new T();

    public override ModelParams Read(ModelParams model, string key, ConfigValue value) => _table.Read((T)model, key, value);

    public override IEnumerable<(string Key, object Value)> Write(ModelParams model) => _table.Write((T)model);

    protected override bool Describes(ModelParams model) => model is T;
}
