using System.CommandLine;
using Brownian.Imaging;
using Brownian.Training;

namespace Brownian.Cli;

/// <summary><c>brownian show data</c></summary>
sealed class ShowDataCommand : Command
{
    readonly Argument<string?> _path =
        new("path") { Description = "Images, as dataset_params.im_path names them. Default: the built-in digits", Arity = ArgumentArity.ZeroOrOne };
    readonly Option<string?> _config = OptionOf.Text("--config", "FILE", "The images of a YAML configuration.");
    readonly Option<int?> _count = OptionOf.Number("--count", 1, "How many images. Default: 64");
    readonly Option<int?> _columns = OptionOf.Number("--columns", 1, "Images per row. Default: a square");
    readonly Option<string?> _out = ShowCommand.Png();
    readonly Option<bool> _force = ShowCommand.Force();
    readonly Terminal _terminal;

    public ShowDataCommand(Terminal terminal) : base("data",
        "Training images as the network sees them, with their classes.\nExample: brownian show data --config configs/mnist.yaml")
    {
        _terminal = terminal;
        Add(_path);
        foreach (Option option in (Option[])[_config, _count, _columns, _out, _force]) Add(option);
        SetAction(Run);
    }

    int Run(ParseResult parsed)
    {
        if (parsed.GetValue(_path) is not null && parsed.GetValue(_config) is not null)
            throw new ArgumentException("a path and --config both say which images; use one.");
        PictureTarget target = PictureTarget.Still("data", parsed.GetValue(_out), parsed.GetValue(_force));
        (TrainConfig config, IImageDataset images) = Open(parsed.GetValue(_path), parsed.GetValue(_config));
        int count = Math.Min(images.Count, parsed.GetValue(_count) ?? 64);
        _terminal.Out.WriteLine($"data    {images.Description}");
        _terminal.Out.WriteLine($"drawing the first {Phrases.Count(count)} in the order of training");
        Image sheet = DataPicture.Draw(config, images, count, parsed.GetValue(_columns) ?? 0);
        string written = target.Write(sheet);
        return ShowCommand.Conclude(_terminal, written, Next(parsed.GetValue(_path), parsed.GetValue(_config)));
    }

    static string[] Next(string? path, string? config) => (path, config) switch
    {
        (null, null) => ["train"],
        (null, _) => ["train", "--config", config],
        _ => RunDirectory.IsRun(path) ? ["show", "forward", "--model", path] : ["train", "--set", $"dataset_params.im_path={path}"],
    };

    static (TrainConfig Config, IImageDataset Images) Open(string? path, string? file)
    {
        if (path is not null) return PictureData.Open(path);
        TrainConfig config = TrainConfig.Load(file);
        return (config, ConfiguredDataset.Open(config));
    }
}
