using System.Runtime.CompilerServices;

namespace Brownian.Tensors;

/// <summary>
/// Two uniforms to two normals (Box &amp; Muller 1958), with a logarithm, sine and cosine of our own: those of the runtime are the
/// operating system's and differ in the last bit, ours are sums, products, one quotient and one root, which IEEE 754 fixes to the bit.
/// </summary>
static class BoxMuller
{
    /// <summary>√(−2 ln u)·(cos 2πv, sin 2πv), for u in (0, 1] and v in [0, 1].</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (double Cos, double Sin) Pair(double u, double v)
    {
        double r = Math.Sqrt(-2 * Log(u));
        (double sin, double cos) = SinCosTurns(v);
        return (r * cos, r * sin);
    }

    /// <summary>ln x for positive normal x, to 2 units in the last place or so.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double Log(double x)
    {
        // x = 2ᵉ·m with m in [√½, √2): subtracting the bits of √½ carries into the exponent exactly when the fraction reaches √½'s.
        const long RootHalf = 0x3FE6A09E667F3BCD;
        long bits = BitConverter.DoubleToInt64Bits(x);
        long e = (bits - RootHalf) >> 52;
        double m = BitConverter.Int64BitsToDouble(bits - (e << 52));
        // ln m = 2·artanh(s), s = (m−1)/(m+1), |s| ≤ 0.172: the series is below 10⁻¹⁷ of its sum after s²¹.
        double s = (m - 1) / (m + 1);
        double q = s * s;
        double p = 1.0 / 21;
        p = p * q + 1.0 / 19;
        p = p * q + 1.0 / 17;
        p = p * q + 1.0 / 15;
        p = p * q + 1.0 / 13;
        p = p * q + 1.0 / 11;
        p = p * q + 1.0 / 9;
        p = p * q + 1.0 / 7;
        p = p * q + 1.0 / 5;
        p = p * q + 1.0 / 3;
        return e * 0.69314718055994530942 + (2 * s + 2 * s * q * p);
    }

    /// <summary>Sine and cosine of 2πv for |v| up to some thousand turns, to about 2·10⁻¹⁶.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (double Sin, double Cos) SinCosTurns(double v)
    {
        // Whole quarters come off exactly, since v is in turns; what is left is within ±π/4.
        double quarters = Math.Floor(4 * v + 0.5);
        double x = (v - 0.25 * quarters) * Math.Tau;
        double q = x * x;
        // Taylor series; the first terms left out, x¹⁷/17! and x¹⁸/18!, are below 5·10⁻¹⁷ at π/4.
        double s = -1.0 / 1307674368000;
        s = s * q + 1.0 / 6227020800;
        s = s * q - 1.0 / 39916800;
        s = s * q + 1.0 / 362880;
        s = s * q - 1.0 / 5040;
        s = s * q + 1.0 / 120;
        s = s * q - 1.0 / 6;
        double sin = x + x * q * s;
        double c = 1.0 / 20922789888000;
        c = c * q - 1.0 / 87178291200;
        c = c * q + 1.0 / 479001600;
        c = c * q - 1.0 / 3628800;
        c = c * q + 1.0 / 40320;
        c = c * q - 1.0 / 720;
        c = c * q + 1.0 / 24;
        double cos = 1 - 0.5 * q + q * q * c;
        int quadrant = (int)quarters;
        double first = (quadrant & 1) == 0 ? sin : cos;
        double second = (quadrant & 1) == 0 ? cos : sin;
        return ((quadrant & 2) == 0 ? first : -first, ((quadrant + 1) & 2) == 0 ? second : -second);
    }
}
