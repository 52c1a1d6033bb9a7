namespace Brownian.Imaging;

/// <summary>
/// Brings the rows of a component to full size. Planes of half the size are interpolated with a triangle filter, ¾ of the nearer sample
/// and ¼ of the farther, where libjpeg does so and with its rounding; others repeat samples.
/// </summary>
sealed class JpegPlane
{
    readonly JpegComponent component;
    readonly (int Wide, int High) mcu;
    readonly bool smoothAcross, smoothDown;
    readonly byte[] row;
    readonly int[] sums;            // a row of sums of the vertical filter, of weight 4

    public JpegPlane(JpegComponent component, (int Wide, int High) mcu)
    {
        this.component = component;
        this.mcu = mcu;
        bool halfWide = mcu.Wide == 2 * component.Horizontal, halfHigh = mcu.High == 2 * component.Vertical;
        bool fullWide = mcu.Wide == component.Horizontal, fullHigh = mcu.High == component.Vertical;
        smoothAcross = halfWide && (halfHigh || fullHigh) && component.Width > 2;
        smoothDown = halfHigh && (smoothAcross || fullWide);
        row = new byte[(component.Width + 1) * (mcu.Wide / component.Horizontal + 1)];
        sums = smoothDown ? new int[component.Width] : [];
    }

    /// <summary>Row <paramref name="y"/> of the image, at least as wide as the image; valid until the next call.</summary>
    public ReadOnlySpan<byte> Row(int y)
    {
        ReadOnlySpan<byte> near = Source(y * component.Vertical / mcu.High);
        if (smoothDown)
        {
            ReadOnlySpan<byte> far = Source(Math.Clamp(y / 2 + (y % 2 == 0 ? -1 : 1), 0, component.Height - 1));
            if (smoothAcross) BlendBoth(near, far);
            else BlendDown(near, far, bias: y % 2 == 0 ? 1 : 2);
            return row;
        }
        if (smoothAcross) BlendAcross(near);
        else if (mcu.Wide == component.Horizontal) return near;
        else Repeat(near);
        return row;
    }

    ReadOnlySpan<byte> Source(int y) => component.Samples.AsSpan(y * component.Stride, component.Width);

    void Repeat(ReadOnlySpan<byte> source)
    {
        for (int x = 0; x < row.Length; x++) row[x] = source[Math.Min(x * component.Horizontal / mcu.Wide, source.Length - 1)];
    }

    void BlendDown(ReadOnlySpan<byte> near, ReadOnlySpan<byte> far, int bias)
    {
        for (int x = 0; x < near.Length; x++) row[x] = (byte)((3 * near[x] + far[x] + bias) >> 2);
    }

    void BlendAcross(ReadOnlySpan<byte> source)
    {
        int last = source.Length - 1;
        row[0] = source[0];
        row[1] = (byte)((3 * source[0] + source[1] + 2) >> 2);
        for (int x = 1; x < last; x++)
        {
            int near = 3 * source[x];
            row[2 * x] = (byte)((near + source[x - 1] + 1) >> 2);
            row[2 * x + 1] = (byte)((near + source[x + 1] + 2) >> 2);
        }
        row[2 * last] = (byte)((3 * source[last] + source[last - 1] + 1) >> 2);
        row[2 * last + 1] = source[last];
    }

    void BlendBoth(ReadOnlySpan<byte> near, ReadOnlySpan<byte> far)
    {
        for (int x = 0; x < sums.Length; x++) sums[x] = 3 * near[x] + far[x];
        int last = sums.Length - 1;
        row[0] = (byte)((4 * sums[0] + 8) >> 4);
        row[1] = (byte)((3 * sums[0] + sums[1] + 7) >> 4);
        for (int x = 1; x < last; x++)
        {
            int here = 3 * sums[x];
            row[2 * x] = (byte)((here + sums[x - 1] + 8) >> 4);
            row[2 * x + 1] = (byte)((here + sums[x + 1] + 7) >> 4);
        }
        row[2 * last] = (byte)((3 * sums[last] + sums[last - 1] + 8) >> 4);
        row[2 * last + 1] = (byte)((4 * sums[last] + 7) >> 4);
    }
}
