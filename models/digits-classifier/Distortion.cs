namespace Brownian.TrainDigits;

/// <summary>Small changes that leave a digit what it is: each image is turned, scaled and shifted by uniform random amounts.</summary>
/// <param name="Shift">At most so many pixels along each axis.</param>
/// <param name="Rotation">At most so many degrees.</param>
/// <param name="Scale">At most this share larger or smaller.</param>
sealed record Distortion(double Shift = 2, double Rotation = 10, double Scale = 0.1)
{
    const int Draws = 4;        // for each image

    /// <summary>A distorted image from 0 to 1, between pixels interpolated, beyond the border 0.</summary>
    /// <param name="image">size×size pixels.</param>
    /// <param name="size">Width and height.</param>
    /// <param name="random">An epoch's generator.</param>
    /// <param name="index">The image's number, which decides how it is distorted.</param>
    /// <param name="target">size×size numbers.</param>
    public void Draw(ReadOnlySpan<byte> image, int size, Philox random, int index, Span<float> target)
    {
        Span<float> draws = stackalloc float[Draws];
        random.Uniform(draws, (long)Draws * index);
        double right = Shift * (2 * draws[0] - 1), down = Shift * (2 * draws[1] - 1);
        double angle = Rotation * (2 * draws[2] - 1) * Math.PI / 180, scale = 1 + Scale * (2 * draws[3] - 1);
        // From a pixel of the result back to where it was: the inverse of turn, scale, shift about the middle.
        double cos = Math.Cos(angle) / scale, sin = Math.Sin(angle) / scale, middle = (size - 1) / 2.0;
        for (int y = 0; y < size; y++)
        {
            for (int x = 0; x < size; x++)
            {
                double dx = x - middle - right, dy = y - middle - down;
                target[y * size + x] = (float)(Between(image, size, middle + cos * dx + sin * dy, middle - sin * dx + cos * dy) / 255);
            }
        }
    }

    static double Between(ReadOnlySpan<byte> image, int size, double x, double y)
    {
        int left = (int)Math.Floor(x), top = (int)Math.Floor(y);
        double a = x - left, b = y - top;
        return (1 - b) * ((1 - a) * At(image, size, left, top) + a * At(image, size, left + 1, top))
            + b * ((1 - a) * At(image, size, left, top + 1) + a * At(image, size, left + 1, top + 1));
    }

    static int At(ReadOnlySpan<byte> image, int size, int x, int y) => (uint)x < (uint)size && (uint)y < (uint)size ? image[y * size + x] : 0;
}
