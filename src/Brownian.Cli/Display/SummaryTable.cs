using System.Globalization;
using Brownian.Diffusion;

namespace Brownian.Cli;

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
