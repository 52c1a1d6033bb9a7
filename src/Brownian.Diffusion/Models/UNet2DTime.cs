using Brownian.Nn;
using Brownian.Tensors;

namespace Brownian;

/// <summary>How noisy an image is and what it shows, as features: two linear maps of an embedding of t, plus a row for its class.</summary>
sealed class UNet2DTime
{
    const double FourierDeviation = 16;

    readonly SinusoidalEmbedding _sinusoid;
    readonly FourierEmbedding? _fourier;
    readonly Embedding? _learned, _classes;
    readonly Linear _in, _out;
    readonly UNet2DActivation _activation;
    readonly int _rows;

    public UNet2DTime(ParameterScope root, UNet2DOptions options)
    {
        int first = options.BlockOutChannels[0], features = options.TimeFeatures;
        bool fourier = options.TimeEmbeddingType == UNet2DTimeEmbedding.Fourier;
        (_activation, _rows) = (options.Activation, options.NumTrainTimesteps ?? 0);
        _sinusoid = new SinusoidalEmbedding(first) { CosineFirst = options.FlipSinToCos, FrequencyShift = (float)options.FreqShift };
        if (options.TimeEmbeddingType == UNet2DTimeEmbedding.Learned)
            _learned = new Embedding(root.Under("time_proj"), options.NumTrainTimesteps ?? 0, first);
        if (fourier) _fourier = new FourierEmbedding(root.Under("time_proj"), first, FourierDeviation);
        _in = new Linear(root.Under("time_embedding").Under("linear_1"), fourier ? 2 * first : first, features);
        _out = new Linear(root.Under("time_embedding").Under("linear_2"), features, features);
        if (options.Classes > 0) _classes = new Embedding(root.Under("class_embedding"), options.Classes, features);
    }

    /// <summary>N×features, after the activation that every resnet would apply before its own projection: once is enough.</summary>
    public Tensor Forward(ReadOnlySpan<float> timesteps, ReadOnlySpan<int> labels, Device device)
    {
        Tensor time = _out.Forward(_in.Forward(Embed(timesteps, device)).Silu());
        if (_classes is not null) time = _classes.Forward(labels, device, residual: time);
        return _activation.Of(time);
    }

    Tensor Embed(ReadOnlySpan<float> timesteps, Device device)
    {
        if (_fourier is not null) return _fourier.Of(timesteps, device);
        if (_learned is null) return _sinusoid.Of(timesteps, device);
        Span<int> rows = stackalloc int[64];
        if (timesteps.Length > rows.Length) rows = new int[timesteps.Length];
        for (int n = 0; n < timesteps.Length; n++)
        {
            rows[n] = (int)timesteps[n];
            if (rows[n] != timesteps[n] || (uint)rows[n] >= (uint)_rows)
                throw new ArgumentException($"UNet2D: there is no timestep {timesteps[n]}; the learned time embedding has rows for 0 to {_rows - 1}.");
        }
        return _learned.Forward(rows[..timesteps.Length], device);
    }
}
