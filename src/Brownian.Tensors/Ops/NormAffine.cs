namespace Brownian.Tensors;

/// <summary>
/// What a group norm multiplies by and adds: γ and β C, the same for every sample, or γ·(1 + s) and β·(1 + s) + t where each has s and t
/// of its own, the rows of an N×2C tensor. (Perez et al. 2018, "FiLM"; with a norm: Dhariwal &amp; Nichol 2021, eq. 11.)
/// </summary>
readonly record struct NormAffine(Tensor Gamma, Tensor Beta, Tensor? Modulation)
{
    public void Check(Tensor x)
    {
        int channels = x.Shape.Channels;
        Refuse.IfNot("GroupNorm", x, "gamma", Gamma, Shape.Of(channels));
        Refuse.IfNot("GroupNorm", x, "beta", Beta, Shape.Of(channels));
        Refuse.IfNot("GroupNorm", x, "modulation", Modulation, Shape.Of(x.Shape[0], 2 * channels));
    }

    public bool NeedsGrad => Gamma.NeedsGrad || Beta.NeedsGrad || Modulation is { NeedsGrad: true };

    /// <summary>γ and β as kernels take them: C, or N×C to be given back with <see cref="Release"/>.</summary>
    public (Tensor Gamma, Tensor Beta) Rent()
    {
        if (Modulation is null) return (Gamma, Beta);
        Device device = Modulation.Device;
        Shape rows = Shape.Of(Modulation.Shape[0], Gamma.Shape.Count);
        Tensor g = Tensor.Empty(rows, device), b = Tensor.Empty(rows, device);
        device.Modulate(Gamma, Beta, Modulation, g, b);
        return (g, b);
    }

    public void Release((Tensor Gamma, Tensor Beta) rented)
    {
        if (Modulation is null) return;
        rented.Gamma.Storage.Release();
        rented.Beta.Storage.Release();
    }

    /// <summary>Adds to the gradients of x, γ, β and the modulation what dy, the gradient of the norm's result, tells.</summary>
    public void Gradient(GroupNormSpec spec, Tensor x, (Tensor Gamma, Tensor Beta) rented, Tensor statistics, Tensor dy)
    {
        bool accumulate = false;
        Tensor? dx = x.NeedsGrad ? x.GradBuffer(out accumulate) : null;
        Device device = x.Device;
        Tensor dGamma = Normalization.GradOrScratch(Gamma), dBeta = Normalization.GradOrScratch(Beta);
        if (Modulation is null)
        {
            device.GroupNormGrad(spec, x, Gamma, Beta, statistics, dy, dx, accumulate, dGamma, dBeta);
            return;
        }
        Tensor dg = Tensor.Empty(rented.Gamma.Shape, device), db = Tensor.Empty(rented.Beta.Shape, device);
        device.GroupNormGrad(spec, x, rented.Gamma, rented.Beta, statistics, dy, dx, accumulate, dg, db);
        Tensor? dm = Modulation.NeedsGrad ? Modulation.GradBuffer(out accumulate) : null;
        device.ModulateGrad(Gamma, Beta, Modulation, dg, db, dGamma, dBeta, dm, accumulate);
        Release((dg, db));
    }
}
