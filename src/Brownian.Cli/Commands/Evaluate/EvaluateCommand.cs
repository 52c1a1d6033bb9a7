using System.CommandLine;
using Brownian.Evaluation;
using Brownian.Tensors;

namespace Brownian.Cli;

/// <summary><c>brownian evaluate</c></summary>
sealed class EvaluateCommand : AppCommand
{
    readonly Argument<string[]> _sets = new("SETS")
    {
        Description = "Two sets of images to compare: A is judged, B is real. " + DataCommand.Places + " Without them, a model is judged.",
        Arity = new ArgumentArity(0, 2),
        HelpName = "A B",
    };

    readonly ModelOptions _model = new(
        $"The model to judge, as for sample. Default: the newest run in runs/, else {ShippedModel.Name}",
        "With a run that kept snapshots of averages (see 'ema --help'): judge the average of this width; --sweep ema_std=0.05,0.1 judges several.");
    readonly Option<string?> _data =
        OptionOf.Text("--data", "PATH", "Real images to compare with. Default: those that the model learned from. " + DataCommand.Places);
    readonly SourceChoice _source = new();
    readonly Option<int?> _count = OptionOf.Number("--count", 1, "Images to draw, or to take of A. Default: 10000, or as many as can be drawn in 3 minutes; 128 with --bits");
    readonly Option<int?> _real = OptionOf.Number("--real-count", 1, "Real images to compare with. Default: all, or as many as can be looked at in 5 minutes");
    readonly Option<int?> _size = OptionOf.Number("--size", 1, 4096, "For two sets: bring their images to N×N. Default: the size that they have");
    readonly Option<string?> _features = OptionOf.Text("--features", "NAME", $"Network to compare in: {FeatureNetworks.Names}. Default: the one that suits the images best");
    readonly Option<string?> _weights = OptionOf.Text("--weights", "FILE", "Its weights, where they are not in their usual place.");
    readonly Option<int?> _repeat = OptionOf.Number("--repeat", 1, 100, "Judge N sets of images with other seeds, and tell how much the numbers vary.");
    readonly Option<ulong?> _seed = OptionOf.Number("--seed", 0UL, "Seed of the first image; the next has the next. Default: 0");
    readonly Option<bool> _perClass = OptionOf.Flag("--per-class", "Judge the images of each class too. Default: for models with classes");
    readonly Option<int?> _bootstrap = OptionOf.Number("--bootstrap", 0, 10_000, "Resamples for the intervals; 0 for none. Default: 1000, and 200 or fewer for the Fréchet distance");
    readonly Option<bool> _nearest = OptionOf.Flag("--nearest", "Look for copies: the nearest training image of each image, in pixels and in features.");
    readonly Option<string?> _bits = OptionOf.Choice(
        "--bits", [LikelihoodEvaluation.Bound, LikelihoodEvaluation.Ode],
        "Bits per dimension that real images take, trained on and held out, by the variational bound or the probability-flow ODE.");
    readonly Option<string[]> _sweep = new("--sweep")
    {
        Description = "Judge every combination of sampler settings, e.g. steps=10,20,50 sampler=heun,unipc.",
        HelpName = "key=value,.. ..",
        AllowMultipleArgumentsPerToken = true,
    };

    readonly Option<int?> _batch = OptionOf.Number("--batch", 1, "Batch size. Default: 64, or 32 with --bits");
    readonly SamplerOptions _sampler = new();
    readonly ClassOptions _classes = new();
    readonly Option<string?> _json = OptionOf.Text("--json", "FILE", "Also write the numbers to this file.");
    readonly Option<string?> _out = OptionOf.Text("--out", "DIR", "Folder for reports. Default: evaluations");
    readonly Option<bool> _noCache = OptionOf.Flag("--no-cache", "Keep no features of the real images, and take none that are kept.");
    readonly Option<bool> _force = OptionOf.Flag("--force", "Overwrite an existing --json file.");
    readonly DeviceOptions _device = new();

    public EvaluateCommand(Terminal terminal, CancellationToken cancel) : base("evaluate",
        "Judge a model's images, or one set of images, against real ones.\n"
        + "Example: brownian evaluate --model runs/00001-mnist --count 2000 --steps 20\n\n"
        + "Sweep:   brownian evaluate --sweep steps=10,20,50 sampler=heun,dpmpp_2m,unipc\n"
        + "Sets:    brownian evaluate samples/digits data/mnist --split test\n\n" + SamplerOptions.List(), terminal, cancel)
    {
        Add(_sets);
        Add([.. _model.All, _data, .. _source.All, _count, _real, _size, _features, _weights, _repeat, _seed, _perClass, _bootstrap, _nearest, _bits, _sweep]);
        Add([_batch, .. _sampler.All, .. _classes.All, _json, _out, _noCache, _force, .. _device.All]);
    }

    protected override int Run(ParseResult parsed)
    {
        string[] sets = parsed.GetValue(_sets) ?? [];
        string[] sweep = parsed.GetValue(_sweep) ?? [];
        // An option that is misspelt looks like a set to the parser.
        if (Array.Find(sets, set => set.StartsWith('-')) is { } unknown)
            throw new ArgumentException($"there is no option '{unknown}'{Suggestion.For(unknown, Options.Select(option => option.Name))}");
        if (sets.Length == 1) throw new ArgumentException($"{sets[0]}: one set alone; name the real images too, or give a model with --model and its data with --data.");
        if (sets.Length == 2) RefuseForSets(parsed);
        else if (parsed.GetValue(_size) is not null) throw new ArgumentException("--size: for two sets of images; a model's images have their own size.");
        if (sweep.Length > 0) RefuseForSweep(parsed);
        if (parsed.GetValue(_bits) is not null) RefuseForBits(parsed);
        if (parsed.GetValue(_bootstrap) is > 0 and < 20) throw new ArgumentException($"--bootstrap {parsed.GetValue(_bootstrap)}: give 20 or more, or 0 for no intervals.");
        EvaluationTargets targets = new(parsed.GetValue(_out) ?? "evaluations", parsed.GetValue(_json), parsed.GetValue(_force));
        targets.Check();
        using Device device = _device.Open(parsed, _terminal);
        var wanted = new EvaluationOptions
        {
            Count = parsed.GetValue(_count),
            RealCount = parsed.GetValue(_real),
            Features = parsed.GetValue(_features),
            Weights = parsed.GetValue(_weights),
            Repeat = parsed.GetValue(_repeat) ?? 1,
            Seed = parsed.GetValue(_seed) ?? 0,
            PerClass = parsed.GetValue(_perClass),
            Bootstrap = parsed.GetValue(_bootstrap),
            Nearest = parsed.GetValue(_nearest),
            Cache = !parsed.GetValue(_noCache),
            Typed = [.. parsed.Tokens.Select(token => token.Value)],
        };
        if (parsed.GetValue(_bits) is { } method) return Bits(parsed, method, targets, device);
        if (sets.Length == 2) return Sets(parsed, sets, wanted, targets, device);
        return Model(parsed, wanted, sweep.Length == 0 ? null : SamplingSweep.Parse(sweep), targets, device);
    }

    int Sets(ParseResult parsed, string[] sets, EvaluationOptions wanted, EvaluationTargets targets, Device device)
    {
        (ComparedImages judged, ComparedImages real) = _terminal.TrackReading(progress => ComparedImages.Both(
            sets[0], sets[1], _source.Of(parsed), parsed.GetValue(_size), line => _terminal.Out.WriteLine($"note    {line}"), progress, _cancel));
        using (judged)
        using (real)
        {
            using FeatureNetwork network = FeatureNetworks.Open(real.Kind, wanted.Features, wanted.Weights, device, _terminal.Warn);
            var extraction = new FeatureExtraction(network, device) { BatchSize = parsed.GetValue(_batch) ?? 64 };
            new SetEvaluation(_terminal, wanted, targets, extraction, real, _cancel).Judge(judged);
        }
        return ExitCode.Success;
    }

    int Model(ParseResult parsed, EvaluationOptions wanted, SamplingSweep? sweep, EvaluationTargets targets, Device device)
    {
        (DiffusionModel model, string name) = _model.Open(parsed, _terminal, device);
        SampleOptions sampling = _classes.Apply(parsed, _sampler.Apply(parsed, new SampleOptions { BatchSize = parsed.GetValue(_batch) ?? 64 }), model);
        var sampler = new ImageSampler(model);
        if (sweep is null) sampler.Describe(sampling);
        else foreach (SweepPoint point in sweep.Points) ModelEvaluation.Describe(sampler, sampling, point);
        TrainConfig config = DataOf(parsed, model, name);
        using ComparedImages real = _terminal.TrackReading(progress => ComparedImages.Of(config, progress, _cancel));
        using FeatureNetwork network = FeatureNetworks.Open(real.Kind, wanted.Features, wanted.Weights, device, _terminal.Warn);
        var extraction = new FeatureExtraction(network, device) { BatchSize = sampling.BatchSize };
        var evaluation = new ModelEvaluation(_terminal, wanted, targets, extraction, real, model, name, sampling, _cancel)
        {
            Config = config,
            OfWidth = width => EmaCommand.Open(_terminal, name, width, step: null, device).Model,
            IsOfTraining = EvaluationData.IsOfTraining(name, config),
        };
        if (sweep is null) evaluation.Judge();
        else evaluation.Sweep(sweep);
        return ExitCode.Success;
    }

    int Bits(ParseResult parsed, string method, EvaluationTargets targets, Device device)
    {
        (DiffusionModel model, string name) = _model.Open(parsed, _terminal, device);
        TrainConfig config = DataOf(parsed, model, name);
        var options = new LikelihoodOptions { Count = parsed.GetValue(_count) ?? 128, Seed = parsed.GetValue(_seed) ?? 0, BatchSize = parsed.GetValue(_batch) ?? 32 };
        SampleParams sampling = _sampler.Apply(parsed, new SampleOptions()).Sampling;
        new LikelihoodEvaluation(_terminal, targets, model, name, method, options with { Steps = sampling.Steps }, _cancel)
            .Judge(config, trained: EvaluationData.IsOfTraining(name, config));
        return ExitCode.Success;
    }

    TrainConfig DataOf(ParseResult parsed, DiffusionModel model, string name) => EvaluationData.Of(
        model, name, parsed.GetValue(_data), isBuiltIn: name == ShippedModel.Name, _source.IsNamed(parsed) ? _source.Of(parsed) : null);

    // What is of a model is nothing to images that are there.
    void RefuseForSets(ParseResult parsed)
    {
        Option[] ofModels = [.. _model.All, _data, _repeat, _seed, _bits, _sweep, .. _sampler.All, .. _classes.All];
        if (Array.Find(ofModels, option => parsed.GetResult(option) is { Implicit: false }) is { } option)
            throw new ArgumentException($"{option.Name}: for a model; two sets of images are compared as they are. Leave it out, or the sets.");
    }

    void RefuseForBits(ParseResult parsed)
    {
        Option[] others =
        [
            _features, _weights, _real, _repeat, _perClass, _bootstrap, _nearest, _sweep, .. _classes.All,
            .. _sampler.All.Where(option => option.Name != "--steps"),
        ];
        if (Array.Find(others, option => parsed.GetResult(option) is { Implicit: false }) is { } option)
            throw new ArgumentException($"{option.Name}: not with --bits, which draws no images; leave one of them out.");
    }

    void RefuseForSweep(ParseResult parsed)
    {
        if (Array.Find((Option[])[_repeat, _nearest, _perClass], option => parsed.GetResult(option) is { Implicit: false }) is { } option)
            throw new ArgumentException($"{option.Name}: not with --sweep; sweep first, and then evaluate what is best.");
    }
}

/// <summary>What an evaluation is asked for; null for what suits.</summary>
sealed record EvaluationOptions
{
    public int? Count { get; init; }
    public int? RealCount { get; init; }
    public string? Features { get; init; }
    public string? Weights { get; init; }
    public int Repeat { get; init; } = 1;
    public ulong Seed { get; init; }
    public bool PerClass { get; init; }
    public int? Bootstrap { get; init; }
    public bool Nearest { get; init; }
    public bool Cache { get; init; } = true;

    /// <summary>The command line, for what to type next.</summary>
    public IReadOnlyList<string> Typed { get; init; } = [];
}
