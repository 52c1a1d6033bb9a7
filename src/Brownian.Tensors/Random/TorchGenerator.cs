namespace Brownian.Tensors;

/// <summary>
/// The random numbers of PyTorch on the CPU, call for call: after the same seed, the same calls with the same sizes give the same
/// uniforms, integers and permutations, and normals up to rounding (float: 3e-6, PyTorch's vector code being less exact than ours).
/// For comparisons with PyTorch; it has state, must be used by one thread at a time, and its results depend on how calls are split.
/// Everything else draws from <see cref="Philox"/>.
/// </summary>
/// <param name="seed">As in <c>torch.manual_seed</c>; only the low 32 bits matter.</param>
public sealed class TorchGenerator(ulong seed)
{
    const int Block = 16;    // PyTorch transforms normals in blocks of 16; shorter tensors take a path of their own
    readonly MersenneTwister _twister = new((uint)seed);
    double? _cachedNormal;

    /// <summary>The next 32 bits.</summary>
    public uint Random32() => _twister.Next();

    /// <summary>The next 64 bits: two 32-bit outputs, the first of them high.</summary>
    public ulong Random64()
    {
        ulong high = _twister.Next();
        return high << 32 | _twister.Next();
    }

    /// <summary>One value of an int64 tensor's <c>random_()</c>, in [0, 2⁶³): the seed that a <c>RandomSampler</c> draws.</summary>
    public long Random() => (long)(Random64() & long.MaxValue);

    /// <summary><c>torch.rand</c>: uniform in [0, 1), 24 bits each.</summary>
    public void Rand(Span<float> target)
    {
        foreach (ref float x in target) x = NextFloat();
    }

    /// <summary><c>torch.rand(dtype=torch.float64)</c>: uniform in [0, 1), 53 bits each.</summary>
    public void Rand(Span<double> target)
    {
        foreach (ref double x in target) x = NextDouble();
    }

    /// <summary><c>tensor.uniform_(low, high)</c> of a float32 tensor.</summary>
    public void Uniform(Span<float> target, float low, float high)
    {
        float range = high - low;
        foreach (ref float x in target) x = (float)((double)NextFloat() * range + low);    // scaled in double, as PyTorch does
    }

    /// <summary><c>tensor.uniform_(low, high)</c> of a float64 tensor.</summary>
    public void Uniform(Span<double> target, double low, double high)
    {
        double range = high - low;
        foreach (ref double x in target) x = NextDouble() * range + low;
    }

    /// <summary><c>torch.randn</c>: standard normals. The span must be the whole tensor: its length decides how they are made.</summary>
    public void Randn(Span<float> target) => Normal(target, 0, 1);

    /// <summary><c>torch.randn(dtype=torch.float64)</c>. The span must be the whole tensor: its length decides how they are made.</summary>
    public void Randn(Span<double> target) => Normal(target, 0, 1);

    /// <summary><c>tensor.normal_(mean, std)</c> of a float32 tensor. The span must be the whole tensor.</summary>
    public void Normal(Span<float> target, float mean, float std)
    {
        if (target.Length < Block)
        {
            foreach (ref float x in target) x = (float)(NextNormal() * std + mean);
            return;
        }
        Rand(target);
        for (int i = 0; i + Block <= target.Length; i += Block) Transform(target.Slice(i, Block), mean, std);
        if (target.Length % Block == 0) return;
        // The rest is made by redrawing the last 16, over some that were already made.
        Rand(target[^Block..]);
        Transform(target[^Block..], mean, std);
    }

    /// <summary><c>tensor.normal_(mean, std)</c> of a float64 tensor. The span must be the whole tensor.</summary>
    public void Normal(Span<double> target, double mean, double std)
    {
        if (target.Length < Block)
        {
            foreach (ref double x in target) x = NextNormal() * std + mean;
            return;
        }
        Rand(target);
        for (int i = 0; i + Block <= target.Length; i += Block) Transform(target.Slice(i, Block), mean, std);
        if (target.Length % Block == 0) return;
        Rand(target[^Block..]);
        Transform(target[^Block..], mean, std);
    }

    /// <summary><c>torch.randint(low, high)</c>: integers in [low, high).</summary>
    public void RandInt(Span<long> target, long low, long high)
    {
        if (high <= low) throw new ArgumentException($"RandInt: high {high} must exceed low {low}.");
        ulong range = (ulong)high - (ulong)low;
        foreach (ref long x in target)
            x = (long)((range < 1UL << 32 ? Random32() : Random64()) % range + (ulong)low);
    }

    /// <summary><c>torch.randperm(count)</c>.</summary>
    /// <param name="count">At least 0.</param>
    public int[] RandPerm(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        int[] order = new int[count];
        for (int i = 0; i < count; i++) order[i] = i;
        for (int i = 0; i < count - 1; i++)
        {
            int j = i + (int)(Random32() % (uint)(count - i));
            (order[i], order[j]) = (order[j], order[i]);
        }
        return order;
    }

    /// <summary>
    /// One epoch's order from <c>torch.utils.data.RandomSampler</c>: draws a seed here, and the permutation from a fresh generator.
    /// </summary>
    /// <param name="count">Samples in the data set, at least 0.</param>
    public int[] SamplerOrder(int count) => new TorchGenerator((ulong)Random()).RandPerm(count);

    float NextFloat() => (Random32() & 0xFFFFFF) * (1f / (1 << 24));

    double NextDouble() => (Random64() & ((1UL << 53) - 1)) * (1.0 / (1UL << 53));

    double NextNormal()
    {
        if (_cachedNormal is double cached)
        {
            _cachedNormal = null;
            return cached;
        }
        double turns = NextDouble();
        (double first, double second) = BoxMuller.Pair(1 - NextDouble(), turns);
        _cachedNormal = second;
        return first;
    }

    // Uniforms j and j + 8 of a block become normals j and j + 8. Rounding to float where PyTorch does keeps all but a few bits equal.
    static void Transform(Span<float> block, float mean, float std)
    {
        for (int j = 0; j < Block / 2; j++)
        {
            float r = MathF.Sqrt(-2 * (float)BoxMuller.Log(1 - block[j]));
            float theta = MathF.Tau * block[j + 8];
            (double sin, double cos) = BoxMuller.SinCosTurns(theta / Math.Tau);
            block[j] = r * (float)cos * std + mean;
            block[j + 8] = r * (float)sin * std + mean;
        }
    }

    static void Transform(Span<double> block, double mean, double std)
    {
        for (int j = 0; j < Block / 2; j++)
        {
            (double first, double second) = BoxMuller.Pair(1 - block[j], block[j + 8]);
            block[j] = first * std + mean;
            block[j + 8] = second * std + mean;
        }
    }
}
