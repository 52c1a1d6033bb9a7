using System.Globalization;
using Brownian.Training;

namespace Brownian.Cli;

/// <summary>Tells a person what a budget of time was turned into, and why.</summary>
static class BudgetDisplay
{
    public static void Tell(TextWriter to, TimeBudget budget, BudgetedTraining fitted)
    {
        TrainConfig config = fitted.Config;
        string step = Seconds(fitted.Pace.StepSeconds), steps = Phrases.Count(fitted.Steps);
        to.WriteLine($"budget  {Phrases.Duration(budget.Time)}, enough for {steps} steps: one takes {step} here");
        if (fitted.StepsOfUsualNetwork is { } usual)
            to.WriteLine($"network smaller than usual: the usual one would come to only {Phrases.Count(usual)} steps");
        to.WriteLine($"time    about {Phrases.Duration(fitted.Expected)}, measuring included");
        if (fitted.FirstGrid is not { } first) return;
        string each = $"{Phrases.Count(config.Train.Samples)} samples, {Seconds(fitted.Pace.GridSeconds(config))} each";
        to.WriteLine($"grids   of {each}; the first after about {Phrases.Duration(first)}");
    }

    static string Seconds(double seconds) => seconds < 1
        ? string.Create(CultureInfo.InvariantCulture, $"{1000 * seconds:0} ms")
        : string.Create(CultureInfo.InvariantCulture, $"{seconds:0.0} s");
}
