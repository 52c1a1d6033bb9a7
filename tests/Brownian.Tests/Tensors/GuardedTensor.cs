using Brownian.Tensors;

namespace Brownian.Tests.Tensors;

/// <summary>
/// A tensor and its gradient inside larger buffers, off every alignment and between NaNs: as parameters lie in a model's buffer.
/// A kernel that writes past its target, or lets a neighbour's number into a result, is caught.
/// </summary>
sealed class GuardedTensor
{
    const int Before = 5, After = 27;
    readonly Tensor _values, _gradients;

    public GuardedTensor(float[] values, Shape shape, Device device)
    {
        _values = Buffer(values, device);
        _gradients = Buffer(new float[values.Length], device);
        Tensor = _values.Slice(Before, shape);
        Tensor.WithGrad(_gradients.Slice(Before, shape));
    }

    public Tensor Tensor { get; }

    public void AssertGuardsIntact(string what)
    {
        AssertGuards($"{what}, values", _values.ToArray());
        AssertGuards($"{what}, gradients", _gradients.ToArray());
    }

    static Tensor Buffer(float[] values, Device device)
    {
        float[] all = new float[Before + values.Length + After];
        Array.Fill(all, float.NaN);
        values.CopyTo(all, Before);
        return Tensor.From(all, Shape.Of(all.Length), device);
    }

    static void AssertGuards(string what, float[] all)
    {
        for (int i = 0; i < all.Length; i++)
        {
            bool guard = i < Before || i >= all.Length - After;
            Assert.True(!guard || float.IsNaN(all[i]),
                $"{what}: the number {i - Before} places after the start of {all.Length - Before - After} was overwritten");
        }
    }
}
