using System.Globalization;
using System.Text;

namespace Brownian.Peers;

/// <summary>Tables as pages have them.</summary>
static class Markdown
{
    /// <summary>The first columns are left-aligned, the others hold numbers.</summary>
    public static string Table(IReadOnlyList<string> head, IEnumerable<IReadOnlyList<string>> rows, int words = 1)
    {
        var text = new StringBuilder();
        text.Append("| ").AppendJoin(" | ", head).Append(" |\n|");
        for (int i = 0; i < head.Count; i++) text.Append(i < words ? "---|" : "---:|");
        foreach (IReadOnlyList<string> row in rows) text.Append("\n| ").AppendJoin(" | ", row).Append(" |");
        return text.ToString();
    }

    /// <summary>Three digits; – for what was not measured.</summary>
    public static string Number(double? value) => value switch
    {
        null => "–",
        >= 100 => value.Value.ToString("N0", CultureInfo.InvariantCulture),
        >= 10 => value.Value.ToString("0.0", CultureInfo.InvariantCulture),
        _ => value.Value.ToString("0.00", CultureInfo.InvariantCulture),
    };

    /// <summary>a ÷ b.</summary>
    public static string Ratio(double? a, double? b) =>
        a is null || b is null or 0 ? "–" : string.Create(CultureInfo.InvariantCulture, $"{a / b:0.00}×");

    /// <summary>a ÷ b in percent.</summary>
    public static string Share(double? a, double? b) =>
        a is null || b is null or 0 ? "–" : string.Create(CultureInfo.InvariantCulture, $"{100 * a / b:0} %");
}
