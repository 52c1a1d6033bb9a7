using System.Numerics;

namespace Brownian.Training;

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
