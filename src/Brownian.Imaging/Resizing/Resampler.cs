namespace Brownian.Imaging;

/// <summary>The two passes of a resize, each rounded to the image's depth: first along the rows, then along the columns.</summary>
static class Resampler
{
    const int Half = 1 << (ResizeWeights.FractionBits - 1);

    public static Image Filter(Image image, int width, int height, ResizeFilter filter)
    {
        if (width != image.Width) image = Across(image, new ResizeWeights(filter, image.Width, width));
        if (height != image.Height) image = Down(image, new ResizeWeights(filter, image.Height, height));
        return image;
    }

    // Positions are summed up step by step, as Pillow does: their rounding decides ties.
    public static Image Nearest(Image image, int width, int height)
    {
        int[] columns = Positions(image.Width, width), rows = Positions(image.Height, height);
        Image result = image.Blank(width, height);
        int bytes = image.PixelBytes, at = 0;
        foreach (int y in rows)
        {
            foreach (int x in columns)
            {
                image.Pixels.AsSpan((y * image.Width + x) * bytes, bytes).CopyTo(result.Pixels.AsSpan(at));
                at += bytes;
            }
        }
        return result;
    }

    static int[] Positions(int from, int to)
    {
        var positions = new int[to];
        double scale = (double)from / to, position = scale * 0.5;
        for (int i = 0; i < to; i++, position += scale) positions[i] = Math.Min((int)position, from - 1);
        return positions;
    }

    static Image Across(Image image, ResizeWeights weights)
    {
        if (image.BitDepth == 16) return AcrossDeep(image, weights);
        int channels = image.Channels;
        Image result = image.Blank(weights.Count, image.Height);
        for (int y = 0; y < image.Height; y++)
        {
            ReadOnlySpan<byte> source = image.Pixels.AsSpan(y * image.Width * channels, image.Width * channels);
            Span<byte> target = result.Pixels.AsSpan(y * weights.Count * channels, weights.Count * channels);
            for (int x = 0; x < weights.Count; x++)
            {
                ReadOnlySpan<int> taps = weights.Of(x, out int first);
                ReadOnlySpan<byte> window = source.Slice(first * channels, taps.Length * channels);
                Span<byte> pixel = target.Slice(x * channels, channels);
                if (channels == 3) WeighRgb(window, taps, pixel);
                else Weigh(window, taps, pixel);
            }
        }
        return result;
    }

    static void Weigh(ReadOnlySpan<byte> window, ReadOnlySpan<int> taps, Span<byte> pixel)
    {
        for (int channel = 0; channel < pixel.Length; channel++)
        {
            int sum = Half, at = channel;
            foreach (int tap in taps)
            {
                sum += window[at] * tap;
                at += pixel.Length;
            }
            pixel[channel] = ToByte(sum);
        }
    }

    static void WeighRgb(ReadOnlySpan<byte> window, ReadOnlySpan<int> taps, Span<byte> pixel)
    {
        int red = Half, green = Half, blue = Half;
        for (int k = 0; k < taps.Length; k++)
        {
            int tap = taps[k];
            ReadOnlySpan<byte> from = window.Slice(3 * k, 3);
            red += from[0] * tap;
            green += from[1] * tap;
            blue += from[2] * tap;
        }
        (pixel[0], pixel[1], pixel[2]) = (ToByte(red), ToByte(green), ToByte(blue));
    }

    static Image Down(Image image, ResizeWeights weights)
    {
        if (image.BitDepth == 16) return DownDeep(image, weights);
        int bytes = image.Width * image.Channels;
        Image result = image.Blank(image.Width, weights.Count);
        var sums = new int[bytes];
        for (int y = 0; y < weights.Count; y++)
        {
            sums.AsSpan().Fill(Half);
            ReadOnlySpan<int> taps = weights.Of(y, out int first);
            for (int k = 0; k < taps.Length; k++)
            {
                int tap = taps[k];
                ReadOnlySpan<byte> source = image.Pixels.AsSpan((first + k) * bytes, bytes);
                for (int i = 0; i < source.Length; i++) sums[i] += source[i] * tap;
            }
            Span<byte> target = result.Pixels.AsSpan(y * bytes, bytes);
            for (int i = 0; i < target.Length; i++) target[i] = ToByte(sums[i]);
        }
        return result;
    }

    static Image AcrossDeep(Image image, ResizeWeights weights)
    {
        int channels = image.Channels;
        Image result = image.Blank(weights.Count, image.Height);
        for (int y = 0; y < image.Height; y++)
        {
            ReadOnlySpan<ushort> source = image.Deep.Slice(y * image.Width * channels, image.Width * channels);
            Span<ushort> target = result.Deep.Slice(y * weights.Count * channels, weights.Count * channels);
            for (int x = 0; x < weights.Count; x++)
            {
                ReadOnlySpan<int> taps = weights.Of(x, out int first);
                for (int channel = 0; channel < channels; channel++)
                {
                    long sum = Half;
                    for (int k = 0, at = first * channels + channel; k < taps.Length; k++, at += channels) sum += (long)source[at] * taps[k];
                    target[x * channels + channel] = ToShort(sum);
                }
            }
        }
        return result;
    }

    static Image DownDeep(Image image, ResizeWeights weights)
    {
        int samples = image.Width * image.Channels;
        Image result = image.Blank(image.Width, weights.Count);
        var sums = new long[samples];
        for (int y = 0; y < weights.Count; y++)
        {
            sums.AsSpan().Fill(Half);
            ReadOnlySpan<int> taps = weights.Of(y, out int first);
            for (int k = 0; k < taps.Length; k++)
            {
                long tap = taps[k];
                ReadOnlySpan<ushort> source = image.Deep.Slice((first + k) * samples, samples);
                for (int i = 0; i < source.Length; i++) sums[i] += source[i] * tap;
            }
            Span<ushort> target = result.Deep.Slice(y * samples, samples);
            for (int i = 0; i < target.Length; i++) target[i] = ToShort(sums[i]);
        }
        return result;
    }

    static ushort ToShort(long sum) => (ushort)Math.Clamp(sum >> ResizeWeights.FractionBits, 0, ushort.MaxValue);

    static byte ToByte(int sum) => (byte)Math.Clamp(sum >> ResizeWeights.FractionBits, 0, 255);
}
