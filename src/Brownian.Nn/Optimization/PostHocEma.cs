namespace Brownian.Nn;

/// <summary>
/// An average of any width, put together after training from those that were kept while it ran: as the weights are averaged linearly, the
/// combination of kept profiles that comes closest to the wanted one is the combination of kept averages that comes closest to the average
/// that was never tracked (Karras et al. 2024, section 3.2 and appendix C).
/// </summary>
public sealed class PostHocEma
{
    PostHocEma(double[] weights, double error) => (Weights, Error) = (weights, error);

    /// <summary>What each kept average counts; their sum is 1, and some may be negative.</summary>
    public IReadOnlyList<double> Weights { get; }

    /// <summary>How far the profile is from the wanted one: the norm of the difference as a share of the wanted one's.</summary>
    public double Error { get; }

    /// <summary>
    /// The least-squares solution. The paper leaves the sum of the weights free; here it is 1, so that what did not move in training stays
    /// where it was.
    /// </summary>
    /// <param name="kept">The profiles of the averages that are there; no two alike.</param>
    /// <param name="wanted">The profile of the one that is wanted.</param>
    /// <exception cref="ArgumentException">There are none, or two are alike.</exception>
    public static PostHocEma Of(IReadOnlyList<PowerProfile> kept, PowerProfile wanted)
    {
        ArgumentNullException.ThrowIfNull(kept);
        if (kept.Count == 0) throw new ArgumentException("No average was kept.");
        int n = kept.Count;
        // Profiles of norm 1 keep the numbers of early and late ones alike.
        double[] norms = [.. kept.Select(profile => Math.Sqrt(profile.Dot(profile)))];
        double unit = Math.Sqrt(wanted.Dot(wanted));
        // min ‖Σ x_i·p_i − p‖² with Σ x_i = 1: the products of the profiles, bordered by the sum and its multiplier.
        double[,] rows = new double[n + 1, n + 2];
        for (int i = 0; i < n; i++)
        {
            for (int j = 0; j < n; j++) rows[i, j] = kept[i].Dot(kept[j]) / (norms[i] * norms[j]);
            rows[i, n] = rows[n, i] = norms[0] / norms[i];
            rows[i, n + 1] = kept[i].Dot(wanted) / (norms[i] * unit);
        }
        rows[n, n + 1] = norms[0] / unit;
        double[,] products = (double[,])rows.Clone();
        double[] x = Solve(rows);
        double square = 1;
        for (int i = 0; i < n; i++)
        {
            double product = -2 * products[i, n + 1];
            for (int j = 0; j < n; j++) product += products[i, j] * x[j];
            square += x[i] * product;
        }
        return new PostHocEma([.. norms.Select((norm, i) => x[i] * unit / norm)], Math.Sqrt(Math.Max(0, square)));
    }

    // Gauss's elimination with the largest pivot of each column. The last column is the right side.
    static double[] Solve(double[,] rows)
    {
        int n = rows.GetLength(0);
        for (int pivot = 0; pivot < n; pivot++)
        {
            int largest = pivot;
            for (int row = pivot + 1; row < n; row++) if (Math.Abs(rows[row, pivot]) > Math.Abs(rows[largest, pivot])) largest = row;
            if (Math.Abs(rows[largest, pivot]) < 1e-14) throw new ArgumentException("Two of the averages are of one width and step.");
            for (int column = pivot; column <= n; column++) (rows[pivot, column], rows[largest, column]) = (rows[largest, column], rows[pivot, column]);
            for (int row = pivot + 1; row < n; row++)
            {
                double factor = rows[row, pivot] / rows[pivot, pivot];
                for (int column = pivot; column <= n; column++) rows[row, column] -= factor * rows[pivot, column];
            }
        }
        double[] x = new double[n];
        for (int row = n - 1; row >= 0; row--)
        {
            double rest = rows[row, n];
            for (int column = row + 1; column < n; column++) rest -= rows[row, column] * x[column];
            x[row] = rest / rows[row, row];
        }
        return x;
    }
}
