using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Brownian.Tensors;

/// <summary>Raises the errors of operations, out of line so that the messages cost the callers nothing.</summary>
static class Refuse
{
    [DoesNotReturn]
    public static void Because(string message) => throw new ArgumentException(message);

    /// <summary>Every input must lie on the device of x, or on one that it reads.</summary>
    public static void IfElsewhere(
        string operation, Tensor x, Tensor z,
        [CallerArgumentExpression(nameof(x))] string xName = "", [CallerArgumentExpression(nameof(z))] string zName = "")
    {
        Device here = x.Device, there = z.Device;
        if (here == there || here.Reads(there)) return;
        string other = here.Name == there.Name ? $"another device of that name ({there.Name})" : there.Name;
        Because($"{operation}: {xName} is on {here.Name}, {zName} on {other}; bring both to one device, as Tensor.From({zName}.ToArray(), …) does.");
    }

    /// <summary>Shapes must be equal, and the device the same.</summary>
    public static void IfShapesDiffer(
        string operation, Tensor x, Tensor z,
        [CallerArgumentExpression(nameof(x))] string xName = "", [CallerArgumentExpression(nameof(z))] string zName = "")
    {
        IfElsewhere(operation, x, z, xName, zName);
        if (x.Shape != z.Shape) Because($"{operation}: shapes {x.Shape} and {z.Shape} differ.");
    }

    public static void IfEmpty(string operation, Tensor x)
    {
        if (x.Shape.Count == 0) Because($"{operation}: the tensor of {x.Shape} is empty.");
    }

    public static void IfNotImages(string operation, Tensor x)
    {
        if (x.Shape.Rank != 4) Because($"{operation}: expected images N×H×W×C, got a tensor of {x.Shape}.");
    }

    public static void IfInvalid(string operation, ConvSpec spec)
    {
        if (!IsValid(spec.Down) || !IsValid(spec.Across))
        {
            Because(
                $"{operation}: kernel {spec.Down.Kernel}×{spec.Across.Kernel}, {spec.Steps}; "
                + "kernel and stride must be at least 1, paddings at least 0.");
        }

        static bool IsValid(WindowAxis axis) => axis is { Kernel: >= 1, Stride: >= 1, Padding: >= 0, PaddingAfter: >= 0 };
    }

    /// <summary>A window that images have no room for.</summary>
    public static void IfTooLarge(string operation, Shape images, ConvSpec spec)
    {
        if (spec.Down.OutputSize(images[1]) < 1 || spec.Across.OutputSize(images[2]) < 1)
            Because($"{operation}: {images[1]}×{images[2]} pixels are too few for a {spec.Down.Kernel}×{spec.Across.Kernel} kernel with {spec.Steps}.");
    }

    /// <summary>What goes with x, if given, must have this shape and lie where x does.</summary>
    public static void IfNot(string operation, Tensor x, string name, Tensor? tensor, Shape expected)
    {
        if (tensor is null) return;
        IfElsewhere(operation, x, tensor, zName: name);
        if (tensor.Shape != expected) Because($"{operation}: {name} is {tensor.Shape}, expected {expected}.");
    }

    /// <summary>v must be N×C or C for x of N×…×C, and lie where x does.</summary>
    public static void IfNotRowsOf(string operation, Tensor x, Tensor v)
    {
        IfElsewhere(operation, x, v);
        bool oneRow = v.Shape.Rank == 1 && v.Shape[0] == x.Shape.Channels;
        bool rowPerSample = v.Shape.Rank == 2 && v.Shape[0] == x.Shape[0] && v.Shape[1] == x.Shape.Channels;
        if (!oneRow && !rowPerSample)
            Because($"{operation}: cannot repeat rows of {v.Shape} over {x.Shape}; expected {x.Shape.Channels} or {x.Shape[0]}×{x.Shape.Channels}.");
    }
}
