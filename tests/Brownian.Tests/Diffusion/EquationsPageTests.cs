using System.Text.RegularExpressions;
using Brownian.Diffusion;
using Brownian.Training;

namespace Brownian.Tests;

/// <summary>Holds docs/equations.md to the code: each row's file exists and holds the members the row names.</summary>
public sealed class EquationsPageTests
{
    [Fact]
    public void Every_equation_points_to_a_member_that_exists()
    {
        string docs = Path.Combine(Checkout.Root, "docs");
        int rows = 0;
        foreach (string line in File.ReadLines(Path.Combine(docs, "equations.md")))
        {
            Match link = Regex.Match(line, @"\]\((\.\./src/[^)]+)\)");
            if (!line.StartsWith('|') || !link.Success) continue;
            string code = File.ReadAllText(Path.Combine(docs, link.Groups[1].Value));
            MatchCollection members = Regex.Matches(line[link.Index..], "`([A-Za-z0-9]+)`");
            Assert.True(members.Count > 0, $"names no member: {line}");
            foreach (Match member in members) Assert.Matches($@"\b{member.Groups[1].Value}\b", code);
            rows++;
        }
        Assert.True(rows >= 20, $"only {rows} rows were understood");
    }

    [Fact]
    public void Every_sampler_schedule_and_prediction_has_a_row()
    {
        string page = File.ReadAllText(Path.Combine(Checkout.Root, "docs", "equations.md"));
        string[] predictions = [.. Enum.GetValues<PredictionType>().Select(type => Names.Of(type))];
        foreach (string name in (string[])[.. SamplerType.All.Select(type => type.Name), .. Names.All(typeof(BetaSchedule)), .. Names.AliasesOf(typeof(BetaSchedule)), .. predictions])
            Assert.Matches($@"(?m)^\|[^|]*\b{name}`", page);
    }
}
