namespace Brownian.Training;

/// <summary>
/// A running mean over about the last 50 steps, and over the last fifth of those that there were while these are fewer than 250: the
/// loss falls fastest at the beginning, where a longer memory would show what is long past.
/// </summary>
struct SmoothedLoss
{
    const double LeastWeight = 0.02, InverseShare = 5;

    double _value;
    long _count;

    public readonly double Value => _count == 0 ? double.NaN : _value;

    /// <summary>As it was when <paramref name="value"/> was noted after <paramref name="steps"/> steps.</summary>
    public static SmoothedLoss At(double value, long steps) => new() { _value = value, _count = steps };

    public void Add(double loss)
    {
        _count++;
        _value += Math.Max(LeastWeight, InverseShare / (_count - 1 + InverseShare)) * (loss - _value);
    }
}
