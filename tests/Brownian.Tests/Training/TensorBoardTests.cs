using System.Buffers.Binary;
using Brownian.Imaging;
using Google.Protobuf;

namespace Brownian.Tests;

/// <summary>Event files read back record by record, as TensorBoard reads them.</summary>
public sealed class TensorBoardTests : IDisposable
{
    readonly ScratchFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_training_leaves_its_numbers_and_grids_and_says_where_it_continued()
    {
        TrainConfig config = TinyRun.Config.With("train_params.tensorboard=true", "train_params.sample_steps=5", "train_params.checkpoint_steps=4");
        var run = RunDirectory.Create(_folder.Path("runs"), config);
        TinyRun.Train(run, config, stopAfter: 7);
        TinyRun.Train(run, config);
        Event[][] files = [.. Directory.EnumerateFiles(run.TensorBoardPath).Order(StringComparer.Ordinal).Select(Read)];
        Assert.Equal(2, files.Length);
        Assert.All(files, events => Assert.Equal("brain.Event:2", events[0].Version));
        Assert.Equal([(1L, true), (8L, true)], files.Select(events => (events[1].Step, events[1].IsStart)));
        IReadOnlyList<double> losses = LossHistory.Read(run.MetricsPath).Losses;
        (long Step, double Loss)[] told = [.. files.SelectMany(events => events).Where(e => e.Scalars.ContainsKey("loss")).Select(e => (e.Step, (double)e.Scalars["loss"]))];
        Assert.Equal(Enumerable.Range(1, 12).Select(step => (long)step), told.Select(one => one.Step));
        Assert.All(told.Zip(losses), pair => Assert.Equal(pair.Second, pair.First.Loss, 1e-6));
        Event[] grids = [.. files.SelectMany(events => events).Where(e => e.Picture is not null)];
        Assert.Equal([5L, 10L, 12L], grids.Select(e => e.Step));
        byte[] file = File.ReadAllBytes(Path.Combine(run.SamplesPath, "step-00000005.png"));
        Assert.Equal(file, grids[0].Picture);
        Assert.All(files.SelectMany(events => events), e => Assert.InRange(DateTimeOffset.UtcNow.ToUnixTimeSeconds() - e.Time, -5, 600));
    }

    [Fact]
    public void Without_the_key_there_is_no_folder_and_one_that_cannot_be_made_is_told()
    {
        var run = RunDirectory.Create(_folder.Path("runs"), TinyRun.Config);
        TinyRun.Train(run, TinyRun.Config, stopAfter: 1);
        Assert.False(Directory.Exists(run.TensorBoardPath));
        File.WriteAllText(run.TensorBoardPath, "");
        Assert.Contains("tensorboard", Assert.ThrowsAny<IOException>(() => TinyRun.Train(run, TinyRun.Config.With("train_params.tensorboard=true"))).Message, StringComparison.Ordinal);
    }

    // The check value of CRC-32C (Castagnoli) for "123456789" is e3069283; masked as TFRecord masks it.
    [Fact]
    public void The_checksum_is_masked_CRC_32C()
    {
        const uint Crc = 0xe3069283;
        Assert.Equal(((Crc >> 15) | (Crc << 17)) + 0xa282ead8, TensorBoardFile.MaskedChecksum("123456789"u8));
    }

    sealed record Event(double Time, long Step, string Version, bool IsStart, Dictionary<string, float> Scalars, byte[]? Picture);

    static Event[] Read(string path)
    {
        byte[] bytes = File.ReadAllBytes(path);
        List<Event> events = [];
        for (int at = 0; at < bytes.Length;)
        {
            int length = (int)BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(at));
            Assert.Equal(TensorBoardFile.MaskedChecksum(bytes.AsSpan(at, 8)), BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(at + 8)));
            Span<byte> message = bytes.AsSpan(at + 12, length);
            Assert.Equal(TensorBoardFile.MaskedChecksum(message), BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(at + 12 + length)));
            events.Add(Parse(message.ToArray()));
            at += 16 + length;
        }
        return [.. events];
    }

    static Event Parse(byte[] message)
    {
        var read = new Event(0, 0, "", false, [], null);
        var input = new CodedInputStream(message);
        for (uint tag = input.ReadTag(); tag != 0; tag = input.ReadTag())
        {
            switch (tag >> 3)
            {
                case 1: read = read with { Time = input.ReadDouble() }; break;
                case 2: read = read with { Step = input.ReadInt64() }; break;
                case 3: read = read with { Version = input.ReadString() }; break;
                case 5: read = read with { Picture = Summary(input.ReadBytes().CreateCodedInput(), read.Scalars) }; break;
                case 7: read = read with { IsStart = input.ReadBytes().Span.SequenceEqual<byte>([8, 1]) }; break;
                default: input.SkipLastField(); break;
            }
        }
        return read;
    }

    static byte[]? Summary(CodedInputStream input, Dictionary<string, float> scalars)
    {
        byte[]? picture = null;
        while (input.ReadTag() != 0)
        {
            CodedInputStream value = input.ReadBytes().CreateCodedInput();
            string name = "";
            for (uint tag = value.ReadTag(); tag != 0; tag = value.ReadTag())
            {
                if (tag >> 3 == 1) name = value.ReadString();
                else if (tag >> 3 == 2) scalars[name] = value.ReadFloat();
                else picture = PictureOf(value.ReadBytes().CreateCodedInput());
            }
        }
        return picture;
    }

    static byte[] PictureOf(CodedInputStream input)
    {
        (int height, int width, int channels) = (0, 0, 0);
        byte[] png = [];
        for (uint tag = input.ReadTag(); tag != 0; tag = input.ReadTag())
        {
            switch (tag >> 3)
            {
                case 1: height = input.ReadInt32(); break;
                case 2: width = input.ReadInt32(); break;
                case 3: channels = input.ReadInt32(); break;
                default: png = input.ReadBytes().ToByteArray(); break;
            }
        }
        string path = Path.GetTempFileName();
        File.WriteAllBytes(path, png);
        Image image = Png.Read(path);
        File.Delete(path);
        Assert.Equal((image.Width, image.Height, image.Channels), (width, height, channels));
        return png;
    }
}
