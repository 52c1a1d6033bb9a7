using Brownian.Diffusion;
using Brownian.Nn;
using Brownian.Tensors;

namespace Brownian.Cli;

/// <summary>One step that is measured again and again.</summary>
/// <param name="Step">Does it.</param>
/// <param name="MultiplyAdds">What it costs, convolutions counted as if computed directly.</param>
sealed record BenchWork(Action Step, long MultiplyAdds)
{
    const int Timestep = 500;

    /// <summary>Forward, loss, backward and Adam. The backward pass costs two forward ones: gradients of inputs and of weights.</summary>
    public static BenchWork Training(IDenoisingNetwork network, Device device, int batch)
    {
        Tensor x0 = Images(network, device, batch);
        var objective = new TrainingObjective(Schedule(), Parameterization.Epsilon, Seed: 0);
        var adam = new Adam(network.Parameters, new AdamOptions());
        long step = 0;
        return new BenchWork(Train, 3 * Cost(network, batch));

        void Train()
        {
            using TensorScope scope = device.OpenScope();
            network.Parameters.ZeroGrad();
            objective.Loss(network, x0, step++).Total.Backward();
            adam.Step(1e-5);
        }
    }

    /// <summary>The network looks at one batch.</summary>
    public static BenchWork Forward(IDenoisingNetwork network, Device device, int batch)
    {
        Tensor x = Images(network, device, batch);
        float[] timesteps = new float[batch];
        Array.Fill(timesteps, Timestep);
        return new BenchWork(Look, Cost(network, batch));

        void Look()
        {
            using NoGrad noGrad = device.NoGrad();
            using TensorScope scope = device.OpenScope();
            network.Forward(x, timesteps);
        }
    }

    /// <summary>One step of ancestral sampling: the network, the posterior and the noise.</summary>
    public static BenchWork Sampling(IDenoisingNetwork network, Device device, int batch)
    {
        var denoiser = new Denoiser(network, Schedule(), Parameterization.Epsilon);
        var sampler = new DdpmSampler(new DdpmOptions { Timesteps = new TimestepSelection { Custom = [Timestep] } });
        ulong[] seeds = [.. Enumerable.Range(0, batch).Select(i => (ulong)i)];
        return new BenchWork(Denoise, Cost(network, batch));

        void Denoise()
        {
            using TensorScope scope = device.OpenScope();
            sampler.Sample(denoiser, seeds);
        }
    }

    static long Cost(IDenoisingNetwork network, int batch) => batch * network.MultiplyAdds(network.Height, network.Width);

    static NoiseSchedule Schedule() => NoiseSchedule.Linear();

    static Tensor Images(IDenoisingNetwork network, Device device, int batch)
    {
        var shape = Shape.Of(batch, network.Height, network.Width, network.Channels);
        float[] pixels = new float[shape.Count];
        new Philox(0, Philox.Stream("bench images")).Uniform(pixels);
        for (int i = 0; i < pixels.Length; i++) pixels[i] = 2 * pixels[i] - 1;
        return Tensor.From(pixels, shape, device);
    }
}
