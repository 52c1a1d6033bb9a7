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
        using var host = new PooledFloats(labels.Length * _rows);
        Span<float> oneHot = host.Span;
        oneHot.Clear();
        for (int n = 0; n < labels.Length; n++)
        {
            if ((uint)labels[n] >= (uint)_rows) throw new ArgumentException($"Label {labels[n]} at position {n}: labels go from 0 to {_rows - 1}.");
            oneHot[n * _rows + labels[n]] = 1;
        }
        return Tensor.From(oneHot, Shape.Of(labels.Length, _rows), device).Linear(_weight.Value, bias: null, residual);
    }
}
