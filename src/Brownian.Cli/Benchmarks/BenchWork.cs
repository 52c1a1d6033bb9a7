using Brownian.Diffusion;
using Brownian.Nn;
using Brownian.Tensors;

namespace Brownian.Cli;

/// <summary>One step that is measured again and again.</summary>
/// <param name="Step">Does it, telling the clock where one part ends and the next begins.</param>
/// <param name="MultiplyAdds">What it costs, convolutions counted as if computed directly.</param>
sealed record BenchWork(Action<PhaseClock> Step, long MultiplyAdds)
{
    const int Timestep = 500;

    /// <summary>Forward, loss, backward and Adam. The backward pass costs two forward ones: gradients of inputs and of weights.</summary>
    public static BenchWork Training(IDenoisingNetwork network, Device device, int batch)
    {
        var shape = Shape.Of(batch, network.Height, network.Width, network.Channels);
        float[] pixels = Pixels(shape);
        NoiseSchedule schedule = Schedule();
        var objective = new TrainingObjective(schedule, Parameterization.Epsilon, Seed: 0);
        var adam = new Adam(network.Parameters, new AdamOptions());
        float[] times = new float[batch];
        long step = 0;
        return new BenchWork(Train, 3 * Cost(network, batch));

        // The lines of TrainingObjective.Loss, with a look at the clock between them.
        void Train(PhaseClock clock)
        {
            using TensorScope scope = device.OpenScope();
            Tensor x0 = Tensor.From(pixels, shape, device);
            (TrainingTime[] drawn, Tensor noise) = objective.Draw(x0, step++);
            int[] timesteps = Array.ConvertAll(drawn, time => time.Timestep);
            Tensor xt = schedule.AddNoise(x0, timesteps, noise);
            for (int n = 0; n < batch; n++) times[n] = timesteps[n];
            clock.End(Phase.Data);
            network.IsTraining = true;
            Tensor loss = network.Answer(xt, times).MeanSquaredError(schedule.TargetOf(objective.Predicts, x0, timesteps, noise));
            network.IsTraining = false;
            clock.End(Phase.Forward);
            loss.Backward();
            clock.End(Phase.Backward);
            adam.Step(1e-5);
            network.Parameters.ZeroGrad();      // for the next step
            clock.End(Phase.Optimiser);
        }
    }

    /// <summary>The network looks at one batch.</summary>
    public static BenchWork Forward(IDenoisingNetwork network, Device device, int batch)
    {
        var shape = Shape.Of(batch, network.Height, network.Width, network.Channels);
        Tensor x = Tensor.From(Pixels(shape), shape, device);
        float[] timesteps = new float[batch];
        Array.Fill(timesteps, Timestep);
        return new BenchWork(Look, Cost(network, batch));

        void Look(PhaseClock clock)
        {
            using NoGrad noGrad = device.NoGrad();
            using TensorScope scope = device.OpenScope();
            network.Answer(x, timesteps);
        }
    }

    /// <summary>One step of ancestral sampling: the network, the posterior and the noise.</summary>
    public static BenchWork Sampling(IDenoisingNetwork network, Device device, int batch)
    {
        var denoiser = new Denoiser(network, Schedule(), Parameterization.Epsilon);
        var sampler = new DdpmSampler(new DdpmOptions { Timesteps = new TimestepSelection { Custom = [Timestep] } });
        ulong[] seeds = [.. Enumerable.Range(0, batch).Select(i => (ulong)i)];
        return new BenchWork(Denoise, Cost(network, batch));

        void Denoise(PhaseClock clock)
        {
            using TensorScope scope = device.OpenScope();
            sampler.Sample(denoiser, seeds);
        }
    }

    static long Cost(IDenoisingNetwork network, int batch) => batch * network.AnswerMultiplyAdds(network.Height, network.Width);

    static NoiseSchedule Schedule() => NoiseSchedule.Linear();

    static float[] Pixels(Shape shape)
    {
        float[] pixels = new float[shape.Count];
        new Philox(0, Philox.Stream("bench images")).Uniform(pixels);
        for (int i = 0; i < pixels.Length; i++) pixels[i] = 2 * pixels[i] - 1;
        return pixels;
    }
}
