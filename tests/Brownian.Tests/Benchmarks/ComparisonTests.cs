using System.Text;
using Brownian.Peers;

namespace Brownian.Tests.Benchmarks;

/// <summary>The parts of <c>bench/compare</c> that keep results and write the page.</summary>
public sealed class ComparisonTests
{
    const string Text = "# Title\n\n## 2 cores\n\nWords.\n\n<!-- table: speed, 2 cores -->\nold\n<!-- end -->\n\nMore words.\n\n## What was tried\n\nMuch.\n";

    [Fact]
    public void A_table_replaces_what_is_between_its_markers_and_nothing_else() =>
        Assert.Equal(Text.Replace("old", "new$1"), Page.Put(Text, "2 cores", [("speed", "new$1")]));

    [Fact]
    public void A_table_without_content_leaves_the_page_as_it_is() => Assert.Equal(Text, Page.Put(Text, "2 cores", [("speed", null)]));

    [Fact]
    public void A_new_table_goes_to_the_end_of_its_section()
    {
        string made = Page.Put(Text, "2 cores", [("memory", "m")]);
        int table = made.IndexOf("table: memory", StringComparison.Ordinal);
        Assert.InRange(table, made.IndexOf("More words.", StringComparison.Ordinal), made.IndexOf("## What was tried", StringComparison.Ordinal));
    }

    [Fact]
    public void A_new_machine_gets_a_section_before_what_people_wrote()
    {
        string made = Page.Put(Text, "16 cores", [("speed", "s"), ("memory", "m")]);
        int start = made.IndexOf("## 16", StringComparison.Ordinal), end = made.IndexOf("## What", StringComparison.Ordinal);
        Assert.Equal(Text, made.Remove(start, end - start));
    }

    [Fact]
    public void Writing_twice_changes_nothing()
    {
        (string, string?)[] tables = [("speed", "s"), ("memory", null)];
        string once = Page.Put(Text, "16 cores", tables);
        Assert.Equal(once, Page.Put(once, "16 cores", tables));
    }

    [Theory]
    [InlineData(1234.5, "1,234")]
    [InlineData(123.4, "123")]
    [InlineData(12.34, "12.3")]
    [InlineData(1.234, "1.23")]
    [InlineData(null, "–")]
    public void Numbers_keep_three_digits(double? number, string text) => Assert.Equal(text, Markdown.Number(number));

    [Fact]
    public void Results_come_back_on_the_same_machine_only()
    {
        using var folder = new ScratchFolder();
        string path = folder.Path("results.json");
        var results = new Results { Machine = new Machine("P", 2, "AVX2") };
        var row = new RowResult { Date = "2026-01-01", Rounds = 3, Threads = 2 };
        foreach (double speed in (double[])[4, 50, 5]) row.Add("", "Brownian", new Measurement { ["imgPerSec"] = speed });
        results.Rows["row"] = row;
        results.Save(path);

        Assert.Equal(5, Results.Open(path, results.Machine).Median("row", "Brownian", "imgPerSec"));
        Assert.Empty(Results.Open(path, results.Machine with { Cores = 4 }).Rows);
        Assert.Null(results.Median("row", "TorchSharp", "imgPerSec"));
    }

    [Fact]
    public void A_need_for_a_version_becomes_weak_by_one_flag()
    {
        byte[] file = LibraryThatNeeds("GLIBCXX_3.4.30", "GLIBCXX_3.4.32");
        byte[] before = [.. file];
        Assert.Equal(1, VersionNeed.Weaken(file, "GLIBCXX_3.4.32"));
        int changed = Assert.Single(Enumerable.Range(0, file.Length), i => file[i] != before[i]);
        Assert.Equal(2, file[changed]);
        Assert.Equal(0, VersionNeed.Weaken(file, "GLIBCXX_3.4.99"));
    }

    // The least of an ELF64 file: a header, two section headers (strings, needs), one library with two versions.
    static byte[] LibraryThatNeeds(string first, string second)
    {
        const int Sections = 64, Needs = Sections + 2 * 64, Strings = Needs + 16 + 2 * 16;
        byte[] names = Encoding.ASCII.GetBytes($"{first}\0{second}\0");
        byte[] file = new byte[Strings + names.Length];
        names.CopyTo(file, Strings);
        Put(0x28, Sections, 8);
        Put(0x3A, 64, 2);
        Put(0x3C, 2, 2);
        Put(Sections + 0x04, 3, 4);                     // SHT_STRTAB
        Put(Sections + 0x18, Strings, 8);
        Put(Sections + 64 + 0x04, 0x6FFFFFFE, 4);       // SHT_GNU_verneed
        Put(Sections + 64 + 0x18, Needs, 8);
        Put(Sections + 64 + 0x2C, 1, 4);                // one library
        Put(Needs, 1, 2);
        Put(Needs + 2, 2, 2);
        Put(Needs + 8, 16, 4);
        Put(Needs + 16 + 12, 16, 4);
        Put(Needs + 32 + 8, first.Length + 1, 4);
        return file;

        void Put(int at, long value, int bytes)
        {
            for (int i = 0; i < bytes; i++) file[at + i] = (byte)(value >> (8 * i));
        }
    }
}
