using System.Globalization;
using Brownian.Tensors;

namespace Brownian.Evaluation;

/// <summary>
/// A frozen network that turns images into rows of numbers, in which sets of images are compared. It makes of the pixels what it was trained
/// on: its own size, range and number of channels.
/// </summary>
public abstract class FeatureNetwork : IDisposable
{
    /// <summary>What users call it: inception, resnet18, digits, pixels.</summary>
    public abstract string Name { get; }

    /// <summary>Stands for the weights and the preparation of images: features of another identity cannot be compared with these.</summary>
    public abstract string Identity { get; }

    /// <summary>The numbers in a row.</summary>
    public abstract int Dimensions { get; }

    /// <summary>The classes that it tells apart; 0 for a network that gives features alone.</summary>
    public virtual int Classes => 0;

    /// <summary>What is done to images of a size that is not obvious, for people: "resized from 32×32 to 28×28"; null where nothing is.</summary>
    /// <exception cref="ArgumentException">The network has no use for such images.</exception>
    public virtual string? PreparationOf(int height, int width, int channels) => null;

    /// <summary>"resized from 32×32 to 28×28"; null where the size stays.</summary>
    private protected static string? Scaling(string how, int height, int width, int toHeight, int toWidth) => (height, width) == (toHeight, toWidth)
        ? null
        : string.Create(CultureInfo.InvariantCulture, $"{how} from {width}×{height} to {toWidth}×{toHeight}");

    /// <summary>The features of some images, in a scope of the caller's.</summary>
    /// <param name="images">N×H×W×C of 1 or 3 channels, from 0 to 255.</param>
    /// <exception cref="ArgumentException">The network has no use for images of this size or number of channels.</exception>
    public abstract FeatureRows Of(Tensor images);

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>For networks that hold what the garbage collector does not free; those of this library do not.</summary>
    protected virtual void Dispose(bool disposing) { }
}

/// <summary>What a network says of N images.</summary>
/// <param name="Features">N×<see cref="FeatureNetwork.Dimensions"/>.</param>
/// <param name="Logits">N×<see cref="FeatureNetwork.Classes"/>, the logarithms of the classes' odds; null without classes.</param>
public readonly record struct FeatureRows(Tensor Features, Tensor? Logits);
