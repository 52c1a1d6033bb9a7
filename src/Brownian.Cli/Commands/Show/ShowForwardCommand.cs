using System.CommandLine;

namespace Brownian.Cli;

/// <summary><c>brownian show forward</c></summary>
sealed class ShowForwardCommand : AppCommand
{
    readonly ConfigOptions _config = new();
    readonly Option<string?> _model = OptionOf.Text("--model", "RUN", "A run whose images and noise schedule to use.");
    readonly Option<string[]> _image = new("--image")
    {
        Description = "An image file, or indices of training images, e.g. 7 or 0-3. Repeatable. Default: 0-3",
        HelpName = "FILE|N",
    };
    readonly Option<int[]?> _timesteps = OptionOf.Numbers("--timesteps", 0, "Timesteps to show. Default: twelve, denser at the start");
    readonly Option<ulong?> _seed = OptionOf.Number("--seed", 0UL, "Seed of the noise. Default: 0");
    readonly Option<int?> _scale = ShowCommand.PixelScale();
    readonly Option<bool> _animate = ShowCommand.Animate();
    readonly Option<string?> _out = ShowCommand.PictureOrAnimation();
    readonly Option<bool> _force = ShowCommand.Force();

    public ShowForwardCommand(Terminal terminal, CancellationToken cancel) : base("forward",
        "Draw the forward process: images turning into noise.\nExample: brownian show forward --image 0-3 --timesteps 0,50,100,199", terminal, cancel)
    {
        Add([.. _config.All, _model, _image, _timesteps, _seed, _scale, _animate, _out, _force]);
    }

    protected override int Run(ParseResult parsed)
    {
        bool choosesTimesteps = parsed.GetResult(_timesteps) is not null;
        var target = PictureTarget.StillOrAnimation("forward", parsed.GetValue(_out), parsed.GetValue(_force), parsed.GetValue(_animate));
        if (target.IsAnimated && choosesTimesteps)
            throw new ArgumentException("--timesteps chooses what a strip shows; an animation shows all. Leave one out.");
        TrainConfig config = Config(parsed);
        IReadOnlyList<Image> images = _terminal.TrackReading(progress => PictureData.Choose(config, parsed.GetValue(_image) ?? [], progress, _cancel));
        ulong seed = parsed.GetValue(_seed) ?? 0;
        var picture = new ForwardPicture(config, images, seed);
        IReadOnlyList<int> timesteps = choosesTimesteps ? parsed.GetValue(_timesteps)! : ForwardPicture.UsualTimesteps(picture.Timesteps);
        string shown = target.IsAnimated ? "an animation over" : $"{timesteps.Count} of";
        _terminal.Out.WriteLine($"drawing {shown} {Phrases.Count(picture.Timesteps, "timestep")} of {Phrases.Count(images.Count, "image")}, noise of seed {seed}");
        int scale = parsed.GetValue(_scale) ?? 0;
        string written = target.IsAnimated
            ? target.Write(animation => picture.Animate(animation, scale))
            : target.Write(picture.DrawStrip(timesteps, scale));
        return ShowCommand.Conclude(_terminal, written, target.IsAnimated ? ["show", "schedule"] : Animated(parsed));
    }

    string[] Animated(ParseResult parsed) =>
    [
        "show", "forward", "--animate", .. _config.Given(parsed),
        .. parsed.GetValue(_model) is { } model ? [_model.Name, model] : (string[])[],
        .. (parsed.GetValue(_image) ?? []).SelectMany(image => new[] { _image.Name, image }),
    ];

    TrainConfig Config(ParseResult parsed)
    {
        if (parsed.GetValue(_model) is not { } model) return _config.Load(parsed);
        if (_config.Given(parsed) is [string option, ..]) throw new ArgumentException($"{option} and --model both say which images; use one.");
        return RunDirectory.Open(model).Config;
    }
}
