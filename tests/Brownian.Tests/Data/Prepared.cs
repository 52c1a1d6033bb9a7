using Brownian.Training;

namespace Brownian.Tests;

/// <summary>Opens sets for the test that runs.</summary>
static class Prepared
{
    public static IImageDataset Open(string path, ImagePreparation how, Action<string>? warn = null) =>
        PreparedImages.Open(path, how, warn, TestContext.Current.CancellationToken);

    public static IImageDataset From(IImageDataset set, ImagePreparation how) =>
        PreparedImages.From(new DatasetImages(set), how, null, TestContext.Current.CancellationToken);
}
