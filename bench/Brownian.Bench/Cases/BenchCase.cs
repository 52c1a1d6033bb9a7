using Brownian.Tensors;

namespace Brownian.Bench;

/// <summary>One kernel at one shape: all that both entries, quick and full, know of it.</summary>
/// <param name="Kernel">What is computed, such as "conv3x3 forward".</param>
/// <param name="Shape">Of what, such as "16x32x32 128-&gt;128".</param>
/// <param name="Flops">
/// Floating-point operations of one run, a multiply-add counted as two and convolutions as if computed directly; 0 where memory bounds
/// the kernel and they are not counted.
/// </param>
/// <param name="Bytes">The least traffic of one run: every input read once, every result written once.</param>
/// <param name="Prepare">Draws the inputs and returns the run.</param>
public sealed record BenchCase(string Kernel, string Shape, double Flops, double Bytes, Func<Inputs, Action> Prepare)
{
    /// <summary>The images of a batch, in every case.</summary>
    internal const int Batch = 16;

    /// <summary>Draws the inputs on a device and returns the run, in a scope of its own so that it allocates nothing lasting.</summary>
    internal Action On(Device device)
    {
        Action run = Prepare(new Inputs(device));
        return InScope;

        void InScope()
        {
            using TensorScope scope = device.OpenScope();
            run();
        }
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Kernel}, {Shape}";
}
