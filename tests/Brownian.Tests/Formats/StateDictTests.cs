using Brownian.Nn;

namespace Brownian.Tests;

public sealed class StateDictTests : IDisposable
{
    static readonly float[] Values = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11];

    readonly ScratchFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    // Keys with slashes become dicts in dicts; a tensor's first number is its place in the list.
    string Checkpoint(params string[] names)
    {
        var pickle = new PickleBytes().Raw("}");
        foreach (IGrouping<string, (string Name, int Place)> top in names.Select((name, place) => (name, place)).GroupBy(e => e.name.Split('/')[0]))
        {
            pickle.Text(top.Key);
            if (top.First().Name == top.Key) pickle.Tensor("0", Values.Length, top.First().Place, [1], [1]);
            else
            {
                pickle.Raw("}");
                foreach ((string name, int place) in top) pickle.Text(name[(top.Key.Length + 1)..]).Tensor("0", Values.Length, place, [1], [1]).Raw("s");
            }
            pickle.Raw("s");
        }
        return _folder.Write("checkpoint.pth", pickle.Text("epoch").Raw("K\u0007s").Zip(storages: ("0", Values)));
    }

    [Theory]
    [InlineData("a b", "", "", false, 0)]
    [InlineData("optimizer/s model/a model/b ema/a", "model", "", false, 1)]           // the average is not whole
    [InlineData("optimizer/s model/a model/b ema/a ema/b", "ema", "", true, 3)]
    [InlineData("optimizer/s state_dict/a state_dict/b", "state_dict", "", false, 1)]
    [InlineData("ema/a ema/b optimizer/s", "ema", "", true, 0)]
    [InlineData("weights/a weights/b", "weights", "", false, 0)]
    [InlineData("a b optimizer/s", "", "", false, 0)]
    [InlineData("module.a module.b", "", "module.", false, 0)]
    [InlineData("model/module._orig_mod.a model/module._orig_mod.b", "model", "module._orig_mod.", false, 0)]
    [InlineData("net/model.denoise_fn.a net/model.denoise_fn.b net/betas", "net", "model.denoise_fn.", false, 0)]
    [InlineData("step model/model.a model/model.b model/betas ema/initted ema/online_model.model.a ema/online_model.model.b ema/ema_model.model.a", "model", "model.", false, 1)]
    [InlineData("ema/online_model.model.a ema/online_model.model.b ema/ema_model.model.a ema/ema_model.model.b", "ema", "ema_model.model.", true, 2)]
    [InlineData("net/a net/b critic/a critic/b", "net", "", false, 0)]
    [InlineData("a b ema.a ema.b", "", "ema.", true, 2)]
    [InlineData("schema/a schema/b", "schema", "", false, 0)]
    [InlineData("state_dict/model.a state_dict/model.b state_dict/model_ema.a state_dict/model_ema.b", "state_dict", "model_ema.", true, 2)]
    [InlineData("model/a model/b avg/module.a avg/module.b avg/n_averaged", "avg", "module.", true, 2)]
    [InlineData("model/a model/b swapped/module.a swapped/module.b swapped/n_averaged", "swapped", "module.", true, 2)]
    [InlineData("n_averaged module.a module.b", "", "module.", true, 1)]
    [InlineData("model/a model/b model_avg/a model_avg/b", "model_avg", "", true, 2)]
    [InlineData("averaged/module.a averaged/module.b averaged/n_averaged", "averaged", "module.", true, 0)]
    public void The_network_is_found_by_its_names(string names, string key, string prefix, bool isAverage, int first)
    {
        using var weights = StateDict.Open(Checkpoint(names.Split(' ')), AandB);
        Assert.Equal((key, prefix, isAverage), (weights.Key, weights.Prefix, weights.IsAverage));
        Assert.Equal(AandB, weights.Names);
        Assert.Equal([first], weights.ReadFloats("a"));
    }

    static readonly string[] AandB = ["a", "b"];

    [Fact]
    public void An_average_that_lacks_a_tensor_is_told_with_the_tensor()
    {
        using var weights = StateDict.Open(Checkpoint("model/a", "model/b", "ema/a"), AandB);
        Assert.Equal(("ema", "b"), weights.IncompleteAverage);
        Assert.Null(weights.AverageOfOtherNames);
    }

    [Theory]
    [InlineData("ema", 4)]
    [InlineData("ema.", 4)]
    [InlineData("model", 0)]
    [InlineData("model/model", 0)]
    [InlineData("model.model.", 0)]
    [InlineData("ema/online_model.model", 2)]
    [InlineData("ema.online_model.model.", 2)]
    [InlineData("online_model.model.", 2)]
    [InlineData("ema_model.model", 4)]
    public void A_key_or_a_prefix_chooses(string key, int first)
    {
        string path = Checkpoint(
            "model/model.a", "model/model.b", "ema/online_model.model.a", "ema/online_model.model.b", "ema/ema_model.model.a", "ema/ema_model.model.b");
        using var weights = StateDict.Open(path, AandB, key);
        Assert.Equal([first], weights.ReadFloats("a"));
        Assert.Equal(2, weights.Others.Count);
    }

    [Fact]
    public void What_else_there_is_can_be_taken_by_the_key_that_is_told()
    {
        string path = Checkpoint("a", "b", "ema.a", "ema.b", "old.a", "old.b");
        using var averaged = StateDict.Open(path, AandB);
        Assert.Equal([(".", false), ("old", false)], averaged.Others);
        foreach (((string key, _), int first) in averaged.Others.Zip((int[])[0, 4]))
        {
            using var other = StateDict.Open(path, AandB, key);
            Assert.Equal(AandB, other.Names);
            Assert.Equal([first], other.ReadFloats("a"));
        }
    }

    [Theory]
    [InlineData("model.a model.b model_ema.modela model_ema.modelb", "model_ema.modela")]
    [InlineData("model/a model/b ema/a", null)]        // it is told what it lacks
    [InlineData("model/a model/b ema/a ema/b", null)]
    [InlineData("model/a model/b optimizer/s", null)]
    public void An_average_of_other_names_is_told(string names, string? told)
    {
        using var weights = StateDict.Open(Checkpoint(names.Split(' ')), AandB);
        Assert.Equal(told, weights.AverageOfOtherNames);
    }

    [Fact]
    public void Names_of_safetensors_have_prefixes_too()
    {
        var writer = new SafetensorsWriter();
        foreach ((string name, int value) in ((string, int)[])[("model.a", 1), ("model.b", 2), ("ema.a", 3), ("ema.b", 4)])
            writer.Add(name, [1], new float[] { value });
        string path = _folder.Path("flat.safetensors");
        writer.Write(path);
        using var weights = StateDict.Open(path, AandB);
        Assert.Equal([3], weights.ReadFloats("a"));
        Assert.Equal([("model", false)], weights.Others);
    }

    [Fact]
    public void What_is_not_clear_is_asked_with_the_keys_there_are()
    {
        string path = Checkpoint("generator/a", "generator/b", "critic/a", "critic/b");
        string message = Assert.Throws<InvalidDataException>(() => StateDict.Open(path, AandB)).Message;
        Assert.StartsWith(path, message, StringComparison.Ordinal);
        Assert.Contains("'generator' (2 tensors), 'critic' (2 tensors)", message, StringComparison.Ordinal);
        Assert.Contains("no tensors under 'c'", Assert.Throws<InvalidDataException>(() => StateDict.Open(path, AandB, "c")).Message, StringComparison.Ordinal);
        using var chosen = StateDict.Open(path, AandB, "critic");
        Assert.Equal([2], chosen.ReadFloats("a"));
    }

    [Fact]
    public void A_file_without_the_networks_names_says_what_it_holds()
    {
        string message = Assert.Throws<InvalidDataException>(() => StateDict.Open(Checkpoint("encoder.w", "decoder.w"), AandB)).Message;
        Assert.Contains("no tensor in it has a name of the network's, such as 'a'; it holds 'encoder.w', 'decoder.w'", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("state/0/exp_avg state/0/step state/1/exp_avg")]
    [InlineData("optimizer/state/0/momentum_buffer")]
    public void The_file_of_an_optimiser_is_named(string names) => Assert.Contains(
        "the state of an optimiser", Assert.Throws<InvalidDataException>(() => StateDict.Open(Checkpoint(names.Split(' ')), AandB)).Message, StringComparison.Ordinal);

    [Fact]
    public void An_average_without_names_gets_those_of_the_weights_beside_it()
    {
        string path = Checkpoint("model/a", "model/b", "ema/shadow_params/0", "ema/shadow_params/1");
        using var average = StateDict.Open(path, AandB);
        Assert.Equal(("ema/shadow_params", true), (average.Key, average.IsAverage));
        Assert.Equal([2], average.ReadFloats("a"));
        Assert.Equal([3], average.ReadFloats("b"));
        Assert.Equal([("model", false)], average.Others);
        using var raw = StateDict.Open(path, AandB, "model");
        Assert.Equal([0], raw.ReadFloats("a"));
    }

    [Theory]
    [InlineData("shadow_params/0 shadow_params/1", "no weights with names lie beside them")]
    [InlineData("model/a model/b ema/shadow_params/0", "do not fit the 2 of 'model'")]
    public void An_average_without_names_that_cannot_be_named_is_refused(string names, string expected)
    {
        string message = Assert.Throws<InvalidDataException>(() => StateDict.Open(Checkpoint(names.Split(' ')), AandB)).Message;
        Assert.Contains("shadow_params", message, StringComparison.Ordinal);
        Assert.Contains(expected, message, StringComparison.Ordinal);
        Assert.Contains("ema.copy_to", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_checkpoint_of_torch_is_found_its_way_into()
    {
        using var expected = SafetensorsFile.Read(Fixtures.Golden("formats/expected_module_sd.safetensors"));
        using var weights = StateDict.Open(Fixtures.Golden("formats/checkpoint.pth"), expected.Names);
        Assert.Equal("model", weights.Key);
        Assert.Equal(expected.Names.Order(StringComparer.Ordinal), weights.Names.Order(StringComparer.Ordinal));
    }
}
