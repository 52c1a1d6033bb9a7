using System.Text.Json;
using Brownian.Evaluation;
using Brownian.Nn;

namespace Brownian.Tests.Evaluation;

/// <summary>The distances of stored features against those of NumPy and SciPy.</summary>
public sealed class DistanceGoldenTests
{
    [Fact]
    public void Statistics_are_those_of_numpy()
    {
        using SafetensorsFile file = SafetensorsFile.Read(Fixtures.Golden("metrics/fid.safetensors"));
        foreach (string set in (string[])["1", "2"])
        {
            GaussianStatistics found = GaussianStatistics.Of(Stored(file, "features" + set), 1);
            Close(file.ReadDoubles("mu" + set), found.Mean, 1e-13);
            Close(file.ReadDoubles("sigma" + set), found.Covariance, 1e-13);
        }
    }

    [Fact]
    public void Frechet_distances_are_those_of_scipy()
    {
        using SafetensorsFile file = SafetensorsFile.Read(Fixtures.Golden("metrics/fid.safetensors"));
        JsonElement expected = Json("metrics/fid.json");
        Points first = Stored(file, "features1"), second = Stored(file, "features2");
        GaussianStatistics one = GaussianStatistics.Of(first), two = GaussianStatistics.Of(second);
        Assert.Equal(expected.GetProperty("fid").GetDouble(), FrechetDistance.Between(one, two), 1e-9);
        Assert.Equal(expected.GetProperty("fid_eig").GetDouble(), new FrechetDistance(one).To(second), 1e-9);
        Assert.Equal(expected.GetProperty("fid").GetDouble(), FrechetDistance.Between(two, one), 1e-9);
        Assert.Equal(expected.GetProperty("identical").GetDouble(), FrechetDistance.Between(one, one), 1e-6);
    }

    [Fact]
    public void Frechet_distances_of_fewer_images_than_dimensions_are_those_of_eigenvalues()
    {
        using SafetensorsFile file = SafetensorsFile.Read(Fixtures.Golden("metrics/fid.safetensors"));
        double expected = Json("metrics/fid.json").GetProperty("singular").GetProperty("fid_eig").GetDouble();
        Points first = Stored(file, "singular1"), second = Stored(file, "singular2");
        GaussianStatistics one = GaussianStatistics.Of(first), two = GaussianStatistics.Of(second);
        Assert.Equal(expected, FrechetDistance.Between(one, two), 1e-6);
        Assert.Equal(expected, FrechetDistance.Between(two, one), 1e-6);
        Assert.Equal(expected, new FrechetDistance(one).To(second), 1e-6);
        Assert.Equal(expected, new FrechetDistance(two).To(first), 1e-6);
    }

    [Fact]
    public void Kernel_distances_are_those_of_numpy()
    {
        using SafetensorsFile file = SafetensorsFile.Read(Fixtures.Golden("metrics/fid.safetensors"));
        using SafetensorsFile subsets = SafetensorsFile.Read(Fixtures.Golden("metrics/kid_indices.safetensors"));
        JsonElement expected = Json("metrics/kid.json");
        Points first = Stored(file, "features1"), second = Stored(file, "features2");
        KernelSubsets found = KernelDistance.OverSubsets(first, second, Rows(subsets, "subset1"), Rows(subsets, "subset2"));
        Close([.. expected.GetProperty("per_subset").EnumerateArray().Select(value => value.GetDouble())], found.PerSubset, 1e-10);
        Assert.Equal(1, found.Mean / expected.GetProperty("kid_mean").GetDouble(), 1e-10);
        Assert.Equal(1, found.Deviation / expected.GetProperty("kid_std").GetDouble(), 1e-10);
        Assert.Equal(1, KernelDistance.Between(first, second).Value / expected.GetProperty("kid_full").GetDouble(), 1e-10);
    }

    [Fact]
    public void Inception_scores_are_those_of_numpy()
    {
        using SafetensorsFile file = SafetensorsFile.Read(Fixtures.Golden("metrics/inception_logits.safetensors"));
        JsonElement[] cases = [.. Json("metrics/inception_score.json").EnumerateArray()];
        Assert.NotEmpty(cases);
        foreach (JsonElement expected in cases)
        {
            ClassifierScore found = InceptionScore.Of(Stored(file, "logits"), expected.GetProperty("splits").GetInt32());
            Assert.Equal(1, found.Score / expected.GetProperty("mean").GetDouble(), 1e-10);
            Assert.Equal(expected.GetProperty("std").GetDouble(), found.Deviation, 1e-10);
            Close([.. expected.GetProperty("per_split").EnumerateArray().Select(value => value.GetDouble())], found.PerSplit, 1e-10);
        }
    }

    [Fact]
    public void Precision_recall_density_and_coverage_are_those_of_numpy()
    {
        using SafetensorsFile file = SafetensorsFile.Read(Fixtures.Golden("metrics/precision_recall.safetensors"));
        JsonElement[] cases = [.. Json("metrics/precision_recall.json").EnumerateArray()];
        Assert.NotEmpty(cases);
        foreach (JsonElement expected in cases)
        {
            NeighbourhoodScores found = Neighbourhoods.Of(Stored(file, "real"), Stored(file, "fake"), expected.GetProperty("k").GetInt32());
            Assert.Equal(expected.GetProperty("precision").GetDouble(), found.Precision, 1e-12);
            Assert.Equal(expected.GetProperty("recall").GetDouble(), found.Recall, 1e-12);
            Assert.Equal(expected.GetProperty("density").GetDouble(), found.Density, 1e-12);
            Assert.Equal(expected.GetProperty("coverage").GetDouble(), found.Coverage, 1e-12);
        }
    }

    static Points Stored(SafetensorsFile file, string name) => new(file.ReadDoubles(name), (int)file[name].Shape[1], name);

    static int[][] Rows(SafetensorsFile file, string name) =>
        [.. file.ReadIntegers(name).Select(row => (int)row).Chunk((int)file[name].Shape[1])];

    static JsonElement Json(string path)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllText(Fixtures.Golden(path)));
        return document.RootElement.Clone();
    }

    static void Close(double[] expected, IReadOnlyList<double> found, double share)
    {
        Assert.Equal(expected.Length, found.Count);
        double largest = expected.Max(Math.Abs);
        for (int i = 0; i < expected.Length; i++) Assert.Equal(expected[i], found[i], share * largest);
    }
}
