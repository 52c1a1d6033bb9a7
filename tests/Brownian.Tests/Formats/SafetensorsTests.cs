using System.Text;
using Brownian.Nn;
using Brownian.Tensors;

namespace Brownian.Tests;

public sealed class SafetensorsTests : IDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory("brownian-safetensors").FullName;

    string PathOf(string name) => System.IO.Path.Combine(_folder, name);

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void What_was_written_comes_back()
    {
        float[] special = [float.NaN, float.PositiveInfinity, float.NegativeInfinity, -0f, float.Epsilon, float.MaxValue];
        var writer = new SafetensorsWriter { Metadata = { ["note"] = "a \"b\" ☃\n😀", ["format"] = "pt" } };
        writer.Add("special", [2, 3], special);
        writer.Add("scalar", [], new double[] { Math.PI });
        writer.Add("empty", [3, 0], ReadOnlyMemory<float>.Empty);
        writer.Add("größe.☃😀\"\\\n", [2], new long[] { long.MinValue, long.MaxValue });
        writer.Add("", [3], new byte[] { 0, 128, 255 });
        writer.Add("half", [2], new[] { (Half)0.5, Half.MaxValue });
        writer.Add("int", [1, 1, 2], new[] { int.MinValue, 7 });
        writer.Add("flags", SafetensorsType.Bool, [2], stream => stream.Write([1, 0]));
        writer.Write(PathOf("a"));

        using var file = SafetensorsFile.Read(PathOf("a"));
        Assert.Equal(writer.Metadata, file.Metadata);
        Assert.Equal(["scalar", "größe.☃😀\"\\\n", "special", "empty", "int", "half", "", "flags"], file.Names);
        Assert.Equal(special.Select(BitConverter.SingleToUInt32Bits), file.ReadFloats("special").Select(BitConverter.SingleToUInt32Bits));
        Assert.Equal([Math.PI], file.ReadDoubles("scalar"));
        Assert.Empty(file["scalar"].Shape);
        Assert.Equal([3, 0], file["empty"].Shape);
        Assert.Empty(file.ReadFloats("empty"));
        Assert.Equal([long.MinValue, long.MaxValue], file.ReadIntegers("größe.☃😀\"\\\n"));
        Assert.Equal([0, 128, 255], file.ReadIntegers(""));
        Assert.Equal([0.5f, 65504f], file.ReadFloats("half"));
        Assert.Equal([int.MinValue, 7], file.ReadIntegers("int"));
        Assert.Equal([1, 0], file.ReadIntegers("flags"));
    }

    [Fact]
    public void Large_tensors_pass_through_every_chunk_border()
    {
        float[] values = new float[100_003];
        new Philox(1, 2).Normal(values);
        var writer = new SafetensorsWriter();
        writer.Add("byte", [1], new byte[] { 9 });
        writer.Add("float", [values.Length], values);
        writer.Add("double", [values.Length], Array.ConvertAll(values, v => (double)v));
        writer.Write(PathOf("a"));
        using var file = SafetensorsFile.Read(PathOf("a"));
        Assert.Equal(values, file.ReadFloats("float"));
        Assert.Equal(values, file.ReadFloats("double"));
        float[] target = new float[values.Length];
        file.ReadFloats("float", target);
        Assert.Equal(values, target);
        Assert.Throws<ArgumentException>(() => file.ReadFloats("float", new float[5]));
    }

    [Fact]
    public void The_bytes_are_those_of_the_format()
    {
        var writer = new SafetensorsWriter { Metadata = { ["b"] = "2", ["a"] = "1" } };
        writer.Add("y", [1], new byte[] { 7 });
        writer.Add("x", [1, 2], Floats(1f, -2f));
        writer.Write(PathOf("a"));
        string json = """{"__metadata__":{"a":"1","b":"2"},"x":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]},"y":{"dtype":"U8","shape":[1],"data_offsets":[8,9]}}""";
        json = json.PadRight((json.Length + 7) / 8 * 8);
        byte[] expected = [.. BitConverter.GetBytes((long)json.Length), .. Encoding.UTF8.GetBytes(json), 0, 0, 0x80, 0x3F, 0, 0, 0, 0xC0, 7];
        Assert.Equal(expected, File.ReadAllBytes(PathOf("a")));
    }

    [Fact]
    public void An_existing_file_is_replaced_only_on_request_and_whole()
    {
        File.WriteAllText(PathOf("a"), "old");
        var writer = new SafetensorsWriter();
        writer.Add("x", [1], Floats(1f));
        Assert.Throws<IOException>(() => writer.Write(PathOf("a")));
        Assert.Equal("old", File.ReadAllText(PathOf("a")));

        var failing = new SafetensorsWriter();
        failing.Add("x", SafetensorsType.F32, [2], _ => throw new TimeoutException());
        Assert.Throws<TimeoutException>(() => failing.Write(PathOf("a"), overwrite: true));
        var shorter = new SafetensorsWriter();
        shorter.Add("x", SafetensorsType.F32, [2], stream => stream.Write([1, 2, 3, 4]));
        Assert.Throws<InvalidOperationException>(() => shorter.Write(PathOf("a"), overwrite: true));
        Assert.Equal("old", File.ReadAllText(PathOf("a")));

        writer.Write(PathOf("a"), overwrite: true);
        using (var file = SafetensorsFile.Read(PathOf("a"))) Assert.Equal([1f], file.ReadFloats("x"));
        Assert.Equal([PathOf("a")], Directory.GetFiles(_folder));    // no temporary file is left
    }

    [Fact]
    public void Impossible_tensors_are_refused_when_added()
    {
        var writer = new SafetensorsWriter();
        writer.Add("x", [1], Floats(1f));
        Assert.Throws<ArgumentException>(() => writer.Add("x", [1], Floats(1f)));
        Assert.Throws<ArgumentException>(() => writer.Add("y", [2, 2], Floats(1f, 2f, 3f)));
        Assert.Throws<ArgumentException>(() => writer.Add("y", [-1, -1], Floats(1f)));
        Assert.Throws<ArgumentException>(() => writer.Add("y", SafetensorsType.F32, [long.MaxValue], _ => { }));
        Assert.Throws<ArgumentException>(() => writer.Add("y", SafetensorsType.U8, [long.MaxValue, 2], _ => { }));
        Assert.Throws<ArgumentException>(() => writer.Add("__metadata__", [1], Floats(1f)));
        Assert.Throws<ArgumentException>(() => writer.Add("\ud800", [1], Floats(1f)));
        writer.Add("y", [1], Floats(2f));    // a refused name stays free
    }

    [Theory]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}x""", 4, "JSON")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"dtype":"F32"}}""", 4, "dtype twice")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4,4]}}""", 4, "3 data_offsets")]
    [InlineData("""{"a":{"dtype":"F32","shape":"1","data_offsets":[0,4]}}""", 4, "not a list")]
    [InlineData("""{"a":{"dtype":"F32","shape":[4611686018427387904],"data_offsets":[0,0]}}""", 0, "64 bits")]
    [InlineData("""{"a":{"dtype":"F32","shape":[9223372036854775808],"data_offsets":[0,0]}}""", 0, "whole numbers")]
    [InlineData("""{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}}""", 0, "64 bits")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", 8, "begins at byte 4")]
    [InlineData("""{"a":{"dtype":"U8","shape":[0],"data_offsets":[2,2]},"b":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}""", 4, "inside")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", 5, "5 follow")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", 3, "is it cut off?")]
    [InlineData("""{"\ud800":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", 4, "JSON")]
    [InlineData("""{"__metadata__":{"a":1}}""", 0, "not a string")]
    [InlineData("""{"__metadata__":{},"__metadata__":{}}""", 0, "twice")]
    [InlineData("""{"__metadata__":{"a":"1","a":"1"}}""", 0, "twice")]
    [InlineData("""{"a\nb":7}""", 0, @"'a\nb'")]
    public void A_damaged_header_is_refused_with_its_reason(string json, int dataBytes, string reason)
    {
        byte[] header = Encoding.UTF8.GetBytes(json);
        File.WriteAllBytes(PathOf("a"), [.. BitConverter.GetBytes((long)header.Length), .. header, .. new byte[dataBytes]]);
        var error = Assert.Throws<InvalidDataException>(() => SafetensorsFile.Read(PathOf("a")));
        Assert.StartsWith(PathOf("a"), error.Message, StringComparison.Ordinal);
        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
    }

    [Fact]
    public void A_missing_tensor_is_reported()
    {
        var writer = new SafetensorsWriter();
        writer.Add("x", [2], Floats(1f, 2f));
        writer.Write(PathOf("a"));
        using var file = SafetensorsFile.Read(PathOf("a"));
        Assert.Throws<InvalidDataException>(() => file["y"]);
        Assert.False(file.TryGet("y", out _));
        Assert.True(file.TryGet("x", out var entry) && entry.Count == 2);
    }

    [Fact]
    public void Random_damage_gives_a_result_or_InvalidDataException()
    {
        var writer = new SafetensorsWriter { Metadata = { ["format"] = "pt" } };
        writer.Add("a", [2, 3], new float[6]);
        writer.Add("b", [], new long[] { 5 });
        writer.Add("c", [0], ReadOnlyMemory<byte>.Empty);
        writer.Add("d", [3], new Half[3]);
        writer.Write(PathOf("good"));
        byte[] good = File.ReadAllBytes(PathOf("good"));
        int refused = 0, total = 2000;
        var draw = new Philox(99, Philox.Stream("damage"));
        for (int i = 0; i < total; i++)
        {
            File.WriteAllBytes(PathOf("bad"), Damaged(good, draw.At((ulong)i)));
            try
            {
                using var file = SafetensorsFile.Read(PathOf("bad"));
                foreach (string name in file.Names) file.ReadFloats(name);
            }
            catch (InvalidDataException e)
            {
                refused++;
                Assert.DoesNotContain('\n', e.Message);
            }
        }
        Assert.InRange(refused, total / 2, total - 1);
    }

    static float[] Floats(params float[] values) => values;

    // One to three of: another byte, another digit or bracket, a cut, a doubled stretch.
    static byte[] Damaged(byte[] good, Philox draw)
    {
        var bytes = new List<byte>(good);
        int[] r = new int[13];
        draw.Integers(r, int.MaxValue);
        for (int step = 0; step <= r[12] % 3 && bytes.Count > 0; step++)
        {
            int at = r[4 * step] % bytes.Count;
            switch (r[4 * step + 1] % 4)
            {
                case 0: bytes[at] = (byte)r[4 * step + 2]; break;
                case 1: bytes[at] = "0123456789-.e[]{},:\"\\u"u8[r[4 * step + 2] % 22]; break;
                case 2: bytes.RemoveRange(at, Math.Min(r[4 * step + 2] % 8, bytes.Count - at)); break;
                default: bytes.InsertRange(at, bytes.GetRange(at, Math.Min(r[4 * step + 2] % 8, bytes.Count - at))); break;
            }
        }
        return [.. bytes];
    }
}
