using Brownian.Cli;
using Brownian.Nn;

namespace Brownian.Tests;

public sealed class ImportExportTests : IDisposable
{
    readonly CommandLine _line = new();

    public void Dispose() => _line.Dispose();

    static string Done(CommandResult result)
    {
        Assert.Equal(("", ExitCode.Success), (result.Error, result.Code));
        return result.Out;
    }

    [Theory]
    [InlineData("weights.pth")]
    [InlineData("weights_legacy.pth")]
    public void A_tutorials_checkpoint_becomes_the_model_that_its_safetensors_make(string weights)
    {
        string golden = Fixtures.Golden("plain_unet/tiny"), config = _line.Write("network.yaml", "model_params: {type: plain_unet, w: 2, time_dim: 8}\n");
        Done(CommandLine.Run("import", "--config", config, "--weights", Path.Combine(golden, weights), "--out", _line.At("a")));
        Done(CommandLine.Run("import", "--config", config, "--weights", Path.Combine(golden, "weights.safetensors"), "--out", _line.At("b")));
        Assert.Equal(File.ReadAllBytes(_line.At("a", "model.safetensors")), File.ReadAllBytes(_line.At("b", "model.safetensors")));
    }

    [Theory]
    [InlineData("residual_unet/tiny", "{type: residual_unet, input_channels: 3, im_size: 16, base_channels: 16, base_channels_multiples: [1, 2], "
        + "apply_attention: [false, true], num_res_blocks: 1, total_time_steps: 100}")]
    [InlineData("simple_unet/tiny", "{type: simple_unet, image_channels: 3, im_size: 16, down_channels: [8, 12, 16, 24], time_emb_dim: 16}")]
    public void Checkpoints_of_other_tutorials_compute_what_they_do_in_pytorch(string name, string network)
    {
        string golden = Fixtures.Golden(name), input = _line.At("in.safetensors"), output = _line.At("out.safetensors");
        string config = _line.Write("network.yaml", $"diffusion_params: {{num_timesteps: 100}}\nmodel_params: {network}\n");
        Done(CommandLine.Run("import", "--config", config, "--weights", Path.Combine(golden, "weights.safetensors"), "--out", _line.At("model")));
        using SafetensorsFile io = SafetensorsFile.Read(Path.Combine(golden, "io.safetensors"));
        var writer = new SafetensorsWriter();
        writer.Add("sample", io["sample"].Shape, io.ReadFloats("sample"));
        writer.Add("timestep", io["timestep"].Shape, io.ReadIntegers("timestep"));
        writer.Write(input);
        Done(CommandLine.Run("predict", "--model", _line.At("model"), "--input", input, "--output", output));
        using SafetensorsFile predicted = SafetensorsFile.Read(output);
        Assert.InRange(GoldenNetworks.RelativeError(io.ReadDoubles("output_f64"), predicted.ReadFloats("output")), 0, 1e-4);
    }

    [Fact]
    public void A_hostile_checkpoint_is_one_line_that_names_what_it_would_call()
    {
        string config = Path.Combine(Fixtures.Golden("seed_unet/small"), "config.yaml");
        CommandLine.Run("import", "--config", config, "--weights", Fixtures.Golden("formats/bad/evil_zip.pth"), "--out", _line.At("a"))
            .IsBadInput("evil_zip.pth", "posix.getcwd", "safetensors");
        Assert.False(Directory.Exists(_line.At("a")));
    }

    [Fact]
    public void A_training_checkpoint_is_imported_and_the_key_told()
    {
        string run = _line.TrainedRun(), exported = _line.At("exported");
        Done(CommandLine.Run("export", "--model", run, "--out", exported));
        using var weights = SafetensorsFile.Read(Path.Combine(exported, "model.safetensors"));
        var pickle = new PickleBytes().Raw("}").Text("optimizer").Raw("}").Text("lr").Raw("K\u0001ss").Text("model_state_dict").Raw("}");
        foreach (string name in weights.Names)
        {
            long[] shape = weights[name].Shape, strides = [.. shape];
            for (int d = shape.Length - 1, step = 1; d >= 0; step *= (int)shape[d--]) strides[d] = step;
            pickle.Text($"module.{name}").Tensor(name, weights[name].Count, 0, shape, strides).Raw("s");
        }
        pickle.Text("module.bn.num_batches_tracked").Tensor("count", 1, 0, [], []).Raw("ss");
        (string, float[])[] storages = [.. weights.Names.Select(name => (name, weights.ReadFloats(name))), ("count", [3])];
        string checkpoint = _line.Write("ckpt.pth", pickle.Zip(storages: storages));
        string told = Done(CommandLine.Run("import", "--config", _line.Config, "--weights", checkpoint, "--out", _line.At("model")));
        Assert.Contains("under 'model_state_dict'", told, StringComparison.Ordinal);
        Assert.Equal(
            File.ReadAllBytes(Path.Combine(exported, "model.safetensors")), File.ReadAllBytes(_line.At("model", "model.safetensors")));
    }

    [Fact]
    public void A_checkpoint_of_something_else_is_refused_with_what_it_holds()
    {
        string weights = Fixtures.Golden("formats/checkpoint.pth");
        CommandLine.Run("import", "--config", _line.Config, "--weights", weights, "--out", _line.At("a")).IsBadInput(weights, "no tensor");
        CommandLine.Run("import", "--config", _line.Config, "--weights", weights, "--key", "args", "--out", _line.At("a"))
            .IsBadInput(weights, "'args'", "'model' (7 tensors)");
    }

    [Fact]
    public void The_built_in_model_is_taken_by_its_name()
    {
        Assert.Contains("digits, which comes with Brownian", Done(CommandLine.Run("summary", "--model", "digits")), StringComparison.Ordinal);
        Assert.Contains("a state dict", Done(CommandLine.Run("export", "--model", "digits", "--out", _line.At("e"))), StringComparison.Ordinal);
        CommandLine.Run("export", "--model", "digits", "--format", "diffusers", "--out", _line.At("d")).IsBadInput("process flow", "export it as safetensors");
        Assert.Contains("docs/onnx.md", Done(CommandLine.Run("export", "--model", "digits", "--format", "onnx", "--out", _line.At("o"))), StringComparison.Ordinal);
        CommandLine.Run("sample", "--model", _line.At("o")).IsBadInput("an ONNX export", "give the model that it was made of");
        CommandLine.Run("export", "--model", "digits", "--format", "onnx", "--dtype", "float16", "--out", _line.At("p")).IsBadInput("ONNX is written as float32");
        Done(CommandLine.Run("import", "--model", "digits", "--out", _line.At("i")));
    }

    [Fact]
    public void Options_of_an_import_that_do_not_go_together_are_refused()
    {
        CommandLine.Run("import", "--model", "m", "--weights", "w", "--out", "o").IsBadInput("--weights");
        CommandLine.Run("import", "--weights", "w", "--out", "o").IsBadInput("--config");
        CommandLine.Run("import", "--config", _line.Config, "--weights", _line.At("none.pth"), "--out", _line.At("o")).IsBadInput("none.pth");
        CommandLine.Run("export", "--out", "o").IsBadInput("--model");
        CommandLine.Run("export", "--model", "m", "--out", "o", "--format", "pickle").IsBadInput("--format");
    }

    [Fact]
    public void A_pipeline_of_diffusers_is_sampled_from_as_it_is_imported_and_exported()
    {
        string pipeline = Fixtures.Golden("pipeline/ddim");
        Done(CommandLine.Run("import", "--model", pipeline, "--out", _line.At("model")));
        Done(CommandLine.Run("export", "--model", _line.At("model"), "--out", _line.At("exported")));
        byte[][] arrays = [.. new[] { pipeline, _line.At("model"), _line.At("exported") }.Select((model, i) =>
        {
            string npy = _line.At($"{i}.npy");
            Done(CommandLine.Run("sample", "--model", model, "--seeds", "0-1", "--steps", "4", "--out", _line.At($"{i}.png"), "--npy", npy));
            return File.ReadAllBytes(npy);
        })];
        Assert.Equal(arrays[0], arrays[1]);
        Assert.Equal(arrays[0], arrays[2]);
        CommandLine.Run("export", "--model", pipeline, "--out", _line.At("exported")).IsBadInput("exported", "not empty");
    }

    [Fact]
    public void A_run_is_exported_with_its_averaged_weights()
    {
        string run = _line.TrainedRun(), exported = _line.At("exported");
        Assert.Contains("config.yaml", Done(CommandLine.Run("export", "--model", run, "--out", exported)), StringComparison.Ordinal);
        string checkpoint = Directory.EnumerateDirectories(Path.Combine(run, "checkpoints")).Max(StringComparer.Ordinal)!;
        using var weights = SafetensorsFile.Read(Path.Combine(exported, "model.safetensors"));
        using var average = SafetensorsFile.Read(Directory.EnumerateFiles(checkpoint, "*.safetensors").Single(file => Path.GetFileName(file).StartsWith("ema", StringComparison.Ordinal)));
        Assert.Equal(average.Names.Order(StringComparer.Ordinal), weights.Names.Order(StringComparer.Ordinal));
        foreach (string name in average.Names) Assert.Equal(average.ReadFloats(name), weights.ReadFloats(name));
    }
}
