using System.CommandLine;
using System.Globalization;
using Brownian.Imaging;
using Brownian.Tensors;

namespace Brownian.Cli;

/// <summary><c>brownian sample</c></summary>
sealed class SampleCommand : AppCommand
{
    const int DefaultCount = 64, MostColumns = 16;

    readonly ModelOptions _model = new(
        $"A model folder, a run (the averaged weights of its newest checkpoint), a diffusers folder, or {ShippedModel.Name}, the built-in model. Default: the newest run in runs/, else {ShippedModel.Name}",
        "With a run that kept snapshots of averages (see 'ema --help'): sample from the average of this width.");
    readonly Option<int?> _count = OptionOf.Number("--count", 1, "Number of images, with seeds 0, 1, 2, ... Default: 64, or full rows of all classes");
    readonly Option<string?> _seeds = OptionOf.Text("--seeds", "LIST", "Seeds, e.g. 0-63 or 1,5,9-12. An image depends on its seed alone.");
    readonly Option<string?> _out = OptionOf.Text("--out", "FILE", "The grid: .png, .jpg or .webp. Default: a new .png in samples/");
    readonly Option<int?> _quality = OptionOf.Number("--quality", 1, 100, "Quality of a .jpg or .webp, 100 for a .webp that keeps every pixel. Default: 95");
    readonly Option<int?> _columns = OptionOf.Number("--columns", 1, "Images per row of the grid. Default: a square, or one column per class");
    readonly Option<int?> _scale = OptionOf.Number(
        "--scale", 1, SheetOptions.MostScale, $"Enlarge each pixel of the grids to a square of N×N pixels; 1 for none. Default: grids of about {ImageGrid.UsualSide} pixels");
    readonly Option<string?> _singles = OptionOf.Text("--singles", "DIR", "Also write each image to its own PNG.");
    readonly Option<string?> _npy = OptionOf.Text("--npy", "FILE.npy", "Also write all images as one array, N×H×W×C.");
    readonly Option<string?> _everyStep = OptionOf.Text("--every-step", "DIR", "Also write two grids after every step: x_t, and the image x̂_0 that the network sees in it.");
    readonly Option<string?> _depth = OptionOf.Choice("--bit-depth", ["8", "16"], "Bits per sample of --singles and --npy. Default: 8");
    readonly Option<int?> _batch = OptionOf.Number("--batch", 1, "Batch size. Default: 64");
    readonly SamplerOptions _sampler = new();
    readonly ClassOptions _classes = new();
    readonly Option<bool> _force = OptionOf.Flag("--force", "Overwrite existing files.");
    readonly DeviceOptions _device = new();

    public SampleCommand(Terminal terminal, CancellationToken cancel)
        : base("sample",
            "Sample images from a model.\nExample: brownian sample --model runs/00001-digits --seeds 0-63 --out digits.png\n\n" + SamplerOptions.List(), terminal, cancel)
    {
        Add([.. _model.All, _count, _seeds, _out, _quality, _columns, _scale, _singles, _npy, _everyStep, _depth, _batch]);
        Add([.. _sampler.All, .. _classes.All, _force, .. _device.All]);
    }

    protected override int Run(ParseResult parsed)
    {
        SampleOptions options = Requested(parsed);
        if (options.BitDepth == 16 && parsed.GetValue(_singles) is null && parsed.GetValue(_npy) is null)
            throw new ArgumentException("--bit-depth 16: a grid has 8 bits; add --singles or --npy, or leave it out.");
        int scale = parsed.GetValue(_scale) ?? 0;
        SampleTargets targets = new(
            parsed.GetValue(_out), parsed.GetValue(_singles), parsed.GetValue(_npy), parsed.GetValue(_quality), scale, parsed.GetValue(_force));
        targets.Check(options.Seeds!);
        using Device device = _device.Open(parsed, _terminal);
        (DiffusionModel model, string name) = _model.Open(parsed, _terminal, device);
        options = _classes.Apply(parsed, options, model);
        int columns = parsed.GetValue(_columns) ?? 0;
        if (IsOpen(parsed) && model.Description.Classes.Count is >= 2 and <= MostColumns and var classes)
        {
            // A column for each class.
            options = options with { Seeds = [.. options.Seeds!.Take(DefaultCount / classes * classes)] };
            columns = classes;
        }
        targets.CheckFit(options.Seeds!.Count, columns, model);
        StepGrids? steps = parsed.GetValue(_everyStep) is { } folder ? new StepGrids(folder, columns, scale, options, parsed.GetValue(_force)) : null;
        var sampler = new ImageSampler(model) { OnStep = steps is null ? null : steps.Write };
        _terminal.Out.WriteLine($"sampler {sampler.Describe(options)}");
        SampledImages images = _terminal.Track(line => sampler.Sample(options, new SampleDisplay(line, options.Seeds!.Count), _cancel));
        foreach (string written in targets.Write(images, columns)) _terminal.Out.WriteLine(written);
        if (steps is not null) _terminal.Out.WriteLine($"steps   {steps.Told}");
        if (name == ShippedModel.Name) _terminal.Out.WriteLine($"yours   {Invocation.Of("train")}");
        _terminal.Out.WriteLine(_model.Width(parsed) is { } std
            ? $"next    {Invocation.Of("ema", name, "--std", std.ToString(CultureInfo.InvariantCulture))}"
            : $"next    {Invocation.Of("show", "reverse", "--model", name)}");
        return ExitCode.Success;
    }

    // Nothing was said of how many images, of which classes, in how many columns.
    bool IsOpen(ParseResult parsed) =>
        ((Option[])[_count, _seeds, _columns]).All(option => parsed.GetResult(option) is null) && !_classes.AreNamed(parsed);

    SampleOptions Requested(ParseResult parsed)
    {
        if (parsed.GetValue(_count) is not null && parsed.GetValue(_seeds) is not null)
            throw new ArgumentException("--count and --seeds both say how many images; use one.");
        int last = (parsed.GetValue(_count) ?? DefaultCount) - 1;
        return _sampler.Apply(parsed, new SampleOptions
        {
            Seeds = SeedRange.Parse(parsed.GetValue(_seeds) ?? string.Create(CultureInfo.InvariantCulture, $"0-{last}")),
            BatchSize = parsed.GetValue(_batch) ?? 64,
            BitDepth = parsed.GetValue(_depth) == "16" ? 16 : 8,
        });
    }
}
