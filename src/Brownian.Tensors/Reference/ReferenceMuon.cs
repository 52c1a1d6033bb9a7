namespace Brownian.Tensors.Reference;

/// <summary>Muon (Jordan et al. 2024) on one matrix, in double, as its authors write it.</summary>
static class ReferenceMuon
{
    /// <summary>A matrix rows×columns, nearly orthogonal: five times X ← a·X + (b·A + c·A²)·X with A = X·Xᵀ, on the transpose where that is wider.</summary>
    public static double[] Orthogonalize(double[] x, int rows, int columns)
    {
        if (rows > columns) return Transposed(Orthogonalize(Transposed(x, rows, columns), columns, rows), columns, rows);
        double norm = Math.Sqrt(x.Sum(v => v * v)) + 1e-7;
        double[] y = Array.ConvertAll(x, v => v / norm);
        for (int i = 0; i < 5; i++)
        {
            double[] a = Product(y, Transposed(y, rows, columns), columns, rows), square = Product(a, a, rows, rows);
            double[] polynomial = [.. a.Zip(square, (first, second) => -4.7750 * first + 2.0315 * second)];
            y = [.. y.Zip(Product(polynomial, y, rows, columns), (old, added) => 3.4445 * old + added)];
        }
        return y;
    }

    /// <summary>Updates the weights w, rows×columns, and the momentum m in place with the gradient g.</summary>
    public static void Step(double rate, double momentum, double decay, double[] w, double[] g, double[] m, int rows, int columns)
    {
        for (int i = 0; i < m.Length; i++) m[i] = momentum * m[i] + g[i];
        double[] ahead = [.. g.Zip(m, (gradient, sum) => gradient + momentum * sum)];
        double[] update = Orthogonalize(ahead, rows, columns);
        double size = 0.2 * Math.Sqrt(Math.Max(rows, columns));
        for (int i = 0; i < w.Length; i++) w[i] -= rate * (decay * w[i] + size * update[i]);
    }

    static double[] Transposed(double[] x, int rows, int columns)
    {
        double[] y = new double[x.Length];
        for (int i = 0; i < rows; i++)
            for (int j = 0; j < columns; j++) y[j * rows + i] = x[i * columns + j];
        return y;
    }

    static double[] Product(double[] a, double[] b, int inner, int columns) => ReferenceConvolution.Linear(a, b, inner, columns, bias: null, residual: null);
}
