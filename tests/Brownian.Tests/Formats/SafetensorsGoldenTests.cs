using System.Text.Json;
using Brownian.Nn;

namespace Brownian.Tests;

/// <summary>Files written by the reference implementation, and damaged ones.</summary>
public sealed class SafetensorsGoldenTests
{
    [Theory]
    [InlineData("dtypes")]
    [InlineData("metadata_unicode")]
    [InlineData("special_values")]
    public void Good_files_hold_the_expected_tensors(string name)
    {
        using var file = SafetensorsFile.Read(Fixtures.Golden($"formats/{name}.safetensors"));
        using var expected = SafetensorsFile.Read(Fixtures.Golden($"formats/expected_{name}.safetensors"));
        Assert.Equal(expected.Names.Order(StringComparer.Ordinal), file.Names.Order(StringComparer.Ordinal));
        foreach (string tensor in file.Names)
        {
            Assert.Equal(expected[tensor].Shape, file[tensor].Shape);
            // As bits, so that signed zeros count; every NaN is one.
            Assert.Equal(expected.ReadDoubles(tensor).Select(Bits), file.ReadDoubles(tensor).Select(Bits));
            Assert.Equal(expected.ReadFloats(tensor).Select(v => Bits(v)), file.ReadFloats(tensor).Select(v => Bits(v)));
            if (file[tensor].Type >= SafetensorsType.I64) Assert.Equal(expected.ReadIntegers(tensor), file.ReadIntegers(tensor));
            else Assert.Throws<InvalidDataException>(() => file.ReadIntegers(tensor));
        }
    }

    [Fact]
    public void Types_names_and_metadata_are_read_as_written()
    {
        using var types = SafetensorsFile.Read(Fixtures.Golden("formats/dtypes.safetensors"));
        Assert.Equal(["f32", "f16", "bf16", "f64", "i64", "i32", "i16", "i8", "u8", "bool", "scalar", "empty"], types.Names);
        Assert.Equal(
            [SafetensorsType.F32, SafetensorsType.F16, SafetensorsType.BF16, SafetensorsType.F64, SafetensorsType.I64, SafetensorsType.I32,
             SafetensorsType.I16, SafetensorsType.I8, SafetensorsType.U8, SafetensorsType.Bool, SafetensorsType.F32, SafetensorsType.F32],
            types.Names.Select(n => types[n].Type));
        Assert.Empty(types["scalar"].Shape);
        Assert.Equal([0, 4], types["empty"].Shape);
        using var unicode = SafetensorsFile.Read(Fixtures.Golden("formats/metadata_unicode.safetensors"));
        Assert.Equal(["größe.☃", "a\"b\\c\n", ""], unicode.Names);
        Assert.Equal("ünï \"q\"", unicode.Metadata["note"]);
        Assert.Equal("pt", unicode.Metadata["format"]);
    }

    [Fact]
    public void Every_damaged_file_is_refused_in_one_line_that_names_it()
    {
        // Where the index allows either answer (overlaps, holes, a name twice), this reader refuses, as the format's own does.
        using var index = JsonDocument.Parse(File.ReadAllText(Fixtures.Golden("formats/index.json")));
        string[] bad = [.. index.RootElement.GetProperty("bad").EnumerateArray()
            .Select(e => e.GetProperty("file").GetString()!).Where(f => f.EndsWith(".safetensors", StringComparison.Ordinal))];
        Assert.Equal(23, bad.Length);
        foreach (string name in bad)
        {
            string path = Fixtures.Golden($"formats/{name}");
            var error = Assert.Throws<InvalidDataException>(() => SafetensorsFile.Read(path).Dispose());
            Assert.StartsWith(path, error.Message, StringComparison.Ordinal);
            Assert.DoesNotContain('\n', error.Message);
        }
    }

    static ulong Bits(double value) => double.IsNaN(value) ? ulong.MaxValue : BitConverter.DoubleToUInt64Bits(value);
}
