using System.CommandLine;
using System.Globalization;

namespace Brownian.Cli;

/// <summary><c>brownian summary</c></summary>
sealed class SummaryCommand : AppCommand
{
    readonly ConfigOptions _config = new("A YAML configuration. Without one, the network that 'train' would begin with.");
    readonly Option<string?> _model = OptionOf.Text("--model", "MODEL", $"A model folder, a run, or {ShippedModel.Name}, the built-in model.");
    readonly Option<string[]> _set = OptionOf.Set("model_params.num_heads=2");

    public SummaryCommand(Terminal terminal, CancellationToken cancel)
        : base("summary",
            "Show a network's layers with their shapes, parameters, compute and memory, without running it.\n"
            + "Example: brownian summary --config configs/cifar10.yaml", terminal, cancel)
    {
        Add([.. _config.All, _model, _set]);
    }

    protected override int Run(ParseResult parsed)
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
            NetworkOptions chosen = _config.Load(parsed, overrides).Model;
            return NetworkSummary.Of(device => chosen.CreateNetwork(device));
        }
        if (_config.Given(parsed).Length > 0 || overrides.Length > 0)
            throw new ArgumentException("--model cannot be combined with --config, --preset or --set: the model has its own.");
        return NetworkSummary.Of(device => DefaultModel.Open(_terminal, model, device).Model.Network);
    }
}

/// <summary>A network's layers as a table of at most 100 columns, one line each, grouped by block.</summary>
static class SummaryTable
{
    const int NameWidth = 38, KindWidth = 24, ShapeWidth = 13, NumberWidth = 11;

    public static void Write(NetworkSummary summary, TextWriter to)
    {
        to.WriteLine(Line("layer", "", "output", "parameters", "MFLOP"));
        IReadOnlyList<NetworkLayer> layers = summary.Layers;
        for (int first = 0, next; first < layers.Count; first = next)
        {
            string block = BlockOf(layers[first].Name);
            for (next = first + 1; next < layers.Count && BlockOf(layers[next].Name) == block;) next++;
            NetworkLayer[] members = [.. layers.Skip(first).Take(next - first)];
            if (members.Length == 1)
            {
                to.WriteLine(Line(members[0], members[0].Name));
                continue;
            }
            to.WriteLine(Line(block, "", "", Count(members.Sum(l => l.Parameters)), Megaflop(members.Sum(l => l.MultiplyAdds))));
            foreach (NetworkLayer layer in members) to.WriteLine(Line(layer, "  " + layer.Name[block.Length..].TrimStart('.')));
        }
        foreach (Nn.Parameter parameter in summary.Unused)
            to.WriteLine(Line(parameter.Name, "not used", "", Count(parameter.Shape.Count), ""));
    }

    static string Line(NetworkLayer layer, string name) => Line(
        name, layer.Kind, string.Join('×', layer.Output.ToArray().Skip(1)), Count(layer.Parameters), Megaflop(layer.MultiplyAdds));

    static string Line(string name, string kind, string shape, string parameters, string work)
    {
        if (name.Length > NameWidth) name = $"…{name[^(NameWidth - 1)..]}";
        return $"{name,-NameWidth} {kind,-KindWidth} {shape,ShapeWidth} {parameters,NumberWidth} {work,NumberWidth - 2}".TrimEnd();
    }

    // The first part of a name, with its index if it is one of a list of blocks: downs.0.attentions.0.out_proj is in downs.0.
    static string BlockOf(string layer)
    {
        string[] parts = layer.Split('.');
        return parts.Length > 2 && parts[1].All(char.IsAsciiDigit) ? $"{parts[0]}.{parts[1]}" : parts[0];
    }

    static string Count(long number) => number == 0 ? "" : Phrases.Count(number);

    static string Megaflop(long multiplyAdds) =>
        multiplyAdds == 0 ? "" : (2e-6 * multiplyAdds).ToString("N3", CultureInfo.InvariantCulture);
}
