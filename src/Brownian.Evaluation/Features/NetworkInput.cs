using Brownian.Tensors;

namespace Brownian.Evaluation;

/// <summary>Images as networks for colour photographs of one size see them.</summary>
static class NetworkInput
{
    /// <summary>N×size×size×3: gray repeated, resized bilinearly as PyTorch's <c>interpolate(align_corners=False)</c> does.</summary>
    /// <exception cref="ArgumentException">They have neither 1 nor 3 channels.</exception>
    public static Tensor Of(string network, Tensor images, int size)
    {
        ArgumentNullException.ThrowIfNull(images);
        Shape s = images.Shape;
        if (s.Rank != 4 || s[3] is not (1 or 3)) throw new ArgumentException($"{network}: images N×H×W×C of 1 or 3 channels are wanted, these are {s}.");
        return (s[3] == 1 ? Reshaping.ConcatChannels(images, images, images) : images).ResizeBilinear(size, size);
    }

    /// <summary>Adds the same H×W×C numbers to every image.</summary>
    public static Tensor AddImage(this Tensor x, Tensor image) => x.View(Shape.Of(x.Shape[0], image.Shape.Count)).AddRows(image).View(x.Shape);
}
