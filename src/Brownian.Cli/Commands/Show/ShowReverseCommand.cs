using System.CommandLine;
using Brownian.Tensors;

namespace Brownian.Cli;

/// <summary><c>brownian show reverse</c></summary>
sealed class ShowReverseCommand : AppCommand
{
    const int StripMoments = 11, AnimationMoments = 100;

    readonly Option<string?> _model =
        OptionOf.Text("--model", "MODEL", $"A model folder, a run (the averaged weights of its newest checkpoint), or {ShippedModel.Name}, the built-in model. Default: the newest run in runs/, else {ShippedModel.Name}");
    readonly SamplerOptions _sampler = new();
    readonly ClassOptions _classes = new();
    readonly Option<string?> _seeds = OptionOf.Text("--seeds", "LIST", "Seeds, e.g. 0-3 or 1,5,9-12. Default: 0-3");
    readonly Option<int?> _columns = OptionOf.Number("--columns", 1, "Number of steps in a strip. Default: 11, plus the final image");
    readonly Option<int?> _scale = ShowCommand.PixelScale();
    readonly Option<bool> _animate = ShowCommand.Animate();
    readonly Option<string?> _out = ShowCommand.PictureOrAnimation();
    readonly Option<bool> _force = ShowCommand.Force();
    readonly DeviceOptions _device = new();

    public ShowReverseCommand(Terminal terminal, CancellationToken cancel) : base("reverse",
        "Draw the reverse process: x_t at each timestep, and below it the image the network predicts.\n"
        + "Example: brownian show reverse --sampler ddim --steps 50 --out digits.gif\n\n" + SamplerOptions.List(), terminal, cancel)
    {
        Add([_model, _seeds, _columns, _scale, _animate, _out, .. _sampler.All, .. _classes.All, _force, .. _device.All]);
    }

    protected override int Run(ParseResult parsed)
    {
        var target = PictureTarget.StillOrAnimation("reverse", parsed.GetValue(_out), parsed.GetValue(_force), parsed.GetValue(_animate));
        ulong[] seeds = SeedRange.Parse(parsed.GetValue(_seeds) ?? "0-3");
        using Device device = _device.Open(parsed, _terminal);
        (DiffusionModel model, string path) = DefaultModel.Open(_terminal, parsed.GetValue(_model), device);
        SampleOptions options = _classes.Apply(parsed, _sampler.Apply(parsed, new SampleOptions { Seeds = seeds }), model);
        int moments = target.IsAnimated ? AnimationMoments : parsed.GetValue(_columns) ?? StripMoments;
        string how = new ImageSampler(model).Describe(options);
        _terminal.Out.WriteLine($"drawing seeds {SeedRange.Format(seeds)} by {how}, at up to {Phrases.Count(moments, "moment")}");
        target.Prepare();
        ReversePicture picture = _terminal.Track(line =>
            ReversePicture.Record(model, options, moments, new SampleDisplay(line, seeds.Length), _cancel));
        int scale = parsed.GetValue(_scale) ?? 0;
        string written = target.IsAnimated ? target.Write(animation => picture.Animate(animation, scale)) : target.Write(picture.DrawStrip(scale));
        string[] next = target.IsAnimated ? ["sample", "--model", path] : ["show", "reverse", "--model", path, "--animate"];
        return ShowCommand.Conclude(_terminal, written, next);
    }
}
