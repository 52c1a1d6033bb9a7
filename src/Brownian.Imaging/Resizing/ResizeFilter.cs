namespace Brownian;

/// <summary>
/// How a resized image weighs the pixels of its source. Shrinking widens all but <see cref="Nearest"/>, so nothing aliases.
/// </summary>
public enum ResizeFilter
{
    /// <summary>The pixel under the centre of the new one, unweighted.</summary>
    Nearest,

    /// <summary>The mean of the pixels that the new one covers.</summary>
    Box,

    /// <summary>A triangle two source pixels wide.</summary>
    Bilinear,

    /// <summary>A windowed sinc two source pixels wide: sharper than bilinear, no ringing.</summary>
    Hamming,

    /// <summary>Keys' cubic with a = −½, four source pixels wide.</summary>
    Bicubic,

    /// <summary>A sinc windowed by a sinc, six source pixels wide.</summary>
    Lanczos,
}

/// <summary>The filters as functions of the distance in source pixels, and how far they reach.</summary>
static class ResizeKernels
{
    public static double Support(ResizeFilter filter) => filter switch
    {
        ResizeFilter.Box => 0.5,
        ResizeFilter.Bilinear or ResizeFilter.Hamming => 1,
        ResizeFilter.Bicubic => 2,
        ResizeFilter.Lanczos => 3,
        _ => throw new ArgumentOutOfRangeException(nameof(filter), filter, "Resize: unknown filter."),
    };

    public static double Weight(ResizeFilter filter, double x) => filter switch
    {
        ResizeFilter.Box => x is > -0.5 and <= 0.5 ? 1 : 0,
        ResizeFilter.Bilinear => Math.Max(0, 1 - Math.Abs(x)),
        ResizeFilter.Hamming => Hamming(Math.Abs(x)),
        ResizeFilter.Bicubic => Cubic(Math.Abs(x)),
        _ => x is >= -3 and < 3 ? Sinc(x) * Sinc(x / 3) : 0,
    };

    static double Hamming(double x) => x >= 1 ? 0 : Sinc(x) * (0.54 + 0.46 * Math.Cos(Math.PI * x));

    // Keys 1981, eq. 4, with a = −½.
    static double Cubic(double x)
    {
        const double a = -0.5;
        if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
        return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
    }

    static double Sinc(double x) => x == 0 ? 1 : Math.Sin(Math.PI * x) / (Math.PI * x);
}
