using System.Diagnostics;

namespace Brownian.Cli;

/// <summary>Tells how many bits real images take under a model: those that it learned from, and others.</summary>
sealed class LikelihoodEvaluation(
    Terminal terminal, EvaluationTargets targets, DiffusionModel model, string name, string method, LikelihoodOptions options, CancellationToken cancel)
{
    /// <summary>By the variational bound.</summary>
    public const string Bound = "vlb";

    /// <summary>By the probability-flow ODE.</summary>
    public const string Ode = "ode";

    /// <summary>Asks about the images of a configuration, and about held-out ones where these are those that the model learned from.</summary>
    /// <param name="config">Names the images.</param>
    /// <param name="trained">Whether the model learned from them.</param>
    public void Judge(TrainConfig config, bool trained)
    {
        var found = new List<SetLikelihood> { trained ? Of("train", "training images", config) : Of("given", $"images of {config.Dataset.ImagePath}", config) };
        if (trained && EvaluationData.HeldOut(config) is { } others && HeldOut(others) is { } second)
        {
            found.Add(second);
            double gap = second.BitsPerDim - found[0].BitsPerDim;
            double error = Math.Sqrt(Math.Pow(found[0].StandardError ?? double.NaN, 2) + Math.Pow(second.StandardError ?? double.NaN, 2));
            terminal.Out.WriteLine(gap > 3 * error
                ? $"gap     held-out images take {Numbers.Text(gap)} bits/dim more: the model has partly memorised its training images"
                : $"gap     {Numbers.Text(gap)} bits/dim, which is not certain (3 standard errors are {Numbers.Text(3 * error)}): no sign of memorising; --count 1000 tells more");
        }
        var report = new LikelihoodReport { Model = name, ModelHash = model.Hash, Method = method, Sets = found };
        foreach (string path in targets.Write(name, report.ToJson())) terminal.Out.WriteLine($"report  {path}");
        terminal.Out.WriteLine($"next    {Invocation.Of("evaluate", "--model", name)}");
    }

    // Such as a test part that lacks a class: what was measured stays.
    SetLikelihood? HeldOut(TrainConfig config)
    {
        try
        {
            return Of("held_out", "held-out images", config);
        }
        catch (InvalidDataException e)
        {
            terminal.Warn($"held-out images are left out: {e.Message}");
            return null;
        }
    }

    SetLikelihood Of(string which, string kind, TrainConfig config)
    {
        using IImageDataset images = terminal.TrackReading(progress => ConfiguredDataset.Prepare(config, progress, cancel));
        terminal.Out.WriteLine($"{(which == "held_out" ? "other" : which),-7} {images.Description}");
        var likelihood = new ImageLikelihood(model);
        LikelihoodResult found = terminal.Track(line =>
        {
            var display = new Display(line, kind);
            return method == Bound ? (LikelihoodResult)likelihood.ByBound(images, options, display, cancel) : likelihood.ByOde(images, options, display, cancel);
        });
        foreach (string warning in found.Warnings) terminal.Warn(warning);
        string how = found switch
        {
            BoundLikelihood bound => $"at {bound.Timesteps} of {Phrases.Count(bound.OfTimesteps)} timesteps",
            OdeLikelihood ode => $"in {Phrases.Count(ode.Steps, "step")}, from noise {Numbers.Text(ode.SmallestNoise)} on",
            _ => throw new UnreachableException(),
        };
        terminal.Out.WriteLine($"bits    {found.Total} bits/dim of {Phrases.Count(found.ImageIndices.Count)} {kind}, {how}");
        terminal.Out.WriteLine($"        {string.Join(", ", found.Parts.Select(part => $"{part.Name} {part.Bits}"))}");
        return SetLikelihood.Of(which, images, found);
    }

    sealed class Display(IProgressLine line, string kind) : IProgress<LikelihoodProgress>
    {
        readonly long _start = Stopwatch.GetTimestamp();

        public void Report(LikelihoodProgress value)
        {
            double done = (double)value.Done / value.Count;
            line.Update(done, $"{kind}: {done:P0}  {Phrases.Duration(Stopwatch.GetElapsedTime(_start) * (1 / done - 1))} left");
        }
    }
}
