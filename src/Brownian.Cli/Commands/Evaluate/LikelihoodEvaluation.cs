using System.Diagnostics;
using Brownian.Training;

namespace Brownian.Cli;

/// <summary>Tells how many bits real images take under a model: those that it learned from, and others.</summary>
sealed class LikelihoodEvaluation(
    Terminal terminal, EvaluationTargets targets, DiffusionModel model, string name, string method, LikelihoodOptions options, CancellationToken cancel)
{
    /// <summary>By the variational bound.</summary>
    public const string Bound = "vlb";

    /// <summary>By the probability-flow ODE.</summary>
    public const string Ode = "ode";

    /// <summary>Asks about the images of a configuration, and about those of the same kind that are not trained on.</summary>
    public void Judge(TrainConfig config)
    {
        var found = new List<SetLikelihood> { Of("train", config) };
        if (config.Dataset.Split == DataSplit.Train && EvaluationData.HeldOut(config) is { } others)
        {
            found.Add(Of("held_out", others));
            double gap = found[1].BitsPerDim - found[0].BitsPerDim;
            double error = Math.Sqrt(Math.Pow(found[0].StandardError ?? double.NaN, 2) + Math.Pow(found[1].StandardError ?? double.NaN, 2));
            if (gap > 3 * error) terminal.Out.WriteLine($"gap     held-out images take {Numbers.Text(gap)} more: the model knows those that it learned from by heart in part");
        }
        var report = new LikelihoodReport { Model = name, ModelHash = model.Hash, Method = method, Sets = found };
        foreach (string path in targets.Write(name, report.ToJson())) terminal.Out.WriteLine($"report  {path}");
        terminal.Out.WriteLine($"next    {Invocation.Of("evaluate", "--model", name)}");
    }

    SetLikelihood Of(string which, TrainConfig config)
    {
        using IImageDataset images = terminal.TrackReading(progress => ConfiguredDataset.Prepare(config, progress, cancel));
        string kind = which == "train" ? "images to train on" : "held-out images";
        terminal.Out.WriteLine($"{(which == "train" ? "train" : "other"),-7} {images.Description}");
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
            OdeLikelihood ode => $"in {ode.Steps} steps, from noise {Numbers.Text(ode.SmallestNoise)} on",
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
