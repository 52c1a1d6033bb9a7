using Brownian.Tensors;

namespace Brownian.Tests;

public sealed class MersenneTwisterTests
{
    [Fact]
    public void The_ten_thousandth_output_of_the_default_seed_is_the_one_the_cpp_standard_demands()
    {
        var twister = new MersenneTwister(5489);
        for (int i = 0; i < 9999; i++) twister.Next();
        Assert.Equal(4123659995u, twister.Next());
    }
}
