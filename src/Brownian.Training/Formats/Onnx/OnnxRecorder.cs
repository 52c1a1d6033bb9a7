using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using Brownian.Nn;
using Brownian.Tensors;
using Attribute = Brownian.OnnxWriter.Attribute;

namespace Brownian;

/// <summary>
/// A device that computes nothing but writes each kernel of a forward pass down as operations of ONNX, so that one pass of one image exports any
/// network. Images are N×C×H×W there ("planes"); where a kernel looks at pixels one by one they are N×L×C ("rows"), and the two are turned
/// into each other where they meet. N stays open: whatever is reshaped keeps its first extent.
/// </summary>
/// <param name="graph">Where the operations go.</param>
/// <param name="fusesAttention">Whether attention is one operation of ONNX Runtime's own, not several of the standard's.</param>
sealed class OnnxRecorder(OnnxWriter graph, bool fusesAttention = false) : Device
{
    /// <summary>What the pass is told as the timestep and as the label, so that features say which of the two they are made of.</summary>
    public const float Timestep = 3;
    public const int Label = 0;

    public const string SampleName = "sample", EstimateName = "estimate", TimestepName = "timestep", LabelName = "label";

    readonly Dictionary<(Storage, int), Value> _values = [];
    readonly Dictionary<(Storage, int), string> _names = [];
    readonly HashSet<string> _stored = new(StringComparer.Ordinal);
    readonly Dictionary<Storage, (Tensor Mean, Tensor Variance)> _statistics = [];
    readonly Dictionary<Storage, string> _picked = [];
    readonly Dictionary<Storage, List<string>> _parts = [];

    public override string Name => "ONNX";

    public override int Threads => 0;

    public override string Instructions => "none";

    public override DeviceMemory Memory => default;

    /// <summary>Gives a weight's numbers a name.</summary>
    public void Know(Tensor weight, string name) => _names[(weight.Storage, weight.Offset)] = name;

    /// <summary>Images that a caller provides as N×C×H×W, mirrored at the bottom and right to a size that the network takes.</summary>
    /// <param name="name">What the caller calls them.</param>
    /// <param name="height">Of each.</param>
    /// <param name="width">Of each.</param>
    /// <param name="shape">N×H'×W'×C, as the network sees them.</param>
    public Tensor Given(string name, int height, int width, Shape shape)
    {
        (int below, int beside) = (shape[1] - height, shape[2] - width);
        if (below >= height || beside >= width) Refuse($"mirroring images of {height}×{width} pixels to {shape[1]}×{shape[2]}");
        Tensor x = Tensor.Empty(shape, this);
        SetPlanes(x, (below, beside) == (0, 0) ? name : graph.Add("Pad", [name, graph.Integers(0, 0, 0, 0, 0, 0, below, beside)], new Attribute("mode", "reflect")));
        return x;
    }

    /// <summary>The name of x as N×C×H×W, cut to a size.</summary>
    public string Planes(Tensor x, int height, int width) => (x.Shape[1], x.Shape[2]) == (height, width)
        ? Planes(x)
        : graph.Add("Slice", [Planes(x), graph.Integers(0, 0), graph.Integers(height, width), graph.Integers(2, 3)]);

    /// <summary>The name of x as N×C×H×W.</summary>
    public string Planes(Tensor x)
    {
        Value value = Of(x);
        if (value.Planes is not null) return value.Planes;
        string turned = graph.Add("Transpose", [value.Rows!], new Attribute("perm", (int[])[0, 2, 1]));
        return value.Planes = graph.Add("Reshape", [turned, graph.Integers(0, x.Shape[3], x.Shape[1], x.Shape[2])]);
    }

    protected override void Dispose(bool disposing) { }

    public override Storage Allocate(int floats, bool scoped) => new OnnxStorage(this, floats);

    public override void Upload(ReadOnlySpan<float> source, Tensor target) => source.CopyTo(Numbers(target));

    public override void Download(Tensor source, Span<float> target) => Numbers(source).CopyTo(target);

    public override void Fill(Tensor y, float value)
    {
        if (y.Shape.Rank == 4) SetPlanes(y, graph.Number(value));
        else Numbers(y).Fill(value);
    }

    public override Tensor FeaturesOf(HostFeatures features, ReadOnlySpan<float> of)
    {
        string source = of[0] == Timestep ? TimestepName : LabelName;
        Tensor y = Tensor.Empty(Shape.Of(of.Length, features.Count), this);
        switch (features)
        {
            case OneHot: _picked[y.Storage] = source == LabelName ? source : graph.Add("Cast", [source], new Attribute("to", 7)); break;
            case SinusoidalEmbedding sines: SetRows(y, Sinusoid(sines)); break;
            case FourierFeatures waves: SetRows(y, Waves(waves)); break;
            case SharesOfRows shares: SetRows(y, Shares(shares)); break;
            default: Refuse(features.GetType().Name); break;
        }
        return y;
    }

    string Sinusoid(SinusoidalEmbedding embedding)
    {
        string frequencies = graph.Constant("frequencies", [.. embedding.Frequencies], [1, embedding.Frequencies.Count]), time = Column(TimestepName);
        string angle = graph.Add(embedding.Divide ? "Div" : "Mul", [time, frequencies]);
        string sine = graph.Add("Sin", [angle]), cosine = graph.Add("Cos", [angle]);
        List<string> parts = embedding.CosineFirst ? [cosine, sine] : [sine, cosine];
        if (embedding.Dimension % 2 != 0) parts.Add(graph.Add("Mul", [time, graph.Number(0)]));
        return graph.Add("Concat", parts.ToArray(), new Attribute("axis", 1));
    }

    string Waves(FourierFeatures features)
    {
        float[] waves = [.. features.Weights.Select(weight => (float)(2 * Math.PI * weight))];
        string angle = graph.Add("Mul", [graph.Add("Log", [Column(TimestepName)]), graph.Constant("frequencies", waves, [1, waves.Length])]);
        return graph.Add("Concat", [graph.Add("Sin", [angle]), graph.Add("Cos", [angle])], new Attribute("axis", 1));
    }

    string Shares(SharesOfRows features)
    {
        float[] places = [.. Enumerable.Range(0, features.Rows).Select(row => (float)row)];
        string apart = graph.Add("Abs", [graph.Add("Sub", [Column(TimestepName), graph.Constant("places", places, [1, places.Length])])]);
        return graph.Add("Relu", [graph.Add("Sub", [graph.Number(1), apart])]);
    }

    string Column(string name) => graph.Add("Unsqueeze", [name, graph.Integers(1)]);

    public override void Linear(Tensor x, Tensor w, Tensor? bias, Tensor? residual, Tensor y)
    {
        string z = _picked.TryGetValue(x.Storage, out string? row)
            ? graph.Add("Gather", [Weight(w), row])
            : graph.Add("MatMul", [RowsOf(x), Weight(w)]);
        if (bias is not null) z = graph.Add("Add", [z, Weight(bias)]);
        SetRows(y, residual is null ? z : graph.Add("Add", [z, RowsOf(residual)]));
    }

    public override void Conv2d(ConvSpec spec, Tensor x, Tensor w, Tensor? bias, Tensor? perSample, Tensor? residual, Tensor y)
    {
        string[] inputs = bias is null ? [Planes(x), Kernel(w)] : [Planes(x), Kernel(w), Weight(bias)];
        string z = graph.Add("Conv", inputs, Window(spec));
        if (perSample is not null) z = graph.Add("Add", [z, PerSample(perSample)]);
        SetPlanes(y, residual is null ? z : graph.Add("Add", [z, Planes(residual)]));
    }

    // Forward, this is a transposed convolution: from dy to dx.
    public override void Conv2dGradInput(ConvSpec spec, Tensor dy, Tensor w, Tensor? bias, Tensor dx, bool accumulate)
    {
        int down = Missing(spec.Down, dy.Shape[1], dx.Shape[1]), across = Missing(spec.Across, dy.Shape[2], dx.Shape[2]);
        string[] inputs = bias is null ? [Planes(dy), Kernel(w)] : [Planes(dy), Kernel(w), Weight(bias)];
        string z = graph.Add("ConvTranspose", inputs, [.. Window(spec), new Attribute("output_padding", (int[])[down, across])]);
        Write(dx, z, accumulate);

        static int Missing(WindowAxis axis, int from, int to) => to - ((from - 1) * axis.Stride + axis.Kernel - axis.Padding - axis.PaddingAfter);
    }

    public override void GroupNorm(GroupNormSpec spec, Tensor x, Tensor gamma, Tensor beta, Tensor y, Tensor statistics)
    {
        Shape s = x.Shape;
        string groups = graph.Add("Reshape", [Planes(x), graph.Integers(0, spec.Groups, -1)]);
        string normalized = graph.Add(
            "InstanceNormalization", [groups, Repeated(1, spec.Groups), Repeated(0, spec.Groups)], new Attribute("epsilon", spec.Epsilon));
        string planes = graph.Add("Reshape", [normalized, graph.Integers(0, s[3], s[1], s[2])]);
        bool isPerSample = gamma.Shape.Rank == 2;
        string scaled = graph.Add("Mul", [planes, isPerSample ? PerSample(gamma) : PerChannel(gamma)]);
        string z = graph.Add("Add", [scaled, isPerSample ? PerSample(beta) : PerChannel(beta)]);
        SetPlanes(y, spec.Silu ? Silu(z) : z);
    }

    public override void Modulate(Tensor gamma, Tensor beta, Tensor m, Tensor g, Tensor b)
    {
        string[] parts = graph.Add("Split", [RowsOf(m)], 2, new Attribute("axis", 1));
        string scale = graph.Add("Add", [parts[0], graph.Number(1)]);
        SetRows(g, graph.Add("Mul", [scale, Weight(gamma)]));
        SetRows(b, graph.Add("Add", [graph.Add("Mul", [scale, Weight(beta)]), parts[1]]));
    }

    public override void BatchStatistics(BatchNormSpec spec, bool training, Tensor x, Tensor runningMean, Tensor runningVariance, Tensor statistics)
    {
        if (training) Refuse("batch norm in training");
        _statistics[statistics.Storage] = (runningMean, runningVariance);
    }

    public override void BatchNorm(BatchNormSpec spec, Tensor x, Tensor gamma, Tensor beta, Tensor statistics, Tensor? perSample, Tensor y)
    {
        (Tensor mean, Tensor variance) = _statistics[statistics.Storage];
        string input = spec.Relu ? graph.Add("Relu", [Planes(x)]) : Planes(x);
        string z = graph.Add(
            "BatchNormalization", [input, Weight(gamma), Weight(beta), Weight(mean), Weight(variance)], new Attribute("epsilon", spec.Epsilon));
        if (spec.Silu) z = Silu(z);
        SetPlanes(y, perSample is null ? z : graph.Add("Add", [z, PerSample(perSample)]));
    }

    // softmax(q·kᵀ/√d)·v with q, v N×heads×L×d and kᵀ N×heads×d×L
    public override void Attention(AttentionSpec spec, Tensor q, Tensor k, Tensor v, Tensor y, Tensor logSumExp)
    {
        bool isPacked = spec.RowStride == 3 * spec.Heads * spec.HeadChannels;
        string[] parts = isPacked ? graph.Add("Split", [RowsOf(q)], 3, new Attribute("axis", 2)) : [RowsOf(q), RowsOf(k), RowsOf(v)];
        if (fusesAttention)
        {
            SetRows(y, graph.AddMicrosoft("MultiHeadAttention", parts, new Attribute("num_heads", spec.Heads)));
            return;
        }
        string scores = graph.Add("MatMul", [Heads(parts[0], 0, 2, 1, 3), Heads(parts[1], 0, 2, 3, 1)]);
        string shares = graph.Add("Softmax", [graph.Add("Mul", [scores, graph.Number(spec.Scale)])], new Attribute("axis", -1));
        string mixed = graph.Add("MatMul", [shares, Heads(parts[2], 0, 2, 1, 3)]);
        string rows = graph.Add("Transpose", [mixed], new Attribute("perm", (int[])[0, 2, 1, 3]));
        SetRows(y, graph.Add("Reshape", [rows, graph.Integers(0, 0, -1)]));

        string Heads(string rows, params int[] order) => graph.Add(
            "Transpose", [graph.Add("Reshape", [rows, graph.Integers(0, 0, spec.Heads, spec.HeadChannels)])], new Attribute("perm", order));
    }

    public override void Unary(UnaryOp op, Tensor x, Tensor y)
    {
        string z = In(x);
        SetIn(y, op switch
        {
            UnaryOp.Silu => Silu(z),
            UnaryOp.Relu => graph.Add("Relu", [z]),
            UnaryOp.Mish => graph.Add("Mul", [z, graph.Add("Tanh", [graph.Add("Softplus", [z])])]),
            _ => graph.Add("Mul", [z, graph.Add("Mul", [graph.Number(0.5f), graph.Add("Add", [graph.Number(1), Erf(z)])])]),
        });

        string Erf(string of) => graph.Add("Erf", [graph.Add("Mul", [of, graph.Number((float)Math.Sqrt(0.5))])]);
    }

    public override void Affine(float a, Tensor x, float b, Tensor? z, Tensor y, bool accumulate)
    {
        string sum = Scaled(a, x);
        Write(y, z is null || b == 0 ? sum : graph.Add("Add", [sum, Scaled(b, z)]), accumulate);
    }

    public override void Multiply(Tensor x, Tensor z, Tensor y, bool accumulate) => Write(y, graph.Add("Mul", [In(x), In(z)]), accumulate);

    public override void Clamp(Tensor x, float low, float high, Tensor y) => SetIn(y, graph.Add("Clip", [In(x), graph.Number(low), graph.Number(high)]));

    // The one scale for each sample that networks have: they divide a score by its time.
    public override void MixPerSample(ReadOnlySpan<float> a, Tensor x, ReadOnlySpan<float> b, Tensor z, Tensor y)
    {
        if (a[0] != 1 / Timestep || b[0] != 0) Refuse("a scale for each image");
        SetPlanes(y, graph.Add("Div", [Planes(x), graph.Add("Unsqueeze", [TimestepName, graph.Integers(1, 2, 3)])]));
    }

    public override void AddRows(Tensor x, Tensor v, Tensor y) =>
        SetPlanes(y, graph.Add("Add", [Planes(x), v.Shape.Rank == 1 ? PerChannel(v) : PerSample(v)]));

    // Parts of a concatenation come in their order.
    public override void CopyChannels(Tensor x, int from, Tensor y, int to, int count, bool accumulate)
    {
        if (accumulate) Refuse("a sum of some channels");
        string part = from == 0 && count == x.Shape.Channels ? Planes(x)
            : graph.Add("Slice", [Planes(x), graph.Integers(from), graph.Integers(from + count), graph.Integers(1)]);
        if (to == 0) _parts[y.Storage] = [];
        _parts[y.Storage].Add(part);
        if (to + count == y.Shape.Channels) SetPlanes(y, graph.Add("Concat", _parts[y.Storage].ToArray(), new Attribute("axis", 1)));
    }

    public override void UpsampleNearest(Tensor x, int factor, Tensor y) => SetPlanes(y, graph.Add(
        "Resize", [Planes(x), "", graph.Numbers(1, 1, factor, factor)],
        new Attribute("mode", "nearest"), new Attribute("coordinate_transformation_mode", "asymmetric"), new Attribute("nearest_mode", "floor")));

    // A mean leaves the padding out, as it does by default in ONNX.
    public override void Pool(PoolOp op, ConvSpec window, Tensor x, Tensor y) =>
        SetPlanes(y, graph.Add(op == PoolOp.Max ? "MaxPool" : "AveragePool", [Planes(x)], Window(window)));

    public override void ResizeBilinear(Tensor x, Tensor y) => SetPlanes(y, graph.Add(
        "Resize", [Planes(x), "", graph.Numbers(1, 1, (float)y.Shape[1] / x.Shape[1], (float)y.Shape[2] / x.Shape[2])],
        new Attribute("mode", "linear"), new Attribute("coordinate_transformation_mode", "half_pixel")));

    public override void BinomialHalve(Tensor x, float scale, Tensor y, bool accumulate) => Write(y, Binomial("Conv", x, scale), accumulate);

    public override void BinomialDouble(Tensor x, float scale, Tensor y, bool accumulate) => Write(y, Binomial("ConvTranspose", x, scale), accumulate);

    // A filter for each channel by itself.
    string Binomial(string operation, Tensor x, float scale)
    {
        float[] line = [0.125f, 0.375f, 0.375f, 0.125f];
        int channels = x.Shape.Channels;
        string name = FormattableString.Invariant($"binomial {channels} {scale:r}");
        if (_stored.Add(name))
            graph.Constant(name, [.. Enumerable.Range(0, channels).SelectMany(_ => line.SelectMany(a => line.Select(b => scale * a * b)))], [channels, 1, 4, 4]);
        return graph.Add(operation, [Planes(x), name], [.. Window(new ConvSpec(4, stride: 2, padding: 1)), new Attribute("group", channels)]);
    }

    string Silu(string z) => graph.Add("Mul", [z, graph.Add("Sigmoid", [z])]);

    string Scaled(float factor, Tensor x) => factor == 1 ? In(x) : graph.Add("Mul", [In(x), graph.Number(factor)]);

    string PerSample(Tensor features) => graph.Add("Unsqueeze", [RowsOf(features), graph.Integers(2, 3)]);

    string PerChannel(Tensor weight) => Stored(weight, " per channel", Numbers(weight), [weight.Shape.Count, 1, 1]);

    string Repeated(float value, int count) => graph.Numbers([.. Enumerable.Repeat(value, count)]);

    // kh×kw×I×O as Conv wants it, O×I×kh×kw; and kh×kw×O×I as ConvTranspose does, I×O×kh×kw.
    string Kernel(Tensor w)
    {
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

    string Weight(Tensor w) => Stored(w, "", Numbers(w), w.Shape.ToArray());

    // A module that runs twice has its weights stored once.
    string Stored(Tensor w, string suffix, ReadOnlySpan<float> numbers, int[] shape)
    {
        if (!_names.TryGetValue((w.Storage, w.Offset), out string? name)) throw new NotSupportedException($"{w} is read as a weight, and is none.");
        if (_stored.Add(name + suffix)) graph.Constant(name + suffix, numbers, shape);
        return name + suffix;
    }

    static Attribute[] Window(ConvSpec spec) =>
    [
        new("kernel_shape", (int[])[spec.Down.Kernel, spec.Across.Kernel]),
        new("strides", (int[])[spec.Down.Stride, spec.Across.Stride]),
        new("pads", (int[])[spec.Down.Padding, spec.Across.Padding, spec.Down.PaddingAfter, spec.Across.PaddingAfter]),
    ];

    // Images as planes, everything else as it is.
    string In(Tensor x) => x.Shape.Rank == 4 ? Planes(x) : RowsOf(x);

    void SetIn(Tensor y, string name)
    {
        if (y.Shape.Rank == 4) SetPlanes(y, name);
        else SetRows(y, name);
    }

    void Write(Tensor y, string name, bool accumulate) => SetIn(y, accumulate ? graph.Add("Add", [In(y), name]) : name);

    string RowsOf(Tensor x)
    {
        Value value = Of(x);
        if (value.Rows is not null) return value.Rows;
        string flat = graph.Add("Reshape", [value.Planes!, graph.Integers(0, x.Shape.Channels, -1)]);
        return value.Rows = graph.Add("Transpose", [flat], new Attribute("perm", (int[])[0, 2, 1]));
    }

    Value Of(Tensor x) => _values.TryGetValue((x.Storage, x.Offset), out Value? value)
        ? value
        : throw new NotSupportedException($"{x} is read, which nothing wrote.");

    void SetRows(Tensor y, string name) => _values[(y.Storage, y.Offset)] = new Value { Rows = name };

    void SetPlanes(Tensor y, string name) => _values[(y.Storage, y.Offset)] = new Value { Planes = name };

    static Span<float> Numbers(Tensor x) => Unsafe.As<OnnxStorage>(x.Storage).Numbers.AsSpan(x.Offset, x.Shape.Count);

    /// <summary>The names of a value in its two shapes; the one that is missing is made when it is asked for.</summary>
    sealed class Value
    {
        public string? Planes { get; set; }

        public string? Rows { get; set; }
    }

    /// <summary>A block that holds numbers only where they were uploaded: weights, and what comes from the host.</summary>
    sealed class OnnxStorage(Device device, int floats) : Storage(device)
    {
        float[]? _numbers;
        bool _released;

        public override int Capacity => floats;

        public override bool IsReleased => _released;

        /// <summary>Zeros until something was uploaded.</summary>
        public float[] Numbers => _numbers ??= new float[floats];

        protected override void Release()
        {
            if (_released) ThrowReleased();
            (_released, _numbers) = (true, null);
        }
    }

    public override void Dropout(Tensor x, float rate, Philox random, Tensor y, bool accumulate) => Refuse(nameof(Dropout));
    public override void DropoutChannels(Tensor x, float rate, Philox random, Tensor y, bool accumulate) => Refuse(nameof(DropoutChannels));
    public override void Normal(Philox random, long first, Tensor y) => Refuse(nameof(Normal));
    public override void Sum(Tensor x, Tensor y) => Refuse(nameof(Sum));
    public override void SumOfSquares(Tensor x, Tensor y) => Refuse(nameof(SumOfSquares));
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
        Tensor gamma, Tensor beta, Tensor m, Tensor dg, Tensor db, Tensor dGamma, Tensor dBeta, Tensor? dm, bool accumulate) => Refuse(nameof(ModulateGrad));

    public override void AttentionGrad(
        AttentionSpec spec, Tensor q, Tensor k, Tensor v, Tensor y, Tensor logSumExp, Tensor dy, Tensor dq, Tensor dk, Tensor dv) => Refuse(nameof(AttentionGrad));

    public override void Loss(LossSpec spec, Tensor x, Tensor target, ReadOnlySpan<double> weights, Tensor loss, Tensor sums) => Refuse(nameof(Loss));

    public override void LossGrad(LossSpec spec, Tensor x, Tensor target, ReadOnlySpan<double> weights, Tensor dy, Tensor dx, bool accumulate) =>
        Refuse(nameof(LossGrad));

    public override void Bound(ReadOnlySpan<PixelBound> bounds, Tensor x0, Tensor xt, Tensor output, Tensor loss, Tensor sums) => Refuse(nameof(Bound));

    public override void BoundGrad(
        ReadOnlySpan<PixelBound> bounds, Tensor x0, Tensor xt, Tensor output, Tensor dy, bool trainsPrediction, Tensor dOutput, bool accumulate) =>
        Refuse(nameof(BoundGrad));

    [DoesNotReturn]
    static void Refuse(string what) => throw new NotSupportedException($"ONNX has no equivalent here of {what}");
}
