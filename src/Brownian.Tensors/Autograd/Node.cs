namespace Brownian.Tensors.Autograd;

/// <summary>
/// One recorded operation: its inputs, and how a gradient of its output becomes gradients of them. Backward kernels add to
/// gradients that exist and overwrite those that do not, so fan-out and weight sharing need no special case.
/// </summary>
abstract class Node(params Tensor?[] inputs)
{
    readonly Tensor?[] _inputs = inputs;

    /// <summary>Increases with time on one device, so that descending order visits consumers before producers.</summary>
    public long Order { get; private set; }

    /// <summary>The result of the operation.</summary>
    public Tensor Output { get; private set; } = null!;

    /// <summary>The pass that last visited this node; avoids a set of visited nodes.</summary>
    public long Visited { get; set; }

    public ReadOnlySpan<Tensor?> Inputs => _inputs;

    public bool AnyInputNeedsGrad
    {
        get
        {
            foreach (Tensor? input in _inputs)
            {
                if (input is { NeedsGrad: true }) return true;
            }
            return false;
        }
    }

    public void Record(Tensor output)
    {
        Order = output.Device.NextOrder();
        Output = output;
        output.Origin = this;
        if (ReadsOutput) output.Storage.IsKept = true;
        foreach (Tensor? input in _inputs)
        {
            if (input is not null && Reads(input)) input.Storage.IsKept = true;
        }
    }

    /// <summary>Makes sure that the numbers which <see cref="Backward"/> reads are there.</summary>
    public void RestoreForBackward()
    {
        if (ReadsOutput) Output.Restore();
        foreach (Tensor? input in _inputs)
        {
            if (input is not null && Reads(input)) input.Restore();
        }
    }

    /// <summary>Adds the gradients of the inputs that need one, given that of the output.</summary>
    public abstract void Backward(Tensor dy);

    /// <summary>Whether this node will read an input's numbers again; its shape is always known.</summary>
    protected virtual bool Reads(Tensor input) => true;

    /// <summary>Whether <see cref="Backward"/> reads the numbers of <see cref="Output"/>.</summary>
    protected virtual bool ReadsOutput => false;
}

/// <summary>An operation whose result can be computed again.</summary>
abstract class RepeatableNode(params Tensor?[] inputs) : Node(inputs)
{
    /// <summary>Writes the same numbers into <see cref="Node.Output"/> once more, from those of all inputs.</summary>
    public abstract void Compute();

    /// <summary>Makes sure that the numbers which <see cref="Compute"/> reads are there.</summary>
    public void RestoreInputs()
    {
        foreach (Tensor? input in Inputs) input?.Restore();
    }
}

/// <summary>One whose result takes less time to compute again than its memory is worth.</summary>
abstract class CheapNode(params Tensor?[] inputs) : RepeatableNode(inputs);
