namespace Brownian.Tests;

/// <summary>Makes CIFAR's binary files by hand.</summary>
static class CifarBytes
{
    /// <summary>Channel c of pixel p of image i is (i + 3·c + p) modulo 256.</summary>
    /// <param name="labels">The label bytes of each image: one in CIFAR-10, coarse and fine in CIFAR-100.</param>
    public static byte[] File(params byte[][] labels)
    {
        var file = new List<byte>();
        for (int i = 0; i < labels.Length; i++)
        {
            file.AddRange(labels[i]);
            for (int c = 0; c < 3; c++)
            {
                for (int p = 0; p < 1024; p++) file.Add((byte)(i + 3 * c + p));
            }
        }
        return [.. file];
    }
}
