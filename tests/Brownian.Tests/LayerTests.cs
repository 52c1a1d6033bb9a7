namespace Brownian.Tests;

/// <summary>The projects enforce the layers; this guards the bottom ones against a reference added by mistake.</summary>
public sealed class LayerTests
{
    [Theory]
    [InlineData("Brownian.Tensors")]
    [InlineData("Brownian.Imaging")]
    public void The_lowest_layers_know_nothing_above_them(string assembly) =>
        Assert.DoesNotContain(
            System.Reflection.Assembly.Load(assembly).GetReferencedAssemblies(),
            a => a.Name!.StartsWith("Brownian", StringComparison.Ordinal));
}
