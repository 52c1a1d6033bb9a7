using System.Text.Json.Nodes;
using Brownian.Nn;
using Brownian.Tensors;

namespace Brownian.Tests;

public sealed class ModelFolderTests : IDisposable
{
    readonly ScratchFolder _folder = new();
    readonly Device _device = Device.Cpu(1);

    public void Dispose()
    {
        _device.Dispose();
        _folder.Dispose();
    }

    DiffusionModel Model() => new(
        new ModelDescription
        {
            Model = TinyRun.Config.Model,
            Step = 7,
            Dataset = "four \"digits\"",
            Classes = ["zero", "ünø"],
            Diffusion =
                TinyRun.Config.Diffusion with { BetaSchedule = BetaSchedule.Sigmoid, Variance = ReverseVariance.Large, ClipSample = false },
        },
        TinyRun.Config.Model.CreateNetwork(_device, seed: 3), _device, "");

    static float[] Weights(DiffusionModel model) => model.Network.Parameters.Values.ToArray();

    [Fact]
    public void A_model_comes_back_as_it_was()
    {
        DiffusionModel model = Model();
        string path = _folder.Path("model");
        ModelFolder.Save(path, model);
        DiffusionModel back = ModelFolder.Open(path, _device);
        Assert.Equal(model.Description, back.Description);
        Assert.Equal(Weights(model), Weights(back));
        Assert.Equal(Files.Sha256(Path.Combine(path, "model.safetensors")), back.Hash);
        Assert.Throws<IOException>(() => ModelFolder.Save(path, model));
        ModelFolder.Save(path, model, overwrite: true);
        Assert.Equal([path], Directory.EnumerateFileSystemEntries(_folder.Root));
    }

    [Fact]
    public void What_was_exported_opens_again_and_is_of_one_format()
    {
        DiffusionModel model = Model();
        foreach (IExportFormat format in ModelFolder.ExportFormats.Where(format => format.Name is not ("diffusers" or "onnx")))
        {
            string path = _folder.Path(format.Name);
            Assert.Same(format, ModelFolder.Export(path, model, format.Name));
            Assert.Same(format, ModelFolder.Formats.First(known => known.Is(path)));
            Assert.Equal(Weights(model), Weights(ModelFolder.Open(path, _device)));
        }
        Assert.Contains("brownian or safetensors or pth or diffusers or onnx",
            Assert.Throws<ArgumentException>(() => ModelFolder.Export(_folder.Path("other"), model, "gguf")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Nothing_but_a_model_is_replaced()
    {
        Directory.CreateDirectory(_folder.Path("precious"));
        _folder.Write("precious/file", "text");
        Assert.Throws<IOException>(() => ModelFolder.Save(_folder.Path("precious"), Model(), overwrite: true));
        Assert.Throws<IOException>(() => ModelFolder.Save(_folder.Path("precious/file"), Model(), overwrite: true));
        Assert.Equal("text", File.ReadAllText(_folder.Path("precious/file")));
    }

    [Fact]
    public void A_run_opens_as_the_averaged_weights_of_its_newest_whole_checkpoint()
    {
        RunDirectory run = RunDirectory.Create(_folder.Path("runs"), TinyRun.Config);
        Assert.Contains("no checkpoint yet",
            Assert.Throws<InvalidDataException>(() => ModelFolder.Open(run.FullPath, _device)).Message, StringComparison.Ordinal);
        TinyRun.Train(run, TinyRun.Config);
        DiffusionModel newest = ModelFolder.Open(run.FullPath, _device);
        Assert.Equal(12, newest.Description.Step);
        Assert.Equal(Weights(ModelFolder.Open(run.ModelPath, _device)), Weights(newest));

        File.Delete(Path.Combine(run.CheckpointsPath, "step-00000012", "ema.safetensors"));
        List<string> warnings = [];
        Assert.Equal(8, ModelFolder.Open(run.FullPath, _device, warnings.Add).Description.Step);
        Assert.Single(warnings);
    }

    [Theory]
    [InlineData("\"version\": 1", "\"version\": 2", "version is 2; this program reads 1")]
    [InlineData("brownian-model", "other", "format is 'other'")]
    [InlineData("\"epsilon\"", "\"eps\"", "predicts: 'eps' is no prediction type; did you mean 'epsilon'?")]
    [InlineData("\"im_size\": 8", "\"im_size\": 0", "model_params.im_size is [0]; it must be one number, or [height, width], of 1 to 4096")]
    [InlineData("\"im_size\": 8", "\"im_size\": \"8\"", "model_params.im_size must be a whole number, not '8'")]
    [InlineData("\"im_size\": 8", "\"im_sizes\": 8", "unknown key 'im_sizes' in model_params of type tutorial_unet; did you mean 'im_size'")]
    [InlineData("\"step\": 7", "\"step\": 7,\n  \"more\": 1", "more")]
    [InlineData("\"step\": 7", "\"step\": \"x\"", "step")]
    [InlineData("\"dataset\"", "\"dataset", "")]
    [InlineData("    -1,", "    -2,", "value_range")]
    public void A_damaged_description_is_an_error_that_names_the_file(string from, string to, string expected)
    {
        string path = _folder.Path("model");
        ModelFolder.Save(path, Model());
        string json = Path.Combine(path, "model.json"), text = File.ReadAllText(json);
        Assert.Contains(from, text, StringComparison.Ordinal);
        File.WriteAllText(json, text.Replace(from, to, StringComparison.Ordinal));
        string message = Assert.Throws<InvalidDataException>(() => ModelFolder.Open(path, _device)).Message;
        Assert.StartsWith(json, message, StringComparison.Ordinal);
        Assert.Contains(expected, message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
    }

    [Fact]
    public void Missing_and_damaged_weights_are_errors_that_name_the_file()
    {
        string path = _folder.Path("model"), weights = Path.Combine(path, "model.safetensors");
        ModelFolder.Save(path, Model());
        using (FileStream file = File.OpenWrite(weights)) file.SetLength(file.Length - 100);
        Assert.StartsWith(weights,
            Assert.Throws<InvalidDataException>(() => ModelFolder.Open(path, _device)).Message, StringComparison.Ordinal);
        File.Delete(weights);
        Assert.StartsWith(weights,
            Assert.Throws<FileNotFoundException>(() => ModelFolder.Open(path, _device)).Message, StringComparison.Ordinal);
        Assert.Throws<InvalidDataException>(() => ModelFolder.Open(_folder.Root, _device));
        Assert.Throws<DirectoryNotFoundException>(() => ModelFolder.Open(_folder.Path("none"), _device));
    }

    [Theory]
    [InlineData("small")]
    [InlineData("small2")]
    public void The_tutorials_weights_are_imported(string name)
    {
        string source = Fixtures.Golden($"seed_unet/{name}"), path = _folder.Path("model");
        ModelFolder.Import(Path.Combine(source, "config.yaml"), Path.Combine(source, "weights.safetensors"), path);
        DiffusionModel model = ModelFolder.Open(path, _device);
        using SafetensorsFile weights = SafetensorsFile.Read(Path.Combine(source, "weights.safetensors"));
        Assert.Equal(weights.Names.Order(StringComparer.Ordinal), model.Network.Parameters.Select(p => p.Name).Order(StringComparer.Ordinal));
        foreach (Parameter parameter in model.Network.Parameters) Assert.Equal(weights.ReadFloats(parameter.Name), parameter.ToTorch());
    }

    [Fact]
    public void Weights_of_another_network_are_refused_and_nothing_is_written()
    {
        string yaml = Path.Combine(Fixtures.Golden("seed_unet/small2"), "config.yaml"), weights = Path.Combine(Fixtures.Golden("seed_unet/small"), "weights.safetensors");
        string message = Assert.Throws<InvalidDataException>(() => ModelFolder.Import(yaml, weights, _folder.Path("model"))).Message;
        Assert.StartsWith(weights, message, StringComparison.Ordinal);
        Assert.Matches(@"tensor '[\w.]+'.*\[[\d, ]+\]", message);
        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder.Root));
    }

    static void WithoutSeals(string folder)
    {
        string path = Path.Combine(folder, "model.json");
        JsonObject json = JsonFile.ReadObject(path);
        Assert.True(json.Remove("files") && json.Remove("seal"));
        JsonFile.Write(path, json);
    }

    [Theory]
    [InlineData("model.safetensors")]
    [InlineData("model.json")]
    public void A_flipped_bit_is_an_error_that_names_the_file(string name)
    {
        string path = _folder.Path("model"), file = Path.Combine(path, name);
        ModelFolder.Save(path, Model());
        byte[] bytes = File.ReadAllBytes(file);
        // The last weight's lowest bit; a digit of beta_end, 0.3, which becomes 0.2.
        int at = name.EndsWith(".json", StringComparison.Ordinal) ? bytes.AsSpan().IndexOf("\"beta_end\": 0.3"u8) + 14 : bytes.Length - 4;
        bytes[at] ^= 1;
        File.WriteAllBytes(file, bytes);
        string message = Assert.Throws<InvalidDataException>(() => ModelFolder.Open(path, _device)).Message;
        Assert.StartsWith(file, message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
        Assert.Contains("again", message, StringComparison.Ordinal);
        WithoutSeals(path);
        ModelFolder.Open(path, _device);
    }

    [Fact]
    public void A_number_that_is_not_finite_is_an_error_that_names_the_tensor()
    {
        DiffusionModel model = Model();
        Parameter bad = model.Network.Parameters.ElementAt(5);
        float[] values = bad.ToTorch();
        values[1] = float.NaN;
        bad.FromTorch(values);
        foreach (string format in (string[])["brownian", "safetensors", "pth"])
        {
            string path = _folder.Path(format);
            ModelFolder.Export(path, model, format);
            string message = Assert.Throws<InvalidDataException>(() => ModelFolder.Open(path, _device)).Message;
            Assert.Contains($"tensor '{bad.Name}' holds NaN (element 1)", message, StringComparison.Ordinal);
            Assert.StartsWith(path, message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Weights_alone_are_told_how_to_be_imported()
    {
        string path = _folder.Path("model");
        ModelFolder.Save(path, Model());
        string weights = Path.Combine(path, "model.safetensors"), alone = _folder.Path("alone.safetensors");
        File.Copy(weights, alone);
        Assert.Contains($"brownian import --config NETWORK.yaml --weights {alone} --out models/alone",
            Assert.Throws<InvalidDataException>(() => ModelFolder.Open(alone, _device)).Message, StringComparison.Ordinal);
        Assert.EndsWith($"give the folder, {path}.", Assert.Throws<InvalidDataException>(() => ModelFolder.Open(weights, _device)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_tensor_too_many_is_an_error()
    {
        string path = _folder.Path("model"), weights = Path.Combine(path, "model.safetensors");
        DiffusionModel model = Model();
        ModelFolder.Save(path, model);
        var writer = new SafetensorsWriter();
        foreach (Parameter p in model.Network.Parameters) writer.Add(p.Name, Array.ConvertAll(p.TorchShape.ToArray(), e => (long)e), p.ToTorch());
        writer.Add("extra", [2], new float[2]);
        writer.Write(weights, overwrite: true);
        WithoutSeals(path);
        Assert.StartsWith($"{weights}: tensor 'extra' [2]",
            Assert.Throws<InvalidDataException>(() => ModelFolder.Open(path, _device)).Message, StringComparison.Ordinal);
    }
}
