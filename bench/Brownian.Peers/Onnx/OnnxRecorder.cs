using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using Brownian.Tensors;
using Attribute = Brownian.Peers.OnnxGraph.Attribute;

namespace Brownian.Peers;

/// <summary>
/// A device that computes nothing but writes each kernel of a forward pass down as ONNX operations, so that one forward pass of any
/// network exports it. Images are N×C×H×W there ("planes"); where a kernel looks at pixels one by one they are N×L×C ("rows"), and the
/// two are turned into each other where they meet.
/// </summary>
sealed class OnnxRecorder(OnnxGraph graph) : Device
{
    readonly Dictionary<(Storage, int), Value> _values = [];
    readonly Dictionary<(Storage, int), string> _known = [];
    readonly HashSet<string> _stored = [];
    readonly Dictionary<Storage, (Tensor Mean, Tensor Variance)> _statistics = [];
    readonly Dictionary<Storage, List<string>> _parts = [];
    OnnxGraph _graph = new("scratch");      // until Begin
    float[]? _table;

    public override string Name => "ONNX";

    public override int Threads => 0;

    public override string Instructions => "none";

    public override DeviceMemory Memory => default;

    /// <summary>How many rows an embedding of timesteps has.</summary>
    public int Rows { get; set; }

    /// <summary>Gives a weight's numbers a name.</summary>
    public void Know(Tensor weight, string name) => _known[(weight.Storage, weight.Offset)] = name;

    /// <summary>The images that the network looks at.</summary>
    public Tensor Sample(Shape shape)
    {
        Tensor x = Tensor.Empty(shape, this);
        SetPlanes(x, "sample");
        return x;
    }

    /// <summary>From here on what runs goes to the graph. What was uploaded before is the embedding of each timestep.</summary>
    public void Begin(int rows, int timesteps)
    {
        if (_table is null) throw new NotSupportedException("The network embeds no timesteps.");
        (_graph, Rows) = (graph, rows);
        _graph.Constant("embeddings", _table, [timesteps, _table.Length / timesteps]);
    }

    /// <summary>The name of x as N×C×H×W.</summary>
    public string Planes(Tensor x)
    {
        Value value = Of(x);
        if (value.Planes is not null) return value.Planes;
        Shape s = x.Shape;
        string turned = _graph.Add("Transpose", [value.Rows!], new Attribute("perm", (int[])[0, 2, 1]));
        return value.Planes = _graph.Add("Reshape", [turned, _graph.Extents(s[0], s[3], s[1], s[2])]);
    }

    protected override void Dispose(bool disposing) { }

    public override Storage Allocate(int floats, bool scoped) => new RecordedStorage(this, floats);

    public override void Upload(ReadOnlySpan<float> source, Tensor target)
    {
        source.CopyTo(Numbers(target));
        if (target.Shape.Rank != 2 || target.Shape[0] != Rows || Rows == 0) return;
        if (_graph != graph) _table ??= source.ToArray();
        else Set(target, _graph.Add("Gather", ["embeddings", "timestep"]));
    }

    public override void Download(Tensor source, Span<float> target) => Numbers(source).CopyTo(target);

    public override void Fill(Tensor y, float value) => Numbers(y).Fill(value);

    public override void Linear(Tensor x, Tensor w, Tensor? bias, Tensor? residual, Tensor y)
    {
        if (x.Shape.Rank == 2)
        {
            string z = bias is null ? _graph.Add("MatMul", [In(x), Weight(w)]) : _graph.Add("Gemm", [In(x), Weight(w), Weight(bias)]);
            Set(y, Plus(z, residual));
            return;
        }
        string rows = _graph.Add("MatMul", [RowsOf(x), Weight(w)]);
        SetRows(y, bias is null ? rows : _graph.Add("Add", [rows, Weight(bias)]));
        if (residual is not null) SetPlanes(y, _graph.Add("Add", [Planes(y), Planes(residual)]));
    }

    public override void Conv2d(ConvSpec spec, Tensor x, Tensor w, Tensor? bias, Tensor? perSample, Tensor? residual, Tensor y)
    {
        string[] inputs = bias is null ? [Planes(x), Kernel(w)] : [Planes(x), Kernel(w), Weight(bias)];
        string z = _graph.Add("Conv", inputs, Window(spec));
        if (perSample is not null) z = _graph.Add("Add", [z, PerSample(perSample)]);
        SetPlanes(y, Plus(z, residual));
    }

    // Forward, this is a transposed convolution: from dy to dx.
    public override void Conv2dGradInput(ConvSpec spec, Tensor dy, Tensor w, Tensor? bias, Tensor dx, bool accumulate)
    {
        if (accumulate) Refuse(nameof(Conv2dGradInput));
        int missing = dx.Shape[1] - ((dy.Shape[1] - 1) * spec.Down.Stride + spec.Down.Kernel - spec.Down.Padding - spec.Down.PaddingAfter);
        string kernel = Kernel(w);
        string[] inputs = bias is null ? [Planes(dy), kernel] : [Planes(dy), kernel, Weight(bias)];
        SetPlanes(dx, _graph.Add("ConvTranspose", inputs, [.. Window(spec), new Attribute("output_padding", (int[])[missing, missing])]));
    }

    public override void GroupNorm(GroupNormSpec spec, Tensor x, Tensor gamma, Tensor beta, Tensor y, Tensor statistics)
    {
        if (gamma.Shape.Rank != 1) Refuse("GroupNorm with a scale for each sample");
        Shape s = x.Shape;
        string groups = _graph.Add("Reshape", [Planes(x), _graph.Extents(s[0], spec.Groups, -1)]);
        string normalized = _graph.Add(
            "InstanceNormalization", [groups, Repeated(1, spec.Groups), Repeated(0, spec.Groups)], new Attribute("epsilon", spec.Epsilon));
        string planes = _graph.Add("Reshape", [normalized, _graph.Extents(s[0], s[3], s[1], s[2])]);
        string z = _graph.Add("Add", [_graph.Add("Mul", [planes, PerChannel(gamma)]), PerChannel(beta)]);
        SetPlanes(y, spec.Silu ? Silu(z) : z);
    }

    public override void BatchStatistics(
        BatchNormSpec spec, bool training, Tensor x, Tensor runningMean, Tensor runningVariance, Tensor statistics)
    {
        if (training) Refuse("BatchNorm in training");
        _statistics[statistics.Storage] = (runningMean, runningVariance);
    }

    public override void BatchNorm(BatchNormSpec spec, Tensor x, Tensor gamma, Tensor beta, Tensor statistics, Tensor? perSample, Tensor y)
    {
        (Tensor mean, Tensor variance) = _statistics[statistics.Storage];
        string input = spec.Relu ? _graph.Add("Relu", [Planes(x)]) : Planes(x);
        string z = _graph.Add(
            "BatchNormalization", [input, Weight(gamma), Weight(beta), Weight(mean), Weight(variance)], new Attribute("epsilon", spec.Epsilon));
        if (spec.Silu) z = Silu(z);
        SetPlanes(y, perSample is null ? z : _graph.Add("Add", [z, PerSample(perSample)]));
    }

    public override void Attention(AttentionSpec spec, Tensor q, Tensor k, Tensor v, Tensor y, Tensor logSumExp)
    {
        bool packed = spec.RowStride == 3 * spec.Heads * spec.HeadChannels;
        string[] parts = packed ? _graph.Add("Split", [RowsOf(q)], 3, new Attribute("axis", 2)) : [RowsOf(q), RowsOf(k), RowsOf(v)];
        SetRows(y, _graph.AddMicrosoft("MultiHeadAttention", parts, new Attribute("num_heads", spec.Heads)));
    }

    public override void Unary(UnaryOp op, Tensor x, Tensor y)
    {
        string z = In(x);
        SetIn(y, op switch
        {
            UnaryOp.Silu => Silu(z),
            UnaryOp.Relu => _graph.Add("Relu", [z]),
            _ => _graph.Add("Mul", [z, _graph.Add("Tanh", [_graph.Add("Softplus", [z])])]),
        });
    }

    public override void Affine(float a, Tensor x, float b, Tensor? z, Tensor y, bool accumulate)
    {
        if (accumulate) Refuse(nameof(Affine));
        string sum = Scaled(a, x);
        SetIn(y, z is null || b == 0 ? sum : _graph.Add("Add", [sum, Scaled(b, z)]));
    }

    public override void AddRows(Tensor x, Tensor v, Tensor y) => SetPlanes(y, _graph.Add("Add", [Planes(x), PerSample(v)]));

    public override void CopyChannels(Tensor x, int from, Tensor y, int to, int count, bool accumulate)
    {
        if (accumulate || from != 0 || count != x.Shape.Channels) Refuse("copies of some channels");
        if (to == 0) _parts[y.Storage] = [];
        _parts[y.Storage].Add(Planes(x));
        if (to + count == y.Shape.Channels) SetPlanes(y, _graph.Add("Concat", _parts[y.Storage].ToArray(), new Attribute("axis", 1)));
    }

    public override void UpsampleNearest(Tensor x, int factor, Tensor y) => SetPlanes(y, _graph.Add(
        "Resize", [Planes(x), "", _graph.Numbers(1, 1, factor, factor)],
        new Attribute("mode", "nearest"), new Attribute("coordinate_transformation_mode", "asymmetric"), new Attribute("nearest_mode", "floor")));

    // A mean leaves the padding out, as it does by default in ONNX.
    public override void Pool(PoolOp op, ConvSpec window, Tensor x, Tensor y) =>
        SetPlanes(y, _graph.Add(op == PoolOp.Max ? "MaxPool" : "AveragePool", [Planes(x)], Window(window)));

    public override void ResizeBilinear(Tensor x, Tensor y) => Refuse(nameof(ResizeBilinear));

    string Silu(string z) => _graph.Add("Mul", [z, _graph.Add("Sigmoid", [z])]);

    string Plus(string z, Tensor? residual) => residual is null ? z : _graph.Add("Add", [z, In(residual)]);

    string Scaled(float factor, Tensor x) => factor == 1 ? In(x) : _graph.Add("Mul", [In(x), _graph.Number(factor)]);

    string PerSample(Tensor features) => _graph.Add("Unsqueeze", [In(features), _graph.Extents(2, 3)]);

    string PerChannel(Tensor weight) => Stored(weight, " per channel", Numbers(weight), [weight.Shape.Count, 1, 1]);

    string Repeated(float value, int count)
    {
        float[] numbers = new float[count];
        Array.Fill(numbers, value);
        return _graph.Numbers(numbers);
    }

    // kh×kw×I×O as Conv wants it, O×I×kh×kw; and kh×kw×O×I as ConvTranspose does, I×O×kh×kw.
    string Kernel(Tensor w)
    {
        if (_graph != graph) return "scratch";      // the pass that only wants the embedding
        ReadOnlySpan<float> from = Numbers(w);
        int pixels = w.Shape[0] * w.Shape[1], inputs = w.Shape[2], outputs = w.Shape[3];
        float[] to = new float[from.Length];
        for (int o = 0; o < outputs; o++)
        {
            for (int i = 0; i < inputs; i++)
            {
                for (int p = 0; p < pixels; p++) to[(o * inputs + i) * pixels + p] = from[(p * inputs + i) * outputs + o];
            }
        }
        return Stored(w, "", to, [outputs, inputs, w.Shape[0], w.Shape[1]]);
    }

    string Weight(Tensor w) => Stored(w, "", Numbers(w), [.. Enumerable.Range(0, w.Shape.Rank).Select(i => w.Shape[i])]);

    // Each weight is used once, but for norms of one module that runs twice.
    string Stored(Tensor w, string suffix, ReadOnlySpan<float> numbers, int[] shape)
    {
        if (!_known.TryGetValue((w.Storage, w.Offset), out string? name)) name = $"weight {_known.Count}";
        if (_graph == graph && _stored.Add(name + suffix)) _graph.Constant(name + suffix, numbers, shape);
        return name + suffix;
    }

    static Attribute[] Window(ConvSpec spec) =>
    [
        new("kernel_shape", (int[])[spec.Down.Kernel, spec.Across.Kernel]),
        new("strides", (int[])[spec.Down.Stride, spec.Across.Stride]),
        new("pads", (int[])[spec.Down.Padding, spec.Across.Padding, spec.Down.PaddingAfter, spec.Across.PaddingAfter]),
    ];

    // Images as planes, everything else as it is.
    string In(Tensor x) => x.Shape.Rank == 4 ? Planes(x) : Of(x).Rows!;

    void SetIn(Tensor y, string name)
    {
        if (y.Shape.Rank == 4) SetPlanes(y, name);
        else Set(y, name);
    }

    string RowsOf(Tensor x)
    {
        Value value = Of(x);
        if (value.Rows is not null) return value.Rows;
        Shape s = x.Shape;
        string flat = _graph.Add("Reshape", [value.Planes!, _graph.Extents(s[0], s[3], s[1] * s[2])]);
        return value.Rows = _graph.Add("Transpose", [flat], new Attribute("perm", (int[])[0, 2, 1]));
    }

    Value Of(Tensor x)
    {
        if (_values.TryGetValue((x.Storage, x.Offset), out Value? value)) return value;
        if (_graph != graph && x.Shape.Rank < 4) return new Value { Rows = "scratch" };     // the pass that only wants the embedding
        throw new NotSupportedException($"A tensor {x.Shape} was read that no recorded operation wrote.");
    }

    void Set(Tensor y, string name) => _values[(y.Storage, y.Offset)] = new Value { Rows = name };

    void SetRows(Tensor y, string name) => Set(y, name);

    void SetPlanes(Tensor y, string name) => _values[(y.Storage, y.Offset)] = new Value { Planes = name };

    static Span<float> Numbers(Tensor x) => Unsafe.As<RecordedStorage>(x.Storage).Numbers.AsSpan(x.Offset, x.Shape.Count);

    sealed class Value
    {
        public string? Planes { get; set; }

        public string? Rows { get; set; }
    }

    public override void Multiply(Tensor x, Tensor z, Tensor y, bool accumulate) => Refuse(nameof(Multiply));
    public override void Clamp(Tensor x, float low, float high, Tensor y) => Refuse(nameof(Clamp));
    public override void MixPerSample(ReadOnlySpan<float> a, Tensor x, ReadOnlySpan<float> b, Tensor z, Tensor y) => Refuse(nameof(MixPerSample));
    public override void Dropout(Tensor x, float rate, Philox random, Tensor y, bool accumulate) => Refuse(nameof(Dropout));
    public override void DropoutChannels(Tensor x, float rate, Philox random, Tensor y, bool accumulate) => Refuse(nameof(DropoutChannels));
    public override void Normal(Philox random, long first, Tensor y) => Refuse(nameof(Normal));
    public override void BinomialHalve(Tensor x, float scale, Tensor y, bool accumulate) => Refuse(nameof(BinomialHalve));
    public override void BinomialDouble(Tensor x, float scale, Tensor y, bool accumulate) => Refuse(nameof(BinomialDouble));
    public override void Modulate(Tensor gamma, Tensor beta, Tensor m, Tensor g, Tensor b) => Refuse(nameof(Modulate));
    public override void UnaryGrad(UnaryOp op, Tensor x, Tensor dy, Tensor dx, bool accumulate) => Refuse(nameof(UnaryGrad));
    public override void AddRowsGrad(Tensor dy, Tensor dv, bool accumulate) => Refuse(nameof(AddRowsGrad));
    public override void UpsampleNearestGrad(Tensor dy, int factor, Tensor dx, bool accumulate) => Refuse(nameof(UpsampleNearestGrad));
    public override void PoolGrad(PoolOp op, ConvSpec window, Tensor? x, Tensor dy, Tensor dx, bool accumulate) => Refuse(nameof(PoolGrad));
    public override void ResizeBilinearGrad(Tensor dy, Tensor dx, bool accumulate) => Refuse(nameof(ResizeBilinearGrad));
    public override void LinearGradInput(Tensor dy, Tensor w, Tensor dx, bool accumulate) => Refuse(nameof(LinearGradInput));
    public override void LinearGradWeight(Tensor x, Tensor dy, Tensor dw) => Refuse(nameof(LinearGradWeight));
    public override void Conv2dGradWeight(ConvSpec spec, Tensor x, Tensor dy, Tensor dw) => Refuse(nameof(Conv2dGradWeight));
    public override void Adam(in AdamStep step, Tensor w, Tensor g, Tensor m, Tensor v) => Refuse(nameof(Adam));
    public override void Lerp(Tensor y, Tensor x, float rate) => Refuse(nameof(Lerp));

    public override void GroupNormGrad(
        GroupNormSpec spec, Tensor x, Tensor gamma, Tensor beta, Tensor statistics, Tensor dy, Tensor? dx, bool accumulate, Tensor dGamma,
        Tensor dBeta) => Refuse(nameof(GroupNormGrad));

    public override void BatchNormGrad(
        BatchNormSpec spec, bool training, Tensor x, Tensor gamma, Tensor beta, Tensor statistics, Tensor dy, Tensor? dx, bool accumulate,
        Tensor dGamma, Tensor dBeta) => Refuse(nameof(BatchNormGrad));

    public override void ModulateGrad(
        Tensor gamma, Tensor beta, Tensor m, Tensor dg, Tensor db, Tensor dGamma, Tensor dBeta, Tensor? dm, bool accumulate) =>
        Refuse(nameof(ModulateGrad));

    public override void AttentionGrad(
        AttentionSpec spec, Tensor q, Tensor k, Tensor v, Tensor y, Tensor logSumExp, Tensor dy, Tensor dq, Tensor dk, Tensor dv) =>
        Refuse(nameof(AttentionGrad));

    public override void Sum(Tensor x, Tensor y) => Refuse(nameof(Sum));
    public override void SumOfSquares(Tensor x, Tensor y) => Refuse(nameof(SumOfSquares));

    public override void Loss(LossSpec spec, Tensor x, Tensor target, ReadOnlySpan<double> weights, Tensor loss, Tensor sums) =>
        Refuse(nameof(Loss));

    public override void LossGrad(
        LossSpec spec, Tensor x, Tensor target, ReadOnlySpan<double> weights, Tensor dy, Tensor dx, bool accumulate) => Refuse(nameof(LossGrad));

    public override void Bound(ReadOnlySpan<PixelBound> bounds, Tensor x0, Tensor xt, Tensor output, Tensor loss, Tensor sums) =>
        Refuse(nameof(Bound));

    public override void BoundGrad(
        ReadOnlySpan<PixelBound> bounds, Tensor x0, Tensor xt, Tensor output, Tensor dy, bool trainsPrediction, Tensor dOutput,
        bool accumulate) => Refuse(nameof(BoundGrad));

    [DoesNotReturn]
    static void Refuse(string what) => throw new NotSupportedException($"{what} is not written as ONNX.");
}
