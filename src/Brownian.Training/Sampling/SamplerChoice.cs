using System.Globalization;
using Brownian.Diffusion;

namespace Brownian.Training;

/// <summary>A sampler for one model with every choice made: by the user, by what the model carries, or by the sampler itself.</summary>
sealed class SamplerChoice
{
    readonly SamplerEntry _entry;
    readonly SamplerSettings _settings;
    readonly DiffusionParams _diffusion;

    /// <param name="wanted">What the user or the model says about it.</param>
    /// <param name="diffusion">The model's process, with the limit and the variance that are wanted.</param>
    /// <exception cref="ArgumentException">There is no such sampler, or it cannot do what is wanted.</exception>
    public SamplerChoice(SampleParams wanted, DiffusionParams diffusion)
    {
        _diffusion = diffusion;
        string name = wanted.Sampler ?? DefaultOf(diffusion.Process);
        _entry = SamplerCatalog.All.FirstOrDefault(entry => entry.Name == name) ?? throw new ArgumentException(
            $"There is no sampler '{name}'{Suggestion.For(name, SamplerCatalog.All.Select(entry => entry.Name))}");
        bool timesteps = _entry.VisitsTimesteps, schedule = diffusion.Process == ProcessKind.Ddpm;
        if (timesteps && !schedule)
            throw new ArgumentException($"The sampler {name} needs timesteps, which process {Names.Of(diffusion.Process)} has not; use euler or heun.");
        if (diffusion.Process == ProcessKind.Flow && wanted.Curve is not (null or SigmaCurve.Native))
            throw new ArgumentException($"Process flow takes no curve of sigma, as it starts at sigma/alpha = infinity; leave {Names.Of(wanted.Curve)} out.");
        _settings = new SamplerSettings
        {
            Steps = wanted.Steps ?? (_entry.Steps is { } usual ? Math.Min(usual, MostSteps(diffusion, timesteps)) : null),
            Eta = wanted.Eta,
            Limit = diffusion.Limit,
            Variance = diffusion.Variance,
            // Leading spacing never visits T − 1, the one timestep that zero terminal SNR is about (Lin et al. 2024, §3.3).
            Spacing = wanted.Spacing ?? (timesteps && schedule && diffusion.RescaleToZeroSnr ? TimestepSpacing.Trailing : null),
            Curve = wanted.Curve,
            Offset = wanted.StepsOffset == 0 ? null : wanted.StepsOffset,
            EndsAtFirstTimestep = !wanted.SetAlphaToOne,
            Order = wanted.SolverOrder,
            Churn = wanted.Churn,
        };
        Sampler = SamplerCatalog.Create(name, _settings);
    }

    /// <summary>The algorithm.</summary>
    public ISampler Sampler { get; }

    /// <summary>Its name.</summary>
    public string Name => _entry.Name;

    /// <summary>The steps from noise to image.</summary>
    public int Steps => _settings.Steps ?? _diffusion.Timesteps;

    /// <summary>About how often an image passes through the network.</summary>
    public long Evaluations => (long)Steps * _entry.Evaluations;

    /// <summary>What a picture's file says about how it was drawn.</summary>
    public IEnumerable<KeyValuePair<string, string>> Notes()
    {
        yield return new("Sampler", Name);
        yield return new("Steps", Steps.ToString(CultureInfo.InvariantCulture));
        if (Name == "ddpm") yield return new("Variance", Names.Of(_diffusion.Variance));
        yield return new("Clip sample", _diffusion.ClipSample ? "true" : "false");
        if (_diffusion.ClipSample && _diffusion.ClipSampleRange != 1) yield return new("Clip sample range", Number(_diffusion.ClipSampleRange));
        if (_diffusion.Thresholding)
            yield return new("Thresholding", $"{Number(_diffusion.ThresholdingRatio)}, at most {Number(_diffusion.SampleMaxValue)}");
        if (_settings.Eta is { } eta) yield return new("Eta", Number(eta));
        if (_settings.Spacing is { } spacing) yield return new("Timestep spacing", Names.Of(spacing));
        if (_settings.Offset is { } offset) yield return new("Steps offset", Number(offset));
        if (_settings.EndsAtFirstTimestep) yield return new("Set alpha to one", "false");
        if (_settings.Curve is { } curve) yield return new("Sigma curve", Names.Of(curve));
        if (_settings.Order is { } order) yield return new("Solver order", Number(order));
        if (_settings.Churn is { } churn) yield return new("Churn", Number(churn));
    }

    /// <summary>What the constructor would say; null for nothing.</summary>
    public static string? WhyNot(SampleParams wanted, DiffusionParams diffusion)
    {
        try
        {
            _ = new SamplerChoice(wanted, diffusion);
            return null;
        }
        catch (ArgumentException e)
        {
            return e.Message.TrimEnd('.');
        }
    }

    static string DefaultOf(ProcessKind process) => process switch
    {
        ProcessKind.Flow => "euler",
        ProcessKind.Edm => "edm",
        _ => "ddpm",
    };

    // Samplers that walk along noise levels leave out one timestep of a short schedule: from there to the image is a step of its own.
    static int MostSteps(DiffusionParams diffusion, bool timesteps) => timesteps ? diffusion.MostSteps : Math.Max(1, diffusion.MostSteps - 1);

    static string Number(double value) => value.ToString("R", CultureInfo.InvariantCulture);
}
