namespace Brownian.Tests;

public sealed class SeedRangeTests
{
    [Theory]
    [InlineData("7", "7")]
    [InlineData("0-3", "0-3")]
    [InlineData("1, 2,10-12, 5", "1-2,10-12,5")]
    [InlineData("18446744073709551615,0", "18446744073709551615,0")]
    [InlineData("18446744073709551614-18446744073709551615", "18446744073709551614-18446744073709551615")]
    public void Seeds_are_read_and_written(string text, string shortest) => Assert.Equal(shortest, SeedRange.Format(SeedRange.Parse(text)));

    [Fact]
    public void A_range_holds_both_ends() => Assert.Equal([3, 4, 5, 1], SeedRange.Parse("3-5,1"));

    [Theory]
    [InlineData("")]
    [InlineData("1,")]
    [InlineData("-1")]
    [InlineData("3-1")]
    [InlineData("a-b")]
    [InlineData("1-2-3")]
    [InlineData("0-18446744073709551615")]
    [InlineData("18446744073709551616")]
    public void Anything_else_is_refused_with_the_text(string text) =>
        Assert.Contains($"'{text}'", Assert.Throws<ArgumentException>(() => SeedRange.Parse(text)).Message, StringComparison.Ordinal);
}
