using Brownian.Evaluation;
using static Brownian.Tests.Evaluation.Features;

namespace Brownian.Tests.Evaluation;

public sealed class NeighbourhoodTests
{
    [Theory]
    [InlineData(60, 80, 2, 3)]
    [InlineData(200, 70, 9, 5)]
    [InlineData(6, 7, 1, 1)]
    public void Are_what_the_definitions_say_pair_by_pair(int n, int m, int d, int k)
    {
        Points x = NormalPoints(n, d, 1), y = NormalPoints(m, d, 2, 0.8, 0.3);
        Check(x, y, k);
    }

    /// <summary>Copies and whole numbers put distances exactly on the surfaces of balls, far from the origin where products lose their digits.</summary>
    [Fact]
    public void Distances_on_a_balls_surface_count_as_inside_whatever_products_round_to()
    {
        double[] grid = Array.ConvertAll(Normal(150, 3, 5, 2), Math.Round);
        for (int i = 0; i < grid.Length; i++) grid[i] = grid[i] * 0.1 + 1000.3;
        Points x = new(grid[..300], 3, "one"), y = new([.. grid[150..450], .. grid[..60]], 3, "other");
        Check(x, y, 3);
    }

    [Fact]
    public void Equal_sets_are_wholly_inside_one_another()
    {
        Points x = NormalPoints(90, 6, 1);
        NeighbourhoodScores found = Neighbourhoods.Of(x, x, 3);
        Assert.Equal((1, 1, 1), (found.Precision, found.Recall, found.Coverage));
        Assert.Equal(4.0 / 3, found.Density, 1e-12);                   // each ball holds its own centre and k others
    }

    [Fact]
    public void Sets_far_apart_share_nothing_and_a_collapsed_set_is_precise_without_recall()
    {
        Points x = NormalPoints(90, 6, 1), far = NormalPoints(90, 6, 2, 1, 50);
        NeighbourhoodScores apart = Neighbourhoods.Of(x, far, 3);
        Assert.Equal((0, 0, 0, 0), (apart.Precision, apart.Recall, apart.Density, apart.Coverage));
        NeighbourhoodScores collapsed = Neighbourhoods.Of(x, NormalPoints(90, 6, 3, 0.05), 3);
        Assert.True(collapsed.Precision > 0.95, $"{collapsed.Precision}");
        Assert.True(collapsed.Recall < 0.05, $"{collapsed.Recall}");
    }

    [Fact]
    public void Refuse_fewer_images_than_a_ball_takes()
    {
        var e = Assert.Throws<ArgumentException>(() => Neighbourhoods.Of(NormalPoints(9, 2, 1), NormalPoints(5, 2, 2), 5));
        Assert.Equal("set: 5 images; a neighbourhood of 5 neighbours needs at least 6: give more.", e.Message);
    }

    static void Check(Points x, Points y, int k)
    {
        var expected = SlowNeighbourhoods(x, y, k);
        foreach (int threads in (int[])[1, 2])
        {
            NeighbourhoodScores found = Neighbourhoods.Of(x, y, k, threads);
            Assert.Equal(expected.Precision, found.Precision, 1e-12);
            Assert.Equal(expected.Recall, found.Recall, 1e-12);
            Assert.Equal(expected.Density, found.Density, 1e-12);
            Assert.Equal(expected.Coverage, found.Coverage, 1e-12);
        }
    }
}
