using System.CommandLine;

namespace Brownian.Cli;

/// <summary><c>brownian completion</c>: what a shell runs to complete command lines. The words come from the program itself, by its directive <c>[suggest]</c>.</summary>
sealed class CompletionCommand : AppCommand
{
    static readonly (string Shell, string Script)[] Scripts =
    [
        // Where the program has no word for it, the shell completes file names.
        ("bash", """
            # eval "$(brownian completion bash)" in ~/.bashrc
            _brownian() {
              local before=${COMP_LINE:0:COMP_POINT} IFS=$'\n'
              before=${before#* }
              COMPREPLY=($(compgen -W "$("$1" "[suggest:${#before}]" "$before" 2>/dev/null)" -- "${COMP_WORDS[COMP_CWORD]}"))
            }
            complete -o default -F _brownian brownian
            """),
        ("zsh", """
            # eval "$(brownian completion zsh)" in ~/.zshrc, after compinit
            _brownian() {
              local before="${LBUFFER#* }" words
              words=("${(@f)$(brownian "[suggest:${#before}]" "$before" 2>/dev/null)}")
              compadd -a words || _files
            }
            compdef _brownian brownian
            """),
        ("fish", """
            # brownian completion fish > ~/.config/fish/completions/brownian.fish
            function __brownian
              set -l before (commandline -cp | string replace -r '^\S+ ' '')
              brownian "[suggest:"(string length -- "$before")"]" "$before" 2>/dev/null
            end
            complete -c brownian -a '(__brownian)'
            """),
        ("pwsh", """
            # brownian completion pwsh | Out-String | Invoke-Expression, in $PROFILE
            Register-ArgumentCompleter -Native -CommandName brownian -ScriptBlock {
              param($word, $line, $position)
              $before = $line.ToString().PadRight($position).Substring(0, $position) -replace '^\S+ ', ''
              brownian "[suggest:$($before.Length)]" "$before" 2>$null | Where-Object { $_ -like "$word*" } |
                ForEach-Object { [System.Management.Automation.CompletionResult]::new($_) }
            }
            """),
    ];

    readonly Argument<string> _shell = new("SHELL") { Description = "The shell that will read the script." };

    public CompletionCommand(Terminal terminal, CancellationToken cancel)
        : base("completion", "Print the script that completes command lines in a shell.\nExample: brownian completion bash", terminal, cancel)
    {
        _shell.AcceptOnlyFromAmong([.. Scripts.Select(script => script.Shell)]);
        Add(_shell);
    }

    protected override int Run(ParseResult parsed)
    {
        string shell = parsed.GetValue(_shell)!;
        _terminal.Out.Write(Scripts.First(script => script.Shell == shell).Script.ReplaceLineEndings("\n") + "\n");
        return ExitCode.Success;
    }
}
