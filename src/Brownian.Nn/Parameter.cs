using Brownian.Tensors;

namespace Brownian.Nn;

/// <summary>A tensor of a model, trained or not, under the name and in the order of axes that PyTorch knows it by, and in ours.</summary>
public sealed class Parameter
{
    readonly int[] _torchShape;
    readonly Initialization _initialization;
    Tensor? _value;

    internal Parameter(string name, ParameterLayout layout, Initialization initialization, ReadOnlySpan<int> torchShape, bool isTrained = true)
    {
        Name = name;
        Layout = layout;
        IsTrained = isTrained;
        Shape = layout.ShapeOf(torchShape);
        _torchShape = torchShape.ToArray();
        _initialization = initialization;
    }

    /// <summary>The key in PyTorch's state dict, such as <c>downs.0.resnet_conv_first.0.2.weight</c>.</summary>
    public string Name { get; }

    /// <summary>How <see cref="TorchShape"/> relates to <see cref="Shape"/>.</summary>
    public ParameterLayout Layout { get; }

    /// <summary>False for what belongs to the model without being learned: running statistics, tables. It has no gradient.</summary>
    public bool IsTrained { get; }

    /// <summary>The shape here.</summary>
    public Shape Shape { get; }

    /// <summary>The shape in PyTorch.</summary>
    public ReadOnlySpan<int> TorchShape => _torchShape;

    /// <summary>Whether it is trained and multiplies: the weight of a linear map or of a convolution.</summary>
    public bool IsMap => IsTrained && Layout is ParameterLayout.Linear or ParameterLayout.Conv or ParameterLayout.ConvTranspose;

    /// <summary>How many maps lie side by side in its columns: 3 for queries, keys and values in one weight, otherwise 1.</summary>
    public int Packed { get; internal set; } = 1;

    /// <summary>
    /// Where this parameter starts in every buffer of its <see cref="ParameterSet"/>, in floats; for one that is not trained known after
    /// <see cref="ParameterSet.Allocate"/>.
    /// </summary>
    public int Offset { get; internal set; }

    /// <summary>The numbers, a view into <see cref="ParameterSet.Values"/>; the gradient, if trained, is one into <see cref="ParameterSet.Gradients"/>.</summary>
    /// <exception cref="InvalidOperationException"><see cref="ParameterSet.Allocate"/> was not called yet.</exception>
    public Tensor Value => _value ?? throw new InvalidOperationException($"{Name} has no memory yet: call ParameterSet.Allocate first.");

    /// <summary>The gradient, shaped as <see cref="Value"/>. It grows with every backward pass until <see cref="ParameterSet.ZeroGrad"/>.</summary>
    /// <exception cref="InvalidOperationException">It is not trained, or has no memory yet.</exception>
    public Tensor Gradient => Value.Grad ?? throw new InvalidOperationException($"{Name} is not trained and has no gradient.");

    /// <summary>This parameter's part of a buffer laid out as <see cref="ParameterSet.Values"/>: a view of shape <see cref="Shape"/>.</summary>
    public Tensor In(Tensor buffer)
    {
        ArgumentNullException.ThrowIfNull(buffer);
        return buffer.Slice(Offset, Shape);
    }

    /// <summary>Overwrites the value with numbers in PyTorch's order.</summary>
    /// <exception cref="ArgumentException">There are not as many numbers as the parameter has.</exception>
    public void FromTorch(ReadOnlySpan<float> data) => Write(data, Value);

    /// <summary>Overwrites this parameter's part of a buffer, such as a moment, with numbers in PyTorch's order.</summary>
    /// <exception cref="ArgumentException">There are not as many numbers as the parameter has.</exception>
    public void FromTorch(ReadOnlySpan<float> data, Tensor buffer) => Write(data, In(buffer));

    /// <summary>The value in PyTorch's order.</summary>
    public float[] ToTorch() => Read(Value);

    /// <summary>This parameter's part of a buffer, such as <see cref="ParameterSet.Gradients"/>, in PyTorch's order.</summary>
    public float[] ToTorch(Tensor buffer) => Read(In(buffer));

    /// <summary>The same, into memory that serves one parameter after the other.</summary>
    /// <param name="buffer">A buffer laid out as <see cref="ParameterSet.Values"/>.</param>
    /// <param name="target">As many numbers as the parameter has.</param>
    /// <param name="scratch">As many again; its content is lost.</param>
    /// <exception cref="ArgumentException">A length is not the parameter's.</exception>
    public void ToTorch(Tensor buffer, Span<float> target, Span<float> scratch)
    {
        In(buffer).CopyTo(scratch);
        if (target.Length != scratch.Length) throw new ArgumentException($"{Name}: got room for {Counted.Of(target.Length, "number")} of {scratch.Length}.");
        Layout.ToTorch(_torchShape, scratch, target);
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Name} {Shape}";

    /// <param name="values">Laid out as <see cref="ParameterSet.Values"/>.</param>
    /// <param name="gradients">Laid out as <see cref="ParameterSet.Gradients"/>; null for a constant.</param>
    internal void Bind(Tensor values, Tensor? gradients)
    {
        _value = In(values);
        if (IsTrained && gradients is not null) _value.WithGrad(In(gradients));
    }

    /// <summary>Element i in PyTorch's order is element i of the parameter's own stream, so neither layout nor neighbours matter.</summary>
    internal void Initialize(ulong seed)
    {
        float[] values = new float[Shape.Count];
        _initialization.Fill(values, new Philox(seed, Philox.Stream(Name)));
        FromTorch(values);
    }

    void Write(ReadOnlySpan<float> data, Tensor target)
    {
        if (data.Length != Shape.Count)
            throw new ArgumentException($"{Name}: got {Counted.Of(data.Length, "number")} for {Shape.Count} ({string.Join('×', _torchShape)} in PyTorch's order).");
        float[] ours = new float[data.Length];
        Layout.FromTorch(_torchShape, data, ours);
        target.CopyFrom(ours);
    }

    float[] Read(Tensor source)
    {
        float[] ours = source.ToArray();
        float[] torch = new float[ours.Length];
        Layout.ToTorch(_torchShape, ours, torch);
        return torch;
    }
}
