using Brownian.Tensors;

namespace Brownian;

/// <summary>
/// How many bits images take under a model: images that it was trained with, or others, which take more where it has memorised the first.
/// What an image takes depends on the seed and its place in the set, not on its neighbours, the batch or the threads.
/// </summary>
/// <param name="model">The model.</param>
public sealed class ImageLikelihood(DiffusionModel model)
{
    /// <summary>
    /// By the variational bound (Ho et al. 2020, eq. 5), with the model's own reverse variance and limit of x̂_0. A conditional model is told
    /// each image's class, without guidance.
    /// </summary>
    /// <param name="images">Of 8 bits, of the model's size, channels and classes.</param>
    /// <param name="options">Which of them, and at how many timesteps.</param>
    /// <param name="progress">Told after each batch.</param>
    /// <param name="cancel">Checked before each batch, and while another thread has the device.</param>
    /// <exception cref="ArgumentException">An option is out of its range, or the model has no schedule of timesteps.</exception>
    /// <exception cref="InvalidDataException">The images do not fit the model, or its answers are not finite.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancel"/> was cancelled.</exception>
    public BoundLikelihood ByBound(
        IImageDataset images, LikelihoodOptions? options = null, IProgress<LikelihoodProgress>? progress = null, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(images);
        options ??= new LikelihoodOptions();
        options.Check();
        int timesteps = BoundOf(model.ToDenoiser()).Timesteps, steps = options.Steps ?? Math.Min(100, timesteps);
        if (steps < 2 || steps > timesteps)
            throw new ArgumentException($"The bound from {Counted.Of(steps, "timestep")} of a schedule of {timesteps}; give 2 to {timesteps}.");
        if (images.BitDepth != 8)
        {
            throw new InvalidDataException(
                $"The images have {images.BitDepth} bits per sample ({images.Description}), but the bound is one of 8-bit values; "
                + "open them with bit_depth 8, or use the ODE.");
        }
        var chosen = new ChosenImages(model, images, options.Count, options.Seed, cancel);
        List<Question>[] questions = QuestionsOf(chosen, new TimestepStrata(timesteps, steps - 1), options.Seed, timesteps);
        var sums = new BoundSums(chosen.Count);
        List<TimestepBits> terms = [];
        for (int t = 0; t < timesteps; t++)
        {
            if (questions[t].Count == 0) continue;
            TimestepBits term = new(t, 0, 0, 0, 0);
            foreach (Question[] batch in questions[t].Chunk(options.BatchSize))
            {
                cancel.ThrowIfCancellationRequested();
                using (TensorScope step = model.Device.OpenStep(cancel)) term = Ask(chosen, batch, options.Seed, term, sums);
                progress?.Report(new(sums.Asked += batch.Length, (long)steps * chosen.Count));
            }
            terms.Add(term);
        }
        double[] total = [.. sums.Prior.Select((bits, n) => bits + sums.Middle[n] + sums.Decoder[n])];
        return new BoundLikelihood
        {
            Total = BitsPerDimension.Of(total),
            Prior = BitsPerDimension.Of(sums.Prior),
            Middle = BitsPerDimension.Of(sums.Middle),
            Decoder = BitsPerDimension.Of(sums.Decoder),
            PerImage = total,
            ImageIndices = chosen.Indices,
            NetworkCalls = steps,
            Timesteps = steps,
            OfTimesteps = timesteps,
            Terms = terms,
            Warnings = chosen.Warnings,
        };
    }

    /// <summary>
    /// By the probability-flow ODE (Song et al. 2021, §4.3), for models of any process. x̂_0 is not limited. Gray values are spread over their
    /// intervals; their bits are counted, of 8 or of 16.
    /// </summary>
    /// <param name="images">Of the model's size, channels and classes.</param>
    /// <param name="options">Which of them, and how exactly.</param>
    /// <param name="progress">Told after each step of each batch.</param>
    /// <param name="cancel">Checked before each step, and while another thread has the device.</param>
    /// <exception cref="ArgumentException">An option is out of its range, or no gradient flows through the network.</exception>
    /// <exception cref="InvalidDataException">The images do not fit the model, or its answers are not finite.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancel"/> was cancelled.</exception>
    public OdeLikelihood ByOde(
        IImageDataset images, LikelihoodOptions? options = null, IProgress<LikelihoodProgress>? progress = null, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(images);
        options ??= new LikelihoodOptions();
        options.Check();
        int steps = options.Steps ?? 50;
        var whole = new ProbabilityFlow(model.ToDenoiser(), steps);
        var chosen = new ChosenImages(model, images, options.Count, options.Seed, cancel);
        int calls = whole.Calls(options.Probes);
        double grayValues = -Math.Log2(Dequantization.Width(images.BitDepth));
        double[] noise = new double[chosen.Count], volume = new double[chosen.Count];
        long done = 0;
        foreach (int[] batch in Enumerable.Range(0, chosen.Count).Chunk(options.BatchSize))
        {
            using TensorScope scope = model.Device.OpenScope();
            var flow = new ProbabilityFlow(chosen.DenoiserOf(batch), steps);
            Tensor x0 = chosen.Read(batch, (image, index) => Dequantization.Spread(image, images.BitDepth, new(options.Seed, Philox.Stream("likelihood gray values", (ulong)index))));
            LogDensity[] densities = flow.Of(
                x0, chosen.Generators(options.Seed, "likelihood probes", batch), options.Probes,
                () => progress?.Report(new(done += batch.Length, (long)(steps + 1) * chosen.Count)), cancel);
            Store([.. densities.Select(density => density.Bits(density.Noise))], batch, noise);
            Store([.. densities.Select(density => density.Bits(density.Volume))], batch, volume);
        }
        double[] total = [.. noise.Select((bits, n) => Finite(bits + volume[n] + grayValues, chosen.Indices[n]))];
        return new OdeLikelihood
        {
            Total = BitsPerDimension.Of(total),
            Noise = BitsPerDimension.Of(noise),
            Volume = BitsPerDimension.Of(volume),
            GrayValues = grayValues,
            PerImage = total,
            ImageIndices = chosen.Indices,
            NetworkCalls = calls,
            Steps = steps,
            Probes = options.Probes,
            SmallestNoise = whole.SmallestNoise,
            Warnings = chosen.Warnings,
        };
    }

    VariationalBits BoundOf(IDenoiser denoiser) => new(denoiser, model.Description.Diffusion.Variance, model.Description.Diffusion.Limit);

    // For each timestep the images to ask about: all of them at 0, whose term is no part of the sum that is estimated.
    static List<Question>[] QuestionsOf(ChosenImages chosen, TimestepStrata strata, ulong seed, int timesteps)
    {
        int[] all = [.. Enumerable.Range(0, chosen.Count)];
        Philox[] random = chosen.Generators(seed, "likelihood timesteps", all);
        List<Question>[] questions = [.. Enumerable.Range(0, timesteps).Select(_ => new List<Question>())];
        foreach (int position in all)
        {
            questions[0].Add(new(position, 1));
            foreach ((int timestep, int weight) in strata.Draw(random[position])) questions[timestep].Add(new(position, weight));
        }
        return questions;
    }

    /// <summary>The term of a timestep after some more images, which are added to the sums.</summary>
    TimestepBits Ask(ChosenImages chosen, Question[] batch, ulong seed, TimestepBits before, BoundSums sums)
    {
        int t = before.Timestep;
        int[] positions = Array.ConvertAll(batch, question => question.Position);
        VariationalBits bound = BoundOf(chosen.DenoiserOf(positions));
        Tensor x0 = chosen.Read(positions);
        if (t == 0) Store(bound.Prior(x0), positions, sums.Prior);
        VariationalTerms term = bound.Term(t, x0, Noise(chosen, positions, seed, t, x0));
        double[] target = t == 0 ? sums.Decoder : sums.Middle;
        for (int n = 0; n < batch.Length; n++)
            target[positions[n]] += batch[n].Weight * Finite(term.Bits[n], chosen.Indices[positions[n]], $" at timestep {t}");
        return before.With(term);
    }

    static Tensor Noise(ChosenImages chosen, int[] positions, ulong seed, int timestep, Tensor x0)
    {
        Philox[] random = Array.ConvertAll(chosen.Generators(seed, "likelihood noise", positions), each => each.At((ulong)timestep));
        return Slicing.NormalPerSample(x0.Shape, random, x0.Device);
    }

    static void Store(double[] values, int[] positions, double[] target)
    {
        for (int n = 0; n < positions.Length; n++) target[positions[n]] = values[n];
    }

    static double Finite(double bits, int index, string where = "") => double.IsFinite(bits) ? bits : throw new InvalidDataException(
        $"The likelihood of image {index} is not finite (NaN or infinity){where}: the network's results overflow; "
        + "take an earlier checkpoint, or weights that fit the network and its settings.");

    /// <summary>An image to be asked about at a timestep.</summary>
    /// <param name="Position">Among the chosen.</param>
    /// <param name="Weight">For how many timesteps the answer stands.</param>
    readonly record struct Question(int Position, int Weight);

    /// <summary>The parts of the bound of each image so far.</summary>
    sealed class BoundSums(int images)
    {
        public double[] Prior { get; } = new double[images];
        public double[] Middle { get; } = new double[images];
        public double[] Decoder { get; } = new double[images];
        public long Asked { get; set; }
    }
}
