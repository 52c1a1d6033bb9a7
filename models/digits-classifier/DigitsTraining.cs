namespace Brownian.TrainDigits;

/// <summary>
/// How the classifier is trained, every setting of it: the defaults are those that the weights beside this file were made with. Each epoch
/// sees every image once, in a new order, each distorted anew. Everything random is a function of the seed, the epoch or step, and the image.
/// </summary>
sealed record DigitsTraining
{
    /// <summary>How often each image is seen.</summary>
    public int Epochs { get; init; } = 10;

    /// <summary>Images in a step; what is left of an epoch is left out.</summary>
    public int BatchSize { get; init; } = 100;

    /// <summary>The highest learning rate, from which half a cosine leads to 0.</summary>
    public double Rate { get; init; } = 2e-3;

    /// <summary>The steps in which the rate rises to that.</summary>
    public int WarmupSteps { get; init; } = 100;

    /// <summary>AdamW's.</summary>
    public double WeightDecay { get; init; } = 0.01;

    /// <summary>The share of features that the last layer does without, so that it must use them all.</summary>
    public float Dropout { get; init; } = 0.4f;

    /// <summary>How images are distorted.</summary>
    public Distortion Distortion { get; init; } = new();

    /// <summary>Of the first weights and all that is random.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>Trains from the beginning.</summary>
    /// <param name="network">Its parameters get their memory here.</param>
    /// <param name="images">28×28 gray, labelled with digits.</param>
    /// <param name="device">Where it computes.</param>
    /// <param name="report">Is told the mean loss of each epoch.</param>
    /// <exception cref="ArgumentException">There are fewer images than a step takes, or one without a label.</exception>
    /// <exception cref="InvalidDataException">The training diverged.</exception>
    public void Run(DigitsClassifier network, IImageDataset images, Device device, Action<int, double>? report = null)
    {
        int perEpoch = images.Count / BatchSize;
        if (perEpoch == 0) throw new ArgumentException($"{images.Description}: a step takes {BatchSize} images; give more images or a smaller batch.");
        network.Parameters.Allocate(device, Seed);
        var adam = new Adam(network.Parameters, new AdamOptions { WeightDecay = WeightDecay, Decoupled = true });
        var schedule = new LearningRateSchedule(Rate) { WarmupSteps = WarmupSteps, TotalSteps = (long)perEpoch * Epochs, Decay = RateDecay.Cosine };
        var dropout = new Philox(Seed, Philox.Stream("classifier dropout"));
        for (int epoch = 0; epoch < Epochs; epoch++)
        {
            int[] order = new Philox(Seed, Philox.Stream("classifier order", (ulong)epoch)).Permutation(images.Count);
            double loss = 0;
            for (int i = 0; i < perEpoch; i++)
            {
                long step = (long)epoch * perEpoch + i;
                ReadOnlySpan<int> batch = order.AsSpan(i * BatchSize, BatchSize);
                using TensorScope scope = device.OpenScope();
                Tensor logits = network.Forward(Pixels(images, batch, epoch, device), (Dropout, dropout.At((ulong)step))).Logits!;
                Tensor error = logits.CrossEntropy(Labels(images, batch));
                network.Parameters.ZeroGrad();
                error.Backward();
                if (!adam.Step(schedule.RateAt(step)).Applied) throw new InvalidDataException($"step {step}: the gradient is not finite; choose a lower rate.");
                loss += error.Item() / perEpoch;
            }
            report?.Invoke(epoch, loss);
        }
    }

    Tensor Pixels(IImageDataset images, ReadOnlySpan<int> batch, int epoch, Device device)
    {
        const int Length = DigitsClassifier.Size * DigitsClassifier.Size;
        var random = new Philox(Seed, Philox.Stream("classifier distortion", (ulong)epoch));
        float[] pixels = new float[batch.Length * Length];
        byte[] image = new byte[Length];
        for (int n = 0; n < batch.Length; n++)
        {
            images.Read(batch[n], image);
            Distortion.Draw(image, DigitsClassifier.Size, random, batch[n], pixels.AsSpan(n * Length, Length));
        }
        return Tensor.From(pixels, Shape.Of(batch.Length, DigitsClassifier.Size, DigitsClassifier.Size, 1), device);
    }

    static int[] Labels(IImageDataset images, ReadOnlySpan<int> batch)
    {
        int[] labels = new int[batch.Length];
        for (int n = 0; n < labels.Length; n++) labels[n] = images.Label(batch[n]);
        return labels;
    }
}
