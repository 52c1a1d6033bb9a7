namespace Brownian.Training;

/// <summary>
/// A running mean with weights that fall by 2 % a step, divided by their sum, so that the first values count in full
/// (the bias correction of Kingma &amp; Ba 2015, §3).
/// </summary>
struct SmoothedLoss
{
    const double Decay = 0.98;

    double _sum, _weight;

    public readonly double Value => _weight == 0 ? double.NaN : _sum / _weight;

    /// <summary>As it was when <paramref name="value"/> was noted after <paramref name="steps"/> steps.</summary>
    public static SmoothedLoss At(double value, long steps)
    {
        double weight = 1 - Math.Pow(Decay, steps);
        return new SmoothedLoss { _weight = weight, _sum = value * weight };
    }

    public void Add(double loss)
    {
        _sum = Decay * _sum + (1 - Decay) * loss;
        _weight = Decay * _weight + (1 - Decay);
    }
}
