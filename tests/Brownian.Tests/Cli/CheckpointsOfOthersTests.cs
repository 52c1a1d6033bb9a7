using System.Text.Json.Nodes;
using Brownian.Cli;
using Brownian.Nn;
using Brownian.Tensors;

namespace Brownian.Tests;

/// <summary>Files of tests/field/20-checkpoints: each is laid out as the training scripts of others save theirs.</summary>
public sealed class CheckpointsOfOthersTests : IDisposable
{
    readonly CommandLine _line = new();

    public void Dispose() => _line.Dispose();

    static string At(string name) => Path.Combine(Checkout.Root, "tests", "field", "20-checkpoints", name);

    string Imported(string name, params string[] options)
    {
        CommandResult result = CommandLine.Run(["import", "--config", At("config.yaml"), "--weights", At(name), "--out", _line.At("model"), .. options]);
        Assert.Equal(("", ExitCode.Success), (result.Error, result.Code));
        return result.Out;
    }

    float[] FirstWeights() => SafetensorsOf(_line.At("model", "model.safetensors"), "conv_in.weight");

    static float[] SafetensorsOf(string path, string tensor)
    {
        using SafetensorsFile file = SafetensorsFile.Read(path);
        return file.ReadFloats(tensor);
    }

    static float[] TorchOf(string name, string tensor)
    {
        using TorchFile file = TorchFile.Read(At(name));
        return file.ReadFloats(tensor);
    }

    [Theory]
    [InlineData("05_lightning.ckpt", "state_dict/model.conv_in.weight", "under 'state_dict', names without 'model.'")]
    [InlineData("06_lucidrains.pt", "ema/ema_model.model.conv_in.weight", "under 'ema', names without 'ema_model.model.', averaged\nothers  --key model (raw), --key ema/online_model.model (raw)")]
    [InlineData("14_net_ema.pth", "net_ema/conv_in.weight", "under 'net_ema', averaged\nothers  --key net (raw)")]
    [InlineData("08_numpy_namespace.pth", "model_state_dict/conv_in.weight", "unread  numpy.core.multiarray.scalar, numpy.dtype, _codecs.encode, argparse.Namespace")]
    public void Weights_are_found_and_it_is_told_where(string name, string tensor, string told)
    {
        Assert.Contains(told, Imported(name).ReplaceLineEndings("\n"), StringComparison.Ordinal);
        Assert.Equal(TorchOf(name, tensor), FirstWeights());
        CommandResult sampled = CommandLine.Run("sample", "--model", _line.At("model"), "--count", "1", "--sampler", "ddim", "--steps", "2", "--out", _line.At("a.png"));
        Assert.Equal(("", ExitCode.Success), (sampled.Error, sampled.Code));
    }

    [Theory]
    [InlineData("model", "model/model.conv_in.weight")]
    [InlineData("model.model.", "model/model.conv_in.weight")]
    [InlineData("ema", "ema/ema_model.model.conv_in.weight")]
    [InlineData("ema/online_model", "ema/online_model.model.conv_in.weight")]
    public void A_key_or_prefix_takes_others(string key, string tensor)
    {
        Imported("06_lucidrains.pt", "--key", key);
        Assert.Equal(TorchOf("06_lucidrains.pt", tensor), FirstWeights());
    }

    [Fact]
    public void A_pointer_of_git_lfs_is_named()
    {
        CommandLine.Run("import", "--config", At("config.yaml"), "--weights", At("24_lfs.safetensors"), "--out", _line.At("model"))
            .IsBadInput(At("24_lfs.safetensors"), "a Git LFS pointer", "run git lfs pull");
        Assert.False(Directory.Exists(_line.At("model")));
    }

    [Fact]
    public void Sampling_from_a_file_of_weights_explains_import() =>
        CommandLine.Run("sample", "--model", At("05_lightning.ckpt"), "--out", _line.At("a.png"))
            .IsBadInput($"brownian import --config NETWORK.yaml --weights {At("05_lightning.ckpt")} --out models/05_lightning");

    [Fact]
    public void Raw_weights_with_averaged_ones_in_a_file_beside_them_are_a_warning()
    {
        string raw = _line.Write("model010000.pt", File.ReadAllBytes(At("05_lightning.ckpt")));
        _line.Write("ema_0.9999_010000.pt", File.ReadAllBytes(At("05_lightning.ckpt")));
        CommandResult result = CommandLine.Run("import", "--config", At("config.yaml"), "--weights", raw, "--out", _line.At("model"));
        Assert.Contains("warning", result.Out, StringComparison.Ordinal);
        Assert.Contains("ema_0.9999_010000.pt", result.Out, StringComparison.Ordinal);
    }

    // Every byte of the storage counts, whichever tensor is read first.
    [Fact]
    public void A_flipped_bit_in_a_pth_is_told_with_the_entry()
    {
        Imported("05_lightning.ckpt");
        CommandLine.Run("export", "--model", _line.At("model"), "--format", "pth", "--out", _line.At("exported"));
        string pth = _line.At("exported", "model.pth");
        byte[] bytes = File.ReadAllBytes(pth);
        byte[] name = "model/data/4"u8.ToArray();
        int header = bytes.AsSpan().IndexOf(name) - 30;
        int data = header + 30 + BitConverter.ToUInt16(bytes, header + 26) + BitConverter.ToUInt16(bytes, header + 28);
        bytes[data + 2] ^= 4;
        File.WriteAllBytes(pth, bytes);
        CommandLine.Run("import", "--config", _line.At("exported", "config.yaml"), "--weights", pth, "--out", _line.At("again"))
            .IsBadInput(pth, "zip entry 'model/data/4' has the checksum", "damaged");
        CommandLine.Run("sample", "--model", _line.At("exported"), "--out", _line.At("a.png")).IsBadInput(pth, "'model/data/4'");
        Assert.False(Directory.Exists(_line.At("again")));
        // torch.save that was told to compute no checksums writes 0.
        for (int at = 0, next; (next = bytes.AsSpan(at).IndexOf("PK\u0001\u0002"u8)) >= 0; at += next + 46) bytes.AsSpan(at + next + 16, 4).Clear();
        File.WriteAllBytes(pth, bytes);
        using TorchFile file = TorchFile.Read(pth);
        Assert.All(file.Names, tensor => Assert.NotNull(file.ReadFloats(tensor)));
    }

    [Theory]
    [InlineData(SafetensorsType.I8, "I8")]
    [InlineData(SafetensorsType.I64, "I64")]
    [InlineData(SafetensorsType.Bool, "BOOL")]
    [InlineData(SafetensorsType.U8, "U8")]
    public void Integers_are_no_weights(SafetensorsType type, string told)
    {
        using (TorchFile file = TorchFile.Read(At("14_net_ema.pth")))
        {
            var writer = new SafetensorsWriter();
            foreach (string name in file.Names.Where(name => name.StartsWith("net_ema/", StringComparison.Ordinal)))
            {
                file.TryGetShape(name, out IReadOnlyList<long>? shape);
                float[] values = file.ReadFloats(name);
                string own = name["net_ema/".Length..];
                if (own != "conv_out.bias") writer.Add(own, [.. shape!], values);
                else writer.Add(own, type, [.. shape!], stream => stream.Write(new byte[values.Length * (type == SafetensorsType.I64 ? 8 : 1)]));
            }
            writer.Write(_line.At("whole.safetensors"));
        }
        CommandLine.Run("import", "--config", At("config.yaml"), "--weights", _line.At("whole.safetensors"), "--out", _line.At("model"))
            .IsBadInput("tensor 'conv_out.bias' holds " + told, "quantised");
        Assert.False(Directory.Exists(_line.At("model")));
    }

    [Fact]
    public void A_pointer_of_git_lfs_is_named_wherever_a_file_is_given()
    {
        string pointer = At("24_lfs.safetensors");
        CommandLine.Run("sample", "--model", pointer, "--out", _line.At("a.png")).IsBadInput(pointer, "run git lfs pull");
        CommandLine.Run("import", "--config", pointer, "--weights", pointer, "--out", _line.At("model")).IsBadInput(pointer, "run git lfs pull");
        Imported("14_net_ema.pth");
        CommandLine.Run("predict", "--model", _line.At("model"), "--input", pointer, "--output", _line.At("p.safetensors")).IsBadInput(pointer, "run git lfs pull");
        File.Copy(pointer, _line.At("model", "model.safetensors"), overwrite: true);
        CommandLine.Run("sample", "--model", _line.At("model"), "--out", _line.At("a.png")).IsBadInput("model.safetensors", "run git lfs pull");
        File.Copy(pointer, _line.At("model", "model.json"), overwrite: true);
        CommandLine.Run("sample", "--model", _line.At("model"), "--out", _line.At("a.png")).IsBadInput("model.json", "run git lfs pull");
    }

    [Theory]
    [InlineData("files", "3", "files: a value of another kind")]
    [InlineData("seal", "5", "seal: a value of another kind")]
    [InlineData("version", "\"one\"", "version: a value of another kind")]
    [InlineData("predicts", null, "lacks \"predicts\"")]
    [InlineData("author", "\"me\"", "\"author\" is no key")]
    public void An_edited_description_is_told_by_its_keys(string key, string? value, string expected)
    {
        Imported("14_net_ema.pth");
        string path = _line.At("model", "model.json");
        JsonObject json = JsonFile.ReadObject(path);
        if (value is null) json.Remove(key);
        else json[key] = JsonNode.Parse(value);
        JsonFile.Write(path, json);
        CommandResult result = CommandLine.Run("sample", "--model", _line.At("model"), "--out", _line.At("a.png"));
        result.IsBadInput(path, expected);
        Assert.DoesNotContain("System.", result.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("Brownian.Training", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_pth_that_is_exported_is_imported_again()
    {
        Imported("05_lightning.ckpt");
        CommandResult exported = CommandLine.Run("export", "--model", _line.At("model"), "--format", "pth", "--out", _line.At("exported"));
        Assert.Contains("torch.load", exported.Out, StringComparison.Ordinal);
        string pth = _line.At("exported", "model.pth");
        using (TorchFile file = TorchFile.Read(pth))
        using (SafetensorsFile own = SafetensorsFile.Read(_line.At("model", "model.safetensors")))
        {
            Assert.Equal(own.Names.Order(StringComparer.Ordinal), file.Names.Order(StringComparer.Ordinal));
            foreach (string name in own.Names) Assert.Equal(own.ReadFloats(name), file.ReadFloats(name));
        }
        CommandResult again = CommandLine.Run("import", "--config", _line.At("exported", "config.yaml"), "--weights", pth, "--out", _line.At("again"));
        Assert.Equal(("", ExitCode.Success), (again.Error, again.Code));
        Assert.Equal(File.ReadAllBytes(_line.At("model", "model.safetensors")), File.ReadAllBytes(_line.At("again", "model.safetensors")));
    }

    [Fact]
    public void Weights_that_are_not_finite_are_not_imported_and_not_sampled_from()
    {
        string weights = Poisoned(float.NaN);
        CommandLine.Run("import", "--config", At("config.yaml"), "--weights", weights, "--out", _line.At("bad")).IsBadInput("tensor 'conv_out.bias' holds NaN");
        Assert.False(Directory.Exists(_line.At("bad")));
        File.Copy(At("config.yaml"), _line.At("exported", "config.yaml"), overwrite: true);
        CommandLine.Run("sample", "--model", _line.At("exported"), "--out", _line.At("a.png")).IsBadInput("tensor 'conv_out.bias' holds NaN");
        Assert.False(File.Exists(_line.At("a.png")));
    }

    [Theory]
    [InlineData("true")]
    [InlineData("false")]
    public void Results_that_are_not_finite_are_an_error_that_names_seed_and_step(string clip)
    {
        Poisoned(3e38f);
        File.WriteAllText(
            _line.At("exported", "config.yaml"), File.ReadAllText(At("config.yaml")).Replace("diffusion_params:", $"diffusion_params:\n  clip_sample: {clip}", StringComparison.Ordinal));
        CommandLine.Run("sample", "--model", _line.At("exported"), "--seeds", "5-6", "--sampler", "ddim", "--steps", "4", "--out", _line.At("a.png"))
            .IsBadInput("the image of seed 5 is not finite", "in step 1, at timestep 750");
        Assert.False(File.Exists(_line.At("a.png")));
    }

    [Fact]
    public void Infinities_that_a_limit_would_make_finite_are_an_error_too()
    {
        using Device device = Device.Cpu(1);
        IDenoisingNetwork network = TinyRun.Config.Model.CreateNetwork(device);
        foreach (Parameter parameter in network.Parameters)
            parameter.FromTorch([.. Enumerable.Repeat(parameter.Name == "conv_out.bias" ? float.PositiveInfinity : 0, parameter.Shape.Count)]);
        var model = new DiffusionModel(ModelDescription.Of(TinyRun.Config), network, device, "");
        var options = new SampleOptions { Seeds = [3, 4], Sampler = "ddim", Steps = 2 };
        string message = Assert.Throws<InvalidDataException>(
            () => new ImageSampler(model).Sample(options, cancel: TestContext.Current.CancellationToken)).Message;
        Assert.Contains("the image of seed 3 is not finite (NaN or infinity) in step 1", message, StringComparison.Ordinal);
    }

    // The network's last layer, whose numbers no norm makes small again.
    string Poisoned(float value)
    {
        using TorchFile file = TorchFile.Read(At("05_lightning.ckpt"));
        var writer = new SafetensorsWriter();
        foreach (string name in file.Names.Where(name => name.StartsWith("state_dict/model.", StringComparison.Ordinal)))
        {
            file.TryGetShape(name, out IReadOnlyList<long>? shape);
            float[] values = file.ReadFloats(name);
            string own = name["state_dict/model.".Length..];
            if (own == "conv_out.bias" && !float.IsFinite(value)) values[0] = value;
            if (own == "conv_out.weight" && float.IsFinite(value)) Array.Fill(values, value);
            writer.Add(own, [.. shape!], values);
        }
        Directory.CreateDirectory(_line.At("exported"));
        string path = _line.At("exported", "model.safetensors");
        writer.Write(path, overwrite: true);
        return path;
    }
}
