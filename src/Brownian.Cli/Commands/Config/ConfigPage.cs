namespace Brownian.Cli;

/// <summary>docs/configuration.md: every key, from the code that reads it.</summary>
static class ConfigPage
{
    const string Head = """
        # Configuration

        A configuration is a YAML file with up to five sections. Every key has a default, so a file names only what it changes:

        ```yaml
        dataset_params:
          im_path: photos
        train_params:
          lr: 2.0e-4
          num_minutes: 20
        ```

        ```sh
        brownian train --config mine.yaml                  # train with it
        brownian train --preset flowers --set lr=2e-4      # a built-in configuration, with one key changed
        brownian config --preset flowers                   # print a built-in configuration, as a start for your own
        brownian config lr_schedule                        # what one key means
        ```

        `--set` takes `section.key=value`, or `key=value` where only one section has such a key. A key that does not exist is an error that names the
        nearest one. This page is written by `brownian config --markdown`. "-" stands for a key that is left out: its meaning says what happens then.

        """;

    /// <summary>Writes the page.</summary>
    public static void Write(TextWriter to)
    {
        to.Write(Head.ReplaceLineEndings("\n"));
        foreach (IGrouping<string, ConfigKey> group in ConfigKey.All.GroupBy(TitleOf))
        {
            to.Write($"\n## {group.Key}\n\n| key | type | default | range | meaning |\n|---|---|---|---|---|\n");
            foreach (ConfigKey key in group)
            {
                string of = key.Of.Count == 0 || key.Section != "sample_params" ? "" : $" For {SamplersOf(key)}.";
                to.Write($"| `{key.Name}` | {Cell(key.Type)} | {(key.Default is { } value ? $"`{Cell(value)}`" : "-")} | {Cell(key.Range ?? "")} | {Cell(MemberDocs.Of(key))}{of} |\n");
            }
        }
    }

    /// <summary>The section of a key, with the type of network where those differ.</summary>
    public static string TitleOf(ConfigKey key) => key.Of.Count == 1 && key.Section == "model_params" ? $"{key.Section} of type {key.Of[0]}" : key.Section;

    /// <summary>Which samplers have a key, by those that do or by those that do not.</summary>
    public static string SamplersOf(ConfigKey key)
    {
        string[] others = [.. SamplerType.All.Select(type => type.Name).Except(key.Of)];
        return others.Length < key.Of.Count ? $"all samplers but {string.Join(", ", others)}" : string.Join(", ", key.Of);
    }

    static string Cell(string text) => text.Replace("|", "\\|", StringComparison.Ordinal);
}
