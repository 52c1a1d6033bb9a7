using System.Text.RegularExpressions;
using Brownian.Cli;
using Spectre.Console;

namespace Brownian.Tests;

public sealed class LiveProgressTests : IDisposable
{
    const string Status = "step 1,234/10,000  loss 0.0123  54.4 img/s, 312 GFLOP/s  12 min 03 s left";

    readonly StringWriter _screen = new();
    readonly IAnsiConsole _console;

    public LiveProgressTests()
    {
        _console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = AnsiSupport.Yes,
            ColorSystem = ColorSystemSupport.NoColors,
            Interactive = InteractionSupport.No,
            Out = new AnsiConsoleOutput(_screen),
        });
    }

    public void Dispose() => _screen.Dispose();

    [Theory]
    [InlineData(200)]
    [InlineData(100)]
    [InlineData(60)]
    [InlineData(20)]
    [InlineData(2)]
    public void The_bar_takes_one_line_of_any_width_and_leaves_the_cursor_at_its_start(int width)
    {
        using var bar = new LiveProgress(_console);
        bar.Update(0.5, Status);
        _console.Profile.Width = width;
        bar.Refresh();
        string drawn = _screen.ToString();
        Assert.StartsWith("\e[?25l\r\e[J", drawn, StringComparison.Ordinal);
        Assert.EndsWith("\r", drawn, StringComparison.Ordinal);
        string shown = Shown(drawn);
        Assert.InRange(shown.Length, 1, width - 1);
        if (width == 200) Assert.EndsWith($"  50% {Status}", shown, StringComparison.Ordinal);
    }

    [Fact]
    public void A_new_width_is_drawn_and_a_note_stays_above()
    {
        _console.Profile.Width = 100;
        using var bar = new LiveProgress(_console);
        bar.Update(0.5, Status);
        bar.Refresh();
        int length = _screen.ToString().Length;
        bar.Refresh();
        Assert.Equal(length, _screen.ToString().Length);
        _console.Profile.Width = 40;
        bar.Refresh();
        Assert.InRange(Shown(_screen.ToString()[length..]).Length, 1, 39);
        length = _screen.ToString().Length;
        bar.Note("grid    a.png");
        Assert.StartsWith($"\r\e[Jgrid    a.png{Environment.NewLine}\e[?25l\r\e[J", _screen.ToString()[length..], StringComparison.Ordinal);
    }

    [Fact]
    public void The_end_erases_the_bar_once_and_shows_the_cursor()
    {
        var bar = new LiveProgress(_console);
        bar.Refresh();
        bar.Dispose();
        bar.Dispose();
        bar.Refresh();
        Assert.EndsWith("\r\r\e[J\e[?25h", _screen.ToString(), StringComparison.Ordinal);
    }

    static string Shown(string drawn) => Regex.Replace(drawn, @"\e\[\??\d*[a-zA-Z]|\r", "");
}
