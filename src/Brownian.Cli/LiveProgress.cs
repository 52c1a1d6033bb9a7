using System.Globalization;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Brownian.Cli;

/// <summary>
/// A bar in the last line of a terminal, which redraws itself. The cursor waits at the bar's first character: where a terminal that becomes
/// narrower breaks the bar into two lines, the cursor stays with the first, and all that follows is erased.
/// </summary>
sealed class LiveProgress : IProgressLine, IDisposable
{
    const int LongestBar = 24, ShortestBar = 6;
    const string Erase = "\r\e[J", HideCursor = "\e[?25l", ShowCursor = "\e[?25h";

    static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    readonly IAnsiConsole _console;
    readonly bool _keepsAll;
    readonly Lock _turn = new();
    readonly Timer _timer;
    (double Fraction, string Status, int Width) _wanted = (0, "starting", 0), _drawn;
    bool _isEnded;

    /// <param name="console">The terminal.</param>
    /// <param name="keepsAll">Leave a line for each state above the bar.</param>
    public LiveProgress(IAnsiConsole console, bool keepsAll = false)
    {
        (_console, _keepsAll) = (console, keepsAll);
        _timer = new Timer(_ => Refresh(), null, Interval, Interval);
    }

    public void Update(double fraction, string status)
    {
        lock (_turn) _wanted = (fraction, status, 0);
        if (_keepsAll) Note(status);
    }

    public void Note(string line)
    {
        lock (_turn)
        {
            Write([Segment.Control(Erase)]);
            _console.Profile.Out.Writer.WriteLine(line);
            _drawn = default;
        }
        Refresh();
    }

    /// <summary>Draws what has changed: the work, or the width of the terminal.</summary>
    public void Refresh()
    {
        lock (_turn)
        {
            _wanted.Width = _console.Profile.Width;
            if (_isEnded || _wanted == _drawn) return;
            // The last column stays free: a cursor behind it would be in the next line for some terminals.
            Write([Segment.Control(HideCursor + Erase), .. Bar(Math.Max(1, _wanted.Width - 1)), Segment.Control("\r")]);
            _drawn = _wanted;
        }
    }

    public void Dispose()
    {
        _timer.Dispose();
        lock (_turn)
        {
            if (_isEnded) return;
            _isEnded = true;
            Write([Segment.Control(Erase + ShowCursor)]);
        }
    }

    // In a narrow terminal the bar becomes shorter before its words are cut off.
    IEnumerable<Segment> Bar(int room)
    {
        var words = new Segment(string.Create(CultureInfo.InvariantCulture, $" {100 * _wanted.Fraction,3:0}% {_wanted.Status}"));
        int length = Math.Clamp(room - words.CellCount(), ShortestBar, LongestBar), done = (int)(length * Math.Clamp(_wanted.Fraction, 0, 1));
        char bar = _console.Profile.Capabilities.Unicode ? '━' : '-';
        Segment[] whole =
        [
            new Segment(new string(bar, done), new Style(done == length ? Color.Green : Color.Yellow)),
            new Segment(new string(bar, length - done), new Style(Color.Grey)),
            words,
        ];
        foreach (Segment segment in whole)
        {
            if (room > 0 && Segment.Truncate(segment, room) is { } part) yield return part;
            room -= segment.CellCount();
        }
    }

    void Write(IEnumerable<Segment> segments) => _console.Write(new Line(segments));

    sealed class Line(IEnumerable<Segment> segments) : Renderable
    {
        protected override IEnumerable<Segment> Render(RenderOptions options, int maxWidth) => segments;
    }
}
