using System.Globalization;
using Brownian.Imaging;
using Brownian.Tensors;

namespace Brownian;

/// <summary>
/// Images on their way to noise: x_t = α_t·x_0 + σ_t·ε (Ho et al. 2020, eq. 4). An image keeps its ε through all timesteps, so that
/// neighbours in time can be compared.
/// </summary>
public sealed class ForwardPicture
{
    const int FrameCount = 60, AnimationColumns = 8;

    // Early timesteps change the image most: they are visited closely.
    static readonly int[] OfThousand = [0, 10, 50, 100, 150, 200, 250, 300, 400, 600, 800, 999];

    readonly INoiseProcess process;
    readonly IReadOnlyList<Image> images;
    readonly ulong seed;

    /// <param name="process">The noise levels.</param>
    /// <param name="images">x_0, at least one; all of one size.</param>
    /// <param name="seed">Of ε; image n has noise of its own.</param>
    /// <exception cref="ArgumentException">There are no images.</exception>
    public ForwardPicture(INoiseProcess process, IReadOnlyList<Image> images, ulong seed = 0)
    {
        ArgumentNullException.ThrowIfNull(process);
        ArgumentNullException.ThrowIfNull(images);
        if (images.Count == 0) throw new ArgumentException("There is no image to add noise to.", nameof(images));
        (this.process, this.images, this.seed) = (process, images, seed);
    }

    /// <summary>The same with the noise levels of a configuration.</summary>
    /// <inheritdoc cref="ForwardPicture(INoiseProcess, IReadOnlyList{Image}, ulong)"/>
    public ForwardPicture(TrainConfig config, IReadOnlyList<Image> images, ulong seed = 0)
        : this((config ?? throw new ArgumentNullException(nameof(config))).Diffusion.ToProcess(), images, seed) { }

    /// <summary>T: timesteps count from 0 to T − 1.</summary>
    public int Timesteps => process.Timesteps;

    /// <summary>Twelve timesteps from the first to the last, close at first; fewer where T is small.</summary>
    /// <param name="timesteps">T, at least 1.</param>
    public static IReadOnlyList<int> UsualTimesteps(int timesteps) =>
        [.. OfThousand.Select(t => (int)Math.Round(t * (timesteps - 1.0) / OfThousand[^1])).Distinct()];

    /// <summary>x_t of every image, cut off at [−1, 1].</summary>
    /// <param name="timestep">t, from 0 to T − 1.</param>
    /// <exception cref="ArgumentException">t is out of range.</exception>
    public IReadOnlyList<Image> At(int timestep)
    {
        if (timestep < 0 || timestep >= process.Timesteps)
            throw new ArgumentException($"Timestep {timestep} is outside the model's 0 to {process.Timesteps - 1}.");
        NoiseLevel level = LevelAt(timestep);
        return [.. images.Select((image, n) => AddNoise(image, level, Noise(n, image.Pixels.Length)))];
    }

    /// <summary>A row of x_t for each image, with t below.</summary>
    /// <param name="timesteps">At least one, each from 0 to T − 1, in any order.</param>
    /// <param name="scale">As <see cref="SheetOptions.Scale"/>.</param>
    /// <exception cref="ArgumentException">A timestep is out of range, there are none, or images differ in size.</exception>
    public Image DrawStrip(IReadOnlyList<int> timesteps, int scale = 0)
    {
        ArgumentNullException.ThrowIfNull(timesteps);
        if (timesteps.Count == 0) throw new ArgumentException("A strip needs at least one timestep.", nameof(timesteps));
        IReadOnlyList<Image>[] columns = [.. timesteps.Select(At)];
        return ImageSheet.Draw([.. images.SelectMany((_, n) => columns.Select(column => column[n]))], new SheetOptions
        {
            Columns = timesteps.Count,
            Scale = scale,
            ColumnLabels = [.. timesteps.Select((t, i) => (i == 0 ? "t = " : "") + t.ToString(CultureInfo.InvariantCulture))],
        });
    }

    /// <summary>Adds frames from the first timestep to the last, all images in each; the animation is not completed.</summary>
    /// <param name="animation">Where they go.</param>
    /// <param name="scale">As <see cref="SheetOptions.Scale"/>.</param>
    public void Animate(AnimationWriter animation, int scale = 0)
    {
        ArgumentNullException.ThrowIfNull(animation);
        int[] timesteps = Frames.Spread(process.Timesteps, FrameCount);
        foreach (int t in timesteps)
        {
            Image frame = ImageSheet.Draw(At(t), new SheetOptions
            {
                Title = string.Create(CultureInfo.InvariantCulture, $"t = {t}"),
                Columns = Math.Min(images.Count, AnimationColumns),
                Scale = scale,
                Side = Frames.Side,
                MinWidth = 140,
            });
            animation.Add(frame, t == timesteps[0] || t == timesteps[^1] ? Frames.Pause : Frames.Pace(timesteps.Length));
        }
    }

    // A continuum of σ has no timesteps; the curve that samplers follow through it is divided instead.
    NoiseLevel LevelAt(int timestep)
    {
        if (process is not VarianceExploding) return process.At((double)timestep);
        var curve = new LevelSelection { Timesteps = new() { Count = process.Timesteps }, Curve = SigmaCurve.Karras };
        return process.Levels(curve)[process.Timesteps - 1 - timestep];
    }

    float[] Noise(int image, int count)
    {
        float[] noise = new float[count];
        new Philox(seed, Philox.Stream("forward picture", (ulong)image)).Normal(noise);
        return noise;
    }

    static Image AddNoise(Image image, NoiseLevel level, float[] noise)
    {
        level = level.Scaled(Frames.Brightness(level));
        float[] x = new float[noise.Length];
        for (int i = 0; i < x.Length; i++)
            x[i] = (float)(level.Alpha * PixelScale.FromByte(image.Pixels[i]) + level.Sigma * noise[i]);
        return Pixels.ToImage(x, image.Width, image.Height, image.Channels);
    }
}
