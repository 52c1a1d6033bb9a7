using Brownian.Tensors;

namespace Brownian.Evaluation;

/// <summary>
/// Images as points of a feature space: rows of float or double numbers, all finite, or a choice of the rows of such a set. Distances
/// between sets read them in double.
/// </summary>
public sealed class Points
{
    readonly float[]? _floats;
    readonly double[]? _doubles;
    readonly int[]? _rows;

    /// <summary>The features of a set of images, which are not copied.</summary>
    /// <param name="set">The features.</param>
    /// <param name="name">What messages call the set: reference, generated.</param>
    /// <exception cref="ArgumentException">A number is NaN or infinite, or the numbers do not fill rows.</exception>
    public Points(FeatureSet set, string name) : this((set ?? throw new ArgumentNullException(nameof(set))).Values.Length, set.Dimensions, name)
    {
        _floats = set.Values;
        int bad = 0;
        while (bad < _floats.Length && float.IsFinite(_floats[bad])) bad++;
        if (bad < _floats.Length) throw NotFinite(bad, _floats[bad]);
    }

    /// <summary>Rows of doubles, which are not copied.</summary>
    /// <param name="values">Count×Dimensions, one point after another.</param>
    /// <param name="dimensions">The numbers in a row, at least 1.</param>
    /// <param name="name">What messages call the set.</param>
    /// <exception cref="ArgumentException">A number is NaN or infinite, or the numbers do not fill rows.</exception>
    public Points(double[] values, int dimensions, string name)
        : this((values ?? throw new ArgumentNullException(nameof(values))).Length, dimensions, name)
    {
        _doubles = values;
        int bad = 0;
        while (bad < values.Length && double.IsFinite(values[bad])) bad++;
        if (bad < values.Length) throw NotFinite(bad, values[bad]);
    }

    Points(int numbers, int dimensions, string name)
    {
        if (dimensions < 1 || numbers % dimensions != 0)
            throw new ArgumentException($"{name}: {numbers} numbers are no rows of {dimensions}; give each image as many as there are features.");
        (Dimensions, Count, Name) = (dimensions, numbers / dimensions, name);
    }

    Points(Points all, int[] rows)
    {
        (_floats, _doubles) = (all._floats, all._doubles);
        (Dimensions, Count, Name) = (all.Dimensions, rows.Length, all.Name);
        _rows = all._rows is null ? rows : Array.ConvertAll(rows, row => all._rows[row]);
    }

    /// <summary>What messages call the set.</summary>
    public string Name { get; }

    /// <summary>The numbers in a row.</summary>
    public int Dimensions { get; }

    /// <summary>How many points there are.</summary>
    public int Count { get; }

    /// <summary>Some of the points, in this order; one may come more than once.</summary>
    /// <param name="rows">Which, counted from 0.</param>
    public Points Take(int[] rows) => new(this, rows);

    /// <summary>At most so many of the points, drawn without replacement; all in their order where there are no more.</summary>
    /// <param name="count">The most.</param>
    /// <param name="seed">Of the draw.</param>
    public Points Draw(int count, long seed) =>
        count >= Count ? this : Take(new Philox((ulong)seed, Philox.Stream("evaluation.draw")).Permutation(Count)[..count]);

    /// <summary>Copies points that follow one another.</summary>
    /// <param name="first">The first of them.</param>
    /// <param name="target">Receives whole rows, as many as it has room for.</param>
    public void CopyTo(int first, Span<double> target)
    {
        int d = Dimensions;
        for (int i = 0; i < target.Length / d; i++)
        {
            int start = Row(first + i) * d;
            Span<double> row = target.Slice(i * d, d);
            if (_doubles is not null) _doubles.AsSpan(start, d).CopyTo(row);
            else for (int j = 0; j < d; j++) row[j] = _floats![start + j];
        }
    }

    /// <summary>
    /// |x − y|² of two points, summed from the first feature to the last: equal points are at exactly 0, and a point and a copy of it at the
    /// same distance from any other.
    /// </summary>
    internal double SquaredDistance(int row, Points other, int otherRow)
    {
        int d = Dimensions, x = Row(row) * d, y = other.Row(otherRow) * d;
        double sum = 0;
        for (int j = 0; j < d; j++)
        {
            double difference = At(x + j) - other.At(y + j);
            sum += difference * difference;
        }
        return sum;
    }

    /// <summary>Refuses a set of too few points.</summary>
    /// <exception cref="ArgumentException">There are fewer.</exception>
    internal void AtLeast(int count, string metric)
    {
        if (Count < count)
            throw new ArgumentException($"{Name}: {Counted.Of(Count, "image")}; {metric} needs at least {count}: give more.");
    }

    /// <summary>Refuses two sets of other features.</summary>
    /// <exception cref="ArgumentException">Their rows have different lengths.</exception>
    internal void SameSpaceAs(Points other)
    {
        if (Dimensions != other.Dimensions)
        {
            throw new ArgumentException(
                $"{Name} has {Counted.Of(Dimensions, "feature")} for each image and {other.Name} has {other.Dimensions}: compute both with one network.");
        }
    }

    int Row(int point) => _rows is null ? point : _rows[point];

    double At(int index) => _doubles is null ? _floats![index] : _doubles[index];

    ArgumentException NotFinite(int index, double value) => new(
        $"{Name}: image {index / Dimensions} has {(double.IsNaN(value) ? "NaN" : "an infinite number")} as feature {index % Dimensions} "
        + "(both counted from 0); leave the image out, or look for what the network cannot read in it.");
}
