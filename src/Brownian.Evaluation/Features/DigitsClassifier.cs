using Brownian.Nn;
using Brownian.Tensors;

namespace Brownian.Evaluation;

/// <summary>
/// A small convolutional network of the usual kind for 28×28 digits (LeCun et al. 1998): three 3×3 convolutions, each with ReLU and batch
/// norm, max pooling after the first two, and a layer of 128 features that are its view of a digit, of which a linear map makes ten logits.
/// </summary>
sealed class DigitsClassifier
{
    /// <summary>The width and height of its images.</summary>
    public const int Size = 28;

    /// <summary>The numbers in the layer before the last.</summary>
    public const int Features = 128;

    /// <summary>The digits.</summary>
    public const int Classes = 10;

    const int Narrow = 32, Wide = 64;
    static readonly ConvSpec Same = new(3, 1, 1);

    readonly Conv2d _first, _second, _third;
    readonly BatchNorm2d _firstNorm, _secondNorm, _thirdNorm;
    readonly Linear _features, _classes;

    /// <summary>Declares the parameters; <see cref="Parameters"/> must be allocated and filled before images are classified.</summary>
    public DigitsClassifier()
    {
        ParameterScope root = Parameters.Root;
        _first = new Conv2d(root.Under("first"), 1, Narrow, Same);
        _firstNorm = new BatchNorm2d(root.Under("first_norm"), Narrow, relu: true);
        _second = new Conv2d(root.Under("second"), Narrow, Wide, Same);
        _secondNorm = new BatchNorm2d(root.Under("second_norm"), Wide, relu: true);
        _third = new Conv2d(root.Under("third"), Wide, Wide, Same);
        _thirdNorm = new BatchNorm2d(root.Under("third_norm"), Wide, relu: true);
        _features = new Linear(root.Under("features"), Size / 4 * (Size / 4) * Wide, Features);
        _classes = new Linear(root.Under("classes"), Features, Classes);
    }

    /// <summary>All that is learned, and the running statistics.</summary>
    public ParameterSet Parameters { get; } = new();

    /// <summary>The features, N×128 and not negative, and the logits, N×10, of images N×28×28×1 from 0 (background) to 1.</summary>
    /// <param name="x">The images.</param>
    /// <param name="dropout">In training: the share of features that the logits do without, and which. Null otherwise.</param>
    public FeatureRows Forward(Tensor x, (float Rate, Philox Random)? dropout = null)
    {
        bool training = dropout is not null;
        // The largest of ReLUs is the ReLU of the largest, which the norm takes: a quarter of the work.
        Tensor h = _firstNorm.Forward(_first.Forward(x).MaxPool(), training);
        h = _secondNorm.Forward(_second.Forward(h).MaxPool(), training);
        h = _thirdNorm.Forward(_third.Forward(h), training);
        Tensor features = _features.Forward(h.Flatten()).Relu();
        Tensor seen = dropout is { } drop ? features.Dropout(drop.Rate, drop.Random) : features;
        return new FeatureRows(features, _classes.Forward(seen));
    }

    /// <summary>Fills the parameters.</summary>
    /// <exception cref="InvalidDataException">The file is of another network.</exception>
    public void Read(ITensorFile file)
    {
        foreach (Parameter parameter in Parameters)
        {
            float[] values = file.ReadFloats(parameter.Name);
            if (values.Length != parameter.Shape.Count)
                throw new InvalidDataException($"{file.Path}: {parameter.Name} has {Counted.Of(values.Length, "number")}, the classifier of digits needs {parameter.Shape.Count}.");
            parameter.FromTorch(values);
        }
    }

    /// <summary>Writes the weights as float16, the running statistics as float32.</summary>
    /// <param name="path">Where.</param>
    /// <param name="notes">Free text beside the tensors.</param>
    public void Write(string path, IReadOnlyDictionary<string, string> notes)
    {
        var file = new SafetensorsWriter();
        foreach ((string key, string value) in notes) file.Metadata[key] = value;
        foreach (Parameter parameter in Parameters)
        {
            long[] shape = [.. parameter.TorchShape.ToArray()];
            float[] values = parameter.ToTorch();
            if (parameter.IsTrained) file.Add(parameter.Name, shape, Array.ConvertAll(values, value => (Half)value));
            else file.Add(parameter.Name, shape, values);
        }
        file.Write(path, overwrite: true);
    }
}
