namespace Brownian.Imaging;

/// <summary>Colours for numbers, between whose fixed points they run evenly.</summary>
public sealed class ColorScale
{
    readonly Rgb[] stops;

    ColorScale(params Rgb[] stops) => this.stops = stops;

    /// <summary>Blue for low, white in the middle, red for high: for numbers around zero.</summary>
    public static ColorScale Diverging { get; } =
        new(new(20, 56, 120), new(60, 130, 200), new(170, 210, 235), new(250, 250, 250), new(248, 190, 165), new(215, 85, 70), new(120, 15, 35));

    /// <summary>From dark violet over green to pale yellow, lighter all the way: for amounts.</summary>
    public static ColorScale Sequential { get; } =
        new(new(40, 10, 70), new(50, 60, 135), new(35, 110, 140), new(35, 155, 130), new(100, 195, 95), new(190, 220, 70), new(250, 240, 120));

    /// <param name="share">0 for low, 1 for high; what lies beyond has the colour of the end.</param>
    internal Rgb At(double share)
    {
        double at = Math.Clamp(share, 0, 1) * (stops.Length - 1);
        int below = Math.Min((int)at, stops.Length - 2);
        Rgb a = stops[below], b = stops[below + 1];
        double part = at - below;
        return new(Mix(a.R, b.R, part), Mix(a.G, b.G, part), Mix(a.B, b.B, part));
    }

    static byte Mix(byte from, byte to, double part) => (byte)Math.Round(from + (to - from) * part);
}
