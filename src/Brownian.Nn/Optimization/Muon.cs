using System.Runtime.InteropServices;
using Brownian.Tensors;

namespace Brownian.Nn;

/// <summary>
/// Muon (Jordan et al. 2024): the momentum of each matrix is made orthogonal before it is applied, so that a step moves all directions of
/// a layer alike, not only those of the largest gradients. The other parameters are trained by AdamW.
/// </summary>
/// <remarks>
/// A kernel kh×kw×I×O counts as the matrix (kh·kw·I)×O, packed maps as one matrix each. The orthogonal matrix is scaled by
/// 0.2·√max(rows, columns) (Liu et al. 2025, "Muon is scalable for LLM training"): its elements are then as large as AdamW's
/// updates usually are, so that one learning rate and one weight decay serve both.
/// </remarks>
public sealed class Muon : Optimizer
{
    const double UpdateSize = 0.2;

    readonly MuonOptions _options;
    readonly AdamOptions _others;
    readonly Parameter[] _matrices;
    readonly (int Start, int Count)[] _runs;    // of the others, which Adam takes in as few calls as there are gaps
    readonly Tensor _first, _second;

    /// <summary>Starts with moments of zero.</summary>
    /// <param name="parameters">What it trains.</param>
    /// <param name="isMatrix">Whether a trained parameter is a matrix for Muon: hidden linear maps and convolutions should be.</param>
    /// <param name="options">Of the matrices.</param>
    /// <param name="others">Of AdamW; its decay, decoupled, and clipping are those of the matrices too.</param>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public Muon(ParameterSet parameters, Func<Parameter, bool> isMatrix, MuonOptions options, AdamOptions others)
        : base(AdamOptions.Checked(parameters, others), others.MaxGradientNorm)
    {
        ArgumentNullException.ThrowIfNull(isMatrix);
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        (_options, _others) = (options, others with { Decoupled = true });
        (_first, _second) = (parameters.NewTrainedBuffer(), parameters.NewTrainedBuffer());
        ILookup<bool, Parameter> kinds = parameters.Trained.ToLookup(isMatrix);
        _matrices = [.. kinds[true]];
        Parameter[] rest = [.. kinds[false]];
        _runs = [.. Runs(parameters.Trained, isMatrix)];
        State = [new("momentum_buffer.", _first, _matrices), new(AdamOptions.FirstMoment, _first, rest), new(AdamOptions.SecondMoment, _second, rest)];
    }

    /// <inheritdoc/>
    public override IReadOnlyList<OptimizerState> State { get; }

    /// <inheritdoc/>
    protected override void Update(double rate, float gradientScale)
    {
        Tensor weights = Parameters.TrainedPart(Parameters.Values), gradients = Parameters.Gradients;
        Device device = weights.Device;
        AdamStep step = _others.Step(Steps, rate, gradientScale);
        foreach ((int start, int count) in _runs)
        {
            var part = Shape.Of(count);
            device.Adam(step, weights.Slice(start, part), gradients.Slice(start, part), _first.Slice(start, part), _second.Slice(start, part));
        }
        foreach (Parameter matrix in _matrices) Accelerate(matrix, gradientScale);
        using TensorScope scope = device.OpenScope();
        Tensor[][] parts = Array.ConvertAll(_matrices, PartsOf);
        double[] squares = SumsOfSquares([.. parts.SelectMany(part => part)]);
        int next = 0;
        for (int i = 0; i < parts.Length; i++)
        {
            using TensorScope once = device.OpenScope();
            Apply(_matrices[i], Array.ConvertAll(parts[i], part => NewtonSchulz.Orthogonalize(part, squares[next++])), rate * _options.RateRatio);
        }
    }

    // Momentum with Nesterov's look ahead: m ← μ·m + (1 − μ)·g, u = μ·m + (1 − μ)·g. Matrices have no second moment, so u lies in its place.
    void Accelerate(Parameter matrix, float gradientScale)
    {
        Tensor gradient = matrix.In(Parameters.Gradients), momentum = matrix.In(_first), update = matrix.In(_second);
        Device device = gradient.Device;
        device.Affine(gradientScale, gradient, 0, null, update, accumulate: false);
        device.Lerp(momentum, update, (float)(1 - _options.Momentum));
        device.Lerp(update, momentum, (float)_options.Momentum);
    }

    /// <summary>The update of a parameter as matrices: itself, or copies of the maps that are packed in it side by side.</summary>
    Tensor[] PartsOf(Parameter matrix)
    {
        Tensor update = matrix.In(_second).View(Shape.Of(matrix.Shape.Rows, matrix.Shape.Channels));
        if (matrix.Packed == 1) return [update];
        int columns = update.Shape[1] / matrix.Packed;
        var parts = new Tensor[matrix.Packed];
        for (int i = 0; i < parts.Length; i++)
        {
            parts[i] = Tensor.Empty(Shape.Of(update.Shape[0], columns), update.Device);
            update.Device.CopyChannels(update, i * columns, parts[i], 0, columns, accumulate: false);
        }
        return parts;
    }

    // With one wait for the device, not one for each matrix.
    static double[] SumsOfSquares(Tensor[] matrices)
    {
        double[] sums = new double[matrices.Length];
        if (sums.Length == 0) return sums;
        Tensor all = Tensor.Empty(Shape.Of(2 * sums.Length), matrices[0].Device);
        for (int i = 0; i < sums.Length; i++) all.Device.SumOfSquares(matrices[i], all.Slice(2 * i, Shape.Of(2)));
        all.CopyTo(MemoryMarshal.Cast<double, float>(sums.AsSpan()));
        return sums;
    }

    // w ← w − rate·(decay·w + 0.2·√max(rows, columns)·O)
    void Apply(Parameter matrix, Tensor[] orthogonal, double rate)
    {
        Tensor weight = matrix.Value, update = orthogonal[0];
        Device device = weight.Device;
        if (orthogonal.Length > 1)
        {
            update = matrix.In(_second);
            int columns = orthogonal[0].Shape[1];
            for (int i = 0; i < orthogonal.Length; i++) device.CopyChannels(orthogonal[i], 0, update, i * columns, columns, accumulate: false);
        }
        double size = UpdateSize * Math.Sqrt(Math.Max(orthogonal[0].Shape[0], orthogonal[0].Shape[1]));
        if (_others.WeightDecay > 0)
        {
            Tensor before = Tensor.Empty(weight.Shape, device);
            device.Affine(1, weight, 0, null, before, accumulate: false);
            device.Affine((float)(-rate * _others.WeightDecay), before, 0, null, weight, accumulate: true);
        }
        device.Affine((float)(-rate * size), update, 0, null, weight, accumulate: true);
    }

    static IEnumerable<(int Start, int Count)> Runs(IEnumerable<Parameter> trained, Func<Parameter, bool> isMatrix)
    {
        int start = -1, end = 0;
        foreach (Parameter parameter in trained)
        {
            if (isMatrix(parameter))
            {
                if (start >= 0) yield return (start, end - start);
                start = -1;
                continue;
            }
            if (start < 0) start = parameter.Offset;
            end = parameter.Offset + parameter.Shape.Count;
        }
        if (start >= 0) yield return (start, end - start);
    }
}
