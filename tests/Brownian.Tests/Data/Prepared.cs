namespace Brownian.Tests;

/// <summary>Opens sets for the test that runs.</summary>
static class Prepared
{
    public static IImageDataset Open(string path, ImagePreparation how, List<string>? warnings = null) =>
        PreparedImages.Open(path, how, new Direct(told => Keep(told, warnings)), TestContext.Current.CancellationToken);

    public static IImageDataset From(IImageDataset set, ImagePreparation how, Action<ReadingProgress>? told = null) =>
        PreparedImages.Open(new DatasetImages(set), how, told is null ? null : new Direct(told), TestContext.Current.CancellationToken);

    static void Keep(ReadingProgress told, List<string>? warnings)
    {
        if (told is ReadingProgress.Warning warning) warnings?.Add(warning.Message);
    }

    /// <summary>Reports in place, where <see cref="Progress{T}"/> would do so later.</summary>
    sealed class Direct(Action<ReadingProgress> report) : IProgress<ReadingProgress>
    {
        public void Report(ReadingProgress value) => report(value);
    }
}
