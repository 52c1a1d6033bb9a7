using static TorchSharp.torch;

namespace Brownian.Peers;

/// <summary>A network in TorchSharp: noisy images N×C×H×W and timesteps N to N×C×H×W.</summary>
abstract class TorchNetwork : nn.Module<Tensor, Tensor, Tensor>
{
    protected TorchNetwork(Layout layout) : base("network") => Root = new TorchScope(this, layout);

    /// <summary>Where the constructor declares its layers.</summary>
    protected TorchScope Root { get; }

    /// <summary>The same network as one of ours, with fresh weights under the same names.</summary>
    public static TorchNetwork Like(IDenoisingNetwork ours, Layout layout) => ours switch
    {
        TutorialUNet network => new TorchTutorialUNet(network.Options, layout),
        PlainUNet network => new TorchPlainUNet(network.Options, layout),
        ResidualUNet network => new TorchResidualUNet(network.Options, layout),
        SimpleUNet network => new TorchSimpleUNet(network.Options, layout),
        UNet2D network => new TorchUNet2D(network.Options, layout),
        _ => throw new ArgumentException($"{ours.GetType().Name} has no counterpart in TorchSharp."),
    };

    /// <summary>Copies the weights, and running statistics, of one of ours.</summary>
    /// <exception cref="InvalidOperationException">The two do not have the same tensors.</exception>
    public void Load(IDenoisingNetwork ours)
    {
        using IDisposable noGrad = no_grad();
        var left = ours.Parameters.Select(parameter => parameter.Name).ToHashSet();
        foreach ((string name, Tensor target) in named_parameters().Select(p => (p.name, (Tensor)p.parameter)).Concat(named_buffers()))
        {
            if (!left.Remove(name)) throw new InvalidOperationException($"TorchSharp's network has {name}, ours does not.");
            using Tensor numbers = Numbers(ours.Parameters[name].ToTorch(), target.shape);
            target.copy_(numbers);
        }
        if (left.Count > 0) throw new InvalidOperationException($"Our network has {string.Join(", ", left)}, TorchSharp's does not.");

        static Tensor Numbers(float[] numbers, long[] shape) => tensor(numbers).reshape(shape);
    }
}
