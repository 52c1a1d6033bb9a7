using System.Text.Json;
using System.Text.Json.Nodes;
using Brownian.Nn;
using Brownian.Tensors;

namespace Brownian.Tests;

/// <summary>Folders that diffusers wrote, and what it computes from them.</summary>
public sealed class DiffusersFolderTests : IDisposable
{
    readonly ScratchFolder _folder = new();
    readonly Device _device = Device.Cpu(1);

    public void Dispose()
    {
        _device.Dispose();
        _folder.Dispose();
    }

    /// <summary>A folder of the reference files, copied to be changed.</summary>
    string Copy(string golden, string name = "copy")
    {
        string from = Fixtures.Golden(golden);
        foreach (string file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
            _folder.Write(Path.Combine(name, Path.GetRelativePath(from, file)), File.ReadAllBytes(file));
        return _folder.Path(name);
    }

    [Theory]
    [InlineData("ddpm", 12)]
    [InlineData("ddim", 10)]
    public void A_pipeline_draws_what_diffusers_draws(string name, int steps)
    {
        string path = Fixtures.Golden($"pipeline/{name}");
        DiffusionModel model = ModelFolder.Open(path, _device);
        Assert.Equal(name, model.Description.Sampling.Sampler);
        using SafetensorsFile io = SafetensorsFile.Read(Path.Combine(path, "io.safetensors"));
        long[] draws = io["draws"].Shape;
        int images = (int)draws[1], size = io.ReadFloats("x_final").Length;
        float[] drawn = io.ReadFloats("draws");
        float[] noise = [.. Enumerable.Range(0, (int)draws[0])
            .SelectMany(k => GoldenNetworks.Images(drawn.AsSpan(k * size, size), draws[1..], _device).ToArray())];
        var recorded = new RecordedNoise(images, Array.ConvertAll(noise[..size], v => (double)v), 1, noise, (step, _) => step + 1);
        Sampler sampler = (model.Description.Sampling with { Steps = steps }).For(model.Description.Diffusion);
        Tensor x = sampler.Sample(model.ToDenoiser(), recorded, cancel: TestContext.Current.CancellationToken);
        Assert.InRange(GoldenNetworks.LargestDifference(io.ReadDoubles("x_final"), GoldenNetworks.Nchw(x)), 0, 1e-4);

        // (x/2 + 1/2) clamped, times 255 and rounded, is our scale, but for the rounding of floats on the way.
        byte[] bytes = new byte[size];
        PixelScale.ToBytes(x.ToArray(), bytes);
        long[] expected = io.ReadIntegers("images_u8");
        int[] differences = [.. bytes.Zip(expected, (ours, theirs) => Math.Abs(ours - (int)theirs))];
        Assert.InRange(differences.Max(), 0, 1);
        Assert.InRange(differences.Count(difference => difference > 0), 0, 2);
    }

    [Fact]
    public void The_steps_are_those_that_a_pipeline_takes()
    {
        Assert.Null(ModelFolder.Open(Fixtures.Golden("pipeline/ddpm"), _device).Description.Sampling.Steps);      // all 1000
        Assert.Equal(50, ModelFolder.Open(Fixtures.Golden("pipeline/ddim"), _device).Description.Sampling.Steps);
        string path = Copy("pipeline/ddpm"), index = Path.Combine(path, "model_index.json");
        File.WriteAllText(index, File.ReadAllText(index).Replace("DDPMPipeline", "DDIMPipeline", StringComparison.Ordinal));
        SampleParams sampling = ModelFolder.Open(path, _device).Description.Sampling;
        Assert.Equal(("ddim", 50, null), (sampling.Sampler, sampling.Steps, sampling["set_alpha_to_one"]));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("diffusion_pytorch_model.safetensors")]
    public void A_network_alone_with_the_names_of_2022_computes_the_same_from_either_file(string? removed)
    {
        string path = Copy("unet2d/h_legacy_names");
        if (removed is not null) File.Delete(Path.Combine(path, removed));
        DiffusionModel model = ModelFolder.Open(path, _device);
        using SafetensorsFile io = SafetensorsFile.Read(Path.Combine(path, "io.safetensors"));
        Tensor output = model.Network.Forward(GoldenNetworks.Images(io, "sample", _device), new(GoldenNetworks.Timesteps(io, "timestep")));
        Assert.InRange(GoldenNetworks.RelativeError(io.ReadDoubles("output_f64"), GoldenNetworks.Nchw(output)), 0, 1e-4);
    }

    [Fact]
    public void Files_beside_the_index_and_weights_in_shards_are_found()
    {
        string path = Copy("pipeline/ddpm", "flat"), unet = Path.Combine(path, "unet");
        DiffusionModel whole = ModelFolder.Open(path, _device);
        File.Move(Path.Combine(path, "scheduler", "scheduler_config.json"), Path.Combine(path, "scheduler_config.json"));
        File.Move(Path.Combine(unet, "config.json"), Path.Combine(path, "config.json"));
        WriteShards(Path.Combine(unet, "diffusion_pytorch_model.safetensors"), path);
        Directory.Delete(unet, recursive: true);
        Directory.Delete(Path.Combine(path, "scheduler"));
        DiffusionModel flat = ModelFolder.Open(path, _device);
        Assert.Equal(whole.Description, flat.Description);
        Assert.Equal(whole.Network.Parameters.Values.ToArray(), flat.Network.Parameters.Values.ToArray());
        Assert.NotEqual(whole.Hash, flat.Hash);
    }

    static void WriteShards(string weights, string folder)
    {
        using SafetensorsFile file = SafetensorsFile.Read(weights);
        var map = new JsonObject();
        for (int part = 0; part < 2; part++)
        {
            var writer = new SafetensorsWriter();
            string shard = $"diffusion_pytorch_model-{part + 1:00000}-of-00002.safetensors";
            foreach (string name in file.Names.Where((_, i) => i % 2 == part))
            {
                writer.Add(name, file[name].Shape, file.ReadFloats(name));
                map[name] = shard;
            }
            writer.Write(Path.Combine(folder, shard));
        }
        File.WriteAllText(Path.Combine(folder, "diffusion_pytorch_model.safetensors.index.json"), new JsonObject { ["weight_map"] = map }.ToJsonString());
    }

    [Theory]
    [InlineData("model_index.json", "\"DDPMPipeline\"", "\"StableDiffusionPipeline\"", "'StableDiffusionPipeline'; pipelines that are read are DDPMPipeline")]
    [InlineData("scheduler/scheduler_config.json", "\"DDPMScheduler\"", "\"LCMScheduler\"", "'LCMScheduler'; schedulers that are read are DDPMScheduler")]
    [InlineData("scheduler/scheduler_config.json", "\"clip_sample\": true", "\"clip_samples\": true", "'clip_samples' is true")]
    [InlineData("scheduler/scheduler_config.json", "\"linear\"", "\"cubic\"", "'beta_schedule' is cubic")]
    [InlineData("scheduler/scheduler_config.json", "\"linear\"", "\"cosine\"", "'beta_schedule' is cosine; for a DDPMScheduler there is linear")]
    [InlineData("scheduler/scheduler_config.json", "\"clip_sample\": true", "\"clip_sample\": \"true\"", "must be true or false")]
    [InlineData("scheduler/scheduler_config.json", "\"fixed_small\"", "\"learned_range\"", "channels")]
    [InlineData("unet/config.json", "\"UNet2DModel\"", "\"UNet2DConditionModel\"", "'UNet2DConditionModel'; UNet2DModel is read")]
    [InlineData("unet/config.json", "\"dropout\"", "\"cross_attention_dim\"", "'cross_attention_dim'")]
    [InlineData("unet/config.json", "\"DownBlock2D\"", "\"CrossAttnDownBlock2D\"", "'CrossAttnDownBlock2D'")]
    [InlineData("unet/config.json", "\"sample_size\": 8", "\"sample_size\": null", "sample_size is missing")]
    [InlineData("unet/config.json", "\"layers_per_block\": 1", "\"layers_per_block\": 2", "no tensor")]
    [InlineData("unet/config.json", "\"dropout\": 0.0", "\"dropout\": 0.0, \"dropout\": 0.0", "appears twice")]
    [InlineData("unet/config.json", "{", "", "JSON")]
    public void What_is_not_known_is_refused_by_name(string file, string from, string to, string expected)
    {
        string path = Copy("pipeline/ddpm"), changed = Path.Combine(path, file), text = File.ReadAllText(changed);
        Assert.Contains(from, text, StringComparison.Ordinal);
        File.WriteAllText(changed, text.Replace(from, to, StringComparison.Ordinal));
        string message = Assert.Throws<InvalidDataException>(() => ModelFolder.Open(path, _device)).Message;
        Assert.StartsWith(expected == "no tensor" ? Path.Combine(path, "unet", "diffusion_pytorch_model.safetensors") : changed, message, StringComparison.Ordinal);
        Assert.Contains(expected, message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
    }

    [Theory]
    [InlineData("unet/config.json")]
    [InlineData("unet/diffusion_pytorch_model.safetensors")]
    [InlineData("scheduler/scheduler_config.json")]
    public void Missing_files_are_named(string file)
    {
        string path = Copy("pipeline/ddpm"), missing = Path.Combine(path, file);
        File.Delete(missing);
        Assert.StartsWith(missing, Assert.Throws<FileNotFoundException>(() => ModelFolder.Open(path, _device)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ddpm")]
    [InlineData("ddim")]
    public void An_exported_pipeline_says_what_diffusers_says(string name)
    {
        string golden = Fixtures.Golden($"pipeline/{name}"), exported = _folder.Path("exported");
        Assert.Equal("diffusers", ModelFolder.Export(exported, ModelFolder.Open(golden, _device)).Name);
        foreach (string file in (string[])["model_index.json", "unet/config.json", "scheduler/scheduler_config.json"])
            SameJson(Path.Combine(golden, file), Path.Combine(exported, file));
        SameTensors(golden, exported, "unet/diffusion_pytorch_model.safetensors");
        Assert.Equal(ModelFolder.Open(golden, _device).Description, ModelFolder.Open(exported, _device).Description);
    }

    [Theory]
    [InlineData("a_cifar10_like")]
    [InlineData("b_train_unconditional")]
    [InlineData("c_headdim8_scale_shift")]
    [InlineData("c2_scale_shift_attn_norm")]
    [InlineData("d_class_conditional")]
    [InlineData("f_resnet_updown_types")]
    [InlineData("f2_attn_resnet_sampling")]
    [InlineData("g_non_square")]
    [InlineData("i_no_mid_attention")]
    public void Every_network_of_diffusers_goes_in_and_out_unchanged(string name)
    {
        string golden = Fixtures.Golden($"unet2d/{name}"), exported = _folder.Path("exported");
        ModelFolder.Export(exported, ModelFolder.Open(golden, _device));
        SameJson(Path.Combine(golden, "config.json"), Path.Combine(exported, "unet", "config.json"));
        SameTensors(golden, Path.Combine(exported, "unet"), "diffusion_pytorch_model.safetensors");
    }

    static void SameJson(string expected, string actual)
    {
        JsonObject theirs = JsonNode.Parse(File.ReadAllText(expected))!.AsObject(), ours = JsonNode.Parse(File.ReadAllText(actual))!.AsObject();
        Assert.Equal(theirs.Select(pair => pair.Key).Order(StringComparer.Ordinal), ours.Select(pair => pair.Key).Order(StringComparer.Ordinal));
        foreach ((string key, JsonNode? value) in theirs)
        {
            bool same = key == "_diffusers_version" || Same(value, ours[key]);
            Assert.True(same, $"{key}: {value?.ToJsonString()} became {ours[key]?.ToJsonString()}");
        }
    }

    // As Python compares: 1 and 1.0 are one number.
    static bool Same(JsonNode? a, JsonNode? b) => (a, b) switch
    {
        (JsonArray left, JsonArray right) => left.Count == right.Count && left.Zip(right, Same).All(same => same),
        (JsonValue left, JsonValue right) when left.GetValueKind() == JsonValueKind.Number =>
            double.Parse(left.ToJsonString()) == double.Parse(right.ToJsonString()),
        _ => JsonNode.DeepEquals(a, b),
    };

    static void SameTensors(string expectedFolder, string actualFolder, string name)
    {
        using SafetensorsFile expected = SafetensorsFile.Read(Path.Combine(expectedFolder, name)), actual = SafetensorsFile.Read(Path.Combine(actualFolder, name));
        Assert.Equal(expected.Names.Order(StringComparer.Ordinal), actual.Names.Order(StringComparer.Ordinal));
        Assert.Equal("pt", actual.Metadata["format"]);
        foreach (string tensor in expected.Names)
        {
            Assert.Equal(expected[tensor].Shape, actual[tensor].Shape);
            Assert.Equal(expected.ReadFloats(tensor), actual.ReadFloats(tensor));
        }
    }

    [Theory]
    [InlineData("beta_schedule=laplace")]
    [InlineData("scale_betas=true num_timesteps=100")]
    [InlineData("beta_schedule=cosine prediction_type=v_prediction rescale_betas_zero_snr=true")]
    [InlineData("beta_schedule=sigmoid variance=large clip_sample_range=2")]
    [InlineData("thresholding=true sample_max_value=3 clip_sample=false prediction_type=sample")]
    public void A_process_that_is_exported_comes_back_the_same(string settings)
    {
        TrainConfig config = TrainConfig.Parse("""
            model_params: {type: unet2d, sample_size: 8, block_out_channels: [8, 8], norm_num_groups: 4,
              down_block_types: [DownBlock2D, DownBlock2D], up_block_types: [UpBlock2D, UpBlock2D]}
            """).With(settings.Split(' ').Select(setting => $"diffusion_params.{setting}"));
        var description = new ModelDescription { Model = config.Model, Diffusion = config.Diffusion };
        var model = new DiffusionModel(description, config.Model.CreateNetwork(_device), _device, "");
        ModelFolder.Export(_folder.Path("exported"), model);
        DiffusionParams before = config.Diffusion, after = ModelFolder.Open(_folder.Path("exported"), _device).Description.Diffusion;
        Assert.Equal(before.ToSchedule().Betas.ToArray(), after.ToSchedule().Betas.ToArray());
        Assert.Equal((before.Predicts, before.Limit, before.Variance), (after.Predicts, after.Limit, after.Variance));
    }

    [Fact]
    public void What_diffusers_does_not_know_is_not_exported_for_it()
    {
        var tutorial = new ModelDescription { Model = TinyRun.Config.Model, Diffusion = new() };
        string message = Assert.Throws<InvalidDataException>(() => ModelFolder.Export(
            _folder.Path("exported"), new DiffusionModel(tutorial, tutorial.Model.CreateNetwork(_device), _device, ""), "diffusers")).Message;
        Assert.Contains("tutorial_unet", message, StringComparison.Ordinal);
        DiffusionModel pipeline = ModelFolder.Open(Fixtures.Golden("pipeline/ddpm"), _device);
        var flow = new DiffusionModel(
            pipeline.Description with { Diffusion = new() { Process = ProcessKind.Flow }, Sampling = new() }, pipeline.Network, _device, "");
        message = Assert.Throws<InvalidDataException>(() => ModelFolder.Export(_folder.Path("exported"), flow, "diffusers")).Message;
        Assert.Contains("process flow", message, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder.Root));
        Assert.Equal("safetensors", ModelFolder.Export(_folder.Path("exported"), flow).Name);
    }

    [Fact]
    public void A_tutorials_network_is_exported_under_its_names_and_comes_back()
    {
        string golden = Fixtures.Golden("seed_unet/small"), model = _folder.Path("model"), exported = _folder.Path("exported"), again = _folder.Path("again");
        ModelFolder.Import(Path.Combine(golden, "config.yaml"), Path.Combine(golden, "weights.safetensors"), model);
        Assert.Equal("safetensors", ModelFolder.Export(exported, ModelFolder.Open(model, _device)).Name);
        using (SafetensorsFile weights = SafetensorsFile.Read(Path.Combine(exported, "model.safetensors")))
        using (SafetensorsFile expected = SafetensorsFile.Read(Path.Combine(golden, "weights.safetensors")))
        {
            Assert.Equal(expected.Names.Order(StringComparer.Ordinal), weights.Names.Order(StringComparer.Ordinal));
            foreach (string name in expected.Names) Assert.Equal(expected.ReadFloats(name), weights.ReadFloats(name));
        }
        ModelFolder.Import(Path.Combine(exported, "config.yaml"), Path.Combine(exported, "model.safetensors"), again);
        DiffusionModel first = ModelFolder.Open(model, _device), second = ModelFolder.Open(again, _device);
        Assert.Equal(first.Description, second.Description);
        Assert.Equal(first.Hash, second.Hash);
    }
}
