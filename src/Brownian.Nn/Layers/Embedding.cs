using Brownian.Tensors;

namespace Brownian.Nn;

/// <summary>A table of learned rows: <c>torch.nn.Embedding</c>.</summary>
public sealed class Embedding
{
    readonly Parameter _weight;
    readonly int _rows;

    /// <summary>Declares <c>weight</c>.</summary>
    /// <param name="scope">Where.</param>
    /// <param name="rows">The number of labels.</param>
    /// <param name="features">The length of a row, F.</param>
    public Embedding(ParameterScope scope, int rows, int features)
    {
        _rows = rows;
        _weight = scope.Declare("weight", ParameterLayout.Plain, Initialization.StandardNormal, rows, features);
    }

    /// <summary>The rows of N labels, N×F, plus a residual of that shape if given.</summary>
    /// <exception cref="ArgumentException">A label is negative or not below the number of rows.</exception>
    public Tensor Forward(ReadOnlySpan<int> labels, Device device, Tensor? residual = null)
    {
        // A product with one-hot rows: labels are few, and the gradient of the table comes with it.
        float[] numbers = new float[labels.Length];
        for (int n = 0; n < labels.Length; n++) numbers[n] = labels[n];
        return new OneHot(_rows).Of(numbers, device).Linear(_weight.Value, bias: null, residual);
    }
}

/// <summary>Rows that are 1 at the place of a label, and 0 elsewhere.</summary>
/// <param name="Rows">The number of labels.</param>
public sealed record OneHot(int Rows) : HostFeatures(Rows)
{
    /// <inheritdoc/>
    public override void Write(ReadOnlySpan<float> of, Span<float> rows)
    {
        rows.Clear();
        for (int n = 0; n < of.Length; n++)
        {
            int label = (int)of[n];
            if (label != of[n] || (uint)label >= (uint)Rows) throw new ArgumentException($"Label {of[n]} at position {n}: labels go from 0 to {Rows - 1}.");
            rows[n * Rows + label] = 1;
        }
    }
}
