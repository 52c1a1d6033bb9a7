using Brownian.Tensors.Cpu.Simd;

namespace Brownian.Tests.Tensors;

/// <summary>The exponential and the sigmoid of every vector width.</summary>
public sealed unsafe class VectorMathTests
{
    [Fact]
    public void Exp_is_within_2_ulp_of_the_exact_value()
    {
        float[] x = Arguments(), y = Apply<V1>(x, sigmoid: false);
        for (int i = 0; i < x.Length; i++)
        {
            double exact = Math.Exp(x[i]);
            double ulp = Math.ScaleB(1, Math.ILogB(exact) - 23);
            Assert.True(Math.Abs(y[i] - exact) <= 2 * ulp,
                $"exp({x[i]:R}) is {y[i]:R}, {Math.Abs(y[i] - exact) / ulp:F2} ulp from {exact:R}");
        }
    }

    [Fact]
    public void Exp2_is_within_2_02_ulp_of_the_exact_value_at_every_width()
    {
        float[] x = [.. Arguments().Select(v => v * 1.4426f).Where(v => v is > -126 and < 127), -126, -1, -0.5f, 0, 0.5f, 1, 126.5f];
        float[] y = Apply<V1>(x, VectorMath.Exp2);
        for (int i = 0; i < x.Length; i++)
        {
            double exact = Math.Pow(2, x[i]), ulp = Math.ScaleB(1, Math.ILogB(exact) - 23);
            Assert.True(Math.Abs(y[i] - exact) <= 2.02 * ulp, $"2^{x[i]:R} is {y[i]:R}, {Math.Abs(y[i] - exact) / ulp:F2} ulp from {exact:R}");
        }
        Compare.SameBits("128 bits", Apply<V128>(x, VectorMath.Exp2), y);
        Compare.SameBits("256 bits", Apply<V256>(x, VectorMath.Exp2), y);
        Compare.SameBits("512 bits", Apply<V512>(x, VectorMath.Exp2), y);
        Compare.SameBits("two at once", Apply<V1>(x, v => { V1 other = v; VectorMath.Exp2(ref other, ref v); return v; }), y);
        Compare.SameBits("four at once", Apply<V1>(x, v => { V1 a = v, b = v, c = v; VectorMath.Exp2(ref a, ref b, ref c, ref v); return v; }), y);
    }

    [Fact]
    public void Sigmoid_is_within_1e_6_of_the_exact_value_relative()
    {
        float[] x = Arguments(), y = Apply<V1>(x, sigmoid: true);
        for (int i = 0; i < x.Length; i++)
        {
            double exact = 1 / (1 + Math.Exp(-(double)x[i]));
            Assert.True(Math.Abs(y[i] - exact) <= 1e-6 * exact, $"sigmoid({x[i]:R}) is {y[i]:R}, expected {exact:R}");
        }
    }

    [Theory, InlineData(false), InlineData(true)]
    public void All_widths_give_the_same_bits(bool sigmoid)
    {
        float[] x = [.. Arguments(), .. Special.Where(v => !float.IsNaN(v))];    // the sign and payload of a NaN are the hardware's choice
        float[] expected = Apply<V1>(x, sigmoid);
        Compare.SameBits("128 bits", Apply<V128>(x, sigmoid), expected);
        Compare.SameBits("256 bits", Apply<V256>(x, sigmoid), expected);
        Compare.SameBits("512 bits", Apply<V512>(x, sigmoid), expected);
    }

    [Fact]
    public void NaN_stays_NaN_and_infinities_stay_finite_at_every_width()
    {
        foreach (float[] y in new[] { Apply<V1>(Special, false), Apply<V128>(Special, false), Apply<V256>(Special, false),
            Apply<V512>(Special, false) })
        {
            Assert.True(float.IsNaN(y[0]), $"exp(NaN) is {y[0]}");
            Assert.True(float.IsNormal(y[1]) && y[1] > 1e38f, $"exp(+∞) is {y[1]}");
            Assert.True(float.IsNormal(y[2]) && y[2] < 1e-37f, $"exp(-∞) is {y[2]}");
            Assert.Equal(1, y[3]);
            Assert.Equal(1, y[4]);
        }
    }

    static float[] Special =>
        [float.NaN, float.PositiveInfinity, float.NegativeInfinity, 0, -0f, 1e30f, -1e30f, 88.4f, -87.4f, float.Epsilon];

    /// <summary>[-87, 88] in steps that hit no pattern of bits, and around the places where the reduction changes its integer.</summary>
    static float[] Arguments()
    {
        List<float> x = [];
        for (double v = -87; v <= 88; v += 0.00137931) x.Add((float)v);
        for (int n = -125; n <= 126; n++)
        {
            float edge = (float)((n + 0.5) * Math.Log(2));
            if (edge is > -87 and < 88) x.AddRange([float.BitDecrement(edge), edge, float.BitIncrement(edge)]);
        }
        return [.. x];
    }

    static float[] Apply<V>(float[] x, bool sigmoid) where V : unmanaged, ISimd<V> =>
        Apply<V>(x, sigmoid ? VectorMath.Sigmoid : VectorMath.Exp);

    static float[] Apply<V>(float[] x, Func<V, V> function) where V : unmanaged, ISimd<V>
    {
        float[] padded = new float[x.Length + V.Lanes], y = new float[padded.Length];
        x.CopyTo(padded, 0);
        fixed (float* from = padded, to = y)
        {
            for (int i = 0; i < x.Length; i += V.Lanes) V.Store(to + i, function(V.Load(from + i)));
        }
        return y[..x.Length];
    }
}
