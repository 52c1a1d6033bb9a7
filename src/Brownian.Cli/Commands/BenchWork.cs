using System.Diagnostics;
using Brownian.Nn;
using Brownian.Tensors;

namespace Brownian.Cli;

/// <summary>One step that is measured again and again.</summary>
/// <param name="Network">What computes.</param>
/// <param name="Step">Does it, telling the clock where one part ends and the next begins.</param>
/// <param name="Passes">What it costs, in passes of a batch forward.</param>
sealed record BenchWork(IDenoisingNetwork Network, Action<PhaseClock> Step, int Passes = 1)
{
    /// <summary>The trainer's loss, backward and Adam. The backward pass costs two forward ones: gradients of inputs and of weights.</summary>
    public static BenchWork Training(BenchTask task, Device device, int batch)
    {
        (IDenoisingNetwork network, TrainingObjective objective) = (task.Model.CreateNetwork(device), task.Objective);
        Shape shape = Images(network, batch);
        float[] pixels = Pixels(shape);
        int[] labels = Labels(network, batch);
        var adam = new Adam(network.Parameters, new AdamOptions());
        long step = 0;
        return new BenchWork(network, Train, Passes: 3);

        void Train(PhaseClock clock)
        {
            using TensorScope scope = device.OpenScope();
            Tensor x0 = Tensor.From(pixels, shape, device);
            TrainingDraw drawn = objective.Draw(network, x0, step++, labels: labels);
            clock.End(Phase.Data);
            Tensor loss = objective.Loss(network, x0, drawn).Total;
            clock.End(Phase.Forward);
            loss.Backward();
            clock.End(Phase.Backward);
            adam.Step(1e-5);
            network.Parameters.ZeroGrad();      // for the next step
            clock.End(Phase.Optimiser);
        }
    }

    /// <summary>The network looks at one batch.</summary>
    public static BenchWork Forward(BenchTask task, Device device, int batch)
    {
        IDenoisingNetwork network = task.Model.CreateNetwork(device);
        Shape shape = Images(network, batch).WithChannels(network.SeenChannels);
        Tensor x = Tensor.From(Pixels(shape), shape, device);
        int[] labels = Labels(network, batch);
        float[] timesteps = new float[batch];
        Array.Fill(timesteps, task.Objective.Process.Timesteps / 2);
        return new BenchWork(network, Look);

        void Look(PhaseClock clock)
        {
            using NoGrad noGrad = device.NoGrad();
            using TensorScope scope = device.OpenScope();
            network.Answer(x, new(timesteps, labels));
        }
    }

    /// <summary>One step of ancestral sampling: the network, the posterior and the noise.</summary>
    public static BenchWork Sampling(BenchTask task, Device device, int batch)
    {
        IDenoisingNetwork network = task.Model.CreateNetwork(device);
        var denoiser = new Denoiser(network, task.Objective.Process, task.Objective.Predicts) { Labels = Labels(network, batch) };
        var sampler = new DdpmSampler { Custom = [task.Objective.Process.Timesteps / 2] };
        ulong[] seeds = [.. Enumerable.Range(0, batch).Select(i => (ulong)i)];
        return new BenchWork(network, Denoise);

        void Denoise(PhaseClock clock)
        {
            using TensorScope scope = device.OpenScope();
            sampler.Sample(denoiser, seeds);
        }
    }

    static Shape Images(IDenoisingNetwork network, int batch) => Shape.Of(batch, network.Height, network.Width, network.Channels);

    static int[] Labels(IDenoisingNetwork network, int batch) =>
        network.Classes == 0 ? [] : [.. Enumerable.Range(0, batch).Select(n => n % network.Classes)];

    static float[] Pixels(Shape shape)
    {
        float[] pixels = new float[shape.Count];
        new Philox(0, Philox.Stream("bench images")).Uniform(pixels);
        for (int i = 0; i < pixels.Length; i++) pixels[i] = 2 * pixels[i] - 1;
        return pixels;
    }
}

/// <summary>What is measured: a model, and what it learns or has learned.</summary>
sealed record BenchTask(NetworkOptions Model, TrainingObjective Objective)
{
    /// <summary>A model with the loss of Ho et al. 2020.</summary>
    public static BenchTask Of(NetworkOptions model) => new(model, new TrainingObjective(NoiseSchedule.Linear(), Parameterization.Epsilon, Seed: 0));

    /// <summary>A configuration's model with its objective.</summary>
    public static BenchTask Of(TrainConfig config) => new(config.Model, ConfiguredObjective.Of(config));
}

/// <summary>The parts of a training step.</summary>
enum Phase
{
    /// <summary>Making the batch: upload and everything drawn, such as t and ε.</summary>
    Data,

    /// <summary>x_t, the network and the loss.</summary>
    Forward,

    /// <summary>Gradients.</summary>
    Backward,

    /// <summary>Zeroing gradients, clipping and the update of the weights.</summary>
    Optimiser,
}

/// <summary>How long each part of each step took.</summary>
sealed class PhaseClock(Device device)
{
    readonly List<double>[] _milliseconds = [.. Enum.GetValues<Phase>().Select(_ => new List<double>(64))];
    long _last;

    /// <summary>A step begins.</summary>
    public void Begin()
    {
        device.Synchronize();
        _last = Stopwatch.GetTimestamp();
    }

    /// <summary>What was done since the last call was this part.</summary>
    public void End(Phase phase)
    {
        device.Synchronize();
        long now = Stopwatch.GetTimestamp();
        _milliseconds[(int)phase].Add(Stopwatch.GetElapsedTime(_last, now).TotalMilliseconds);
        _last = now;
    }

    /// <summary>The median of each part; empty where the work has no parts.</summary>
    public IReadOnlyDictionary<Phase, double> Medians() =>
        Enum.GetValues<Phase>().Where(phase => _milliseconds[(int)phase].Count > 0).ToDictionary(phase => phase, phase => Median(_milliseconds[(int)phase]));

    /// <summary>The middle value, or the mean of the middle two.</summary>
    public static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}
