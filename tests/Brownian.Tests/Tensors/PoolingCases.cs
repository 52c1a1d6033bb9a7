using Brownian.Tensors;
using Brownian.Tensors.Reference;

namespace Brownian.Tests.Tensors;

/// <summary>Windows that overlap, leave gaps, are oblong, or reach over the border on one side or both.</summary>
static class PoolingCases
{
    static readonly ConvSpec[] Windows =
    [
        new(3, 2), new(3, 2, 1), new(3, 2, 1, 0), new(3, 1, 1), new(2, 3), new(3, 3, 2, 1), new(5, 1, 0, 4), new(new WindowAxis(1, 1), new WindowAxis(3, 2, 1)),
        new(new WindowAxis(4, 1, 1), new WindowAxis(2, 2)),
    ];

    public static IEnumerable<OpCase> Large { get; } = [.. Cases(Shape.Of(4, 43, 45, 20), new(3, 2, 1)), .. Cases(Shape.Of(4, 43, 45, 20), new(3, 1, 1))];

    public static IEnumerable<OpCase> Of(Shape s)
    {
        var whole = new ConvSpec(new WindowAxis(s[1]), new WindowAxis(s[2]));
        yield return new($"mean over images {s}", [new(s)], x => x[0].MeanOverImage(), x => ReferencePooling.Average(x[0], s, whole));
        IEnumerable<ConvSpec> fitting = Windows.Where(window => window.Down.OutputSize(s[1]) > 0 && window.Across.OutputSize(s[2]) > 0);
        foreach (OpCase op in fitting.SelectMany(window => Cases(s, window))) yield return op;
    }

    static IEnumerable<OpCase> Cases(Shape s, ConvSpec window)
    {
        string name = $"{Describe(window.Down)} down and {Describe(window.Across)} across";
        yield return new($"means of {s}, {name}", [new(s)], x => x[0].AveragePool(window), x => ReferencePooling.Average(x[0], s, window));
        yield return new($"largest of {s}, {name}", [new(s, Apart: true)], x => x[0].MaxPool(window), x => ReferencePooling.Max(x[0], s, window));
    }

    static string Describe(WindowAxis axis) => $"{axis.Kernel}/{axis.Stride} padded by {axis.Padding} and {axis.PaddingAfter}";
}
