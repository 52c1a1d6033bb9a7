using System.CommandLine;
using System.Text.RegularExpressions;

namespace Brownian.Cli;

/// <summary><c>brownian config</c></summary>
sealed partial class ConfigCommand : AppCommand
{
    readonly Argument<string?> _key = new("KEY")
    {
        Description = "A key, such as lr or train_params.lr, or a section, such as train_params.",
        Arity = ArgumentArity.ZeroOrOne,
        HelpName = "KEY",
    };

    readonly Option<string?> _preset = OptionOf.Text("--preset", "NAME", $"Print a built-in configuration: {string.Join(", ", Presets.Names)}.");
    readonly Option<bool> _markdown = OptionOf.Flag("--markdown", "Print every key with all that is said of it, as docs/configuration.md has it.");

    public ConfigCommand(Terminal terminal, CancellationToken cancel) : base("config",
        "List the keys of configurations: what they mean, their defaults and ranges.\n"
        + "Example: brownian config lr_schedule", terminal, cancel)
    {
        Add(_key);
        Add([_preset, _markdown]);
    }

    protected override int Run(ParseResult parsed)
    {
        string? key = parsed.GetValue(_key), preset = parsed.GetValue(_preset);
        bool markdown = parsed.GetValue(_markdown);
        if ((key is not null ? 1 : 0) + (preset is not null ? 1 : 0) + (markdown ? 1 : 0) > 1)
            throw new ArgumentException("KEY, --preset and --markdown print different things; give one.");
        TextWriter to = _terminal.Out;
        if (preset is not null) to.Write(Presets.Text(preset));
        else if (markdown) ConfigPage.Write(to);
        else if (key is null) List(to, ConfigKey.All);
        else if (ConfigKey.All.Any(known => known.Section == key)) List(to, ConfigKey.All.Where(known => known.Section == key));
        else Describe(to, Find(key));
        return ExitCode.Success;
    }

    static void List(TextWriter to, IEnumerable<ConfigKey> keys)
    {
        foreach (IGrouping<string, ConfigKey> group in keys.GroupBy(ConfigPage.TitleOf))
        {
            to.WriteLine(group.Key);
            TextTable.Write(to, [.. group.Select(IReadOnlyList<string> (key) => [$"  {key.Name}", key.Default ?? "-", FirstSentence(MemberDocs.Of(key))])], _ => true);
            to.WriteLine();
        }
        to.WriteLine("next    brownian config KEY says more of one; --set SECTION.KEY=VALUE gives it a value");
    }

    static void Describe(TextWriter to, ConfigKey[] found)
    {
        foreach (ConfigKey key in found)
        {
            to.WriteLine(key.Of.Count == 1 && found.Length > 1 ? $"{key.Section}.{key.Name} of {key.Of[0]}" : $"{key.Section}.{key.Name}");
            Row("meaning", MemberDocs.Of(key));
            Row("type", key.Type);
            Row("default", key.Default ?? "none: the key is left out");
            if (key.Range is { } range) Row("range", range);
            if (key.Of.Count > 0) Row(key.Section == "sample_params" ? "samplers" : "network", key.Section == "sample_params" ? ConfigPage.SamplersOf(key) : key.Of[0]);
            to.WriteLine();
        }
        to.WriteLine($"next    --set {found[0].Section}.{found[0].Name}={found[0].Default ?? "VALUE"}, or the line '{found[0].Name}: …' below {found[0].Section} in a YAML file");

        void Row(string name, string text) => to.WriteLine($"  {name,-8} {text}");
    }

    static ConfigKey[] Find(string text)
    {
        int dot = text.IndexOf('.', StringComparison.Ordinal);
        (string? section, string name) = dot < 0 ? (null, text) : (text[..dot], text[(dot + 1)..]);
        ConfigKey[] found = [.. ConfigKey.All.Where(key => key.Name == name && (section is null || key.Section == section))];
        if (found.Length > 0) return found;
        if (section is null && ForeignNames.Of(name) is { } ours) throw new ArgumentException($"there is no key '{name}'; Brownian calls it {ours}.");
        if (ForeignNames.Why(name) is { } why) throw new ArgumentException($"there is no key '{name}'{why}");
        if (section is not null && ConfigKey.All.FirstOrDefault(key => key.Name == name) is { } elsewhere)
            throw new ArgumentException($"there is no key '{name}' in {section}; it is in {elsewhere.Section}.");
        string[] names = [.. ConfigKey.All.Where(key => section is null || key.Section == section).Select(key => key.Name).Distinct()];
        string nearest = Suggestion.For(name, names, listAll: false);
        throw new ArgumentException($"there is no key '{text}'{(nearest == "." ? "; 'brownian config' lists all." : nearest)}");
    }

    static string FirstSentence(string text) => SentenceEnd().Match(text) is { Success: true, Index: var end } ? text[..(end + 1)] : text;

    // Not that of "et al.".
    [GeneratedRegex(@"(?<! al)\. (?=[A-Z])", RegexOptions.CultureInvariant)]
    private static partial Regex SentenceEnd();
}
