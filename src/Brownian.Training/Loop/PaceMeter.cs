namespace Brownian.Training;

/// <summary>What one optimiser step took.</summary>
/// <param name="Seconds">All of it: images, forward, backward, update.</param>
/// <param name="ForwardSeconds">A batch forward.</param>
/// <param name="ForwardBytes">Alive in the device's memory after a batch forward.</param>
readonly record struct StepCost(double Seconds, double ForwardSeconds, long ForwardBytes);

/// <summary>
/// Tells when the steps have found their pace. The first ones are slow, as their code is still being compiled: a pace taken from them would
/// promise more time than the rest needs.
/// </summary>
sealed class PaceMeter
{
    /// <summary>Two steps in a row that differ by less than this share.</summary>
    const double Agreement = 0.1;

    /// <summary>After so much time all that a step calls is compiled.</summary>
    const double WarmSeconds = 2;

    /// <summary>And after so many steps, where two in a row never agree, as other programs run as well.</summary>
    const int WarmSteps = 20;

    /// <summary>Compiling is a small part of a first step that took so long, and nobody waits for a second.</summary>
    const double LongSeconds = 10;

    double _seconds;
    StepCost _last;

    /// <summary>That of the faster of the last two steps.</summary>
    public StepCost Pace { get; private set; }

    /// <summary>How many were seen.</summary>
    public int Steps { get; private set; }

    /// <summary>Whether <see cref="Pace"/> is that of the steps to come.</summary>
    public bool IsSettled { get; private set; }

    public void Add(StepCost cost)
    {
        bool isFirst = Steps++ == 0;
        bool agrees = Math.Abs(cost.Seconds / _last.Seconds - 1) < Agreement;
        IsSettled = isFirst ? cost.Seconds >= LongSeconds : agrees || _seconds >= WarmSeconds || Steps >= WarmSteps;
        // Other programs make steps slower, never faster.
        Pace = isFirst || cost.Seconds < _last.Seconds ? cost : _last;
        _seconds += cost.Seconds;
        _last = cost;
    }
}
