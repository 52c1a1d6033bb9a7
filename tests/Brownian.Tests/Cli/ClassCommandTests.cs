using Brownian.Cli;
using Brownian.Imaging;
using Brownian.Nn;

namespace Brownian.Tests;

/// <summary>Classes at the command line: folders of pictures become labels, labels become pictures.</summary>
public sealed class ClassCommandTests : IDisposable
{
    const string Yaml = """
        dataset_params:
          im_path: pictures
        diffusion_params:
          num_timesteps: 10
          beta_end: 0.3
        model_params:
          type: unet2d
          sample_size: 8
          in_channels: 1
          out_channels: 1
          block_out_channels: [8, 8]
          down_block_types: [DownBlock2D, DownBlock2D]
          up_block_types: [UpBlock2D, UpBlock2D]
          layers_per_block: 1
          norm_num_groups: 4
        train_params:
          task_name: classes
          batch_size: 4
          num_steps: 4
          num_samples: 4
          sample_epochs: 0
          sample_steps: 4
          class_conditional: true
          label_dropout: 0.2
          threads: 1
        """;

    readonly CommandLine _line = new();

    public ClassCommandTests()
    {
        foreach (string name in (string[])["cat", "dog", "owl"])
        {
            for (int i = 0; i < 3; i++)
            {
                var picture = new Image(8, 8, 1);
                picture.Pixels.AsSpan().Fill((byte)(name[0] + 40 * i));
                Png.Write(_line.Write($"pictures/{name}/{i}.txt", "").Replace(".txt", ".png", StringComparison.Ordinal), picture);
                File.Delete(_line.At("pictures", name, $"{i}.txt"));
            }
        }
        File.WriteAllText(_line.Config, Yaml.Replace("im_path: pictures", $"im_path: '{_line.At("pictures")}'", StringComparison.Ordinal));
    }

    public void Dispose() => _line.Dispose();

    [Theory, InlineData("pth"), InlineData("safetensors"), InlineData("diffusers")]
    public void An_export_keeps_the_names_of_its_classes_and_the_label_for_any_image(string format)
    {
        string run = _line.TrainedRun("--set", "sample_params.guidance_scale=2"), exported = _line.At("exported"), again = _line.At("again");
        CommandResult export = CommandLine.Run("export", "--model", run, "--out", exported, "--format", format);
        Assert.Equal(("", ExitCode.Success), (export.Error, export.Code));
        if (format == "diffusers") Assert.Contains("class_labels 0 to 2, or 3 for any image", export.Out, StringComparison.Ordinal);
        Assert.Equal(ExitCode.Success, CommandLine.Run("import", "--model", exported, "--out", again).Code);
        string[] options = ["--class", "owl,cat", "--guidance", "2", "--sampler", "ddpm", "--steps", "10", "--variance", "small"];
        Assert.Equal(("", ExitCode.Success), (Sample(run, "0.png", options) is var first ? first.Error : "", first.Code));
        foreach (string model in (string[])[exported, again])
        {
            CommandResult drawn = Sample(model, $"{Path.GetFileName(model)}.png", options);
            Assert.Equal(("", ExitCode.Success), (drawn.Error, drawn.Code));
            Assert.Equal(Png.Read(_line.At("0.png")).Pixels, Png.Read(_line.At($"{Path.GetFileName(model)}.png")).Pixels);
        }
        if (format == "diffusers") return;
        string weights = Path.Combine(exported, $"model.{format}"), config = Path.Combine(exported, "config.yaml");
        Assert.Equal(ExitCode.Success, CommandLine.Run("import", "--config", config, "--weights", weights, "--out", _line.At("third")).Code);
        Assert.Equal(File.ReadAllBytes(Path.Combine(again, "model.json")), File.ReadAllBytes(_line.At("third", "model.json")));
    }

    CommandResult Sample(string run, string grid, params string[] options) =>
        CommandLine.Run(["sample", "--model", run, "--out", _line.At(grid), .. options]);

    [Fact]
    public void Folder_names_are_the_classes_that_can_be_drawn()
    {
        CommandResult plan = CommandLine.Run("train", "--config", _line.Config, "--dry-run");
        Assert.Contains("classes 3 of the images, and one for any image: 20% of labels are dropped", plan.Out, StringComparison.Ordinal);
        string run = _line.TrainedRun();
        Assert.Contains("num_class_embeds: 4", File.ReadAllText(Path.Combine(run, "config.yaml")), StringComparison.Ordinal);

        Assert.Equal(ExitCode.Success, Sample(run, "a.png", "--count", "4").Code);
        Assert.Equal("cat, dog, owl, cat", Png.Read(_line.At("a.png")).Text["Classes"]);
        CommandResult guided = Sample(run, "b.png", "--count", "3", "--class", "owl,0", "--guidance", "3", "--sampler", "ddim", "--steps", "5");
        Assert.Contains("sampler ddim, 5 steps, guidance 3", guided.Out, StringComparison.Ordinal);
        Assert.Equal(("owl, cat, owl", "3"), (Png.Read(_line.At("b.png")).Text["Classes"], Png.Read(_line.At("b.png")).Text["Guidance scale"]));
        Sample(run, "c.png", "--class", "cow").IsBadInput("'cow'", "cat, dog, owl");
        Sample(run, "c.png", "--class", "3").IsBadInput("'3'", "cat, dog, owl");
        Assert.Equal(ExitCode.Success, Sample(Path.Combine(run, "model"), "c.png", "--class", "DOG", "--count", "1").Code);

        CommandResult exported = CommandLine.Run("export", "--model", run, "--out", _line.At("exported"));
        Assert.Contains("to be given class_labels", exported.Out, StringComparison.Ordinal);

        CommandResult resumed = CommandLine.Run("train", "--resume", run, "--steps", "6");
        Assert.Equal(("", ExitCode.Success), (resumed.Error, resumed.Code));
    }

    [Fact]
    public void Predictions_take_labels_from_the_file_or_from_an_option()
    {
        string run = _line.TrainedRun();
        string input = Input("in.safetensors", null), labelled = Input("labelled.safetensors", [2, 0]);
        CommandLine.Run("predict", "--model", run, "--input", input, "--output", _line.At("x")).IsBadInput(input, "class_labels", "--labels");
        byte[] Predict(string from, string to, params string[] options)
        {
            CommandResult result = CommandLine.Run(["predict", "--model", run, "--input", from, "--output", _line.At(to), .. options]);
            Assert.Equal(("", ExitCode.Success), (result.Error, result.Code));
            return File.ReadAllBytes(_line.At(to));
        }
        byte[] fromFile = Predict(labelled, "a");
        Assert.Equal(fromFile, Predict(input, "b", "--labels", "owl,cat"));
        Assert.Equal(Predict(input, "c", "--labels", "1,1"), Predict(input, "d", "--labels", "dog"));
        Assert.NotEqual(fromFile, File.ReadAllBytes(_line.At("c")));
        Predict(input, "e", "--labels", "3");       // "any image"
        CommandLine.Run("predict", "--model", run, "--input", input, "--output", _line.At("x"), "--labels", "0,1,2").IsBadInput("2 images", "3 classes");
        CommandLine.Run("predict", "--model", run, "--input", input, "--output", _line.At("x"), "--labels", "4").IsBadInput("'4'");
        CommandLine.Run("predict", "--model", run, "--input", labelled, "--output", _line.At("x"), "--labels", "1").IsBadInput(labelled, "--labels");
    }

    string Input(string name, int[]? labels)
    {
        var writer = new SafetensorsWriter();
        writer.Add("sample", [2, 1, 8, 8], Enumerable.Range(0, 128).Select(i => MathF.Sin(i)).ToArray());
        writer.Add("timestep", [1], new float[] { 3 });
        if (labels is not null) writer.Add("class_labels", [labels.Length], labels);
        string path = _line.At(name);
        writer.Write(path);
        return path;
    }
}
