using System.CommandLine;
using System.Globalization;
using Brownian.Diffusion;
using Brownian.Training;

namespace Brownian.Cli;

/// <summary><c>brownian summary</c></summary>
sealed class SummaryCommand : Command
{
    readonly Option<string?> _config =
        OptionOf.Text("--config", "FILE", "A YAML configuration. Without one, the network that 'train' would begin with.");
    readonly Option<string?> _model = OptionOf.Text("--model", "MODEL", "A model folder, or a run.");
    readonly Option<string[]> _set =
        new("--set") { Description = "Override one key, e.g. model_params.num_heads=2. Repeatable.", HelpName = "section.key=value" };
    readonly Terminal _terminal;

    public SummaryCommand(Terminal terminal)
        : base("summary",
            "Show a network's layers: shapes, parameters, work and memory. Nothing is computed.\n"
            + "Example: brownian summary --config configs/cifar10.yaml")
    {
        _terminal = terminal;
        foreach (Option option in (Option[])[_config, _model, _set]) Add(option);
        SetAction(Run);
    }

    int Run(ParseResult parsed)
    {
        NetworkSummary summary = Of(parsed);
        TextWriter to = _terminal.Out;
        SummaryTable.Write(summary, to);
        IDenoisingNetwork network = summary.Network;
        double flop = 2e-9 * summary.MultiplyAdds;
        to.WriteLine();
        Row("images", $"{network.Height}×{network.Width}×{network.Channels}");
        Row("parameters", Phrases.Count(summary.Parameters));
        Row("compute", string.Create(
            CultureInfo.InvariantCulture,
            $"{flop:N3} GFLOP per image and pass, about {3 * flop:N3} in training (a multiply-add counts as two)"));
        Row("memory", $"weights {Phrases.Megabytes(sizeof(float) * summary.Parameters)}, "
            + $"activations {Phrases.Megabytes(summary.ActivationBytes)} per image in training");
        return ExitCode.Success;

        void Row(string name, string value) => to.WriteLine($"{name,-12}{value}");
    }

    NetworkSummary Of(ParseResult parsed)
    {
        string[] overrides = parsed.GetValue(_set) ?? [];
        if (parsed.GetValue(_model) is not { } model)
        {
            NetworkOptions chosen = TrainConfig.Load(parsed.GetValue(_config), overrides).Model;
            return NetworkSummary.Of(device => chosen.CreateNetwork(device));
        }
        if (parsed.GetValue(_config) is not null || overrides.Length > 0)
            throw new ArgumentException("--model cannot be combined with --config or --set: the model has its own.");
        return NetworkSummary.Of(device => ModelFolder.Open(model, device, _terminal.Warn).Network);
    }
}
