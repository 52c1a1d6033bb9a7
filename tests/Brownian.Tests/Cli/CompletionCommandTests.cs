using System.Diagnostics;
using Brownian.Cli;

namespace Brownian.Tests;

/// <summary>What shells are told.</summary>
public sealed class CompletionCommandTests : IDisposable
{
    readonly CommandLine _line = new();

    public void Dispose() => _line.Dispose();

    [Theory]
    [InlineData("tr", "train")]
    [InlineData("sample --mod", "--model")]
    [InlineData("data insp", "inspect")]
    [InlineData("train --preset mn", "mnist")]
    [InlineData("completion ", "bash")]
    public void The_program_completes_its_own_lines(string before, string expected)
    {
        CommandResult result = CommandLine.Run($"[suggest:{before.Length}]", before);
        Assert.Equal((ExitCode.Success, ""), (result.Code, result.Error));
        Assert.Contains(expected, result.Out.Split('\n', StringSplitOptions.TrimEntries));
    }

    [Theory]
    [InlineData("bash")]
    [InlineData("zsh")]
    [InlineData("fish")]
    [InlineData("pwsh")]
    public void Every_shell_has_a_script(string shell)
    {
        CommandResult result = CommandLine.Run("completion", shell);
        Assert.Equal((ExitCode.Success, ""), (result.Code, result.Error));
        Assert.Contains("[suggest:", result.Out, StringComparison.Ordinal);
    }

    [Fact]
    public void Another_shell_is_one_line() => CommandLine.Run("completion", "tcsh").IsBadInput("tcsh");

    [Fact]
    public async Task Bash_completes_what_was_typed()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "runs bash");
        string program = _line.At("brownian");
        _line.Write("brownian", $"#!/bin/sh\nexec dotnet '{Path.Combine(AppContext.BaseDirectory, "brownian.dll")}' \"$@\"\n");
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        string script = CommandLine.Run("completion", "bash").Out + $$"""
            COMP_LINE='brownian train --preset mn'; COMP_POINT=${#COMP_LINE}; COMP_WORDS=($COMP_LINE); COMP_CWORD=3
            _brownian '{{program}}'; echo "${COMPREPLY[*]}"
            """;
        using Process bash = Process.Start(new ProcessStartInfo("bash", ["-c", script]) { RedirectStandardOutput = true })!;
        string completed = await bash.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        Assert.Equal("mnist mnist-classes", completed.Trim());
    }
}
