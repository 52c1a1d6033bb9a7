using System.CommandLine;

namespace Brownian.Cli;

/// <summary><c>brownian show data</c></summary>
sealed class ShowDataCommand : AppCommand
{
    readonly Argument<string?> _path = new("PATH")
    {
        Description = "Images, in any form that dataset_params.im_path takes, instead of the configuration's; or a run.",
        Arity = ArgumentArity.ZeroOrOne,
    };
    readonly ConfigOptions _config = new();
    readonly Option<int?> _count = OptionOf.Number("--count", 1, "Number of images. Default: 64");
    readonly Option<int?> _columns = OptionOf.Number("--columns", 1, "Images per row. Default: a square");
    readonly Option<int?> _scale = ShowCommand.PixelScale();
    readonly Option<string?> _out = ShowCommand.Picture();
    readonly Option<bool> _force = ShowCommand.Force();

    public ShowDataCommand(Terminal terminal, CancellationToken cancel) : base("data",
        "Draw training images as the network sees them, with their classes.\nExample: brownian show data --preset mnist", terminal, cancel)
    {
        Add(_path);
        Add([.. _config.All, _count, _columns, _scale, _out, _force]);
    }

    protected override int Run(ParseResult parsed)
    {
        PictureTarget target = PictureTarget.Still("data", parsed.GetValue(_out), parsed.GetValue(_force));
        (TrainConfig config, IImageDataset images) = Open(parsed);
        using IImageDataset opened = images;
        int count = Math.Min(images.Count, parsed.GetValue(_count) ?? 64);
        _terminal.Out.WriteLine($"data    {images.Description}");
        _terminal.Out.WriteLine($"drawing the first {Phrases.Count(count)} in the order of training");
        Image sheet = DataPicture.Draw(config, images, count, parsed.GetValue(_columns) ?? 0, parsed.GetValue(_scale) ?? 0);
        return ShowCommand.Conclude(_terminal, target.Write(sheet), Next(parsed));
    }

    (TrainConfig Config, IImageDataset Images) Open(ParseResult parsed)
    {
        string? path = parsed.GetValue(_path);
        if (path is not null && _config.Given(parsed).Length == 0) return _terminal.TrackReading(progress => PictureData.Open(path, progress, _cancel));
        TrainConfig config = _config.Load(parsed, path is null ? [] : [$"dataset_params.im_path={path}"]);
        return (config, _terminal.TrackReading(progress => PictureData.Open(config, progress, _cancel)));
    }

    string[] Next(ParseResult parsed) => parsed.GetValue(_path) switch
    {
        null => ["train", .. _config.Given(parsed)],
        { } path when RunDirectory.IsRun(path) => ["show", "forward", "--model", path],
        { } path when _config.Given(parsed) is [] => ["data", "inspect", path],
        { } path => ["train", .. _config.Given(parsed), "--data", path],
    };
}
