using System.Globalization;
using Brownian.Imaging;
using Brownian.Tensors;

namespace Brownian;

/// <summary>Some moments of a sampler's way from noise to images: x_t, and the image x̂_0 that the network sees in it.</summary>
public sealed class ReversePicture
{
    const int AnimationColumns = 8;

    static readonly string[] PairOfRows = ["xₜ", "x\u0302₀"];

    readonly List<Moment> moments = [];
    readonly HashSet<int> steps;
    IReadOnlyList<Image> x;                     // at the level where the next step starts

    ReversePicture(IReadOnlyList<Image> noise, IEnumerable<int> steps) => (x, this.steps) = (noise, [.. steps]);

    /// <summary>The finished images, one for each seed.</summary>
    public IReadOnlyList<Image> Images => x;

    internal IReadOnlyList<Moment> Moments => moments;

    /// <summary>Draws images and remembers moments of it: before the first step, before the last, and evenly between them.</summary>
    /// <param name="model">The model.</param>
    /// <param name="options">Which images, and how; they are drawn together.</param>
    /// <param name="moments">How many moments are remembered, at least 1; there are no more than steps.</param>
    /// <param name="progress">Told after each step.</param>
    /// <param name="cancel">Checked before each step.</param>
    /// <exception cref="ArgumentException">An option is out of its range, or not for this model or sampler.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancel"/> was cancelled.</exception>
    public static ReversePicture Record(
        DiffusionModel model, SampleOptions options, int moments, IProgress<SampleProgress>? progress = null, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfLessThan(moments, 1);
        ulong[] seeds = options.ResolveSeeds();
        IReadOnlyList<Image> noise = NoiseOf(seeds, model);
        ReversePicture? picture = null;
        var sampler = new ImageSampler(model)
        {
            OnStep = step =>
            {
                picture ??= new ReversePicture(noise, Frames.Spread(step.Count, moments));
                picture.Add(step);
            },
        };
        sampler.Sample(options with { BatchSize = seeds.Length }, progress, cancel);
        return picture!;
    }

    /// <summary>x_t of each image with x̂_0 below it, from noise at the left to the finished image.</summary>
    /// <param name="scale">As <see cref="SheetOptions.Scale"/>.</param>
    public Image DrawStrip(int scale = 0)
    {
        List<Image> cells = [];
        for (int n = 0; n < x.Count; n++)
        {
            cells.AddRange(moments.Select(moment => moment.X[n]).Append(x[n]));
            cells.AddRange(moments.Select(moment => moment.X0[n]).Append(x[n]));
        }
        return ImageSheet.Draw(cells, new SheetOptions
        {
            Columns = moments.Count + 1,
            Scale = scale,
            GroupRows = 2,
            RowLabels = LabelsOf(x.Count),
            ColumnLabels = [.. moments.Select((moment, i) => (i == 0 ? "t = " : "") + Text(moment.Timestep)), "image"],
        });
    }

    /// <summary>Adds a frame for each moment, and one that stays with the finished images; the animation is not completed.</summary>
    /// <param name="animation">Where they go.</param>
    /// <param name="scale">As <see cref="SheetOptions.Scale"/>.</param>
    public void Animate(AnimationWriter animation, int scale = 0)
    {
        ArgumentNullException.ThrowIfNull(animation);
        foreach (Moment moment in moments) animation.Add(Frame($"t = {Text(moment.Timestep)}", moment.X, moment.X0, scale), Frames.Pace(moments.Count));
        animation.Add(Frame("image", x, x, scale), Frames.Pause);
    }

    // What the sampler starts from, which no step shows.
    static IReadOnlyList<Image> NoiseOf(ulong[] seeds, DiffusionModel model)
    {
        using TensorScope scope = model.Device.OpenScope();
        NetworkOptions network = model.Description.Model;
        return Pixels.ToImages(new SeededNoise(seeds).Start(Shape.Of(seeds.Length, network.Height, network.Width, network.Channels), model.Device));
    }

    void Add(SampleStep step)
    {
        if (steps.Contains(step.Index)) moments.Add(new Moment(step.Timestep, x, Pixels.ToImages(step.X0)));
        bool needed = step.Index + 1 == step.Count || steps.Contains(step.Index + 1);
        if (needed) x = Pixels.ToImages(step.X.Scale((float)Frames.Brightness(step.To)));
    }

    // Rows of x_t, each with its row of x̂_0; the last may be shorter and is filled up with blanks.
    static Image Frame(string title, IReadOnlyList<Image> x, IReadOnlyList<Image> x0, int scale)
    {
        int columns = Math.Min(x.Count, AnimationColumns), rows = (x.Count - 1) / columns + 1;
        Image blank = new(x[0].Width, x[0].Height, x[0].Channels);
        blank.Pixels.AsSpan().Fill(255);
        IEnumerable<Image> cells = Enumerable.Range(0, rows).SelectMany(row => Row(x, row).Concat(Row(x0, row)));
        return ImageSheet.Draw([.. cells], new SheetOptions
        {
            Title = title,
            Columns = columns,
            Scale = scale,
            Side = Frames.Side,
            GroupRows = 2,
            RowLabels = LabelsOf(rows),
            MinWidth = 180,
        });

        IEnumerable<Image> Row(IReadOnlyList<Image> images, int row) =>
            Enumerable.Range(row * columns, columns).Select(n => n < images.Count ? images[n] : blank);
    }

    static string[] LabelsOf(int pairs) => [.. Enumerable.Repeat(PairOfRows, pairs).SelectMany(pair => pair)];

    static string Text(double timestep) => timestep.ToString("0.#", CultureInfo.InvariantCulture);

    /// <summary>x_t and x̂_0 of each image where a step starts.</summary>
    internal sealed record Moment(double Timestep, IReadOnlyList<Image> X, IReadOnlyList<Image> X0);
}
