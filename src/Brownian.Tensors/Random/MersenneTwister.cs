namespace Brownian.Tensors;

/// <summary>MT19937 (Matsumoto &amp; Nishimura 1998), seeded by <c>init_genrand</c> of their 2002 revision.</summary>
sealed class MersenneTwister
{
    const int N = 624, M = 397;
    readonly uint[] _state = new uint[N];
    int _next = N;

    public MersenneTwister(uint seed)
    {
        _state[0] = seed;
        for (uint i = 1; i < N; i++) _state[i] = 1812433253 * (_state[i - 1] ^ (_state[i - 1] >> 30)) + i;
    }

    public uint Next()
    {
        if (_next == N) Twist();
        uint y = _state[_next++];
        y ^= y >> 11;
        y ^= (y << 7) & 0x9D2C5680;
        y ^= (y << 15) & 0xEFC60000;
        return y ^ (y >> 18);
    }

    void Twist()
    {
        for (int i = 0; i < N; i++)
        {
            uint y = (_state[i] & 0x80000000) | (_state[(i + 1) % N] & 0x7FFFFFFF);
            uint twisted = (y >> 1) ^ ((y & 1) == 0 ? 0 : 0x9908B0DF);
            _state[i] = _state[(i + M) % N] ^ twisted;
        }
        _next = 0;
    }
}
