using Brownian.Nn;
using Brownian.Tensors;

namespace Brownian.Tests;

/// <summary>
/// A formula on the host in the place of a network: f(x, t) for each pixel, and g(x, t) as a second half of channels if given.
/// </summary>
sealed class StubNetwork : IDenoisingNetwork
{
    readonly Shape _image;
    readonly Func<double, double, double> _f;
    readonly Func<double, double, double>? _g;

    /// <param name="device">Where the network would have its parameters.</param>
    /// <param name="image">H×W×C.</param>
    /// <param name="f">Of x and t.</param>
    /// <param name="g">Of x and t.</param>
    public StubNetwork(Device device, Shape image, Func<double, double, double> f, Func<double, double, double>? g = null)
    {
        (_image, _f, _g) = (image, f, g);
        Parameters.Allocate(device, seed: 0);
    }

    /// <summary>The model of the recorded trajectories.</summary>
    public static double Analytic(double x, double t) => 0.3 * Math.Sin(x) + 0.1 * Math.Cos(0.01 * t) * x;

    /// <summary>The second half of channels of the recorded trajectories with a learned variance.</summary>
    public static double AnalyticVariance(double x, double t) => Math.Sin(2 * x + 0.001 * t);

    public ParameterSet Parameters { get; } = new();

    public int Channels => _image[2];

    public int Height => _image[0];

    public int Width => _image[1];

    public int SizeMultiple => 1;

    public List<Philox?> TrainingSeen { get; } = [];

    public List<float[]> TimestepsSeen { get; } = [];

    public List<int[]> LabelsSeen { get; } = [];

    public int Classes { get; init; }

    /// <summary>Answers for an element of a batch by its index and timestep, instead of f, if set.</summary>
    public Func<int, float, double>? Instead { get; set; }

    /// <summary>Answers with the label too, instead of f, if set.</summary>
    public Func<double, double, int, double>? OfLabel { get; init; }

    public Tensor Forward(Tensor x, NetworkPass pass)
    {
        if (x.Device is TracingDevice) return x;
        ReadOnlySpan<float> timesteps = pass.Timesteps;
        ReadOnlySpan<int> labels = pass.Labels;
        TimestepsSeen.Add(timesteps.ToArray());
        TrainingSeen.Add(pass.Training);
        LabelsSeen.Add(labels.ToArray());
        float[] input = x.ToArray();
        int channels = x.Shape.Channels, size = input.Length / x.Shape[0], width = _g is null ? channels : 2 * channels;
        float[] output = new float[input.Length / channels * width];
        for (int i = 0; i < input.Length; i++)
        {
            float t = timesteps[i / size];
            int at = i / channels * width + i % channels;
            output[at] = (float)(Instead?.Invoke(i, t) ?? OfLabel?.Invoke(input[i], t, labels[i / size]) ?? _f(input[i], t));
            if (_g is not null) output[at + channels] = (float)_g(input[i], t);
        }
        return Tensor.From(output, x.Shape.WithChannels(width), x.Device);
    }
}
