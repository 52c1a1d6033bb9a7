using System.Diagnostics.CodeAnalysis;
using Brownian.Tensors.Autograd;
using Brownian.Tensors.Tracing;

namespace Brownian.Tensors;

/// <summary>
/// A contiguous block of float32 numbers on a device, with its place on the autograd tape. A handle: cheap to pass, never disposed.
/// Operations are extension methods in <see cref="TensorOps"/> and its siblings; images are N×H×W×C.
/// </summary>
public sealed class Tensor
{
    internal Tensor(Storage storage, int offset, Shape shape) => (Storage, Offset, Shape) = (storage, offset, shape);

    /// <summary>The extents, outermost first.</summary>
    public Shape Shape { get; }

    /// <summary>Where the numbers live and where operations on them run.</summary>
    public Device Device => Storage.Device;

    /// <summary>The memory behind this tensor; a view shares it with others.</summary>
    public Storage Storage { get; private set; }

    /// <summary>Where this tensor starts in its storage, in floats.</summary>
    public int Offset { get; }

    /// <summary>True for a leaf whose gradient is wanted, such as a parameter.</summary>
    public bool RequiresGrad { get; private set; }

    /// <summary>
    /// The gradient of the last <see cref="Backward"/> with respect to this tensor; null where none flowed. Gradients of
    /// intermediate results are freed as soon as they have been used.
    /// </summary>
    public Tensor? Grad { get; internal set; }

    /// <summary>The tape entry that produced this tensor; null for a leaf or a result computed without gradients.</summary>
    internal Node? Origin { get; set; }

    /// <summary>True once nothing but recorded operations will read this tensor.</summary>
    internal bool IsDiscarded { get; private set; }

    /// <summary>True once this result was freed to be computed again.</summary>
    bool IsRepeated { get; set; }

    /// <summary>True when a gradient must flow to or through this tensor.</summary>
    public bool NeedsGrad => RequiresGrad || Origin is not null;

    /// <summary>A tensor with undefined content.</summary>
    public static Tensor Empty(Shape shape, Device device)
    {
        ArgumentNullException.ThrowIfNull(device);
        return new Tensor(device.Rent(shape.Count), 0, shape);
    }

    /// <summary>A tensor whose elements are all the same number.</summary>
    public static Tensor Full(Shape shape, float value, Device device)
    {
        ArgumentNullException.ThrowIfNull(device);
        using DeviceTurn turn = device.TakeTurn();
        Tensor tensor = Empty(shape, device);
        device.Fill(tensor, value);
        return tensor;
    }

    /// <summary>A tensor of zeros.</summary>
    public static Tensor Zeros(Shape shape, Device device) => Full(shape, 0, device);

    /// <summary>Zeros that no open scope owns: they outlive it, and live as long as somebody holds them.</summary>
    public static Tensor Persistent(Shape shape, Device device)
    {
        ArgumentNullException.ThrowIfNull(device);
        using DeviceTurn turn = device.TakeTurn();
        var tensor = new Tensor(device.Allocate(shape.Count, scoped: false), 0, shape);
        device.Fill(tensor, 0);
        return tensor;
    }

    /// <summary>A copy of the given numbers, in row-major order.</summary>
    /// <exception cref="ArgumentException">The count of numbers is not that of the shape.</exception>
    public static Tensor From(ReadOnlySpan<float> data, Shape shape, Device device)
    {
        ArgumentNullException.ThrowIfNull(device);
        if (data.Length != shape.Count) ThrowCount(data.Length, shape);
        using DeviceTurn turn = device.TakeTurn();
        Tensor tensor = Empty(shape, device);
        device.Upload(data, tensor);
        return tensor;
    }

    /// <summary>Declares this leaf as one whose gradient is wanted, and returns it.</summary>
    public Tensor WithGrad()
    {
        if (Origin is not null) throw new InvalidOperationException("Only a leaf can require a gradient: this tensor is the result of an operation.");
        RequiresGrad = true;
        return this;
    }

    /// <summary>The same; gradients are added to what a tensor of this shape holds, such as part of a buffer for all parameters.</summary>
    public Tensor WithGrad(Tensor gradient)
    {
        ArgumentNullException.ThrowIfNull(gradient);
        Refuse.IfShapesDiffer("WithGrad", this, gradient);
        WithGrad().Grad = gradient;
        return this;
    }

    /// <summary>The same numbers under another shape with the same count: a view, no copy. Gradients do not flow through it.</summary>
    public Tensor View(Shape shape)
    {
        if (shape.Count != Shape.Count) ThrowCount(Shape.Count, shape);
        return new Tensor(Storage, Offset, shape);
    }

    /// <summary>A view of as many of this tensor's numbers as the shape holds, from one on. Gradients do not flow through it.</summary>
    public Tensor Slice(int start, Shape shape)
    {
        if (start < 0 || (long)start + shape.Count > Shape.Count) ThrowCount(Shape.Count, shape);
        return new Tensor(Storage, Offset + start, shape);
    }

    /// <summary>The numbers as a new array, in row-major order.</summary>
    public float[] ToArray()
    {
        float[] data = new float[Shape.Count];
        CopyTo(data);
        return data;
    }

    /// <summary>Copies the numbers, in row-major order. The target must have exactly as many elements.</summary>
    public void CopyTo(Span<float> target)
    {
        if (target.Length != Shape.Count) ThrowCount(target.Length, Shape);
        using DeviceTurn turn = Device.TakeTurn();
        Device.Pass?.Used(this);
        Device.Download(this, target);
    }

    /// <summary>Overwrites the numbers. The source must have exactly as many elements.</summary>
    public void CopyFrom(ReadOnlySpan<float> source)
    {
        if (source.Length != Shape.Count) ThrowCount(source.Length, Shape);
        using DeviceTurn turn = Device.TakeTurn();
        Device.Pass?.Used(this);
        Device.Upload(source, this);
    }

    /// <summary>The only number of a one-element tensor.</summary>
    public float Item()
    {
        Span<float> one = stackalloc float[1];
        CopyTo(one);
        return one[0];
    }

    /// <summary>
    /// Computes the gradient of this one-element tensor with respect to every tensor that requires one, adding to what
    /// <see cref="Grad"/> of those already holds.
    /// </summary>
    /// <exception cref="InvalidOperationException">This tensor has more than one element, or no gradient flows from it.</exception>
    public void Backward()
    {
        if (Shape.Count != 1) throw new InvalidOperationException($"Backward starts from one number, this tensor is {Shape}; reduce it first.");
        if (Origin is null) throw new InvalidOperationException("No operation that led to this tensor recorded a gradient (NoGrad, or no input required one).");
        using DeviceTurn turn = Device.TakeTurn();
        Device.Tape.Run(this, Full(Shape, 1, Device));
    }

    /// <summary>
    /// The gradient buffer to write to. <paramref name="accumulate"/> tells a kernel to add to it; otherwise its content is
    /// undefined and must be overwritten.
    /// </summary>
    internal Tensor GradBuffer(out bool accumulate)
    {
        accumulate = Grad is not null;
        return Grad ??= Empty(Shape, Device);
    }

    /// <summary>
    /// Frees this result, which nothing but recorded operations will read again, nor a view of it: at once if no gradient needs it or if
    /// it is to be computed again, else after the backward pass has used it. See <see cref="PlannedForward{T}"/>.
    /// </summary>
    internal void Discard(AfterUse fate)
    {
        if (RequiresGrad) return;
        IsDiscarded = true;
        if (fate == AfterUse.Free || !Device.RecordsGradients) IsRepeated = Origin is CheapNode;
        else if (fate == AfterUse.Repeat && Origin is RepeatableNode) IsRepeated = true;
        else return;        // what others are computed from again stays, even where no gradient reads it
        if (!Storage.IsReleased && (!Storage.IsKept || IsRepeated)) Storage.Release();
    }

    /// <summary>Computes a discarded result again, if its memory is gone.</summary>
    internal void Restore()
    {
        if (!Storage.IsReleased || !IsRepeated || Origin is not RepeatableNode origin) return;
        origin.RestoreInputs();
        Storage = Device.Rent(Shape.Count);
        origin.Compute();
    }

    /// <summary>Ends an operation: records how this tensor was made, if gradients are on and any input wants one.</summary>
    internal Tensor From(Node node)
    {
        if (Device.RecordsGradients && node.AnyInputNeedsGrad) node.Record(this);
        return From(node.Inputs);
    }

    /// <summary>Ends an operation that no gradient flows through.</summary>
    internal Tensor From(params ReadOnlySpan<Tensor?> operands)
    {
        Device.Pass?.Ran(this, operands);
        return this;
    }

    /// <summary>Lets <c>fixed</c> pin a CPU tensor's first element; the array stays alive for the statement.</summary>
    internal ref float GetPinnableReference()
    {
        var storage = Storage as Cpu.CpuStorage;
        if (storage is null) ThrowElsewhere();
        return ref storage.First(Offset);
    }

    /// <inheritdoc/>
    public override string ToString() => $"Tensor {Shape} on {Device.Name}";

    [DoesNotReturn]
    void ThrowElsewhere() =>
        throw new ArgumentException($"A kernel of the CPU was given a tensor on {Device.Name}; give it one of its own, as Tensor.From(x.ToArray(), …) makes.");

    [DoesNotReturn]
    static void ThrowCount(int count, Shape shape) =>
        throw new ArgumentException($"{count} numbers do not fill the shape {shape}, which has {shape.Count}.");
}
