namespace Brownian.Tensors.Cpu.Kernels;

/// <summary>
/// The scale and shift of a group norm, changed by each sample: g = γ·(1 + s), b = β·(1 + s) + t. N×C numbers, so one thread and no
/// vectors will do.
/// </summary>
static unsafe class Modulation
{
    public static void Forward(int samples, int channels, float* gamma, float* beta, float* m, float* g, float* b)
    {
        for (int n = 0; n < samples; n++, m += 2 * channels, g += channels, b += channels)
        {
            for (int c = 0; c < channels; c++)
            {
                float factor = 1 + m[c];
                g[c] = gamma[c] * factor;
                b[c] = beta[c] * factor + m[channels + c];
            }
        }
    }

    /// <summary>dγ += Σ dg·(1 + s), dβ += Σ db·(1 + s), over samples from first to last.</summary>
    public static void GradientOfAffine(int samples, int channels, float* m, float* dg, float* db, float* dGamma, float* dBeta)
    {
        for (int n = 0; n < samples; n++, m += 2 * channels, dg += channels, db += channels)
        {
            for (int c = 0; c < channels; c++)
            {
                float factor = 1 + m[c];
                dGamma[c] += dg[c] * factor;
                dBeta[c] += db[c] * factor;
            }
        }
    }

    /// <summary>ds (+)= dg·γ + db·β, dt (+)= db</summary>
    public static void Gradient(int samples, int channels, float* gamma, float* beta, float* dg, float* db, float* dm, bool accumulate)
    {
        if (!accumulate) new Span<float>(dm, 2 * samples * channels).Clear();
        for (int n = 0; n < samples; n++, dm += 2 * channels, dg += channels, db += channels)
        {
            for (int c = 0; c < channels; c++)
            {
                dm[c] += dg[c] * gamma[c] + db[c] * beta[c];
                dm[channels + c] += db[c];
            }
        }
    }
}
