namespace Brownian;

/// <summary>
/// Rows and columns paired at the least total cost, by shortest augmenting paths (Kuhn 1955; Jonker &amp; Volgenant 1987) in O(n³).
/// </summary>
static class LinearAssignment
{
    /// <summary>The column of each row. Where several pairings cost the same, the lower column is tried first: the result is one and the same.</summary>
    /// <param name="count">n, the rows and the columns.</param>
    /// <param name="cost">Of row r and column c at r·n + c, finite.</param>
    public static int[] Least(int count, ReadOnlySpan<double> cost)
    {
        // Prices of rows and columns: rowPrice[r] + price[c] ≤ cost(r, c) always, with equality for pairs. Column n is where a path starts.
        const int None = -1;
        double[] rowPrice = new double[count], price = new double[count + 1], slack = new double[count];
        int[] rowOf = new int[count + 1], before = new int[count];
        bool[] isReached = new bool[count + 1];
        Array.Fill(rowOf, None);
        for (int row = 0; row < count; row++)
        {
            Array.Fill(slack, double.PositiveInfinity);
            Array.Clear(isReached);
            int column = count;
            rowOf[column] = row;
            while (rowOf[column] != None)
            {
                isReached[column] = true;
                int from = rowOf[column], next = None;
                double least = double.PositiveInfinity, paid = rowPrice[from];
                ReadOnlySpan<double> costs = cost.Slice(from * count, count);
                for (int c = 0; c < costs.Length; c++)
                {
                    if (isReached[c]) continue;
                    double reduced = costs[c] - paid - price[c];
                    if (reduced < slack[c])
                    {
                        slack[c] = reduced;
                        before[c] = column;
                    }
                    if (slack[c] < least)
                    {
                        least = slack[c];
                        next = c;
                    }
                }
                if (next == None) throw new ArgumentException("LinearAssignment: a cost is not finite.");
                for (int c = 0; c <= count; c++)
                {
                    if (isReached[c])
                    {
                        rowPrice[rowOf[c]] += least;
                        price[c] -= least;
                    }
                    else if (c < count)
                    {
                        slack[c] -= least;
                    }
                }
                column = next;
            }
            while (column != count)
            {
                rowOf[column] = rowOf[before[column]];
                column = before[column];
            }
        }
        int[] columns = new int[count];
        for (int c = 0; c < count; c++) columns[rowOf[c]] = c;
        return columns;
    }
}
