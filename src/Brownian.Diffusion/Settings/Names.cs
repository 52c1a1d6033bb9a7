using System.Text;

namespace Brownian;

/// <summary>
/// The names of choices in configuration files, on the command line and in messages: ScaledLinear is <c>scaled_linear</c>. Names that do
/// not follow the rule, and what others call the same thing, stand in one list here.
/// </summary>
public static class Names
{
    static readonly Dictionary<Enum, string> Own = new() { [LossOp.Squared] = "l2", [LossOp.Absolute] = "l1", [RateDecay.WarmupStableDecay] = "wsd" };

    static readonly (string Alias, Enum Value)[] Aliases =
    [
        ("squaredcos_cap_v2", BetaSchedule.Cosine), ("quadratic", BetaSchedule.ScaledLinear), ("exp", BetaSchedule.Exponential),
        ("fixed_small", ReverseVariance.Small), ("fixed_large", ReverseVariance.Large),
        ("fixed_small_log", ReverseVariance.SmallLog), ("fixed_large_log", ReverseVariance.LargeLog),
        ("flow", PredictionType.FlowPrediction),
        ("warmup_stable_decay", RateDecay.WarmupStableDecay),
    ];

    /// <summary>The name of a choice.</summary>
    public static string Of(Enum choice)
    {
        ArgumentNullException.ThrowIfNull(choice);
        return Own.TryGetValue(choice, out string? own) ? own : Snake(choice.ToString());
    }

    /// <summary>The names of all choices of a type, without aliases.</summary>
    public static IEnumerable<string> All(Type type) => Enum.GetValues(type).Cast<Enum>().Select(Of);

    /// <summary>The choice of that name or alias; null where there is none.</summary>
    public static Enum? Find(Type type, string name) =>
        Enum.GetValues(type).Cast<Enum>().FirstOrDefault(choice => Of(choice) == name)
        ?? Array.Find(Aliases, alias => alias.Alias == name && alias.Value.GetType() == type).Value;

    /// <summary>The choice of that name or alias.</summary>
    /// <param name="name">As it was written.</param>
    /// <param name="what">What messages call such a choice.</param>
    /// <exception cref="ArgumentException">There is none; the message names the nearest, or all.</exception>
    public static T Named<T>(string name, string what) where T : struct, Enum => Find(typeof(T), name) is T found
        ? found
        : throw new ArgumentException($"'{name}' is no {what}{Suggestion.For(name, All(typeof(T)))}");

    /// <summary>The aliases of a type.</summary>
    public static IEnumerable<string> AliasesOf(Type type) => Aliases.Where(alias => alias.Value.GetType() == type).Select(alias => alias.Alias);

    static string Snake(string name)
    {
        var text = new StringBuilder();
        for (int i = 0; i < name.Length; i++)
        {
            bool beginsWord = i > 0 && i + 1 < name.Length && char.IsUpper(name[i]) && char.IsLower(name[i + 1]);
            if (beginsWord) text.Append('_');
            text.Append(char.ToLowerInvariant(name[i]));
        }
        return text.ToString();
    }
}
