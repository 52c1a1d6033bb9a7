using Brownian.Tensors;

namespace Brownian.Tests.Tensors;

public sealed class ShapeTests
{
    [Fact]
    public void A_shape_knows_its_extents()
    {
        var shape = Shape.Of(2, 3, 4, 5);
        Assert.Equal((4, 120, 5, 24), (shape.Rank, shape.Count, shape.Channels, shape.Rows));
        Assert.Equal([2, 3, 4, 5], shape.ToArray());
        Assert.Equal("2×3×4×5", shape.ToString());
        Assert.Equal((1, 7, 7, 1), (Shape.Of(7).Rank, Shape.Of(7).Count, Shape.Of(7).Channels, Shape.Of(7).Rows));
    }

    [Fact]
    public void Shapes_are_equal_when_rank_and_extents_are()
    {
        Assert.Equal(Shape.Of(2, 3), Shape.Of(2, 3));
        Assert.NotEqual(Shape.Of(2, 3), Shape.Of(3, 2));
        Assert.NotEqual(Shape.Of(3), Shape.Of(3, 1));
    }

    [Fact]
    public void Channels_can_be_exchanged_at_every_rank()
    {
        Assert.Equal(Shape.Of(9), Shape.Of(5).WithChannels(9));
        Assert.Equal(Shape.Of(2, 9), Shape.Of(2, 5).WithChannels(9));
        Assert.Equal(Shape.Of(2, 3, 9), Shape.Of(2, 3, 5).WithChannels(9));
        Assert.Equal(Shape.Of(2, 3, 4, 9), Shape.Of(2, 3, 4, 5).WithChannels(9));
    }

    [Theory]
    [InlineData(new int[0], "one to four extents")]
    [InlineData(new[] { 1, 2, 3, 4, 5 }, "1×2×3×4×5")]
    [InlineData(new[] { 2, -3 }, "2×-3")]
    [InlineData(new[] { 65536, 32768 }, "65536×32768")]
    [InlineData(new[] { 65536, 65536, 65536, 65536 }, "at most")]
    public void Impossible_shapes_are_refused_by_name(int[] extents, string message) =>
        Assert.Contains(message, Assert.Throws<ArgumentException>(() => Shape.Of(extents)).Message, StringComparison.Ordinal);

    [Theory, InlineData(-1), InlineData(2)]
    public void An_axis_that_is_not_there_is_refused(int axis) =>
        Assert.Contains("rank 2", Assert.Throws<ArgumentOutOfRangeException>(() => Shape.Of(2, 3)[axis]).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData(28, 3, 1, 1, 1, 28)]
    [InlineData(28, 3, 2, 1, 1, 14)]
    [InlineData(28, 3, 2, 0, 1, 14)]
    [InlineData(7, 7, 1, 0, 0, 1)]
    [InlineData(9, 5, 3, 2, 2, 3)]
    public void Convolutions_know_their_output_size(int input, int kernel, int stride, int before, int after, int expected) =>
        Assert.Equal(expected, new WindowAxis(kernel, stride, before, after).OutputSize(input));
}
