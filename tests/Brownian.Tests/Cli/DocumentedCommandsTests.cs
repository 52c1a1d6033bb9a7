using System.CommandLine;
using System.Text.RegularExpressions;
using Brownian.Cli;

namespace Brownian.Tests;

/// <summary>Holds what the pages tell people to type, and the files that they point to, to what there is.</summary>
public sealed partial class DocumentedCommandsTests
{
    [Fact]
    public void Every_command_on_a_page_can_be_typed()
    {
        string[] commands = [.. Checkout.Pages.SelectMany(page => Commands().Matches(File.ReadAllText(page)).Select(match => match.Groups[1].Value))];
        Assert.True(commands.Length >= 15, $"only {commands.Length} commands were found");
        foreach (string command in commands)
        {
            ParseResult parsed = App.Parse(
                command.Split(' ', StringSplitOptions.RemoveEmptyEntries), new Terminal(TextWriter.Null, TextWriter.Null),
                TestContext.Current.CancellationToken);
            if (parsed.CommandResult.Command.Name == "train" && parsed.GetValue<string?>("--preset") is { } preset)
                Presets.Load(preset, parsed.GetValue<string[]>("--set") ?? []).Validate();
        }
    }

    [Fact]
    public void Every_link_to_a_file_leads_to_one()
    {
        foreach (string page in Checkout.Pages)
        {
            foreach (Match link in Links().Matches(File.ReadAllText(page)))
                Assert.True(Path.Exists(Path.Combine(Path.GetDirectoryName(page)!, link.Groups[1].Value)), $"{page}: {link.Groups[1].Value} does not exist");
        }
    }

    [Fact]
    public void Every_preset_is_on_the_page_of_what_they_draw()
    {
        string page = File.ReadAllText(Path.Combine(Checkout.Root, "docs", "gallery.md"));
        foreach (string preset in Presets.Names) Assert.Matches($@"(?m)^brownian train --preset {preset}\b", page);
    }

    // In a block of code or between backticks, up to a comment.
    [GeneratedRegex(@"(?m)(?:^|`)(?:brownian|dotnet run -c Release --project src/Brownian\.Cli --) ((?:train|ema|sample|evaluate|show|data|summary|import|export|predict|bench)[^`\r\n#]*)")]
    private static partial Regex Commands();

    [GeneratedRegex(@"\]\((?!https?:)([^)#]+)\)")]
    private static partial Regex Links();
}
