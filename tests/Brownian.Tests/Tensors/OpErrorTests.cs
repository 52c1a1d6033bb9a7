using Brownian.Tensors;

namespace Brownian.Tests.Tensors;

/// <summary>Every operation refuses shapes that do not fit, naming itself and both sides.</summary>
public sealed class OpErrorTests(Devices devices) : IClassFixture<Devices>
{
    sealed record Wrong(string Name, Action<Func<int[], Tensor>> Run, string[] Says);

    static readonly Wrong[] All =
    [
        new("affine", t => TensorOps.Affine(1, t([2, 3]), 1, t([3, 2])), ["Affine", "2×3", "3×2"]),
        new("add", t => t([2, 3]).Add(t([2, 4])), ["2×3", "2×4"]),
        new("multiply", t => t([6]).Multiply(t([2, 3])), ["Multiply", "6", "2×3"]),
        new("mix shapes", t => TensorOps.MixPerSample([1, 1], t([2, 3]), [1, 1], t([2, 4])), ["MixPerSample", "2×3", "2×4"]),
        new("mix coefficients", t =>
            TensorOps.MixPerSample([1], t([2, 3]), [1, 1, 1], t([2, 3])), ["MixPerSample", "1 and 3", "2 samples"]),
        new("dropout", t => t([3]).Dropout(1, new Philox(1, 1)), ["Dropout", "the rate is 1"]),
        new("dropout NaN", t => t([3]).Dropout(float.NaN, new Philox(1, 1)), ["Dropout", "NaN"]),
        new("dropout of channels", t => t([2, 3]).DropoutChannels(1, new Philox(1, 1)), ["DropoutChannels", "the rate is 1"]),
        new("add rows", t => t([2, 5, 3]).AddRows(t([3, 3])), ["AddRows", "3×3", "2×5×3", "2×3"]),
        new("add rows channels", t => t([2, 5, 3]).AddRows(t([4])), ["AddRows", "4", "2×5×3"]),
        new("squared error", t => t([2, 3]).MeanSquaredError(t([3, 2])), ["MeanSquaredError", "2×3", "3×2"]),
        new("loss weights", t => t([2, 3]).MeanLoss(t([2, 3]), new(LossOp.Absolute), [1, 2, 3], out _), ["MeanLoss", "3 weights", "2 samples"]),
        new("bound answer", t => t([2, 5, 3]).MeanBound(t([2, 5, 2]), t([2, 5, 2]), new PixelBound[2], true, out _), ["MeanBound", "2×5×3", "2×5×2", "2×5×4"]),
        new("bounds", t => t([2, 3]).MeanBound(t([2, 3]), t([2, 3]), new PixelBound[1], true, out _), ["MeanBound", "1 bounds", "2 samples"]),
        new("cross entropy shape", t => t([2, 3, 1]).CrossEntropy([0, 1]), ["CrossEntropy", "2×3×1", "N×K"]),
        new("cross entropy classes", t => t([2, 3]).CrossEntropy([0]), ["CrossEntropy", "1 classes", "2 samples"]),
        new("cross entropy class", t => t([2, 3]).CrossEntropy([0, 3]), ["CrossEntropy", "sample 1", "class 3", "0 to 2"]),
        new("concat", t => Reshaping.ConcatChannels(t([2, 3, 4, 5]), t([2, 3, 3, 5])), ["ConcatChannels", "2×3×4×5", "2×3×3×5"]),
        new("concat ranks", t => Reshaping.ConcatChannels(t([2, 3]), t([2, 3, 1])), ["ConcatChannels", "2×3", "2×3×1"]),
        new("upsample rank", t => t([2, 3]).UpsampleNearest(), ["UpsampleNearest", "N×H×W×C", "2×3"]),
        new("upsample factor", t => t([1, 2, 2, 1]).UpsampleNearest(0), ["UpsampleNearest", "0"]),
        new("mirror", t => t([1, 3, 2, 1]).PadByMirroring(4, 1), ["PadByMirroring", "3×2", "4×1"]),
        new("crop", t => t([1, 3, 2, 1]).CropTo(3, 3), ["CropTo", "3×3", "3×2"]),
        new("pool rank", t => t([2, 3]).AveragePool(), ["AveragePool", "N×H×W×C", "2×3"]),
        new("pool factor", t => t([1, 3, 2, 1]).AveragePool(3), ["AveragePool", "3×2", "3", "1 to 2"]),
        new("max pool factor", t => t([1, 3, 2, 1]).MaxPool(3), ["MaxPool", "3×2", "3", "1 to 2"]),
        new("pool window", t => t([1, 2, 4, 1]).MaxPool(new ConvSpec(3, 2)), ["MaxPool", "2×4", "3×3", "too few"]),
        new("pool padding", t => t([1, 5, 5, 1]).AveragePool(new ConvSpec(3, 1, 3)), ["AveragePool", "3×3", "padding 3 and 3", "padding alone"]),
        new("mean rank", t => t([2, 3]).MeanOverImage(), ["MeanOverImage", "N×H×W×C", "2×3"]),
        new("resize to nothing", t => t([1, 2, 4, 1]).ResizeBilinear(3, 0), ["ResizeBilinear", "3×0"]),
        new("halve an odd height", t => t([1, 3, 4, 1]).BinomialHalve(), ["BinomialHalve", "3×4", "even"]),
        new("double rank", t => t([2, 3]).BinomialDouble(), ["BinomialDouble", "N×H×W×C", "2×3"]),
        new("scale per sample", t => t([2, 3]).ScalePerSample([1]), ["ScalePerSample", "1 numbers", "2 samples"]),
        new("group norm modulation", t => t([2, 4, 6]).GroupNorm(t([6]), t([6]), 2, modulation: t([2, 6])), ["GroupNorm", "modulation is 2×6", "2×12"]),
        new("linear", t => t([4, 3]).Linear(t([2, 5])), ["Linear", "2×5", "4×3", "3×N"]),
        new("linear rank", t => t([4, 3]).Linear(t([3])), ["Linear", "weight 3 ", "4×3"]),
        new("linear bias", t => t([4, 3]).Linear(t([3, 5]), t([4])), ["Linear", "bias", "4", "5"]),
        new("linear residual", t => t([4, 3]).Linear(t([3, 5]), null, t([4, 4])), ["Linear", "residual", "4×4", "4×5"]),
        new("conv rank", t => t([4, 3]).Conv2d(t([3, 3, 3, 1]), new(3, 1, 1)), ["Conv2d", "N×H×W×C", "4×3"]),
        new("conv weight", t => t([1, 4, 4, 2]).Conv2d(t([3, 3, 3, 1]), new(3, 1, 1)), ["Conv2d", "3×3×3×1", "1×4×4×2", "3×3×2×O"]),
        new("conv kernel", t => t([1, 4, 4, 2]).Conv2d(t([5, 5, 2, 1]), new(3, 1, 1)), ["Conv2d", "5×5×2×1", "3×3×2×O"]),
        new("conv size", t => t([1, 2, 4, 2]).Conv2d(t([3, 3, 2, 1]), new(3, 1, 0)), ["Conv2d", "2×4", "3×3"]),
        new("conv size with a stride", t => t([1, 2, 4, 2]).Conv2d(t([3, 3, 2, 1]), new(3, 2, 0)), ["Conv2d", "2×4", "3×3"]),
        new("conv oblong weight", t => t([1, 4, 4, 2]).Conv2d(t([7, 1, 2, 1]), ConvSpec.Same(1, 7)), ["Conv2d", "7×1×2×1", "1×7×2×O"]),
        new("conv oblong size", t => t([1, 4, 2, 2]).Conv2d(t([1, 3, 2, 1]), new(new(1), new WindowAxis(3))), ["Conv2d", "4×2", "1×3"]),
        new("conv bias", t => t([1, 4, 4, 2]).Conv2d(t([3, 3, 2, 5]), new(3, 1, 1), t([2])), ["Conv2d", "bias", "2", "5"]),
        new("conv per sample", t =>
            t([2, 4, 4, 2]).Conv2d(t([3, 3, 2, 5]), new(3, 1, 1), null, t([1, 5])), ["Conv2d", "perSample", "1×5", "2×5"]),
        new("conv residual", t =>
            t([2, 4, 4, 2]).Conv2d(t([3, 3, 2, 5]), new(3, 2, 1), null, null, t([2, 4, 4, 5])),
            ["Conv2d", "residual", "2×4×4×5", "2×2×2×5"]),
        new("conv stride", t => t([1, 4, 4, 2]).Conv2d(t([3, 3, 2, 1]), new(3, 0, 1)), ["Conv2d", "stride", "0"]),
        new("conv negative padding", t => t([1, 9, 9, 2]).Conv2d(t([3, 3, 2, 1]), new(3, 1, -1)), ["Conv2d", "padding", "-1"]),
        new("transposed weight", t =>
            t([1, 4, 4, 2]).ConvTranspose2d(t([3, 3, 2, 1]), new(3, 1, 1)), ["ConvTranspose2d", "3×3×2×1", "1×4×4×2", "3×3×O×2"]),
        new("transposed output padding", t =>
            t([1, 4, 4, 2]).ConvTranspose2d(t([3, 3, 1, 2]), new(3, 2, 1), null, 2),
            ["ConvTranspose2d", "output padding is 2", "stride 2"]),
        new("transposed size", t => t([1, 1, 1, 2]).ConvTranspose2d(t([2, 2, 1, 2]), new(2, 2, 1)), ["ConvTranspose2d", "1×1"]),
        new("transposed bias", t =>
            t([1, 4, 4, 2]).ConvTranspose2d(t([3, 3, 1, 2]), new(3, 2, 1), t([2])), ["ConvTranspose2d", "bias", "2", "1"]),
        new("norm groups", t => t([2, 12]).GroupNorm(t([12]), t([12]), 8), ["GroupNorm", "8 groups", "12 channels", "try 6"]),
        new("norm gamma", t => t([2, 12]).GroupNorm(t([6]), t([12]), 4), ["GroupNorm", "gamma", "6", "12"]),
        new("norm beta", t => t([2, 12]).GroupNorm(t([12]), t([1, 12]), 4), ["GroupNorm", "beta", "1×12"]),
        new("batch norm gamma", t => t([2, 3]).BatchNorm(new(), t([2]), t([3]), new(t([3]), t([3])), true), ["BatchNorm", "gamma", "2", "3"]),
        new("batch norm running", t =>
            t([2, 3]).BatchNorm(new(), t([3]), t([3]), new(t([3]), t([4])), true), ["BatchNorm", "running variance", "4", "3"]),
        new("batch norm per sample", t => t([2, 5, 3]).BatchNorm(new(), t([3]), t([3]), new(t([3]), t([3])), false, t([1, 3])),
            ["BatchNorm", "perSample", "1×3", "2×3"]),
        new("batch norm of one", t => t([1, 3]).BatchNorm(new(), t([3]), t([3]), new(t([3]), t([3])), true), ["BatchNorm", "1×3", "variance"]),
        new("attention packing", t => t([2, 5, 10]).Attention(1), ["Attention", "2×5×10", "3C"]),
        new("attention heads", t => t([2, 5, 12]).Attention(3), ["Attention", "3 heads", "4 channels"]),
        new("attention rank", t => t([5, 12]).Attention(1), ["Attention", "5×12"]),
    ];

    public static TheoryData<string> Names => [.. All.Select(w => w.Name)];

    [Theory, MemberData(nameof(Names))]
    public void Wrong_shapes_are_refused_with_both_sides(string name)
    {
        Wrong wrong = All.Single(w => w.Name == name);
        string message = Assert.Throws<ArgumentException>(() =>
            wrong.Run(extents => Tensor.Zeros(Shape.Of(extents), devices.Default))).Message;
        Assert.All(wrong.Says, part => Assert.Contains(part, message, StringComparison.Ordinal));
        Assert.DoesNotContain('\n', message);
    }

    [Fact]
    public void A_missing_tensor_is_refused_by_its_name()
    {
        Tensor x = Tensor.Zeros(Shape.Of(2, 3), devices.Default);
        Assert.Equal("z", Assert.Throws<ArgumentNullException>(() => x.Add(null!)).ParamName);
        Assert.Equal("w", Assert.Throws<ArgumentNullException>(() => x.Linear(null!)).ParamName);
        Assert.Equal("x", Assert.Throws<ArgumentNullException>(() => TensorOps.Silu(null!)).ParamName);
    }
}
