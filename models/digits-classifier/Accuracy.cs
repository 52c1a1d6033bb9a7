namespace Brownian.TrainDigits;

/// <summary>How many images a classifier recognises.</summary>
static class Accuracy
{
    const int Batch = 250;

    /// <summary>MNIST's images for tests, packed or not.</summary>
    public static string TestImagesIn(string folder)
    {
        string plain = Path.Combine(folder, "t10k-images-idx3-ubyte");
        return File.Exists(plain) ? plain : plain + ".gz";
    }

    /// <summary>The number of images whose largest logit is that of their label.</summary>
    /// <param name="network">The classifier.</param>
    /// <param name="images">Digits, labelled with their numbers.</param>
    /// <param name="device">The classifier's.</param>
    public static int Right(DigitsNetwork network, IImageDataset images, Device device)
    {
        int right = 0;
        for (int first = 0; first < images.Count; first += Batch)
        {
            int count = Math.Min(Batch, images.Count - first);
            using TensorScope scope = device.OpenScope();
            float[] logits = network.Of(Pixels(images, first, count, device)).Logits!.ToArray();
            for (int n = 0; n < count; n++)
            {
                ReadOnlySpan<float> row = logits.AsSpan(n * network.Classes, network.Classes);
                int largest = 0;
                for (int k = 1; k < row.Length; k++) largest = row[k] > row[largest] ? k : largest;
                if (largest == images.Label(first + n)) right++;
            }
        }
        return right;
    }

    /// <summary>Some images as the features want them.</summary>
    public static Tensor Pixels(IImageDataset images, int first, int count, Device device)
    {
        int length = images.ImageBytes();
        byte[] bytes = new byte[count * length];
        for (int n = 0; n < count; n++) images.Read(first + n, bytes.AsSpan(n * length, length));
        return Tensor.From(Array.ConvertAll(bytes, b => (float)b), Shape.Of(count, images.Height, images.Width, images.Channels), device);
    }
}
