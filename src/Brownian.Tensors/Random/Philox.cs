using System.Runtime.CompilerServices;

namespace Brownian.Tensors;

/// <summary>
/// Philox4x32-10 (Salmon, Moraes, Dror &amp; Shaw 2011, "Parallel random numbers: as easy as 1, 2, 3"): random numbers without state.
/// Every draw is a function of (seed, stream, index) alone, so any range may be drawn in any order and on any thread, in pieces of any
/// size, with the same bits on every machine. Fill methods start from the same words: draw each quantity from a stream of its own.
/// </summary>
public readonly record struct Philox
{
    const uint M0 = 0xD2511F53, M1 = 0xCD9E8D57;    // multipliers of the rounds
    const uint W0 = 0x9E3779B9, W1 = 0xBB67AE85;    // key increments: golden ratio, √3 − 1

    /// <summary>The numbers of one seed and one stream.</summary>
    /// <param name="seed">The key: one per run.</param>
    /// <param name="stream">The upper half of the counter: see <see cref="Stream(ReadOnlySpan{char})"/>.</param>
    public Philox(ulong seed, ulong stream) => (Seed, StreamId) = (seed, stream);

    /// <summary>The 64-bit key.</summary>
    public ulong Seed { get; }

    /// <summary>The upper 64 bits of the counter.</summary>
    public ulong StreamId { get; }

    /// <summary>
    /// The stream of a purpose such as "noise" or "timesteps": 64-bit FNV-1a over its UTF-16 code units, low byte first. Stable for ever.
    /// </summary>
    public static ulong Stream(ReadOnlySpan<char> purpose)
    {
        ulong hash = 0xCBF29CE484222325;
        foreach (char c in purpose)
        {
            hash = (hash ^ (byte)c) * 0x100000001B3;
            hash = (hash ^ (byte)(c >> 8)) * 0x100000001B3;
        }
        return hash;
    }

    /// <summary>
    /// The stream of a purpose at a position, such as the number of images seen: the same as <see cref="At"/> of the purpose's own stream.
    /// </summary>
    public static ulong Stream(ReadOnlySpan<char> purpose, ulong position) => Descend(Stream(purpose), position);

    /// <summary>
    /// The generator of a position within this one. Positions of one generator never share a stream, and the order of nesting matters:
    /// <c>At(a).At(b)</c> is not <c>At(b).At(a)</c>.
    /// </summary>
    public Philox At(ulong position) => new(Seed, Descend(StreamId, position));

    /// <summary>The four 32-bit words of counter (index, stream) under the key: what every other draw is made of.</summary>
    public (uint X, uint Y, uint Z, uint W) Block(ulong index)
    {
        uint c0 = (uint)index, c1 = (uint)(index >> 32), c2 = (uint)StreamId, c3 = (uint)(StreamId >> 32);
        uint k0 = (uint)Seed, k1 = (uint)(Seed >> 32);
        for (int round = 0; round < 10; round++, k0 += W0, k1 += W1)
        {
            ulong a = (ulong)M0 * c0, b = (ulong)M1 * c2;
            (c0, c1, c2, c3) = ((uint)(b >> 32) ^ c1 ^ k0, (uint)b, (uint)(a >> 32) ^ c3 ^ k1, (uint)a);
        }
        return (c0, c1, c2, c3);
    }

    /// <summary>Standard normals. Element i of the stream depends on i only; magnitudes reach 6.8 (2⁻³³ of the tail is cut).</summary>
    /// <param name="target">Receives elements firstIndex, firstIndex + 1, ….</param>
    /// <param name="firstIndex">At least 0.</param>
    public void Normal(Span<float> target, long firstIndex = 0) => Fill(new NormalDraw(), target, firstIndex);

    /// <summary>Uniform numbers in [0, 1), multiples of 2⁻²⁴. Element i of the stream depends on i only.</summary>
    /// <param name="target">Receives elements firstIndex, firstIndex + 1, ….</param>
    /// <param name="firstIndex">At least 0.</param>
    public void Uniform(Span<float> target, long firstIndex = 0) => Fill(new UniformDraw(), target, firstIndex);

    /// <summary>
    /// Uniform integers in [0, exclusiveUpper). Element i of the stream depends on i and the bound only; no value is likelier
    /// than another by more than 2⁻⁶⁴.
    /// </summary>
    /// <param name="target">Receives elements firstIndex, firstIndex + 1, ….</param>
    /// <param name="exclusiveUpper">At least 1.</param>
    /// <param name="firstIndex">At least 0.</param>
    public void Integers(Span<int> target, int exclusiveUpper, long firstIndex = 0)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(exclusiveUpper, 1);
        Fill(new IntegerDraw((ulong)exclusiveUpper), target, firstIndex);
    }

    /// <summary>The numbers 0 … count − 1 in random order (Fisher–Yates; the order is a function of seed, stream and count).</summary>
    /// <param name="count">At least 0.</param>
    public int[] Permutation(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        int[] order = new int[count];
        for (int i = 0; i < count; i++) order[i] = i;
        for (int i = count - 1; i > 0; i--)
        {
            int j = (int)Math.BigMul(Bits(i), (ulong)i + 1, out _);
            (order[i], order[j]) = (order[j], order[i]);
        }
        return order;
    }

    // For one parent this is a bijection of positions (an odd multiplier, then the SplitMix64 finalizer of Steele, Lea & Flood 2014),
    // hence no two positions collide; the finalizer between levels keeps nested positions from commuting.
    static ulong Descend(ulong stream, ulong position)
    {
        ulong z = stream + 0x9E3779B97F4A7C15 * (position + 1);
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    ulong Bits(int index)
    {
        var words = Block((ulong)(index >> 1));
        return (index & 1) == 0 ? Join(words.X, words.Y) : Join(words.Z, words.W);
    }

    static ulong Join(uint low, uint high) => low | (ulong)high << 32;

    void Fill<TDraw, T>(TDraw draw, Span<T> target, long firstIndex) where TDraw : struct, IDraw<T> where T : unmanaged
    {
        ArgumentOutOfRangeException.ThrowIfNegative(firstIndex);
        int width = TDraw.PerBlock;
        ulong index = (ulong)(firstIndex / width);
        int skip = (int)(firstIndex % width);
        Span<T> edge = stackalloc T[4];
        while (!target.IsEmpty)
        {
            if (skip == 0 && target.Length >= width)
            {
                draw.Write(Block(index++), target);
                target = target[width..];
                continue;
            }
            draw.Write(Block(index++), edge);
            int count = Math.Min(width - skip, target.Length);
            edge.Slice(skip, count).CopyTo(target);
            target = target[count..];
            skip = 0;
        }
    }

    interface IDraw<T>
    {
        /// <summary>Elements made of one block of words; at most 4.</summary>
        static abstract int PerBlock { get; }

        void Write((uint X, uint Y, uint Z, uint W) words, Span<T> target);
    }

    readonly struct NormalDraw : IDraw<float>
    {
        public static int PerBlock => 4;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Write((uint X, uint Y, uint Z, uint W) words, Span<float> target)
        {
            const double Unit = 1.0 / (1UL << 32);
            // The half keeps the logarithm's argument off 0: u = (word + ½)·2⁻³² is inside (0, 1) and exact.
            (double a, double b) = BoxMuller.Pair((words.X + 0.5) * Unit, words.Y * Unit);
            (double c, double d) = BoxMuller.Pair((words.Z + 0.5) * Unit, words.W * Unit);
            target[3] = (float)d;
            target[2] = (float)c;
            target[1] = (float)b;
            target[0] = (float)a;
        }
    }

    readonly struct UniformDraw : IDraw<float>
    {
        public static int PerBlock => 4;

        public void Write((uint X, uint Y, uint Z, uint W) words, Span<float> target)
        {
            const float Unit = 1f / (1 << 24);
            target[3] = (words.W >> 8) * Unit;
            target[2] = (words.Z >> 8) * Unit;
            target[1] = (words.Y >> 8) * Unit;
            target[0] = (words.X >> 8) * Unit;
        }
    }

    readonly struct IntegerDraw(ulong bound) : IDraw<int>
    {
        public static int PerBlock => 2;

        // The high half of a 64-bit fraction times the bound (Lemire 2019, without the rejection that 64 bits make needless).
        public void Write((uint X, uint Y, uint Z, uint W) words, Span<int> target)
        {
            target[1] = (int)Math.BigMul(Join(words.Z, words.W), bound, out _);
            target[0] = (int)Math.BigMul(Join(words.X, words.Y), bound, out _);
        }
    }
}
