using Brownian.IO;
using Brownian.Nn;
using Brownian.Tensors;

namespace Brownian;

/// <summary>What all networks that are made from options share: an architecture is left with its layers and their order.</summary>
/// <typeparam name="TOptions">Its options.</typeparam>
public abstract class DenoisingNetwork<TOptions> : IDenoisingNetwork where TOptions : NetworkOptions
{
    /// <summary>Checks the options. Constructors declare the parameters, which have no memory until <see cref="ParameterSet.Allocate"/>.</summary>
    /// <exception cref="ArgumentException">The options do not make a network.</exception>
    protected DenoisingNetwork(TOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        Options = options;
    }

    /// <summary>What it is made of.</summary>
    public TOptions Options { get; }

    /// <inheritdoc/>
    public ParameterSet Parameters { get; } = new();

    /// <inheritdoc/>
    public int Channels => Options.Channels;

    /// <inheritdoc/>
    public int SeenChannels => Options.SeenChannels;

    /// <inheritdoc/>
    public int OutputChannels => Options.OutputChannels;

    /// <inheritdoc/>
    public int Height => Options.Height;

    /// <inheritdoc/>
    public int Width => Options.Width;

    /// <inheritdoc/>
    public int SizeMultiple => Options.SizeMultiple;

    /// <inheritdoc/>
    public int Classes => Options.Classes;

    /// <inheritdoc/>
    public Tensor Forward(Tensor x, NetworkPass pass)
    {
        ArgumentNullException.ThrowIfNull(x);
        string name = GetType().Name;
        Shape s = x.Shape;
        (int timesteps, int labels) = (pass.Timesteps.Length, pass.Labels.Length);
        if (s.Rank != 4 || s[3] != SeenChannels) throw new ArgumentException($"{name}: expected images N×H×W×{SeenChannels}, got {s}.");
        if (s[1] < 1 || s[2] < 1 || s[1] % SizeMultiple != 0 || s[2] % SizeMultiple != 0)
            throw new ArgumentException($"{name}: images of {s[1]}×{s[2]} pixels cannot be halved evenly; use multiples of {SizeMultiple}.");
        if (timesteps != s[0]) throw new ArgumentException($"{name}: {Counted.Of(timesteps, "timestep")} for {Counted.Of(s[0], "image")}; give one each.");
        if (Classes == 0 && labels != 0) throw new ArgumentException($"{name}: got {Counted.Of(labels, "label")}, but the network has no classes.");
        if (Classes != 0 && labels != s[0]) throw new ArgumentException($"{name}: {labels} labels for {Counted.Of(s[0], "image")}; give one each.");
        return Run(x, pass);
    }

    /// <summary>The layers, one after the other; what it is given was checked.</summary>
    /// <param name="x">N×H×W×<see cref="SeenChannels"/>.</param>
    /// <param name="pass">What else the network is told.</param>
    /// <returns>N×H×W×<see cref="OutputChannels"/>.</returns>
    protected abstract Tensor Run(Tensor x, NetworkPass pass);
}
