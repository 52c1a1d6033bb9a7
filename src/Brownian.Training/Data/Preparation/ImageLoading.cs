using Brownian.Imaging;

namespace Brownian.Training;

/// <summary>Decodes every image of a source once, in parallel and a few hundred at a time, and keeps them in their order.</summary>
/// <param name="source">What to decode.</param>
/// <param name="how">What to make of it.</param>
/// <param name="store">Where it goes; null where it is only looked at.</param>
sealed class ImageLoading(IImageSource source, ImagePreparation how, PixelStore? store)
{
    const int Chunk = 256, Named = 10;

    int _colored;
    (int Width, int Height) _least = (int.MaxValue, int.MaxValue), _most;

    public List<PreparedImage> Images { get; } = [];

    /// <summary>True where more than half of the images are in colour.</summary>
    public bool MostlyColor => 2 * _colored > Images.Count;

    /// <summary>"32×32", or "460×500 to 800×600": the least and the largest of both sides.</summary>
    public string SizeRange
    {
        get
        {
            string least = $"{_least.Width}×{_least.Height}", most = $"{_most.Width}×{_most.Height}";
            return least == most ? least : $"{least} to {most}";
        }
    }

    public void Run(IProgress<ReadingProgress>? progress, CancellationToken cancel)
    {
        int count = Math.Min(source.Count, how.Limit ?? int.MaxValue), broken = 0;
        string? first = null;
        var results = new Result[Math.Min(Chunk, count)];
        for (int start = 0; start < count; start += Chunk)
        {
            int size = Math.Min(Chunk, count - start);
            Decode(start, size, results, cancel);
            for (int i = 0; i < size; i++)
            {
                if (results[i].Problem is not { } problem)
                {
                    Keep(start + i, results[i]);
                    continue;
                }
                if (how.Strict) throw new InvalidDataException(problem);
                first ??= problem;
                if (++broken <= Named) progress?.Report(new ReadingProgress.Warning(problem));
            }
            progress?.Report(new ReadingProgress.Decoded(start + size, count));
        }
        if (Images.Count == 0)
            throw new InvalidDataException(count == 1 ? first! : $"{first} So are all {count} images of {source.Title}.");
        if (broken > 0) progress?.Report(new ReadingProgress.Warning(Summary(broken, count)));
        store?.Complete();
    }

    string Summary(int broken, int count) =>
        $"{source.Title}: {broken} of {count} images cannot be used and {(broken == 1 ? "is" : "are")} left out"
        + (broken > Named ? $" (the first {Named} are named)" : "") + "; --strict stops instead.";

    void Decode(int start, int size, Result[] results, CancellationToken cancel)
    {
        // Waiting work is handed out one by one: one photograph may take as long as a hundred others.
        var options = new ParallelOptions { CancellationToken = cancel, MaxDegreeOfParallelism = Environment.ProcessorCount };
        Parallel.For(0, size, options, i => results[i] = Decode(start + i));
    }

    Result Decode(int index)
    {
        try
        {
            Image image = source.Read(index), scaled;
            try
            {
                scaled = how.Scale(image);
            }
            catch (ArgumentException e)
            {
                return new Result { Problem = $"{source.NameOf(index)}: {e.Message.TrimEnd('.')}." };
            }
            if (store is not null && how.Crop == CropMode.Center && (scaled.Width, scaled.Height) != (how.Width, how.Height))
                scaled = scaled.CenterCrop(how.Width, how.Height);
            return new Result { Width = image.Width, Height = image.Height, IsColor = image.Channels >= 3, Scaled = scaled };
        }
        catch (Exception e) when (e is InvalidDataException or IOException or UnauthorizedAccessException)
        {
            string name = source.NameOf(index);
            string message = e.Message.StartsWith(name, StringComparison.Ordinal) ? e.Message : $"{name}: {e.Message}";
            return new Result { Problem = $"{message.TrimEnd('.')}." };
        }
    }

    void Keep(int index, Result result)
    {
        Image scaled = result.Scaled!;
        Images.Add(new PreparedImage(index, source.Label(index), scaled.Width, scaled.Height));
        if (result.IsColor) _colored++;
        _least = (Math.Min(_least.Width, result.Width), Math.Min(_least.Height, result.Height));
        _most = (Math.Max(_most.Width, result.Width), Math.Max(_most.Height, result.Height));
        store?.Add(scaled.Pixels);
    }

    /// <summary>What became of one image: its size and pixels, or why there are none.</summary>
    readonly record struct Result
    {
        public int Width { get; init; }
        public int Height { get; init; }
        public bool IsColor { get; init; }
        public Image? Scaled { get; init; }
        public string? Problem { get; init; }
    }
}
