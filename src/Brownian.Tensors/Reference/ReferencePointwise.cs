namespace Brownian.Tensors.Reference;

/// <summary>Element-by-element operations as their formulas say, in double. The definition that fast kernels are tested against.</summary>
static class ReferencePointwise
{
    /// <summary>x·σ(x), Ramachandran et al. 2017.</summary>
    public static double Silu(double x) => x / (1 + Math.Exp(-x));

    public static double[] Silu(double[] x) => Array.ConvertAll(x, Silu);

    /// <summary>x·tanh(ln(1 + eˣ)), Misra 2019.</summary>
    public static double[] Mish(double[] x) => Array.ConvertAll(x, v => v * Math.Tanh(Math.Log(1 + Math.Exp(v))));

    public static double Relu(double x) => Math.Max(x, 0);

    public static double[] Relu(double[] x) => Array.ConvertAll(x, Relu);

    /// <summary>x/2·(1 + erf(x/√2)), Hendrycks &amp; Gimpel 2016.</summary>
    public static double[] Gelu(double[] x) => Array.ConvertAll(x, v => v / 2 * (1 + Erf(v / Math.Sqrt(2))));

    // 2/√π·e^(−x²)·Σ 2ⁿ·x^(2n+1)/(1·3·…·(2n + 1)): all terms have one sign, so that none takes another's digits (Abramowitz & Stegun 7.1.6).
    static double Erf(double x)
    {
        if (Math.Abs(x) > 6) return Math.Sign(x);
        double sum = 0, term = x;
        for (int n = 0; Math.Abs(term) > 1e-20 * Math.Abs(sum); n++)
        {
            sum += term;
            term *= 2 * x * x / (2 * n + 3);
        }
        return 2 / Math.Sqrt(Math.PI) * Math.Exp(-x * x) * sum;
    }

    /// <summary>x/(1 − rate) in channels (n, c) of N×…×C whose number n·C + c of the stream is not below the rate, 0 in the others.</summary>
    public static double[] DropoutChannels(double[] x, Shape shape, float rate, Philox random)
    {
        int channels = shape.Channels, length = x.Length / shape[0];
        float[] drawn = new float[shape[0] * channels];
        random.Uniform(drawn);
        double[] y = new double[x.Length];
        for (int i = 0; i < x.Length; i++)
            y[i] = drawn[i / length * channels + i % channels] < rate ? 0 : x[i] / (1 - (double)rate);
        return y;
    }

    /// <summary>a·x + b·z</summary>
    public static double[] Affine(double a, double[] x, double b, double[] z)
    {
        double[] y = new double[x.Length];
        for (int i = 0; i < y.Length; i++) y[i] = a * x[i] + b * z[i];
        return y;
    }

    /// <summary>a·x</summary>
    public static double[] Scale(double[] x, double a) => Array.ConvertAll(x, v => a * v);

    /// <summary>x·z</summary>
    public static double[] Multiply(double[] x, double[] z)
    {
        double[] y = new double[x.Length];
        for (int i = 0; i < y.Length; i++) y[i] = x[i] * z[i];
        return y;
    }

    public static double[] Clamp(double[] x, double low, double high) => Array.ConvertAll(x, v => Math.Min(high, Math.Max(low, v)));

    /// <summary>y[n] = a[n]·x[n] + b[n]·z[n]: q(x_t|x_0) of Ho et al. 2020, eq. 4, with a coefficient pair for each sample of N×….</summary>
    public static double[] MixPerSample(double[] a, double[] x, double[] b, double[] z)
    {
        int perSample = x.Length / a.Length;
        double[] y = new double[x.Length];
        for (int i = 0; i < y.Length; i++)
        {
            int n = i / perSample;
            y[i] = a[n] * x[i] + b[n] * z[i];
        }
        return y;
    }

    /// <summary>y + rate·(x − y), one step of an exponential moving average.</summary>
    public static double[] Lerp(double[] y, double[] x, double rate)
    {
        double[] result = new double[y.Length];
        for (int i = 0; i < y.Length; i++) result[i] = y[i] + rate * (x[i] - y[i]);
        return result;
    }
}
