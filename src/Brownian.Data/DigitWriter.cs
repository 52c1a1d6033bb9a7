using System.Numerics;
using Brownian.Tensors;

namespace Brownian.Data;

/// <summary>
/// Writes one digit by hand: the points of a glyph are shaken, joined by a smooth curve, bent by a slow random field, slanted, turned and
/// stretched, and fitted to the image as MNIST's are (a 20-pixel box of 28, centred by ink, with a little jitter).
/// </summary>
sealed class DigitWriter(ulong seed, int size)
{
    const int MaxPoints = 24;
    const int SegmentsPerSpan = 6;
    const float MnistSize = 28f;

    // Standard deviations, in units of the digit's height or in radians.
    const float PointJitter = 0.02f, BendStrength = 0.034f, SlantJitter = 0.19f, MeanSlant = 0.18f;
    const float TurnJitter = 0.11f, StretchJitter = 0.17f;

    /// <summary>Image <paramref name="index"/> showing <paramref name="digit"/>: a function of (seed, index, digit).</summary>
    public void Write(int digit, int index, Span<byte> pixels)
    {
        Span<float> normals = stackalloc float[2 * MaxPoints + 16];
        Span<float> uniforms = stackalloc float[16];
        new Philox(seed, Philox.Stream("digit shape", (ulong)index)).Normal(normals);
        new Philox(seed, Philox.Stream("digit choice", (ulong)index)).Uniform(uniforms);

        PenPoint[][][] variants = DigitGlyphs.Of(digit);
        PenPoint[][] glyph = variants[(int)(uniforms[0] * variants.Length)];
        List<Vector2[]> strokes = Join(glyph, normals[..(2 * MaxPoints)]);
        Bend(strokes, normals[(2 * MaxPoints)..], uniforms[1..7]);
        Tilt(strokes, normals[(2 * MaxPoints + 8)..]);

        float pixel = size / MnistSize;
        float radius = pixel * (0.85f + 0.95f * uniforms[7] * uniforms[8] + 0.25f * uniforms[9]);
        Fit(strokes, radius, uniforms[10..13]);
        new DigitPen(size, radius, Pressure: 0.18f * uniforms[13], PressurePhase: 2f * MathF.PI * uniforms[14], Softness: 0.6f * pixel)
            .Draw(strokes, pixels);
    }

    static List<Vector2[]> Join(PenPoint[][] glyph, ReadOnlySpan<float> jitter)
    {
        var strokes = new List<Vector2[]>(glyph.Length);
        int drawn = 0;
        foreach (PenPoint[] points in glyph)
        {
            var shaken = new PenPoint[points.Length];
            for (int i = 0; i < points.Length; i++, drawn += 2)
                shaken[i] = points[i] with { At = points[i].At + PointJitter * new Vector2(jitter[drawn], jitter[drawn + 1]) };
            strokes.Add(Curve(shaken));
        }
        return strokes;
    }

    /// <summary>A Catmull-Rom spline through the points; at corners and ends the missing neighbour is the point itself.</summary>
    static Vector2[] Curve(PenPoint[] points)
    {
        var curve = new Vector2[(points.Length - 1) * SegmentsPerSpan + 1];
        for (int i = 0; i + 1 < points.Length; i++)
        {
            Vector2 a = points[i].At, b = points[i + 1].At;
            Vector2 before = i == 0 || points[i].Corner ? a : points[i - 1].At;
            Vector2 after = i + 2 == points.Length || points[i + 1].Corner ? b : points[i + 2].At;
            for (int k = 0; k < SegmentsPerSpan; k++)
                curve[i * SegmentsPerSpan + k] = CatmullRom(before, a, b, after, k / (float)SegmentsPerSpan);
        }
        curve[^1] = points[^1].At;
        return curve;
    }

    // Catmull & Rom 1974: tangents are half the chord between the neighbours.
    static Vector2 CatmullRom(Vector2 p0, Vector2 p1, Vector2 p2, Vector2 p3, float t) =>
        0.5f * (2f * p1 + t * (p2 - p0 + t * (2f * p0 - 5f * p1 + 4f * p2 - p3 + t * (3f * (p1 - p2) + p3 - p0))));

    /// <summary>Elastic deformation: displaces every point by two plane waves of random direction, about one period over the digit.</summary>
    static void Bend(List<Vector2[]> strokes, ReadOnlySpan<float> normals, ReadOnlySpan<float> uniforms)
    {
        for (int wave = 0; wave < 2; wave++)
        {
            Vector2 push = BendStrength * new Vector2(normals[2 * wave], normals[2 * wave + 1]);
            (float sin, float cos) = MathF.SinCos(2f * MathF.PI * uniforms[3 * wave]);
            Vector2 along = 2f * MathF.PI * (0.4f + 0.7f * uniforms[3 * wave + 1]) * new Vector2(cos, sin);
            float phase = 2f * MathF.PI * uniforms[3 * wave + 2];
            foreach (Vector2[] stroke in strokes)
            {
                foreach (ref Vector2 p in stroke.AsSpan())
                    p += push * MathF.Sin(Vector2.Dot(along, p) + phase);
            }
        }
    }

    static void Tilt(List<Vector2[]> strokes, ReadOnlySpan<float> normals)
    {
        float slant = MeanSlant + SlantJitter * Math.Clamp(normals[0], -2f, 2f);
        float width = 1.08f * MathF.Exp(StretchJitter * Math.Clamp(normals[1], -2f, 2f));
        (float sin, float cos) = MathF.SinCos(TurnJitter * Math.Clamp(normals[2], -2f, 2f));
        foreach (Vector2[] stroke in strokes)
        {
            foreach (ref Vector2 p in stroke.AsSpan())
            {
                float x = width * (p.X - 0.5f) - slant * (p.Y - 0.5f), y = p.Y - 0.5f;
                p = new Vector2(cos * x - sin * y, sin * x + cos * y);
            }
        }
    }

    /// <summary>Scales the ink's box, pen included, to about 20/28 of the image, and puts the ink's centre near the image's.</summary>
    void Fit(List<Vector2[]> strokes, float radius, ReadOnlySpan<float> uniforms)
    {
        Ink ink = Ink.Measure(strokes);
        float pixel = size / MnistSize;
        float box = pixel * (18.5f + 2.5f * uniforms[0]) - 2f * radius;
        float scale = box / MathF.Max(ink.High.X - ink.Low.X, ink.High.Y - ink.Low.Y);

        Vector2 target = new Vector2(0.5f * size) + pixel * 2f * (new Vector2(uniforms[1], uniforms[2]) - new Vector2(0.5f));
        Vector2 least = new Vector2(radius + 1.5f * pixel) + scale * (ink.Centre - ink.Low);
        Vector2 most = new Vector2(size - radius - 1.5f * pixel) - scale * (ink.High - ink.Centre);
        target = Vector2.Min(Vector2.Max(target, least), most);     // a top-heavy 7 must not leave the image at the bottom
        foreach (Vector2[] stroke in strokes)
        {
            foreach (ref Vector2 p in stroke.AsSpan())
                p = target + scale * (p - ink.Centre);
        }
    }

    /// <summary>The box around the strokes and their centre of mass.</summary>
    readonly record struct Ink(Vector2 Low, Vector2 High, Vector2 Centre)
    {
        public static Ink Measure(List<Vector2[]> strokes)
        {
            Vector2 low = new(float.MaxValue), high = new(float.MinValue), moment = Vector2.Zero;
            float length = 0f;
            foreach (Vector2[] stroke in strokes)
            {
                for (int i = 0; i < stroke.Length; i++)
                {
                    low = Vector2.Min(low, stroke[i]);
                    high = Vector2.Max(high, stroke[i]);
                    float step = i == 0 ? 0f : Vector2.Distance(stroke[i], stroke[i - 1]);
                    moment += step * 0.5f * (stroke[i] + stroke[Math.Max(i - 1, 0)]);
                    length += step;
                }
            }
            return new Ink(low, high, moment / length);
        }
    }
}

/// <summary>A round pen that draws polylines in white on black, anti-aliased, with pressure that swells and fades on the way.</summary>
/// <param name="Size">Width and height of the image in pixels.</param>
/// <param name="Radius">The pen's mean radius in pixels.</param>
/// <param name="Pressure">How much the radius varies along a stroke, as a fraction.</param>
/// <param name="PressurePhase">Where in its swing the pressure begins, in radians.</param>
/// <param name="Softness">Half the width of the edge over which ink fades to black, in pixels.</param>
readonly record struct DigitPen(int Size, float Radius, float Pressure, float PressurePhase, float Softness)
{
    const float PressurePeriod = 20f;      // in segments

    /// <summary>Clears the image and draws the strokes; pixel (x, y) covers the square from (x, y) to (x + 1, y + 1).</summary>
    public void Draw(IReadOnlyList<Vector2[]> strokes, Span<byte> pixels)
    {
        pixels.Clear();
        foreach (Vector2[] stroke in strokes)
        {
            for (int i = 0; i + 1 < stroke.Length; i++)
            {
                float swing = MathF.Sin(2f * MathF.PI * i / PressurePeriod + PressurePhase);
                DrawSegment(stroke[i], stroke[i + 1], Radius * (1f + Pressure * swing), pixels);
            }
        }
    }

    void DrawSegment(Vector2 a, Vector2 b, float radius, Span<byte> pixels)
    {
        float reach = radius + Softness;
        int left = Pixel(MathF.Min(a.X, b.X) - reach), right = Pixel(MathF.Max(a.X, b.X) + reach);
        int top = Pixel(MathF.Min(a.Y, b.Y) - reach), bottom = Pixel(MathF.Max(a.Y, b.Y) + reach);
        Vector2 ab = b - a;
        float inverse = 1f / MathF.Max(ab.LengthSquared(), 1e-12f);
        for (int y = top; y <= bottom; y++)
        {
            for (int x = left; x <= right; x++)
            {
                var p = new Vector2(x + 0.5f, y + 0.5f);
                float along = Math.Clamp(Vector2.Dot(p - a, ab) * inverse, 0f, 1f);
                float ink = (reach - Vector2.Distance(p, a + along * ab)) / (2f * Softness);
                if (ink <= 0f)
                    continue;
                ref byte pixel = ref pixels[y * Size + x];
                pixel = Math.Max(pixel, (byte)MathF.Round(255f * MathF.Min(ink, 1f)));
            }
        }
    }

    int Pixel(float position) => Math.Clamp((int)position, 0, Size - 1);
}
