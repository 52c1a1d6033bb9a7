using Spectre.Console;

namespace Brownian.Cli;

/// <summary>A bar that redraws itself.</summary>
sealed class LiveProgress(IAnsiConsole console, ProgressTask task) : IProgressLine
{
    public void Update(double fraction, string status)
    {
        task.Value = task.MaxValue * fraction;
        task.Description = Markup.Escape(status);
    }

    public void Note(string line) => console.WriteLine(line);
}
