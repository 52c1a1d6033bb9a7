using System.Text.RegularExpressions;

namespace Brownian.Peers;

/// <summary>
/// A page with tables that a program writes, each between <c>&lt;!-- table: NAME, LABEL --&gt;</c> and <c>&lt;!-- end --&gt;</c>. The text
/// around them is somebody's and stays.
/// </summary>
static class Page
{
    const string Last = "## What was tried";        // sections of machines go before this one

    /// <summary>
    /// The page with these tables. One without content leaves what is there; one that has no place yet goes to the end of the label's
    /// section, which is made if need be.
    /// </summary>
    public static string Put(string page, string label, IEnumerable<(string Name, string? Table)> tables)
    {
        foreach ((string name, string? table) in tables)
        {
            string marked = $"<!-- table: {name}, {label} -->\n{(table is null ? "" : table + "\n")}<!-- end -->";
            var place = new Regex($@"<!-- table: {Regex.Escape(name)}, {Regex.Escape(label)} -->\n(.*?)<!-- end -->", RegexOptions.Singleline);
            if (!place.IsMatch(page)) page = Append(page, $"## {label}", marked);
            else if (table is not null) page = place.Replace(page, _ => marked, 1);
        }
        return page;
    }

    static string Append(string page, string heading, string block)
    {
        Match start = Regex.Match(page, $"^{Regex.Escape(heading)}$", RegexOptions.Multiline);
        if (!start.Success)
        {
            Match last = Regex.Match(page, $"^{Regex.Escape(Last)}$", RegexOptions.Multiline);
            (string before, string after) = last.Success ? (page[..last.Index], "\n" + page[last.Index..]) : (page, "");
            return $"{before.TrimEnd()}\n\n{heading}\n\n{block}\n{after}";
        }
        int from = start.Index + start.Length;
        Match following = new Regex("^## ", RegexOptions.Multiline).Match(page, from);
        int end = following.Success ? following.Index : page.Length;
        string rest = page[end..];
        return $"{page[..end].TrimEnd()}\n\n{block}\n{(rest.Length == 0 ? "" : "\n" + rest)}";
    }
}
