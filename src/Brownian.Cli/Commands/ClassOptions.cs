using System.CommandLine;
using Brownian.Training;

namespace Brownian.Cli;

/// <summary>The options that say what a conditional model draws.</summary>
sealed class ClassOptions
{
    readonly Option<string?> _class =
        OptionOf.Text("--class", "NAME,..", "Classes by name or number; several are drawn in turn. Default: all of the model's, in turn");
    readonly Option<double?> _guidance = OptionOf.Real(
        "--guidance", 0, "How strongly images are driven towards their class: 1.5 to 8; for models trained with label_dropout. Default: the model's, or 1", "SCALE");

    public Option[] All => [_class, _guidance];

    public bool AreNamed(ParseResult parsed) => parsed.GetValue(_class) is not null;

    public SampleOptions Apply(ParseResult parsed, SampleOptions options, DiffusionModel model) => options with
    {
        Classes = parsed.GetValue(_class) is { } text ? ClassNames.Parse("--class", text, model.Description.Classes, model.Classes) : null,
        Guidance = parsed.GetValue(_guidance),
    };
}
