namespace Brownian.Tensors.Reference;

/// <summary>One step of Adam (Kingma &amp; Ba 2015, algorithm 1) or AdamW (Loshchilov &amp; Hutter 2019, algorithm 2), in double.</summary>
static class ReferenceAdam
{
    /// <summary>Updates weights w and moments m and v in place with the gradient g; <see cref="AdamStep.Step"/> counts from 1.</summary>
    public static void Run(in AdamStep step, double[] w, double[] g, double[] m, double[] v)
    {
        double correction1 = 1 - Math.Pow(step.Beta1, step.Step), correction2 = 1 - Math.Pow(step.Beta2, step.Step);
        for (int i = 0; i < w.Length; i++)
        {
            double gradient = g[i] * step.GradScale;
            if (step.Decoupled) w[i] -= step.Rate * step.WeightDecay * w[i];
            else gradient += step.WeightDecay * w[i];
            m[i] = step.Beta1 * m[i] + (1 - step.Beta1) * gradient;
            v[i] = step.Beta2 * v[i] + (1 - step.Beta2) * gradient * gradient;
            w[i] -= step.Rate * (m[i] / correction1) / (Math.Sqrt(v[i] / correction2) + step.Epsilon);
        }
    }
}
