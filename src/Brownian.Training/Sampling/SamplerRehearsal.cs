using Brownian.Tensors;

namespace Brownian;

/// <summary>
/// The whole way from noise to image with one pixel and nobody to ask: too few steps for a method, or noise levels that it cannot start from,
/// show at once instead of when the first grid is due.
/// </summary>
static class SamplerRehearsal
{
    /// <exception cref="InvalidDataException">The sampler cannot do what the configuration wants.</exception>
    public static void Check(TrainConfig config)
    {
        SampleParams sampling = config.Sampling.In(config.Train.SampleTimesteps);
        if (sampling == new SampleParams { Steps = sampling.Steps } && config.Diffusion.Process == ProcessKind.Ddpm) return;
        using Device device = Device.Open("cpu:1");
        try
        {
            sampling.For(config.Diffusion).Sample(new Nobody(config.Diffusion.ToProcess(), device), [0]);
        }
        catch (ArgumentException e)
        {
            throw new InvalidDataException($"sample_params.sampler cannot be used as configured: {e.Message}", e);
        }
    }

    sealed class Nobody(INoiseProcess process, Device device) : IDenoiser
    {
        public INoiseProcess Process => process;

        public Device Device => device;

        public Shape Images(int count) => Shape.Of(count, 1, 1, 1);

        public Prediction Predict(Tensor x, NoiseLevel level) => new(x.Scale(0), x, x.Scale(0));
    }
}
