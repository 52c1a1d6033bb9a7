namespace Brownian.Tests.Tensors;

/// <summary>Random inputs that depend on a name only, so that a failing case fails again.</summary>
sealed class Normals
{
    readonly Random _random;

    public Normals(string name)
    {
        uint hash = 2166136261;    // FNV-1a; string.GetHashCode differs from run to run
        foreach (char c in name) hash = (hash ^ c) * 16777619;
        _random = new Random((int)hash);
    }

    public float[] Floats(int count, double mean, double deviation)
    {
        float[] x = new float[count];
        for (int i = 0; i < count; i++) x[i] = (float)(mean + deviation * Next());
        return x;
    }

    /// <summary>One of the choices.</summary>
    public int Pick(params ReadOnlySpan<int> choices) => choices[_random.Next(choices.Length)];

    double Next() => Math.Sqrt(-2 * Math.Log(1 - _random.NextDouble())) * Math.Cos(2 * Math.PI * _random.NextDouble());
}
