using Brownian.Tensors;

namespace Brownian.Tests;

/// <summary>What dropout means is the same for every network that has it.</summary>
public sealed class NetworkDropoutTests : IDisposable
{
    readonly Device _device = Device.Cpu();

    public void Dispose() => _device.Dispose();

    [Fact]
    public void The_residual_network_drops_by_its_random_numbers() =>
        Check(rate => new ResidualUNet(ResidualUNetTests.Tiny with { DropoutRate = rate }, _device, seed: 3));

    [Fact]
    public void The_tutorials_network_drops_by_its_random_numbers() =>
        Check(rate => new TutorialUNet((TutorialUNetOptions)TinyRun.Config.Model with { Dropout = rate }, _device, seed: 3));

    [Fact]
    public void The_network_of_diffusers_drops_by_its_random_numbers() =>
        Check(rate => new UNet2D(UNet2DTests.Tiny with { Dropout = rate }, _device, seed: 3));

    void Check(Func<float, IDenoisingNetwork> create)
    {
        (IDenoisingNetwork network, IDenoisingNetwork without) = (create(0.5f), create(0));
        using NoGrad off = _device.NoGrad();
        Tensor x = TensorOps.Normal(Shape.Of(1, 8, 8, 1), new Philox(1, 1), _device);
        float[] Run(IDenoisingNetwork of, Philox? random) => of.Forward(x, new([5], training: random)).ToArray();

        Assert.Equal(Run(without, null), Run(network, null));
        Assert.Equal(Run(without, null), Run(without, new Philox(1, 2)));
        Assert.Equal(Run(network, new Philox(1, 2)), Run(network, new Philox(1, 2)));
        Assert.NotEqual(Run(network, new Philox(1, 2)), Run(network, new Philox(1, 3)));
        Assert.NotEqual(Run(network, null), Run(network, new Philox(1, 2)));
    }
}
