using Brownian.Tensors;

namespace Brownian.Nn;

/// <summary>
/// A table of sines and cosines, one row for each timestep, that is stored with the weights though it is never trained:
/// <c>torch.nn.Embedding.from_pretrained</c> of <see cref="SinusoidalEmbedding"/>. A timestep between two rows takes its share of each.
/// </summary>
public sealed class FrozenSinusoidalTable
{
    readonly Parameter _weight;
    readonly int _rows;

    /// <summary>Declares an untrained <c>weight</c>.</summary>
    /// <param name="scope">Where.</param>
    /// <param name="rows">The number of timesteps, T.</param>
    /// <param name="embedding">What the rows are filled with; its dimension is their length.</param>
    public FrozenSinusoidalTable(ParameterScope scope, int rows, SinusoidalEmbedding embedding)
    {
        ArgumentNullException.ThrowIfNull(embedding);
        _rows = rows;
        float[] timesteps = new float[rows], table = new float[rows * embedding.Dimension];
        for (int t = 0; t < rows; t++) timesteps[t] = t;
        embedding.Write(timesteps, table);
        _weight = scope.DeclareUntrained("weight", ParameterLayout.Plain, Initialization.Of(table), rows, embedding.Dimension);
    }

    /// <summary>The rows of N timesteps, N×dimension.</summary>
    /// <exception cref="ArgumentException">A timestep lies outside the table.</exception>
    public Tensor Forward(ReadOnlySpan<float> timesteps, Device device) => new SharesOfRows(_rows).Of(timesteps, device).Linear(_weight.Value);
}

/// <summary>Rows that are 1 at the place of a whole number, or share it between the places below and above: max(0, 1 − |t − i|).</summary>
/// <param name="Rows">The number of places.</param>
public sealed record SharesOfRows(int Rows) : HostFeatures(Rows)
{
    /// <inheritdoc/>
    public override void Write(ReadOnlySpan<float> of, Span<float> rows)
    {
        rows.Clear();
        for (int n = 0; n < of.Length; n++)
        {
            float t = of[n];
            if (!(t >= 0 && t <= Rows - 1)) throw new ArgumentException($"Timestep {t} at position {n}: the table of this network goes from 0 to {Rows - 1}.");
            int row = (int)t;
            float above = t - row;
            rows[n * Rows + row] = 1 - above;
            if (above > 0) rows[n * Rows + row + 1] = above;
        }
    }
}
