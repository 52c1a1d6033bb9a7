using Brownian.Tensors;

namespace Brownian.Diffusion;

/// <summary>The checks that every network makes of what it is given.</summary>
static class NetworkInput
{
    public static void Check(IDenoisingNetwork network, Tensor x, NetworkPass pass)
    {
        string name = network.GetType().Name;
        Shape s = x.Shape;
        (int timesteps, int labels) = (pass.Timesteps.Length, pass.Labels.Length);
        if (s.Rank != 4 || s[3] != network.Channels)
            throw new ArgumentException($"{name}: expected images N×H×W×{network.Channels}, got {s}.");
        if (s[1] < 1 || s[2] < 1 || s[1] % network.SizeMultiple != 0 || s[2] % network.SizeMultiple != 0)
            throw new ArgumentException($"{name}: images of {s[1]}×{s[2]} pixels cannot be halved evenly; use multiples of {network.SizeMultiple}.");
        if (timesteps != s[0]) throw new ArgumentException($"{name}: {timesteps} timesteps for {s[0]} images; give one each.");
        if (network.Classes == 0 && labels != 0) throw new ArgumentException($"{name}: got {labels} labels, but the network has no classes.");
        if (network.Classes != 0 && labels != s[0]) throw new ArgumentException($"{name}: {labels} labels for {s[0]} images; give one each.");
    }
}
