using System.Globalization;
using Brownian.Imaging;
using Brownian.Nn;
using Brownian.Tensors;

namespace Brownian.Tests;

public sealed class PictureTests : IDisposable
{
    readonly ScratchFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_sheet_of_data_shows_the_first_batch_of_training()
    {
        TrainConfig config = TinyRun.Config;
        IImageDataset images = ConfiguredDataset.Open(config, cancel: TestContext.Current.CancellationToken);
        using var loader = new BatchLoader(images, 4, config.Train.Seed);
        Batch batch = loader.Next();
        Image sheet = DataPicture.Draw(config, images, 9, 3);
        var options = new SheetOptions { Columns = 3, Captions = [.. Enumerable.Repeat("0", 9)] };
        for (int n = 0; n < 4; n++)
        {
            var expected = new Image(8, 8, 1);
            images.Read(batch.ImageIndices[n], expected.Pixels);
            Assert.Equal(expected.Pixels, SheetCells.Cut(sheet, options, 9, expected, n).Pixels);
        }
        Assert.Equal(DataPicture.Draw(config, images, 20).Pixels, DataPicture.Draw(config, images, 1000).Pixels);
    }

    [Fact]
    public void The_embedding_is_drawn_value_by_value_beside_its_similarities()
    {
        using Device device = Device.Cpu(1);
        Image picture = TimeEmbeddingPicture.Draw(new SinusoidalEmbedding(4), 5, device);
        float[] rows = new SinusoidalEmbedding(4).Of([0, 1, 2, 3, 4], device).ToArray();
        Assert.Equal(0, rows[0]);
        Assert.Equal(1, rows[2]);
        int left = 2 * HeatMap.Left, top = 2 * (40 + new ChartHeader("t", [], 500).Height + HeatMap.Top);
        for (int i = 0; i < 20; i++)
        {
            Rgb expected = ColorScale.Diverging.At((rows[i] + 1) / 2);
            int at = 3 * ((top + i / 4 * 200 + 50) * picture.Width + left + i % 4 * 250 + 60);
            Assert.Equal((expected.R, expected.G, expected.B), (picture.Pixels[at], picture.Pixels[at + 1], picture.Pixels[at + 2]));
        }
        float[] similarity = TimeEmbeddingPicture.Similarity(rows, 5, 4);
        Assert.All(Enumerable.Range(0, 5), t => Assert.Equal(1, similarity[6 * t], 1e-6));
        // ⟨e_0, e_3⟩ = Σ cos(3·f) over f = 1, 0.01, and every row has length √2.
        Assert.Equal((Math.Cos(3) + Math.Cos(0.03)) / 2, similarity[3], 1e-6);
        Assert.Equal(similarity[3], similarity[15]);
    }

    [Theory]
    [InlineData(1, 10, "1 feature;")]
    [InlineData(4096, 10, "4096 features")]
    [InlineData(8, 0, "0 timesteps")]
    [InlineData(8, 5000, "5000 timesteps")]
    public void Embeddings_too_large_or_empty_are_refused(int size, int timesteps, string named)
    {
        using Device device = Device.Cpu(1);
        var e = Assert.Throws<ArgumentException>(() => TimeEmbeddingPicture.Draw(new SinusoidalEmbedding(size), timesteps, device));
        Assert.Contains(named, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Schedules_have_three_panels()
    {
        Image picture = SchedulePicture.Draw([.. Names.All(typeof(BetaSchedule)).Where(name => name != "custom").Select(name => KeyValuePair.Create(name, NoiseSchedule.Of(Names.Named<BetaSchedule>(name, "noise schedule"), 100)))]);
        Assert.Equal(3 * 880, picture.Width);
        NoiseSchedule zero = NoiseSchedule.Linear(20).RescaledToZeroTerminalSnr();      // its last log SNR is −∞
        Assert.Equal(3 * 880, SchedulePicture.Draw([KeyValuePair.Create("zero", zero), KeyValuePair.Create("one", NoiseSchedule.Linear(1))]).Width);
        Assert.Throws<ArgumentException>(() => SchedulePicture.Draw([]));
    }

    [Fact]
    public void Losses_are_read_up_to_a_line_still_being_written()
    {
        string path = _folder.Write("metrics.jsonl", $"{Line(1, "0.5")}\n{Line(2, "null")}\n{Line(3, "0.25")}\n{{\"step\":4,\"lo");
        LossHistory history = LossHistory.Read(path);
        Assert.Equal([1.0, 3.0], history.Steps);
        Assert.Equal([2.0, 6.0], history.Seconds);
        Assert.Equal([0.5, 0.25], history.Losses);
        double[] means = history.RunningMeans();
        Assert.Equal(0.5, means[0], 1e-12);
        Assert.Equal(0.5 + 5.0 / 6 * (0.25 - 0.5), means[1], 1e-12);
    }

    [Fact]
    public void A_running_mean_forgets_in_fifty_steps_once_there_are_many()
    {
        var mean = new SmoothedLoss();
        for (int step = 0; step < 300; step++) mean.Add(1);
        SmoothedLoss resumed = SmoothedLoss.At(mean.Value, 300);
        for (int step = 0; step < 50; step++)
        {
            mean.Add(0);
            resumed.Add(0);
        }
        Assert.Equal(Math.Pow(0.98, 50), mean.Value, 1e-12);
        Assert.Equal(mean.Value, resumed.Value);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("{]}")]
    [InlineData("{\"step\":1,\"loss\":\"high\",\"seconds\":1}{}")]
    [InlineData("{\"loss\":1,\"seconds\":1}")]
    public void A_damaged_line_of_metrics_is_named(string line)
    {
        string path = _folder.Write("metrics.jsonl", $"{Line(1, "0.5")}\n{line}\n");
        var e = Assert.Throws<InvalidDataException>(() => LossHistory.Read(path));
        Assert.StartsWith($"{path}:2: ", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Each_axis_and_number_of_runs_makes_another_chart()
    {
        RunDirectory[] runs = [Run("a", 5), Run("b", 9)];
        byte[][] charts =
        [
            LossPicture.Draw(runs).Pixels, LossPicture.Draw(runs, LossAxis.Seconds).Pixels, LossPicture.Draw(runs, LossAxis.Images).Pixels,
            LossPicture.Draw(runs, linear: true).Pixels, LossPicture.Draw(runs, logX: true).Pixels, LossPicture.Draw(runs[..1]).Pixels,
        ];
        Assert.Equal(charts.Length, charts.Select(Convert.ToHexString).Distinct().Count());
        RunDirectory untrained = RunDirectory.Create(_folder.Root, TinyRun.Config);
        Assert.Contains(untrained.MetricsPath, Assert.Throws<FileNotFoundException>(() => LossPicture.Draw([untrained])).Message, StringComparison.Ordinal);
        File.WriteAllText(untrained.MetricsPath, "");
        Assert.Contains(untrained.MetricsPath, Assert.Throws<InvalidDataException>(() => LossPicture.Draw([untrained])).Message, StringComparison.Ordinal);
    }

    RunDirectory Run(string name, int steps)
    {
        RunDirectory run = RunDirectory.Create(_folder.Root, TinyRun.Config with { Train = TinyRun.Config.Train with { TaskName = name } });
        File.WriteAllLines(run.MetricsPath, Enumerable.Range(1, steps).Select(step => Line(step, (1.0 / step).ToString(CultureInfo.InvariantCulture))));
        return run;
    }

    static string Line(int step, string loss) => $$"""{"step":{{step}},"loss":{{loss}},"seconds":{{2 * step}}}""";
}
