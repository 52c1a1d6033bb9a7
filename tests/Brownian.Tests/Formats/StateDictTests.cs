using Brownian.Nn;

namespace Brownian.Tests;

public sealed class StateDictTests : IDisposable
{
    static readonly float[] Values = [0, 1, 2, 3, 4, 5, 6];

    readonly ScratchFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    // Keys with slashes become dicts in dicts; a tensor's first number is its place in the list.
    string Checkpoint(params string[] names)
    {
        var pickle = new PickleBytes().Raw("}");
        foreach (IGrouping<string, (string Name, int Place)> top in names.Select((name, place) => (name, place)).GroupBy(e => e.name.Split('/')[0]))
        {
            pickle.Text(top.Key);
            if (top.First().Name == top.Key) pickle.Tensor("0", 7, top.First().Place, [1], [1]);
            else
            {
                pickle.Raw("}");
                foreach ((string name, int place) in top) pickle.Text(name[(top.Key.Length + 1)..]).Tensor("0", 7, place, [1], [1]).Raw("s");
            }
            pickle.Raw("s");
        }
        return _folder.Write("checkpoint.pth", pickle.Text("epoch").Raw("K\u0007s").Zip(storages: ("0", Values)));
    }

    [Theory]
    [InlineData("a b", "", "a b", 0)]
    [InlineData("optimizer/s model/a model/b ema/a", "model", "a b", 1)]
    [InlineData("optimizer/s state_dict/a", "state_dict", "a", 1)]
    [InlineData("optimizer/s model_state_dict/a ema/a", "model_state_dict", "a", 1)]
    [InlineData("ema/a optimizer/s", "ema", "a", 0)]
    [InlineData("weights/a", "weights", "a", 0)]
    [InlineData("a optimizer/s", "", "a", 0)]
    [InlineData("module.a module.b", "", "a b", 0)]
    [InlineData("model/module._orig_mod.a", "model", "a", 0)]
    [InlineData("module.a b", "", "module.a b", 0)]
    public void The_network_is_found(string names, string key, string expected, int first)
    {
        using var weights = StateDict.Open(Checkpoint(names.Split(' ')));
        Assert.Equal(key, weights.Key);
        Assert.Equal(expected.Split(' '), weights.Names);
        Assert.Equal([first], weights.ReadFloats(weights.Names[0]));
    }

    [Fact]
    public void A_key_that_is_named_comes_first()
    {
        string path = Checkpoint("model/a", "ema/a");
        using var weights = StateDict.Open(path, "ema");
        Assert.Equal([1], weights.ReadFloats("a"));
    }

    [Fact]
    public void What_is_not_clear_is_asked_with_the_keys_there_are()
    {
        string path = Checkpoint("generator/a", "generator/b", "critic/a");
        string message = Assert.Throws<InvalidDataException>(() => StateDict.Open(path)).Message;
        Assert.StartsWith(path, message, StringComparison.Ordinal);
        Assert.Contains("'generator' (2 tensors), 'critic' (1 tensor)", message, StringComparison.Ordinal);
        Assert.Contains("no tensors under 'b'", Assert.Throws<InvalidDataException>(() => StateDict.Open(path, "b")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_checkpoint_of_torch_is_found_its_way_into()
    {
        using var weights = StateDict.Open(Fixtures.Golden("formats/checkpoint.pth"));
        using var expected = SafetensorsFile.Read(Fixtures.Golden("formats/expected_module_sd.safetensors"));
        Assert.Equal("model", weights.Key);
        Assert.Equal(expected.Names.Order(StringComparer.Ordinal), weights.Names.Order(StringComparer.Ordinal));
    }
}
