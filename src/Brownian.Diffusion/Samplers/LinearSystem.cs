namespace Brownian.Diffusion;

/// <summary>Small systems of linear equations.</summary>
static class LinearSystem
{
    /// <summary>Gauss's elimination with pivots. The matrix n×(n+1) holds the right-hand side in its last column and is used up.</summary>
    public static double[] Solve(double[,] a)
    {
        int n = a.GetLength(0);
        for (int column = 0; column < n; column++)
        {
            int pivot = column;
            for (int row = column + 1; row < n; row++)
            {
                if (Math.Abs(a[row, column]) > Math.Abs(a[pivot, column])) pivot = row;
            }
            for (int k = column; k <= n; k++) (a[column, k], a[pivot, k]) = (a[pivot, k], a[column, k]);
            for (int row = 0; row < n; row++)
            {
                if (row == column) continue;
                double factor = a[row, column] / a[column, column];
                for (int k = column; k <= n; k++) a[row, k] -= factor * a[column, k];
            }
        }
        return [.. Enumerable.Range(0, n).Select(i => a[i, n] / a[i, i])];
    }
}
