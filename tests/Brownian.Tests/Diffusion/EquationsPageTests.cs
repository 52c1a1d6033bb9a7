using System.Reflection;
using System.Text.RegularExpressions;
using Brownian.Cli;

namespace Brownian.Tests;

/// <summary>Holds docs/equations.md to the code: the members that it names exist, and the program runs them.</summary>
public sealed class EquationsPageTests
{
    const BindingFlags Declared =
        BindingFlags.DeclaredOnly | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static;

    static string Docs => Path.Combine(Checkout.Root, "docs");

    /// <summary>Each name after a link to a file, up to the next link or the end of the line: the file, the name, and the type in "of `type`".</summary>
    static IEnumerable<(string File, string Name, string Type)> Named() =>
        from line in File.ReadLines(Path.Combine(Docs, "equations.md"))
        from Match link in Regex.Matches(line, @"\]\(\.\./(?<file>src/[^)]+)\)(?<rest>((?!\]\().)*)")
        from Match name in Regex.Matches(link.Groups["rest"].Value, @"(?<! of )`(?<name>\w+)`( of `(?<type>\w+)`)?")
        select (link.Groups["file"].Value, name.Groups["name"].Value, name.Groups["type"].Value);

    /// <summary>The types declared in a file, and their members.</summary>
    static IEnumerable<MemberInfo> MembersIn(string file, string type)
    {
        string project = file.Split('/')[1], code = File.ReadAllText(Path.Combine(Checkout.Root, file));
        string[] declared = [.. Regex.Matches(code, @"\b(?:class|record|struct|interface|enum) (?:struct )?(\w+)").Select(match => match.Groups[1].Value)];
        return Assembly.Load(project).GetTypes()
            .Where(t => declared.Contains(t.Name.Split('`')[0]) && (type == "" || t.Name == type))
            .SelectMany(t => t.GetMembers(Declared).Prepend(t));
    }

    [Fact]
    public void Every_equation_points_to_a_member_that_exists_and_that_the_program_runs()
    {
        var code = new ReachableCode(typeof(App).Assembly.EntryPoint!);
        List<string> missing = [], unused = [];
        int names = 0;
        foreach ((string file, string name, string type) in Named())
        {
            MemberInfo[] members = [.. MembersIn(file, type).Where(member => member.Name == name)];
            if (members.Length == 0) missing.Add($"{name} in {file}");
            else if (!members.Any(code.Has)) unused.Add($"{name} of {file}");
            names++;
        }
        Assert.True(missing.Count == 0, $"there is no {string.Join(", ", missing)}");
        Assert.True(unused.Count == 0, $"no command runs {string.Join(", ", unused)}");
        Assert.True(names >= 70, $"only {names} names were understood");
    }

    [Fact]
    public void Every_sampler_schedule_and_prediction_has_a_row()
    {
        string page = File.ReadAllText(Path.Combine(Docs, "equations.md"));
        string[] predictions = [.. Enum.GetValues<PredictionType>().Select(type => Names.Of(type))];
        foreach (string name in (string[])[.. SamplerType.All.Select(type => type.Name), .. Names.All(typeof(BetaSchedule)), .. Names.AliasesOf(typeof(BetaSchedule)), .. predictions])
            Assert.Matches($@"(?m)^\|[^|]*\b{name}`", page);
    }
}
