using Brownian.Tensors;

namespace Brownian.Nn;

/// <summary>How PyTorch orders the numbers of a parameter, and how they are stored here: with output channels innermost.</summary>
public enum ParameterLayout
{
    /// <summary>The same order in both: biases, norms, embeddings.</summary>
    Plain,

    /// <summary>A linear map: out×in in PyTorch, in×out here.</summary>
    Linear,

    /// <summary>A convolution: out×in×height×width in PyTorch, height×width×in×out here.</summary>
    Conv,

    /// <summary>A transposed convolution: in×out×height×width in PyTorch, height×width×out×in here.</summary>
    ConvTranspose,

    /// <summary>One whole number: a 64-bit integer without extents in PyTorch, a float here, exact to 2²⁴.</summary>
    Count,
}

/// <summary>
/// Linear maps and convolutions reverse three axes: with a, b the first two extents of PyTorch's shape and c the product of the
/// rest, a×b×c there is c×b×a here.
/// </summary>
static class ParameterLayouts
{
    public static Shape ShapeOf(this ParameterLayout layout, ReadOnlySpan<int> torch) => layout switch
    {
        ParameterLayout.Plain => Shape.Of(torch),
        ParameterLayout.Count when torch.Length == 0 => Shape.Of(1),
        ParameterLayout.Linear when torch.Length == 2 => Shape.Of(torch[1], torch[0]),
        ParameterLayout.Conv or ParameterLayout.ConvTranspose when torch.Length == 4 => Shape.Of(torch[2], torch[3], torch[1], torch[0]),
        _ => throw new ArgumentException($"A parameter of layout {layout} cannot have {torch.Length} extents."),
    };

    public static void FromTorch(this ParameterLayout layout, ReadOnlySpan<int> torch, ReadOnlySpan<float> source, Span<float> target)
    {
        if (layout.IsPlain()) source.CopyTo(target);
        else ReverseAxes(source, torch[0], torch[1], target);
    }

    public static void ToTorch(this ParameterLayout layout, ReadOnlySpan<int> torch, ReadOnlySpan<float> source, Span<float> target)
    {
        if (layout.IsPlain()) source.CopyTo(target);
        else ReverseAxes(source, source.Length / (torch[0] * torch[1]), torch[1], target);
    }

    static bool IsPlain(this ParameterLayout layout) => layout is ParameterLayout.Plain or ParameterLayout.Count;

    static void ReverseAxes(ReadOnlySpan<float> source, int a, int b, Span<float> target)
    {
        int c = source.Length / (a * b);
        for (int i = 0; i < a; i++)
        {
            for (int j = 0; j < b; j++)
            {
                ReadOnlySpan<float> row = source.Slice((i * b + j) * c, c);
                for (int k = 0; k < c; k++) target[(k * b + j) * a + i] = row[k];
            }
        }
    }
}
