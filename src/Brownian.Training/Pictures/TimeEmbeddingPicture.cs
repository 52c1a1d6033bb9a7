using Brownian.Imaging;
using Brownian.Nn;
using Brownian.Tensors;

namespace Brownian;

/// <summary>What a network is told about time: the sinusoidal embedding, and how alike two timesteps look in it.</summary>
public static class TimeEmbeddingPicture
{
    /// <summary>The most timesteps and features drawn; the similarity of each two timesteps is held in memory.</summary>
    public const int MaxTimesteps = 4096, MaxDimension = 2048;

    /// <summary>Draws the embedding, a row for each timestep, and beside it the cosine of the angle between each two of them.</summary>
    /// <param name="embedding">Up to <see cref="MaxDimension"/> features.</param>
    /// <param name="timesteps">T, from 1 to <see cref="MaxTimesteps"/>.</param>
    /// <param name="device">Where it is computed.</param>
    /// <exception cref="ArgumentException">A number is out of range.</exception>
    public static Image Draw(SinusoidalEmbedding embedding, int timesteps, Device device) => ToDrawing(embedding, timesteps, device).ToImage();

    /// <summary>The same, to be drawn at any scale or as SVG.</summary>
    /// <inheritdoc cref="Draw"/>
    public static Drawing ToDrawing(SinusoidalEmbedding embedding, int timesteps, Device device)
    {
        ArgumentNullException.ThrowIfNull(embedding);
        if (embedding.Dimension is < 2 or > MaxDimension)
            throw new ArgumentException($"A time embedding of {Counted.Of(embedding.Dimension, "feature")}; give 2 to {MaxDimension}.");
        if (timesteps is < 1 or > MaxTimesteps)
            throw new ArgumentException($"A time embedding of {Counted.Of(timesteps, "timestep")}; give 1 to {MaxTimesteps}.");
        float[] rows = Embed(embedding, timesteps, device);
        Drawing matrix = HeatMap.ToDrawing(rows, timesteps, embedding.Dimension, new HeatMapOptions
        {
            Title = "Embedding",
            XLabel = embedding.CosineFirst ? "feature: cosines, then sines" : "feature: sines, then cosines",
            YLabel = "timestep t",
        });
        float[] similarity = Similarity(rows, timesteps, embedding.Dimension);
        Drawing cosines = HeatMap.ToDrawing(similarity, timesteps, timesteps, new HeatMapOptions
        {
            Title = "Cosine similarity",
            XLabel = "timestep t",
            YLabel = "timestep t",
            Low = Math.Min(0, similarity.Min()),
            High = 1,
            Colors = ColorScale.Sequential,
        });
        return ChartPanels.ToDrawing($"Sinusoidal time embedding, {Counted.Of(embedding.Dimension, "feature")}", [matrix, cosines]);
    }

    static float[] Embed(SinusoidalEmbedding embedding, int timesteps, Device device)
    {
        ArgumentNullException.ThrowIfNull(device);
        using TensorScope scope = device.OpenScope();
        return embedding.Of([.. Enumerable.Range(0, timesteps).Select(t => (float)t)], device).ToArray();
    }

    /// <summary>cos ∠(e_s, e_t) = ⟨e_s, e_t⟩/(|e_s|·|e_t|), T×T.</summary>
    internal static float[] Similarity(float[] rows, int timesteps, int dimension)
    {
        double[] norms = [.. Enumerable.Range(0, timesteps).Select(t => Math.Sqrt(Dot(Row(t), Row(t))))];
        float[] cosines = new float[timesteps * timesteps];
        Parallel.For(0, timesteps, s =>
        {
            for (int t = 0; t <= s; t++)
                cosines[s * timesteps + t] = cosines[t * timesteps + s] = (float)(Dot(Row(s), Row(t)) / (norms[s] * norms[t]));
        });
        return cosines;

        ReadOnlySpan<float> Row(int t) => rows.AsSpan(t * dimension, dimension);
    }

    static double Dot(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        double sum = 0;
        for (int i = 0; i < a.Length; i++) sum += a[i] * b[i];
        return sum;
    }
}
