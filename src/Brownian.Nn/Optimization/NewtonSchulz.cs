using Brownian.Tensors;

namespace Brownian.Nn;

/// <summary>
/// Makes a matrix nearly orthogonal: U·Vᵀ of its singular value decomposition U·S·Vᵀ, but with singular values around 1 instead of 1
/// (Jordan et al. 2024, "Muon"). It takes products alone, five times X ← a·X + X·(b·G + c·G²) with G = XᵀX.
/// </summary>
public static class NewtonSchulz
{
    /// <summary>How often the polynomial is applied.</summary>
    public const int Iterations = 5;

    // a·s + b·s³ + c·s⁵ rises steeply at 0, so that small singular values grow fast, and keeps large ones between 0.7 and 1.2.
    const float A = 3.4445f, B = -4.7750f, C = 2.0315f;

    /// <summary>Keeps a matrix of zeros from dividing.</summary>
    const double Small = 1e-7;

    /// <summary>The nearly orthogonal matrix, rows×columns, in the scope that is open.</summary>
    /// <param name="x">The matrix, rows×columns.</param>
    /// <param name="sumOfSquares">
    /// Of its elements: its root bounds the singular values, which must begin below 1. Who has many matrices asks for all sums at once.
    /// </param>
    /// <exception cref="ArgumentException">It is no matrix.</exception>
    public static Tensor Orthogonalize(Tensor x, double sumOfSquares)
    {
        ArgumentNullException.ThrowIfNull(x);
        if (x.Shape.Rank != 2) throw new ArgumentException($"Orthogonalize: {x.Shape} is no matrix.");
        Device device = x.Device;
        using DeviceTurn turn = device.TakeTurn();
        // Of XᵀX and X·Xᵀ the smaller one: both lead to the same matrix.
        bool isTall = x.Shape[0] >= x.Shape[1];
        var square = Shape.Of(Math.Min(x.Shape[0], x.Shape[1]), Math.Min(x.Shape[0], x.Shape[1]));
        Tensor result = Tensor.Empty(x.Shape, device);
        using TensorScope scope = device.OpenScope();
        Tensor from = Tensor.Empty(x.Shape, device), to = result;
        Tensor gram = Tensor.Empty(square, device), scaled = Tensor.Empty(square, device), polynomial = Tensor.Empty(square, device);
        device.Affine((float)(1 / (Math.Sqrt(sumOfSquares) + Small)), x, 0, null, from, accumulate: false);
        for (int i = 0; i < Iterations; i++, (from, to) = (to, from))
        {
            if (isTall)
            {
                device.Fill(gram, 0);
                device.LinearGradWeight(from, from, gram);
            }
            else
            {
                device.LinearGradInput(from, from, gram, accumulate: false);
            }
            device.Affine(B, gram, 0, null, polynomial, accumulate: false);
            device.Affine(C, gram, 0, null, scaled, accumulate: false);
            device.Linear(scaled, gram, null, polynomial, polynomial);
            device.Affine(A, from, 0, null, to, accumulate: false);
            device.Linear(isTall ? from : polynomial, isTall ? polynomial : from, null, to, to);
        }
        // The number of iterations is odd: the last one wrote into the result.
        return result;
    }
}
