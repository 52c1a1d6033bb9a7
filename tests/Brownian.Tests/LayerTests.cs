using System.Reflection;
using System.Text.RegularExpressions;

namespace Brownian.Tests;

/// <summary>The projects enforce the layers; this guards the bottom ones against a reference added by mistake, and orders folders within a project.</summary>
public sealed partial class LayerTests
{
    /// <summary>The folders of Brownian.Training: each may use what stands before it.</summary>
    static readonly string[] Order = ["Configuration", "Models", "Sampling", "Runs", "Diffusers", "Formats", "Loop", "Pictures", "Evaluation", "Async"];

    [Theory]
    [InlineData("Brownian.IO")]
    [InlineData("Brownian.Tensors")]
    [InlineData("Brownian.Imaging", "Brownian.IO")]
    public void The_lowest_layers_know_nothing_above_them(string assembly, params string[] known) =>
        Assert.Empty(Assembly.Load(assembly).GetReferencedAssemblies()
            .Select(a => a.Name!).Where(name => name.StartsWith("Brownian", StringComparison.Ordinal)).Except(known));

    [Fact]
    public void No_folder_of_training_uses_a_later_one()
    {
        string root = Path.Combine(Checkout.Root, "src", "Brownian.Training");
        Assert.Equal(Order.Order(), Directory.GetDirectories(root).Select(Path.GetFileName).Except(["bin", "obj"]).Order());
        (int Place, string File, string Code)[] files =
        [
            .. Order.SelectMany((folder, place) => Directory.GetFiles(Path.Combine(root, folder), "*.cs", SearchOption.AllDirectories)
                .Select(file => (place, Path.GetFileName(file), Comment().Replace(File.ReadAllText(file), "")))),
        ];
        Dictionary<string, int> placeOf = [];
        foreach ((int place, _, string code) in files)
        {
            foreach (Match type in Declaration().Matches(code)) placeOf[type.Groups[1].Value] = place;
        }
        Assert.True(placeOf.Count > 50);
        string[] wrong =
        [
            .. from file in files
               from name in Name().Matches(file.Code).Select(match => match.Value).Distinct()
               where placeOf.TryGetValue(name, out int place) && place > file.Place
               select $"{Order[file.Place]}/{file.File} uses {name} of {Order[placeOf[name]]}",
        ];
        Assert.Equal("", string.Join('\n', wrong));
    }

    [GeneratedRegex("//.*")]
    private static partial Regex Comment();

    [GeneratedRegex(@"^(?:[a-z]+ )*(?:class|record struct|record|struct|interface|enum) (\w+)", RegexOptions.Multiline)]
    private static partial Regex Declaration();

    // A type, not a member that is called like one.
    [GeneratedRegex(@"(?<=new |: )[A-Z]\w*|(?<![.\w])[A-Z]\w*\b(?! \{| =|;|:|\()")]
    private static partial Regex Name();
}
