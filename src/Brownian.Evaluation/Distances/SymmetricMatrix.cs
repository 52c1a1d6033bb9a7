using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Brownian.Evaluation;

/// <summary>
/// Eigenvalues and a factor of symmetric matrices, stored whole, row after row. Sums have a fixed order: no bit depends on the threads.
/// </summary>
static unsafe class SymmetricMatrix
{
    const int RowsOfBlock = 64;
    const int MostIterations = 60;        // for one eigenvalue; two are usual

    /// <summary>
    /// The eigenvalues, in no order: Householder reflections to a tridiagonal matrix, then implicit QR steps with Wilkinson's shift
    /// (Golub &amp; Van Loan 2013, "Matrix Computations", §8.3). Errors are of the order 1e-16 of the largest.
    /// </summary>
    /// <param name="a">n×n; its numbers are lost.</param>
    /// <param name="n">Rows and columns.</param>
    /// <param name="threads">0 for one per processor.</param>
    public static double[] Eigenvalues(double[] a, int n, int threads)
    {
        double[] diagonal = new double[n], beside = new double[Math.Max(n - 1, 0)];
        Tridiagonalize(a, n, diagonal, beside, threads);
        Diagonalize(diagonal, beside);
        return diagonal;
    }

    /// <summary>
    /// Rows g of a matrix G with GᵀG = s, a positive semidefinite matrix, as many as its rank: Cholesky's factor with the largest remaining
    /// pivot first (Higham 2002, "Accuracy and Stability of Numerical Algorithms", §10.3). It ends where what remains is rounding.
    /// </summary>
    /// <param name="s">n×n.</param>
    /// <param name="n">Rows and columns.</param>
    /// <param name="threads">0 for one per processor.</param>
    /// <returns>Rank×n numbers.</returns>
    public static double[] Factor(double[] s, int n, int threads)
    {
        var g = new double[n * n];
        var remaining = new double[n];
        for (int i = 0; i < n; i++) remaining[i] = s[i * n + i];
        double least = n * double.Epsilon + n * 2.2e-16 * Math.Max(0, remaining.Max());
        int rank = 0;
        for (; rank < n; rank++)
        {
            int pivot = 0;
            for (int i = 1; i < n; i++) if (remaining[i] > remaining[pivot]) pivot = i;
            if (remaining[pivot] <= least) break;
            int k = rank;
            double scale = 1 / Math.Sqrt(remaining[pivot]);
            Threads.For((n + RowsOfBlock * 4 - 1) / (RowsOfBlock * 4), k < RowsOfBlock ? 1 : threads, block =>
            {
                int from = block * RowsOfBlock * 4, to = Math.Min(from + RowsOfBlock * 4, n);
                Span<double> row = g.AsSpan(k * n + from, to - from);
                s.AsSpan(pivot * n + from, to - from).CopyTo(row);
                for (int j = 0; j < k; j++) AddScaled(row, -g[j * n + pivot], g.AsSpan(j * n + from, to - from));
                for (int i = 0; i < row.Length; i++) row[i] *= scale;
            });
            for (int i = 0; i < n; i++) remaining[i] -= g[k * n + i] * g[k * n + i];
            remaining[pivot] = 0;
        }
        Array.Resize(ref g, rank * n);
        return g;
    }

    // From the last row to the first: the reflection that clears row m up to its last but one number is applied from both sides as
    // A − v·qᵀ − q·vᵀ. Applying it and multiplying by the next v is one pass over the matrix.
    static void Tridiagonalize(double[] a, int n, double[] diagonal, double[] beside, int threads)
    {
        double[] v = new double[n], q = new double[n], nextV = new double[n], p = new double[n];
        for (int m = n - 1; m >= 0; m--)
        {
            Span<double> row = a.AsSpan(m * n, m + 1);
            for (int j = 0; j <= m; j++) row[j] -= v[m] * q[j] + q[m] * v[j];
            diagonal[m] = row[m];
            if (m == 0) break;
            double beta = Reflection(row[..m], nextV, out beside[m - 1]);
            double[] oldV = v, newV = nextV;
            Threads.For((m + RowsOfBlock - 1) / RowsOfBlock, m < 4 * RowsOfBlock ? 1 : threads, block =>
            {
                int end = Math.Min((block + 1) * RowsOfBlock, m);
                for (int i = block * RowsOfBlock; i < end; i++)
                    p[i] = beta * ReflectAndMultiply(a.AsSpan(i * n, m), oldV[i], q, q[i], oldV, newV);
            });
            double half = 0;
            for (int i = 0; i < m; i++) half += p[i] * newV[i];
            half *= beta / 2;
            for (int i = 0; i < m; i++) q[i] = p[i] - half * newV[i];
            (v, nextV) = (newV, oldV);
        }
    }

    // v and β with (1 − β·v·vᵀ)·x = (0, …, 0, last).
    static double Reflection(ReadOnlySpan<double> x, Span<double> v, out double last)
    {
        int end = x.Length - 1;
        double largest = 0, sum = 0;
        foreach (double value in x) largest = Math.Max(largest, Math.Abs(value));
        v.Clear();
        last = x[end];
        if (largest == 0) return 0;
        for (int i = 0; i < end; i++)
        {
            v[i] = x[i] / largest;
            sum += v[i] * v[i];
        }
        if (sum == 0) return 0;
        double end0 = x[end] / largest, norm = Math.Sqrt(sum + end0 * end0);
        v[end] = end0 >= 0 ? end0 + norm : end0 - norm;
        last = (end0 >= 0 ? -norm : norm) * largest;
        return 2 / (sum + v[end] * v[end]);
    }

    // row −= a·q + b·v, then row·next.
    static double ReflectAndMultiply(Span<double> row, double a, double[] q, double b, double[] v, double[] next)
    {
        Vector256<double> sum0 = default, sum1 = default, va = Vector256.Create(-a), vb = Vector256.Create(-b);
        int j = 0;
        fixed (double* r = row, pq = q, pv = v, pn = next)
        {
            for (; j + 8 <= row.Length; j += 8)
            {
                Vector256<double> low = Step(r + j, pq + j, pv + j, va, vb), high = Step(r + j + 4, pq + j + 4, pv + j + 4, va, vb);
                sum0 = Vector256.FusedMultiplyAdd(low, Vector256.Load(pn + j), sum0);
                sum1 = Vector256.FusedMultiplyAdd(high, Vector256.Load(pn + j + 4), sum1);
            }
        }
        sum0 += sum1;
        double sum = sum0[0] + sum0[1] + (sum0[2] + sum0[3]);
        for (; j < row.Length; j++)
        {
            row[j] = Math.FusedMultiplyAdd(-b, v[j], Math.FusedMultiplyAdd(-a, q[j], row[j]));
            sum = Math.FusedMultiplyAdd(row[j], next[j], sum);
        }
        return sum;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector256<double> Step(double* row, double* q, double* v, Vector256<double> a, Vector256<double> b)
    {
        Vector256<double> value = Vector256.FusedMultiplyAdd(a, Vector256.Load(q), Vector256.Load(row));
        value = Vector256.FusedMultiplyAdd(b, Vector256.Load(v), value);
        value.Store(row);
        return value;
    }

    static void AddScaled(Span<double> y, double scale, ReadOnlySpan<double> x)
    {
        Vector256<double> s = Vector256.Create(scale);
        int i = 0;
        fixed (double* py = y, px = x)
        {
            for (; i + 4 <= y.Length; i += 4) Vector256.FusedMultiplyAdd(s, Vector256.Load(px + i), Vector256.Load(py + i)).Store(py + i);
        }
        for (; i < y.Length; i++) y[i] = Math.FusedMultiplyAdd(scale, x[i], y[i]);
    }

    // Splits at numbers beside the diagonal that are rounding, and takes QR steps in the lowest part until its last eigenvalue stands alone.
    static void Diagonalize(double[] d, double[] e)
    {
        int last = d.Length - 1, iterations = 0;
        while (last > 0)
        {
            int first = last;
            while (first > 0 && Math.Abs(e[first - 1]) > 2.2e-16 * (Math.Abs(d[first - 1]) + Math.Abs(d[first]))) first--;
            if (first == last)
            {
                last--;
                iterations = 0;
            }
            else if (++iterations > MostIterations)
            {
                throw new InvalidOperationException($"Eigenvalues: no convergence in {MostIterations} steps; the matrix holds numbers that are not finite.");
            }
            else
            {
                QrStep(d, e, first, last);
            }
        }
    }

    static void QrStep(double[] d, double[] e, int first, int last)
    {
        double half = (d[last - 1] - d[last]) / 2, corner = e[last - 1];
        double root = double.Hypot(half, corner);
        double x = d[first] - (d[last] - corner / (half + (half >= 0 ? root : -root)) * corner), z = e[first];
        for (int k = first; k < last; k++)
        {
            double r = double.Hypot(x, z), c = r == 0 ? 1 : x / r, s = r == 0 ? 0 : z / r;
            if (k > first) e[k - 1] = r;
            double a = d[k], b = d[k + 1], cross = 2 * c * s * e[k];
            d[k] = c * c * a + cross + s * s * b;
            d[k + 1] = s * s * a - cross + c * c * b;
            e[k] = c * s * (b - a) + (c * c - s * s) * e[k];
            if (k + 1 == last) break;
            x = e[k];
            z = s * e[k + 1];
            e[k + 1] *= c;
        }
    }
}
