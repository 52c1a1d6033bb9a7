namespace Brownian.Diffusion;

/// <summary>
/// Rows and columns paired at the least total cost, by shortest augmenting paths (Kuhn 1955; Jonker &amp; Volgenant 1987) in O(n³).
/// </summary>
static class LinearAssignment
{
    /// <summary>The column of each row. Where several pairings cost the same, the lower column is tried first: the result is one and the same.</summary>
    /// <param name="count">n, the rows and the columns.</param>
    /// <param name="cost">Of a row and a column, finite.</param>
    public static int[] Least(int count, Func<int, int, double> cost)
    {
        // Prices u and v of rows and columns, from 1: u[r] + v[c] ≤ cost(r, c) always, with equality for pairs. Column 0 is where the path starts.
        double[] u = new double[count + 1], v = new double[count + 1];
        int[] rowOf = new int[count + 1], before = new int[count + 1];
        for (int row = 1; row <= count; row++)
        {
            double[] slack = new double[count + 1];
            bool[] isReached = new bool[count + 1];
            Array.Fill(slack, double.PositiveInfinity);
            rowOf[0] = row;
            int column = 0;
            while (rowOf[column] != 0)
            {
                isReached[column] = true;
                int from = rowOf[column], next = 0;
                double least = double.PositiveInfinity;
                for (int c = 1; c <= count; c++)
                {
                    if (isReached[c]) continue;
                    double reduced = cost(from - 1, c - 1) - u[from] - v[c];
                    if (reduced < slack[c]) (slack[c], before[c]) = (reduced, column);
                    if (slack[c] < least) (least, next) = (slack[c], c);
                }
                if (next == 0) throw new ArgumentException("LinearAssignment: a cost is not finite.");
                for (int c = 0; c <= count; c++)
                {
                    if (isReached[c]) (u[rowOf[c]], v[c]) = (u[rowOf[c]] + least, v[c] - least);
                    else slack[c] -= least;
                }
                column = next;
            }
            while (column != 0) (rowOf[column], column) = (rowOf[before[column]], before[column]);
        }
        int[] columns = new int[count];
        for (int c = 1; c <= count; c++) columns[rowOf[c] - 1] = c - 1;
        return columns;
    }
}
