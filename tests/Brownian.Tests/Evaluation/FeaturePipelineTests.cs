using Brownian.Evaluation;
using Brownian.Imaging;
using Brownian.Tensors;

namespace Brownian.Tests;

/// <summary>From images to rows of features: networks, batches, and what is kept of them.</summary>
public sealed class FeaturePipelineTests : IDisposable
{
    static readonly DrawnDigits Digits = new(40, seed: 3, size: 12);

    readonly ScratchFolder _folder = new();
    readonly Device _device = Device.Cpu(1);
    readonly List<string> _notes = [];

    static CancellationToken Stop => TestContext.Current.CancellationToken;

    string Near => _folder.Path(".brownian");

    string Home => _folder.Path("home");

    public void Dispose()
    {
        _device.Dispose();
        _folder.Dispose();
    }

    FeatureExtraction Extraction(IImageDataset? images = null, int batch = 7) =>
        new(new PixelFeatures(FeatureImages.Of(images ?? Digits)), _device) { BatchSize = batch };

    FeatureSet Cached(IImageDataset images, int count = 100, string preparation = "as they are")
    {
        _notes.Clear();
        return new FeatureCache(Near, Home, _notes.Add).Of(images, preparation, count, Extraction(images), cancel: Stop);
    }

    static float[] PixelsOf(int index)
    {
        byte[] bytes = new byte[Digits.ImageBytes()];
        Digits.Read(index, bytes);
        return Array.ConvertAll(bytes, value => value / 255f);
    }

    [Fact]
    public void Small_images_are_their_own_features_with_their_labels()
    {
        int[] which = [5, 0, 39, 7, 7];
        FeatureSet set = Extraction(batch: 2).Of(Digits, which, cancel: Stop);
        Assert.Equal((5, 144), (set.Count, set.Dimensions));
        for (int i = 0; i < which.Length; i++)
        {
            Assert.Equal(PixelsOf(which[i]), set[i].ToArray());
            Assert.Equal(Digits.Label(which[i]), set.Labels[i]);
        }
    }

    [Fact]
    public void The_batch_size_changes_no_number() =>
        Assert.Equal(
            Extraction(batch: 1).Of(Digits, Enumerable.Range(0, 40).ToArray(), cancel: Stop).Values,
            Extraction(batch: 64).Of(Digits, Enumerable.Range(0, 40).ToArray(), cancel: Stop).Values);

    [Fact]
    public void The_order_is_fixed_and_the_first_of_many_are_the_first_of_few()
    {
        int[] all = FeatureExtraction.Order(1000, 1000);
        Assert.Equal(Enumerable.Range(0, 1000), all.Order());
        Assert.NotEqual(Enumerable.Range(0, 1000), all);
        Assert.Equal(all[..10], FeatureExtraction.Order(1000, 10));
        Assert.Equal(3, FeatureExtraction.Order(3, 10).Length);
    }

    // A gradient averaged over areas keeps its mean.
    [Theory]
    [InlineData(64, 64, 1, 32, 32)]
    [InlineData(50, 40, 3, 20, 16)]
    [InlineData(32, 32, 3, 18, 18)]
    [InlineData(4000, 1, 1, 1024, 1)]
    [InlineData(1, 4000, 3, 1, 341)]
    public void Larger_images_are_averaged_over_areas(int width, int height, int channels, int smallWidth, int smallHeight)
    {
        using var pixels = new PixelFeatures(new FeatureImages(width, height, channels));
        Assert.Equal(smallWidth * smallHeight * channels, pixels.Dimensions);
        float[] gradient = [.. Enumerable.Range(0, width * height * channels).Select(i => (float)(i / channels % width))];
        using TensorScope scope = _device.OpenScope();
        float[] row = pixels.Of(Tensor.From(gradient, Shape.Of(1, height, width, channels), _device)).Features.ToArray();
        Assert.Equal((width - 1) / 2.0 / 255, row.Average(), 1e-4);
        // The first area's columns, of which the last may be cut.
        double area = width / (double)smallWidth, sum = 0;
        for (int x = 0; x < area; x++) sum += x * Math.Min(1, area - x);
        Assert.Equal(sum / area / 255, row[0], 1e-5);
    }

    [Fact]
    public void Images_of_16_bits_give_the_features_of_8_where_they_say_the_same()
    {
        var shallow = new Image(4, 4, 1, [.. Enumerable.Range(0, 16).Select(i => (byte)(16 * i))]);
        FeatureExtraction extraction = new(new PixelFeatures(new FeatureImages(4, 4, 1)), _device);
        Assert.Equal(extraction.Of([shallow], cancel: Stop).Values, extraction.Of([shallow.ToBitDepth(16)], cancel: Stop).Values);
    }

    [Fact]
    public void Features_that_are_not_finite_are_an_error()
    {
        using var broken = new BrokenNetwork();
        var e = Assert.Throws<InvalidDataException>(() => new FeatureExtraction(broken, _device).Of(Digits, FeatureExtraction.Order(2, 2), cancel: Stop));
        Assert.Contains("image 1", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_second_look_reads_what_the_first_kept()
    {
        FeatureSet made = Cached(Digits);
        Assert.Contains(_notes, note => note.Contains("are kept in", StringComparison.Ordinal));
        Assert.Single(Directory.GetFiles(Near));
        FeatureSet read = Cached(Digits);
        Assert.Contains(_notes, note => note.Contains("are taken from", StringComparison.Ordinal));
        Assert.Equal((made.Identity, made.Dimensions), (read.Identity, read.Dimensions));
        Assert.Equal(made.Values, read.Values);
        Assert.Equal(made.Labels, read.Labels);
    }

    [Fact]
    public void Few_are_the_first_of_many_and_many_go_on_from_few()
    {
        FeatureSet few = Cached(Digits, 10);
        Assert.Equal(10, few.Count);
        FeatureSet all = Cached(Digits, 40);
        Assert.Equal(40, all.Count);
        Assert.Equal(few.Values, all.First(10).Values);
        FeatureSet again = Cached(Digits, 10);
        Assert.Contains(_notes, note => note.Contains("are taken from", StringComparison.Ordinal));
        Assert.Equal(few.Values, again.Values);
        Assert.Equal(few.Labels, again.Labels);
    }

    [Fact]
    public void Features_of_other_images_or_another_preparation_are_never_taken()
    {
        Cached(Digits);
        var other = new DrawnDigits(40, seed: 3, size: 12).Take(39);          // of the same title
        FeatureSet made = Cached(new Renamed(other, Digits.Description));
        Assert.Contains(_notes, note => note.Contains("made anew", StringComparison.Ordinal));
        Assert.Equal(39, made.Count);
        Cached(new Renamed(other, Digits.Description), preparation: "cropped");
        Assert.DoesNotContain(_notes, note => note.Contains("are taken from", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(-1)]        // cut off
    [InlineData(-9)]        // a flipped bit near the end
    public void A_damaged_file_is_made_anew(int damage)
    {
        FeatureSet made = Cached(Digits);
        string path = Assert.Single(Directory.GetFiles(Near));
        byte[] bytes = File.ReadAllBytes(path);
        if (damage == -1) bytes = bytes[..^1];
        else bytes[^9] ^= 64;
        File.WriteAllBytes(path, bytes);
        FeatureSet again = Cached(Digits);
        Assert.Contains(_notes, note => note.Contains("made anew", StringComparison.Ordinal));
        Assert.Equal(made.Values, again.Values);
        Cached(Digits);
        Assert.Contains(_notes, note => note.Contains("are taken from", StringComparison.Ordinal));
    }

    [Fact]
    public void Where_the_data_take_no_files_features_are_kept_at_home()
    {
        File.WriteAllText(Near, "in the way");
        Cached(Digits);
        string note = Assert.Single(_notes);
        Assert.Contains(Home, note, StringComparison.Ordinal);
        Assert.Contains($"{Near} takes no files", note, StringComparison.Ordinal);
        Cached(Digits);
        Assert.Contains(_notes, line => line.Contains("are taken from", StringComparison.Ordinal));
    }

    [Fact]
    public void Where_nothing_takes_files_the_features_are_given_all_the_same()
    {
        File.WriteAllText(Near, "in the way");
        File.WriteAllText(Home, "in the way");
        Assert.Equal(40, Cached(Digits).Count);
        Assert.Contains("not kept", Assert.Single(_notes), StringComparison.Ordinal);
    }

    [Fact]
    public void Kept_features_do_not_count_as_images()
    {
        string images = _folder.Path("images");
        Directory.CreateDirectory(images);
        for (int i = 0; i < 3; i++) Png.Write(Path.Combine(images, $"{i}.png"), new Image(4, 4, 1));
        string near = FeatureCache.Beside(images)!;
        Assert.Equal(Path.Combine(images, ".brownian"), near);
        using (IImageDataset set = PreparedImages.Open(images, new ImagePreparation(4, 4, 1), cancel: Stop))
        {
            new FeatureCache(near, Home, _ => { }).Of(set, "", 3, Extraction(set), cancel: Stop);
            Assert.Equal(3, new FeatureCache(near, Home, _ => { }).Kept(set, "", Extraction(set)));
        }
        using IImageDataset after = PreparedImages.Open(images, new ImagePreparation(4, 4, 1), cancel: Stop);
        Assert.Equal(3, after.Count);
        Assert.Equal("files: 3 PNG; 3 gray", Assert.Single(after.Notes));
        Assert.Equal(3, new FeatureCache(near, Home, _ => { }).Kept(after, "", Extraction(after)));
    }

    [Fact]
    public void The_network_that_suits_and_has_weights_is_taken_and_what_a_better_one_lacks_is_said()
    {
        string file = _folder.Write("weights.bin", [1, 2, 3]);
        string sha = Files.Sha256(file);
        var weights = new PretrainedFile { Name = $"{Guid.NewGuid():N}.bin", Size = 3, Sha256 = sha, Origin = "its makers" };
        FeatureNetworkType pixels = FeatureNetworks.All.First(type => type.Name == "pixels");
        FeatureNetworkType[] types =
        [
            new("faces", "", (_, _, _) => throw new InvalidOperationException("unsuitable")) { Suits = images => images.Channels == 3 },
            new("better", "", (_, path, _) => new Named(path, weights)) { Weights = weights },
            pixels,
        ];
        var gray = new FeatureImages(12, 12, 1);
        List<string> warnings = [];
        Assert.Equal("pixels", FeatureNetworks.Open(types, gray, null, null, _device, warnings.Add).Name);
        string warning = Assert.Single(warnings);
        Assert.Contains("better", warning, StringComparison.Ordinal);
        Assert.Contains(sha, warning, StringComparison.Ordinal);
        Assert.Contains("its makers", warning, StringComparison.Ordinal);

        Assert.Equal(file, FeatureNetworks.Open(types, gray, null, file, _device, warnings.Add).Name);
        Assert.Equal(file, FeatureNetworks.Open(types, gray, "better", file, _device, warnings.Add).Name);
        Assert.Throws<FileNotFoundException>(() => FeatureNetworks.Open(types, gray, "better", null, _device, warnings.Add));
        Assert.Throws<FileNotFoundException>(() => FeatureNetworks.Open(types, gray, "better", "no.bin", _device, warnings.Add));
        string other = _folder.Write("other.bin", [1, 2, 4]);
        var wrong = Assert.Throws<InvalidDataException>(() => FeatureNetworks.Open(types, gray, "better", other, _device, warnings.Add));
        Assert.Contains(Files.Sha256(other), wrong.Message, StringComparison.Ordinal);
        Assert.Throws<InvalidDataException>(() => FeatureNetworks.Open(types, gray, null, other, _device, warnings.Add));
        Assert.Throws<ArgumentException>(() => FeatureNetworks.Open(types, gray, "pixels", file, _device, warnings.Add));
        Assert.Throws<ArgumentException>(() => FeatureNetworks.Open(types, gray, "pixel", null, _device, warnings.Add));
    }

    sealed class Named : FeatureNetwork
    {
        readonly string _path;

        public Named(string path, PretrainedFile weights)
        {
            weights.Check("better", path);
            _path = path;
        }

        public override string Name => _path;
        public override string Identity => _path;
        public override int Dimensions => 1;
        public override FeatureRows Of(Tensor images) => throw new NotSupportedException();
    }

    sealed class BrokenNetwork : FeatureNetwork
    {
        public override string Name => "broken";
        public override string Identity => "broken";
        public override int Dimensions => 2;
        public override FeatureRows Of(Tensor images) => new(Tensor.From([1, 2, 3, float.NaN], Shape.Of(2, 2), images.Device), null);
    }

    sealed class Renamed(IImageDataset images, string description) : IImageDataset
    {
        public int Count => images.Count;
        public int Width => images.Width;
        public int Height => images.Height;
        public int Channels => images.Channels;
        public IReadOnlyList<string> Classes => images.Classes;
        public string Description => description;
        public void Read(int index, Span<byte> pixels) => images.Read(index, pixels);
        public int Label(int index) => images.Label(index);
    }
}
