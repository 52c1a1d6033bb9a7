using Brownian.Tensors;

namespace Brownian.Tests;

/// <summary>Noise from a recording.</summary>
/// <param name="images">N.</param>
/// <param name="start">x_T, N×H×W×C, whatever its scale.</param>
/// <param name="startScale">The standard deviation that a sampler gives x_T.</param>
/// <param name="noises">The recorded draws, one after another.</param>
/// <param name="drawOf">Which of them serves a step and a draw.</param>
sealed class RecordedNoise(int images, double[] start, double startScale, float[] noises, Func<int, int, int> drawOf) : INoiseSource
{
    public int Images => images;

    /// <summary>The steps that asked for noise.</summary>
    public List<int> Steps { get; } = [];

    public Tensor Start(Shape shape, Device device) => Tensor.From(Array.ConvertAll(start, v => (float)(v / startScale)), shape, device);

    public Tensor Step(int step, int draw, Shape shape, Device device)
    {
        Steps.Add(step);
        return Tensor.From(noises.AsSpan(drawOf(step, draw) * shape.Count, shape.Count), shape, device);
    }
}

/// <summary>A denoiser that remembers what it was asked.</summary>
sealed class RecordingDenoiser(IDenoiser inner) : IDenoiser
{
    public INoiseProcess Process => inner.Process;

    public Device Device => inner.Device;

    /// <summary>Every question and its answer.</summary>
    public List<(float[] X, NoiseLevel Level, float[] X0)> Calls { get; } = [];

    public Shape Images(int count) => inner.Images(count);

    public Prediction Predict(Tensor x, NoiseLevel level)
    {
        Prediction prediction = inner.Predict(x, level);
        Calls.Add((x.ToArray(), level, prediction.X0.ToArray()));
        return prediction;
    }
}
