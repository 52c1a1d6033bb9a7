using System.CommandLine;
using Brownian.Training;

namespace Brownian.Cli;

/// <summary>The option that says what a conditional model draws.</summary>
sealed class ClassOptions
{
    readonly Option<string?> _class =
        OptionOf.Text("--class", "NAME,..", "Classes by name or number; several are drawn in turn. Default: all of the model's, in turn");

    public Option[] All => [_class];

    public bool AreNamed(ParseResult parsed) => parsed.GetValue(_class) is not null;

    public SampleOptions Apply(ParseResult parsed, SampleOptions options, DiffusionModel model) => options with
    {
        Classes = parsed.GetValue(_class) is { } text ? ClassNames.Parse("--class", text, model.Description.Classes, model.Classes) : null,
    };
}
