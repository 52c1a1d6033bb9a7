using Brownian.Nn;

namespace Brownian;

/// <summary>The optimiser that a configuration asks for.</summary>
static class ConfiguredOptimizer
{
    /// <param name="config">Says which, and its constants.</param>
    /// <param name="network">What it trains.</param>
    /// <param name="average">What will be sampled: schedule_free keeps its own average there.</param>
    public static Optimizer Of(TrainConfig config, IDenoisingNetwork network, Ema average)
    {
        TrainParams train = config.Train;
        AdamOptions adam = train.OptimizerOptions;
        return train.Optimizer switch
        {
            OptimizerKind.Muon => Muon(config, network, adam),
            OptimizerKind.ScheduleFree => new ScheduleFree(network.Parameters, adam, average.Average, train.WarmupSteps),
            _ => new Adam(network.Parameters, adam),
        };
    }

    static Muon Muon(TrainConfig config, IDenoisingNetwork network, AdamOptions others)
    {
        TrainParams train = config.Train;
        IReadOnlySet<string> hidden = NetworkSummary.Of(traced => config.Model.CreateNetwork(traced)).HiddenMaps;
        var options = new MuonOptions { Momentum = train.MuonMomentum, RateRatio = (train.MuonLearningRate ?? train.LearningRate) / train.LearningRate };
        return new Muon(network.Parameters, parameter => hidden.Contains(parameter.Name), options, others);
    }

    /// <summary>What it does that its name does not say, in a line; empty for Adam and AdamW.</summary>
    public static string Describe(Optimizer optimizer) => optimizer switch
    {
        Muon { State: [var matrices, var others, ..] } =>
            $"muon for {matrices.Parameters.Count} matrices, adamw for {others.Parameters.Count} other parameters",
        ScheduleFree => "schedule_free averages the weights itself: that average is sampled and saved, and ema_* keys do nothing",
        _ => "",
    };
}
