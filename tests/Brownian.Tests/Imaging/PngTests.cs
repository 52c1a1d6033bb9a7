using System.Buffers.Binary;
using Brownian.Imaging;

namespace Brownian.Tests;

public sealed class PngTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Images_of_any_size_and_channels_survive_a_round_trip(int channels)
    {
        var random = new Random(channels);
        foreach ((int width, int height) in new[] { (1, 1), (1, 9), (9, 1), (7, 5), (33, 17), (64, 64) })
        {
            foreach (bool smooth in new[] { false, true })
            {
                Image image = smooth ? Smooth(width, height, channels) : Noise(random, width, height, channels);
                Image back = Png.Decode(Png.Encode(image), "round trip");
                Assert.Equal((width, height, channels), (back.Width, back.Height, back.Channels));
                Assert.Equal(image.Pixels, back.Pixels);
                Assert.Empty(back.Text);
            }
        }
    }

    [Fact]
    public void Filters_make_smooth_images_small()
    {
        Image image = Smooth(256, 256, 3);
        Assert.InRange(Png.Encode(image).Length, 100, image.Pixels.Length / 50);
    }

    [Fact]
    public void Text_survives_a_round_trip_in_any_script()
    {
        KeyValuePair<string, string>[] text =
            [new("Title", "plain"), new("Auteur", "Élodie Müßig\nsecond line"), new("Prompt", "拡散モデル σ→0 🎲"), new("Empty", "")];
        byte[] file = Png.Encode(new Image(2, 2, 1), text);
        Image image = Png.Decode(file, "text");
        Assert.Equal(text.ToDictionary(), image.Text);
        Assert.Equal(3, Count(file, "tEXt"));
        Assert.Equal(1, Count(file, "iTXt"));
        Assert.Equal(text.ToDictionary(), Png.Decode(Png.Encode(image), "again").Text);
        Assert.Empty(Png.Decode(Png.Encode(image, []), "without").Text);
    }

    [Theory]
    [InlineData("", "x")]
    [InlineData(" led", "x")]
    [InlineData("two  spaces", "x")]
    [InlineData("emoji 🎲", "x")]
    [InlineData("nul", "a\0b")]
    public void Text_that_png_cannot_store_is_refused(string keyword, string value) =>
        Assert.Throws<ArgumentException>(() => Png.Encode(new Image(1, 1, 1), [new(keyword, value)]));

    [Fact]
    public void Half_a_surrogate_pair_is_refused_as_text() =>
        Assert.Throws<ArgumentException>(() => Png.Encode(new Image(1, 1, 1), [new("half", "x" + '\ud800')]));

    [Fact]
    public void A_compressed_text_that_explodes_is_rejected()
    {
        byte[] bomb = Zip(new byte[20 << 20]);
        byte[] file = Insert(Png.Encode(new Image(1, 1, 1)), "zTXt", [.. "k"u8, 0, 0, .. bomb]);
        long before = GC.GetAllocatedBytesForCurrentThread();
        var e = Assert.Throws<InvalidDataException>(() => Png.Decode(file, "bomb.png"));
        Assert.Equal("bomb.png: the texts exceed 16777216 bytes", e.Message);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 80 << 20);
    }

    [Fact]
    public void Compressed_text_is_read_and_a_damaged_one_is_named()
    {
        byte[] plain = Png.Encode(new Image(1, 1, 1)), packed = Zip("caf\xe9"u8.ToArray());
        byte[] utf8 = Zip("né 拡散"u8.ToArray());
        byte[] one = Insert(plain, "iTXt", [.. "b"u8, 0, 1, 0, .. "ja"u8, 0, .. "key"u8, 0, .. utf8]);
        byte[] both = Insert(one, "zTXt", [.. "a"u8, 0, 0, .. Zip([0x63, 0xE9])]);
        IReadOnlyDictionary<string, string> text = Png.Decode(both, "text").Text;
        Assert.Equal(("cé", "né 拡散"), (text["a"], text["b"]));

        packed[4] ^= 0xFF;
        var e = Assert.Throws<InvalidDataException>(() => Png.Decode(Insert(plain, "zTXt", [.. "key"u8, 0, 0, .. packed]), "t.png"));
        Assert.Equal("t.png: the compressed text 'key' is damaged", e.Message);
    }

    [Fact]
    public void Mutated_files_give_an_image_or_a_clear_error_and_no_large_allocation()
    {
        var random = new Random(7);
        byte[][] sources = [.. Sources(random)];
        int rejected = 0, decoded = 0;
        for (int i = 0; i < 600; i++)
        {
            byte[] mutant = Mutate(random, sources[i % sources.Length]);
            if (i % 2 == 1) MendChecksums(mutant);          // so that damage reaches the code behind the checksums
            long before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                Image image = Png.Decode(mutant, "m.png");
                Assert.Equal((long)image.Width * image.Height * image.Channels, image.Pixels.Length);
                decoded++;
            }
            catch (InvalidDataException e)
            {
                Assert.StartsWith("m.png: ", e.Message);
                rejected++;
            }
            // The worst honest case: every byte inflates to 1032 bytes of 1-bit pixels, each of which becomes 4 bytes.
            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, mutant.Length * 1032L * 32 + (1 << 20));
        }
        Assert.True(rejected > 300 && decoded > 20, $"{rejected} rejected, {decoded} decoded");
    }

    [Fact]
    public void Every_truncation_of_a_file_is_rejected()
    {
        byte[] file = Png.Encode(Noise(new Random(3), 5, 4, 3), [new("k", "v")]);
        for (int length = 0; length < file.Length; length++)
            Assert.Throws<InvalidDataException>(() => Png.Decode(file.AsSpan(0, length), "cut"));
    }

    [Fact]
    public void Writing_never_replaces_a_file_unless_told_to_and_leaves_nothing_else_behind()
    {
        string folder = Directory.CreateTempSubdirectory("png").FullName;
        try
        {
            string path = System.IO.Path.Combine(folder, "a.png");
            Image first = Smooth(3, 2, 3), second = Smooth(4, 4, 1);
            Png.Write(path, first, [new("k", "v")]);
            var e = Assert.Throws<IOException>(() => Png.Write(path, second));
            Assert.Contains(path, e.Message);
            Assert.Equal(first.Pixels, Png.Read(path).Pixels);
            Assert.Equal("v", Png.Read(path).Text["k"]);
            Png.Write(path, second, overwrite: true);
            Assert.Equal(second.Pixels, Png.Read(path).Pixels);
            Assert.Equal([path], Directory.GetFileSystemEntries(folder));
            Assert.Throws<DirectoryNotFoundException>(() => Png.Write(System.IO.Path.Combine(folder, "no", "a.png"), first));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    static IEnumerable<byte[]> Sources(Random random)
    {
        for (int channels = 1; channels <= 4; channels++)
            yield return Png.Encode(Noise(random, 9, 7, channels), [new("k", "v"), new("u", "σ")]);
        yield return Insert(Png.Encode(Smooth(20, 20, 1)), "zTXt", [.. "key"u8, 0, 0, .. Zip(new byte[100])]);
        // Gray samples read as palette indices, with two passes of colours and alphas.
        byte[] palette = Png.Encode(new Image(16, 3, 1, [.. Enumerable.Range(0, 48).Select(i => (byte)(i % 7))]));
        palette[25] = 3;
        MendChecksums(palette);
        yield return Insert(Insert(palette, "tRNS", [0, 128, 255]), "PLTE", [.. Enumerable.Range(0, 21).Select(i => (byte)(i * 12))]);
    }

    static byte[] Mutate(Random random, byte[] source)
    {
        byte[] mutant = [.. source];
        if (random.Next(4) == 0) return mutant[..random.Next(mutant.Length)];
        for (int n = random.Next(1, 4); n > 0; n--) mutant[random.Next(8, mutant.Length)] = (byte)random.Next(256);
        return mutant;
    }

    static void MendChecksums(byte[] file)
    {
        for (long at = 8; at + 12 <= file.Length;)
        {
            long end = at + 12 + BinaryPrimitives.ReadUInt32BigEndian(file.AsSpan((int)at));
            if (end > file.Length) return;
            BinaryPrimitives.WriteUInt32BigEndian(file.AsSpan((int)end - 4), Crc32.Of(file.AsSpan((int)at + 4, (int)(end - at) - 8)));
            at = end;
        }
    }

    /// <summary>The file with one more chunk, directly behind the header.</summary>
    static byte[] Insert(byte[] file, string type, byte[] body)
    {
        byte[] chunk = [0, 0, 0, 0, .. System.Text.Encoding.ASCII.GetBytes(type), .. body, 0, 0, 0, 0];
        BinaryPrimitives.WriteInt32BigEndian(chunk, body.Length);
        byte[] whole = [.. file[..33], .. chunk, .. file[33..]];
        MendChecksums(whole);
        return whole;
    }

    static byte[] Zip(byte[] data)
    {
        var packed = new MemoryStream();
        using (var zip = new System.IO.Compression.ZLibStream(packed, System.IO.Compression.CompressionLevel.Optimal)) zip.Write(data);
        return packed.ToArray();
    }

    static int Count(byte[] file, string type) =>
        System.Text.Encoding.Latin1.GetString(file).Split(type).Length - 1;

    static Image Noise(Random random, int width, int height, int channels)
    {
        var image = new Image(width, height, channels);
        random.NextBytes(image.Pixels);
        return image;
    }

    static Image Smooth(int width, int height, int channels)
    {
        var image = new Image(width, height, channels);
        for (int i = 0; i < image.Pixels.Length; i++)
            image.Pixels[i] = (byte)(i / channels % width + i / channels / width * (1 + i % channels));
        return image;
    }
}
