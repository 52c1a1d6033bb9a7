using Brownian.Tensors;

namespace Brownian.Tests.Tensors;

/// <summary>
/// One input of a case: normal numbers of a given mean and deviation. <paramref name="PerSample"/> tells that the outermost axis
/// counts samples, as weights' does not. <paramref name="Kink"/> tells that the operation has one at 0, where differences mislead;
/// <paramref name="Apart"/> that it has one where two numbers are equal: no two of them are close.
/// </summary>
readonly record struct OpInput(
    Shape Shape, double Mean = 0, double Deviation = 1, bool GetsGradient = true, bool PerSample = false, bool Kink = false, bool Apart = false)
{
    const float Distance = 1e-3f;

    public float[] Draw(Normals random)
    {
        float[] x = random.Floats(Shape.Count, Mean, Deviation);
        if (Apart) SpreadOut(x);
        return Kink ? Array.ConvertAll(x, v => Math.Abs(v) < Distance ? Distance : v) : x;
    }

    // In the order they had.
    static void SpreadOut(float[] x)
    {
        int[] order = [.. Enumerable.Range(0, x.Length).OrderBy(i => x[i])];
        for (int rank = 0; rank < order.Length; rank++) x[order[rank]] = (rank - order.Length / 2) * Distance;
    }
}

/// <summary>
/// One operation on inputs of certain shapes: how tensors compute it and how the reference does. Adding an operation to the tests
/// means adding a row; it is then checked forward, backward, for every vector width, and for several numbers of threads.
/// </summary>
sealed class OpCase
{
    readonly Lazy<OpExpectation> _expected;

    /// <param name="name">Unique; also seeds the inputs.</param>
    /// <param name="inputs">Shapes and distributions of the inputs.</param>
    /// <param name="run">Computes the result from tensors.</param>
    /// <param name="reference">Computes it from numbers, in double.</param>
    /// <param name="work">Products in one forward pass, roughly: decides whether the case is affordable where vectors are emulated.</param>
    public OpCase(string name, OpInput[] inputs, Func<Tensor[], Tensor> run, Func<double[][], double[]> reference, long work = 0)
    {
        (Name, Inputs, Run, Reference, Work) = (name, inputs, run, reference, work);
        _expected = new(() => new OpExpectation(this));
    }

    public string Name { get; }
    public OpInput[] Inputs { get; }
    public Func<Tensor[], Tensor> Run { get; }
    public Func<double[][], double[]> Reference { get; }
    public long Work { get; }

    /// <summary>
    /// Largest error, relative to the largest element of the result. Sums of up to some thousand products in float32 err by a few
    /// times 2⁻²⁴ of it, Winograd's transforms by some 30 times (2e-6).
    /// </summary>
    public double Tolerance { get; init; } = 1e-5;

    /// <summary>Largest error of a directional derivative, relative to the gradient's length (directions have deviation 1).</summary>
    public double GradientTolerance { get; init; } = 1e-4;

    /// <summary>False for operations that are documented to let no gradient through.</summary>
    public bool Differentiable { get; init; } = true;

    /// <summary>What the reference says, computed once for all widths and threads.</summary>
    public OpExpectation Expected => _expected.Value;

    public override string ToString() => Name;
}

/// <summary>The inputs of a case, its exact result, and the slope of Σ result·weights along one random direction for each input.</summary>
sealed class OpExpectation
{
    public OpExpectation(OpCase op)
    {
        var random = new Normals(op.Name);
        Inputs = Array.ConvertAll(op.Inputs, i => i.Draw(random));
        double[][] exact = Array.ConvertAll(Inputs, Compare.Doubles);
        Output = op.Reference(exact);
        Weights = random.Floats(Output.Length, 0, 1);
        Directions = Array.ConvertAll(Inputs, x => Compare.Doubles(random.Floats(x.Length, 0, 1)));
        Slopes = new double[Inputs.Length];
        for (int i = 0; i < Slopes.Length && op.Differentiable; i++)
        {
            if (op.Inputs[i].GetsGradient) Slopes[i] = Slope(op, exact, i);
        }
    }

    public float[][] Inputs { get; }
    public double[] Output { get; }
    public float[] Weights { get; }
    public double[][] Directions { get; }
    public double[] Slopes { get; }

    /// <summary>(f(x + h·u) − f(x − h·u)) / 2h in double: the error is h² f'''/6, far below what float32 gradients reach.</summary>
    double Slope(OpCase op, double[][] inputs, int index)
    {
        double h = 1e-5 * op.Inputs[index].Deviation;
        return (Weighted(op, inputs, index, h) - Weighted(op, inputs, index, -h)) / (2 * h);
    }

    double Weighted(OpCase op, double[][] inputs, int index, double h)
    {
        double[][] moved = (double[][])inputs.Clone();
        moved[index] = [.. inputs[index].Zip(Directions[index], (x, u) => x + h * u)];
        return op.Reference(moved).Zip(Weights, (y, w) => y * w).Sum();
    }
}
