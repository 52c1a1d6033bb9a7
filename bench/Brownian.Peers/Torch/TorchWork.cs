using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Brownian.Peers;

/// <summary>A step of TorchSharp that is measured again and again: the same work as Brownian's, see <c>brownian bench</c>.</summary>
static class TorchWork
{
    const int Timesteps = 1000, Timestep = 500;

    /// <summary>Algorithm 1 of Ho et al. 2020: draw noise and timesteps, mix, forward, mean squared error, backward, Adam.</summary>
    public static Action Training(TorchNetwork network, Tensor x0)
    {
        network.train();
        // TorchSharp's only one: a loop over the parameters in C#. There is no fused and no foreach version.
        Adam adam = optim.Adam(network.parameters(), lr: 1e-5);
        Tensor kept = (1 - linspace(1e-4, 0.02, Timesteps)).cumprod(0);
        long images = x0.shape[0];
        return () =>
        {
            using DisposeScope step = NewDisposeScope();
            Tensor noise = randn_like(x0), t = randint(0, Timesteps, [images], dtype: ScalarType.Int64);
            Tensor a = kept.index_select(0, t).reshape(images, 1, 1, 1);
            Tensor xt = a.sqrt() * x0 + (1 - a).sqrt() * noise;
            adam.zero_grad();
            Tensor loss = nn.functional.mse_loss(network.forward(xt, t), noise);
            loss.backward();
            adam.step();
            loss.item<float>();
        };
    }

    /// <summary>The network looks at one batch.</summary>
    public static Action Forward(TorchNetwork network, Tensor x)
    {
        network.eval();
        Tensor t = full([x.shape[0]], Timestep, ScalarType.Int64);
        return () =>
        {
            using IDisposable inference = inference_mode(true);
            using DisposeScope step = NewDisposeScope();
            network.forward(x, t);
        };
    }

    /// <summary>Images of random numbers from −1 to 1.</summary>
    public static Tensor Images(IDenoisingNetwork like, int batch, Layout layout) =>
        layout.Order(rand(batch, like.Channels, like.Height, like.Width) * 2 - 1);
}
