using System.CommandLine;
using Brownian.Diffusion;
using Brownian.Tensors;
using Brownian.Training;

namespace Brownian.Cli;

/// <summary><c>brownian show reverse</c></summary>
sealed class ShowReverseCommand : Command
{
    const int StripMoments = 11, AnimationMoments = 100;

    readonly Option<string?> _model =
        OptionOf.Text("--model", "MODEL", "A model folder, or a run: its newest averaged weights. Default: the newest run in runs/");
    readonly Option<string?> _sampler = OptionOf.Text("--sampler", "NAME", "ddpm, ddim, heun, dpmpp_2m, ... Default: ddpm");
    readonly Option<int?> _steps = OptionOf.Number("--steps", 1, "Denoising steps. Default: the sampler's own");
    readonly Option<string?> _seeds = OptionOf.Text("--seeds", "LIST", "Seeds, e.g. 0-3 or 1,5,9-12. Default: 0-3");
    readonly Option<int?> _columns = OptionOf.Number("--columns", 1, "Moments that a strip shows. Default: 11, and the image");
    readonly Option<bool> _animate = ShowCommand.Animate();
    readonly Option<string?> _out = ShowCommand.PngOrAnimation();
    readonly Option<bool> _force = ShowCommand.Force();
    readonly Option<int?> _threads = OptionOf.Threads();
    readonly Terminal _terminal;
    readonly CancellationToken _cancel;

    public ShowReverseCommand(Terminal terminal, CancellationToken cancel) : base("reverse",
        "Noise becoming images: x at timestep t, and below it the image that the network sees in it.\n"
        + "Example: brownian show reverse --sampler ddim --steps 50 --out digits.gif")
    {
        (_terminal, _cancel) = (terminal, cancel);
        foreach (Option option in (Option[])[_model, _sampler, _steps, _seeds, _columns, _animate, _out, _force, _threads]) Add(option);
        SetAction(Run);
    }

    int Run(ParseResult parsed)
    {
        var target = PictureTarget.StillOrAnimation("reverse", parsed.GetValue(_out), parsed.GetValue(_force), parsed.GetValue(_animate));
        ulong[] seeds = SeedRange.Parse(parsed.GetValue(_seeds) ?? "0-3");
        string path = parsed.GetValue(_model) ?? NewestRun.WithCheckpoint(_terminal), name = parsed.GetValue(_sampler) ?? "ddpm";
        using Device device = Device.Cpu(parsed.GetValue(_threads) ?? 0);
        DiffusionModel model = ModelFolder.Open(path, device, _terminal.Warn);
        ISampler sampler = SamplerCatalog.Create(name, Settings(model.Description.Diffusion, parsed.GetValue(_steps)));
        int moments = target.IsAnimated ? AnimationMoments : parsed.GetValue(_columns) ?? StripMoments;
        _terminal.Out.WriteLine($"drawing images by {name}, seeds {SeedRange.Format(seeds)}, at up to {moments} moments");
        target.Prepare();
        ReversePicture picture = _terminal.Track(line =>
            ReversePicture.Record(model, sampler, seeds, moments, new SampleDisplay(line, seeds.Length), _cancel));
        string written = target.IsAnimated ? target.Write(picture.Animate) : target.Write(picture.DrawStrip());
        string[] next = target.IsAnimated ? ["sample", "--model", path] : ["show", "reverse", "--model", path, "--animate"];
        return ShowCommand.Conclude(_terminal, written, next);
    }

    static SamplerSettings Settings(DiffusionParams diffusion, int? steps) => new()
    {
        Steps = steps,
        Limit = diffusion.ClipSample ? X0Limit.Clip() : X0Limit.None,
        Variance = diffusion.Variance == VarianceKind.Large ? ReverseVariance.FixedLarge : ReverseVariance.FixedSmall,
    };
}
