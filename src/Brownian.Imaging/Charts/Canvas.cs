namespace Brownian.Imaging;

readonly record struct Rgb(byte R, byte G, byte B);

readonly record struct Dot(double X, double Y);

/// <summary>
/// An RGB image to draw on with smooth lines. Coordinates count pixels from the top left corner, and whole numbers are pixel centres, so
/// a thin line between whole numbers is sharp. What lies outside is cut off.
/// </summary>
sealed class Canvas
{
    readonly float[] coverage;          // of the stroke in progress, per pixel; zero in between

    public Canvas(int width, int height, Rgb background)
    {
        Image = new Image(width, height, 3);
        coverage = new float[width * height];
        Fill(0, 0, width, height, background);
    }

    public Image Image { get; }

    public void Fill(int left, int top, int width, int height, Rgb color)
    {
        for (int y = Math.Max(0, top); y < Math.Min(Image.Height, top + height); y++)
            for (int x = Math.Max(0, left); x < Math.Min(Image.Width, left + width); x++) Blend(x, y, color, 1);
    }

    /// <summary>Copies an image, each of its pixels as a square of <paramref name="scale"/> × <paramref name="scale"/>; alpha is dropped.</summary>
    public void Paste(Image image, int left, int top, int scale = 1)
    {
        byte[] rgb = image.ConvertTo(3).Pixels;
        for (int y = Math.Max(0, top); y < Math.Min(Image.Height, top + image.Height * scale); y++)
        {
            int row = (y - top) / scale * image.Width;
            for (int x = Math.Max(0, left); x < Math.Min(Image.Width, left + image.Width * scale); x++)
                rgb.AsSpan(3 * (row + (x - left) / scale), 3).CopyTo(Image.Pixels.AsSpan(3 * (y * Image.Width + x)));
        }
    }

    /// <summary>
    /// Draws connected lines with round joints and ends; a line of a single point is a dot. Where lines of one call cross they do not
    /// darken each other: coverage is the greatest of the parts, and colour is applied once.
    /// </summary>
    public void Stroke(IReadOnlyList<Dot[]> lines, double thickness, Rgb color)
    {
        int left = Image.Width, top = Image.Height, right = -1, bottom = -1;
        foreach (Dot[] line in lines)
        {
            for (int i = 0; i < line.Length; i++)
            {
                Dot a = line[Math.Max(0, i - 1)], b = line[i];
                if (i == 0 && line.Length > 1) continue;
                (int Left, int Top, int Right, int Bottom) box = Cover(a, b, thickness / 2);
                (left, top) = (Math.Min(left, box.Left), Math.Min(top, box.Top));
                (right, bottom) = (Math.Max(right, box.Right), Math.Max(bottom, box.Bottom));
            }
        }
        for (int y = top; y <= bottom; y++)
        {
            Span<float> row = coverage.AsSpan(y * Image.Width, Image.Width);
            for (int x = left; x <= right; x++)
            {
                if (row[x] > 0) Blend(x, y, color, row[x]);
                row[x] = 0;
            }
        }
    }

    // A pixel's coverage falls from 1 to 0 while its centre moves from half a pixel inside the edge to half a pixel outside.
    (int Left, int Top, int Right, int Bottom) Cover(Dot a, Dot b, double radius)
    {
        double reach = radius + 0.5;
        int left = Clamp(Math.Floor(Math.Min(a.X, b.X) - reach), 0, Image.Width);
        int right = Clamp(Math.Ceiling(Math.Max(a.X, b.X) + reach), -1, Image.Width - 1);
        int top = Clamp(Math.Floor(Math.Min(a.Y, b.Y) - reach), 0, Image.Height);
        int bottom = Clamp(Math.Ceiling(Math.Max(a.Y, b.Y) + reach), -1, Image.Height - 1);
        double dx = b.X - a.X, dy = b.Y - a.Y, length2 = dx * dx + dy * dy;
        for (int y = top; y <= bottom; y++)
        {
            for (int x = left; x <= right; x++)
            {
                double along = length2 > 0 ? Math.Clamp(((x - a.X) * dx + (y - a.Y) * dy) / length2, 0, 1) : 0;
                double ex = x - a.X - along * dx, ey = y - a.Y - along * dy;
                double covered = Math.Min(1, reach - Math.Sqrt(ex * ex + ey * ey));
                ref float pixel = ref coverage[y * Image.Width + x];
                if (covered > pixel) pixel = (float)covered;
            }
        }
        return (left, top, right, bottom);
    }

    static int Clamp(double value, int low, int high) => (int)Math.Clamp(value, low, high);

    void Blend(int x, int y, Rgb color, float amount)
    {
        Span<byte> pixel = Image.Pixels.AsSpan(3 * (y * Image.Width + x), 3);
        pixel[0] = Mix(pixel[0], color.R, amount);
        pixel[1] = Mix(pixel[1], color.G, amount);
        pixel[2] = Mix(pixel[2], color.B, amount);
    }

    static byte Mix(byte from, byte to, float amount) => (byte)MathF.Round(from + (to - from) * amount);
}
