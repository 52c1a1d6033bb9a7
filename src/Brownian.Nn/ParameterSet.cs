using System.Collections;
using System.Diagnostics.CodeAnalysis;
using Brownian.Tensors;

namespace Brownian.Nn;

/// <summary>
/// All parameters of a model, in the order they were declared. Layers declare them while the model is constructed;
/// <see cref="Allocate"/> then puts all values into one contiguous buffer and all gradients into another, so that optimisers,
/// averages and checkpoints are one pass over one array. What is not trained comes last: optimisers see the part before it.
/// </summary>
public sealed class ParameterSet : IEnumerable<Parameter>
{
    const int Alignment = 16;   // floats: a cache line, and the widest vector

    readonly List<Parameter> _parameters = [];
    readonly Dictionary<string, Parameter> _byName = new(StringComparer.Ordinal);
    Tensor? _values, _gradients;
    long _trainedLength, _untrainedLength;

    /// <summary>The scope without a prefix, for a model's constructor to declare into.</summary>
    public ParameterScope Root => new(this, "");

    /// <summary>How many numbers are trained: the size of all trained parameters, without the padding between them.</summary>
    public long Count { get; private set; }

    /// <summary>True once the parameters have memory.</summary>
    [MemberNotNullWhen(true, nameof(_values), nameof(_gradients))]
    public bool IsAllocated => _values is not null;

    /// <summary>The parameters that are trained, in the order they were declared.</summary>
    public IEnumerable<Parameter> Trained => _parameters.Where(parameter => parameter.IsTrained);

    /// <summary>
    /// All values, one after the other, the trained ones first. Each parameter starts at a multiple of 16 floats; the numbers between them are 0 and stay 0.
    /// </summary>
    public Tensor Values => IsAllocated ? _values : throw NotAllocated();

    /// <summary>All gradients, laid out as the trained part of <see cref="Values"/>.</summary>
    public Tensor Gradients => IsAllocated ? _gradients : throw NotAllocated();

    /// <summary>The parameter with this name.</summary>
    /// <exception cref="ArgumentException">There is none.</exception>
    public Parameter this[string name] =>
        TryGet(name, out Parameter? parameter) ? parameter : throw new ArgumentException($"The model has no parameter '{name}'.");

    /// <summary>Finds a parameter by its name.</summary>
    public bool TryGet(string name, [NotNullWhen(true)] out Parameter? parameter) => _byName.TryGetValue(name, out parameter);

    /// <summary>
    /// Gives the parameters memory, draws their first values and zeroes their gradients. The values of a parameter are a function of
    /// (seed, name) alone. The memory belongs to no scope: it lives as long as this set.
    /// </summary>
    /// <exception cref="InvalidOperationException">The parameters have memory already.</exception>
    public void Allocate(Device device, ulong seed)
    {
        ArgumentNullException.ThrowIfNull(device);
        if (IsAllocated) throw new InvalidOperationException("The parameters have memory already; a set is allocated once.");
        long length = _trainedLength + _untrainedLength;
        if (length > int.MaxValue) throw new InvalidOperationException($"The model has {Count} parameters; at most 2^31-1 fit into one buffer.");
        using DeviceTurn turn = device.TakeTurn();
        (_values, _gradients) = (Tensor.Persistent(Shape.Of((int)length), device), Tensor.Persistent(Shape.Of((int)_trainedLength), device));
        foreach (Parameter parameter in _parameters)
        {
            if (!parameter.IsTrained) parameter.Offset += (int)_trainedLength;
            parameter.Bind(_values, _gradients);
            if (device.HoldsNumbers) parameter.Initialize(seed);
        }
    }

    /// <summary>A new buffer of zeros laid out as <see cref="Values"/>, for averages. It belongs to no scope.</summary>
    public Tensor NewBuffer() => Tensor.Persistent(Values.Shape, Values.Device);

    /// <summary>A new buffer of zeros laid out as <see cref="Gradients"/>, for moments. It belongs to no scope.</summary>
    public Tensor NewTrainedBuffer() => Tensor.Persistent(Gradients.Shape, Values.Device);

    /// <summary>The trained part of a buffer laid out as <see cref="Values"/>: a view laid out as <see cref="Gradients"/>.</summary>
    public Tensor TrainedPart(Tensor buffer)
    {
        ArgumentNullException.ThrowIfNull(buffer);
        return buffer.Slice(0, Gradients.Shape);
    }

    /// <summary>The rest of such a buffer, a view; empty where everything is trained.</summary>
    public Tensor UntrainedPart(Tensor buffer)
    {
        ArgumentNullException.ThrowIfNull(buffer);
        return buffer.Slice((int)_trainedLength, Shape.Of((int)_untrainedLength));
    }

    /// <summary>Sets all gradients to zero.</summary>
    public void ZeroGrad()
    {
        using DeviceTurn turn = Gradients.Device.TakeTurn();
        Gradients.Device.Fill(Gradients, 0);
    }

    /// <summary>
    /// Lets the model compute with another buffer's numbers, such as an average of its weights, until the result is disposed.
    /// Nothing is copied. Whoever asks the model meanwhile meets the borrowed numbers, on whatever thread.
    /// </summary>
    /// <param name="buffer">A buffer made by <see cref="NewBuffer"/>.</param>
    public BorrowedValues Borrow(Tensor buffer)
    {
        ArgumentNullException.ThrowIfNull(buffer);
        if (buffer.Shape != Values.Shape) throw new ArgumentException($"Borrow: a buffer of {buffer.Shape} numbers for parameters that take {Values.Shape}.");
        Tensor own = Values;
        Use(buffer);
        return new BorrowedValues(this, own);
    }

    /// <summary>
    /// Makes the parameters constants until the result is disposed: what the model records meanwhile leads gradients to its input alone, and
    /// a backward pass through it, even a later one, leaves <see cref="Gradients"/> as they are. Take a turn of the device around it, as
    /// whoever asks the model meanwhile meets constants.
    /// </summary>
    public FrozenParameters Freeze()
    {
        Tensor values = Values;
        foreach (Parameter parameter in _parameters) parameter.Bind(values, gradients: null);
        return new FrozenParameters(this);
    }

    /// <summary>The first parameter whose gradient holds an infinity or NaN; null when all are finite.</summary>
    public Parameter? FirstNonFiniteGradient()
    {
        foreach (Parameter parameter in Trained)
        {
            if (!double.IsFinite(parameter.Gradient.SumOfSquares())) return parameter;
        }
        return null;
    }

    /// <inheritdoc/>
    public IEnumerator<Parameter> GetEnumerator() => _parameters.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    internal void Use(Tensor values)
    {
        _values = values;
        foreach (Parameter parameter in _parameters) parameter.Bind(values, Gradients);
    }

    internal Parameter Declare(Parameter parameter)
    {
        if (IsAllocated) throw new InvalidOperationException($"{parameter.Name} was declared after the parameters got their memory.");
        if (!_byName.TryAdd(parameter.Name, parameter)) throw new ArgumentException($"Two parameters are named '{parameter.Name}'.");
        _parameters.Add(parameter);
        ref long length = ref parameter.IsTrained ? ref _trainedLength : ref _untrainedLength;
        parameter.Offset = (int)Math.Min(length, int.MaxValue);
        length += (parameter.Shape.Count + Alignment - 1L) / Alignment * Alignment;
        if (parameter.IsTrained) Count += parameter.Shape.Count;
        return parameter;
    }

    static InvalidOperationException NotAllocated() => new("The parameters have no memory yet: call ParameterSet.Allocate first.");
}

/// <summary>While it lives, a model computes with borrowed weights; disposing it gives the model its own back.</summary>
public readonly ref struct BorrowedValues : IDisposable
{
    readonly ParameterSet _parameters;
    readonly Tensor _own;

    internal BorrowedValues(ParameterSet parameters, Tensor own) => (_parameters, _own) = (parameters, own);

    /// <summary>Restores the weights that were in use before.</summary>
    public void Dispose() => _parameters.Use(_own);
}

/// <summary>While it lives, a model's parameters are constants; disposing it gives them their gradients back.</summary>
public readonly ref struct FrozenParameters : IDisposable
{
    readonly ParameterSet _parameters;

    internal FrozenParameters(ParameterSet parameters) => _parameters = parameters;

    /// <summary>Lets gradients reach the parameters again.</summary>
    public void Dispose() => _parameters.Use(_parameters.Values);
}
