using System.Globalization;
using Brownian.Tensors;

namespace Brownian.Evaluation;

/// <summary>
/// Pixels as features: from 0 to 1, as they are where an image has at most 1024 numbers, else averaged over areas. They need no weights and say
/// how colours, contrasts and outlines are spread; they do not see what an image shows, nor whether a digit is whole.
/// </summary>
public sealed class PixelFeatures : FeatureNetwork
{
    const int MostNumbers = 1024;

    readonly FeatureImages _images;
    readonly int _width, _height;

    /// <param name="images">What the images are: 1 or 3 channels, of any size.</param>
    /// <exception cref="ArgumentException">They have another number of channels.</exception>
    public PixelFeatures(FeatureImages images)
    {
        if (images.Channels is not (1 or 3)) throw new ArgumentException($"PixelFeatures: images of {Counted.Of(images.Channels, "channel")}; they have 1 or 3.");
        // The largest size of the same shape that leaves few enough numbers to estimate a covariance from.
        double scale = Math.Min(1, Math.Sqrt((double)MostNumbers / images.Channels / ((long)images.Width * images.Height)));
        int most = MostNumbers / images.Channels;
        _height = Math.Clamp((int)(images.Height * scale), 1, most);
        _width = Math.Clamp((int)(images.Width * scale), 1, most / _height);        // one row of an image that is all width
        _height = Math.Min(_height, most / _width);
        _images = images;
    }

    /// <inheritdoc/>
    public override string Name => "pixels";

    /// <inheritdoc/>
    public override string Identity => string.Create(CultureInfo.InvariantCulture, $"pixels {_width}x{_height}x{_images.Channels}");

    /// <inheritdoc/>
    public override int Dimensions => _width * _height * _images.Channels;

    /// <inheritdoc/>
    public override string? PreparationOf(int height, int width, int channels) => Scaling("averaged", height, width, _height, _width);

    /// <inheritdoc/>
    public override FeatureRows Of(Tensor images)
    {
        ArgumentNullException.ThrowIfNull(images);
        Shape shape = images.Shape;
        if (shape.Rank != 4 || shape[1] != _images.Height || shape[2] != _images.Width || shape[3] != _images.Channels)
        {
            throw new ArgumentException(
                $"PixelFeatures: images {shape}, where they are N×{_images.Height}×{_images.Width}×{_images.Channels}.", nameof(images));
        }
        float[] rows = Scaled(images.ToArray(), shape[0]);
        return new FeatureRows(Tensor.From(rows, Shape.Of(shape[0], Dimensions), images.Device), null);
    }

    float[] Scaled(float[] pixels, int count)
    {
        int channels = _images.Channels;
        (int First, float[] Weights)[] across = Areas(_images.Width, _width), down = Areas(_images.Height, _height);
        float[] rows = new float[count * Dimensions];
        for (int n = 0, to = 0; n < count; n++)
        {
            foreach ((int top, float[] ofRows) in down)
            {
                foreach ((int left, float[] ofColumns) in across)
                {
                    for (int c = 0; c < channels; c++)
                    {
                        float sum = 0;
                        for (int y = 0; y < ofRows.Length; y++)
                        {
                            int from = ((n * _images.Height + top + y) * _images.Width + left) * channels + c;
                            for (int x = 0; x < ofColumns.Length; x++) sum += ofRows[y] * ofColumns[x] * pixels[from + x * channels];
                        }
                        rows[to++] = sum / 255;
                    }
                }
            }
        }
        return rows;
    }

    // Which samples each new one covers, and how much of it each is; the shares sum to 1.
    static (int First, float[] Weights)[] Areas(int from, int to)
    {
        var areas = new (int, float[])[to];
        for (int i = 0; i < to; i++)
        {
            double start = (double)i * from / to, end = (double)(i + 1) * from / to;
            int first = (int)start, last = Math.Min(from - 1, (int)Math.Ceiling(end) - 1);
            float[] weights = new float[last - first + 1];
            for (int j = first; j <= last; j++) weights[j - first] = (float)((Math.Min(end, j + 1) - Math.Max(start, j)) / (end - start));
            areas[i] = (first, weights);
        }
        return areas;
    }
}
